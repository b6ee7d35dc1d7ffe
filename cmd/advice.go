package cmd

import (
	"errors"
	"fmt"

	"gotor/cmd/ui"
	"gotor/torrent"
)

// advise adds to the error of a download what the user can know or do about it and
// the engine cannot: the whole time limit, of which it got what was left, and that
// there is a way on from a full disk.
func (r *runner) advise(err error, j *work) error {
	switch {
	case errors.Is(err, torrent.ErrTimeout):
		return r.overtime()
	case torrent.DiskFull(err) && j.Spec.Stream == nil:
		return fmt.Errorf("%w; make room, and the same command goes on from here", err)
	}
	return err
}

// overtime is the error of a run whose time is over.
func (r *runner) overtime() error {
	return fmt.Errorf("%w: --timeout %s is over", torrent.ErrTimeout, ui.Duration(r.total))
}

// plain reports whether the error of a download tells all there is to tell of whom
// it asked: only mirrors, and each of them is named with what it said.
func plain(err error, sn *torrent.Snapshot) bool {
	return errors.Is(err, torrent.ErrNoMirror) && len(sn.Trackers)+len(sn.PeerErrors) == 0
}
