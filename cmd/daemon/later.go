package daemon

import (
	"context"

	"gotor/cmd/record"
)

// errLater is what is said of what the daemon cannot do yet.
func errLater(what string) error {
	return record.NewProblem(record.CodeConflict, "%s cannot be done yet", what)
}

func (v *verbs) move(context.Context, string, record.Move) (*record.Torrent, error) {
	return nil, errLater("moving")
}
func (v *verbs) rename(context.Context, string, record.Rename) (*record.Torrent, error) {
	return nil, errLater("renaming")
}
