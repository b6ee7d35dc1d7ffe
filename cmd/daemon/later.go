package daemon

import (
	"context"
	"net/netip"
	"time"

	"gotor/cmd/record"
)

// errLater is what is said of what the daemon cannot do yet.
func errLater(what string) error {
	return record.NewProblem(record.CodeConflict, "%s cannot be done yet", what)
}

func (v *verbs) rank(context.Context, *item, int) (*record.Torrent, error) {
	return nil, errLater("a place in line")
}
func (v *verbs) announce(context.Context, string) (*record.Torrent, error) {
	return nil, errLater("announcing")
}
func (v *verbs) move(context.Context, string, record.Move) (*record.Torrent, error) {
	return nil, errLater("moving")
}
func (v *verbs) rename(context.Context, string, record.Rename) (*record.Torrent, error) {
	return nil, errLater("renaming")
}
func (v *verbs) dropPeer(context.Context, string, netip.AddrPort, time.Duration) error {
	return errLater("dropping a peer")
}
func (v *views) open(context.Context, string, int) (record.Content, error) {
	return nil, errLater("reading a file")
}
func (v *views) pieces(string) (*record.Pieces, error)      { return nil, errLater("a look at pieces") }
func (v *views) peers(string) ([]record.TorrentPeer, error) { return nil, errLater("a look at peers") }
