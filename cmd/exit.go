package cmd

import "errors"

// reported is an error that has been printed already; only its code is left to
// tell.
type reported struct{ err error }

func (e reported) Error() string { return e.err.Error() }
func (e reported) Unwrap() error { return e.err }

// silent reports whether err needs no line of its own: it was printed, or it is
// the end of our reader, who is the only one it would interest.
func silent(err error) bool {
	var r reported
	return errors.As(err, &r) || errors.Is(err, errStdoutGone)
}
