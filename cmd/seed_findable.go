package cmd

import (
	"context"

	"gotor/cmd/ui"
	"gotor/torrent"
)

// This file says whether others can find a seed, and why not.

// awaitFinders waits until somebody can find a seed or it is known why nobody can,
// and says so where it is not as the user may think. The end of the seed and of ctx
// end it, too.
func (r *runner) awaitFinders(ctx context.Context, tor *torrent.Torrent, res *outcome) {
	select {
	case <-tor.Findable():
	case <-tor.Stopped():
	case <-ctx.Done():
	}
	sn := tor.Snapshot()
	res.Reach(&sn)
	if ctx.Err() != nil {
		return // there will be a last line
	}
	switch only := ui.KnownOnly(&sn); {
	case sn.Hidden():
		r.s.console.Warn(sn.Name + ": " + ui.HiddenText(&sn))
	case only != "":
		r.s.console.Warn(sn.Name + ": " + only)
	}
}
