package torrent

import (
	"math/bits"
	"time"

	"gotor/piece"
)

// This file is what the loop does when pieces become verified, up to the end of
// the download.

func (t *Torrent) pieceDone(r piece.Result, now time.Time) {
	t.core.client.totals.judged(&r, t.layout.PieceLen(r.Piece))
	if !r.OK && r.Err == nil {
		t.core.tellPiece(&r, t.web.named)
	}
	t.peers.blame(t.web.blame(r.Guilty), now)
	switch {
	case r.Err != nil:
		t.finish(r.Err)
	case r.OK:
		t.clocks.verified(now)
		if t.held.stream == nil { // what is streamed away is not ours to offer
			t.peers.have(r.Piece)
		}
		t.held.gained(r.Piece, now)
		t.checkComplete(now)
	}
}

// checkComplete ends the download when all that was selected is verified, on
// disk and under its name.
func (t *Torrent) checkComplete(now time.Time) {
	if t.finished || t.held.mgr == nil || t.held.lacks() > 0 || t.change.changes() {
		return
	}
	if t.state == StateDownloading {
		t.state = StateFinishing
		t.web.stop()
		t.held.recordAt = time.Time{}
		t.counters.publish(trafficOf(t))
		if t.held.resumed < t.held.wanted {
			t.announces.complete()
		}
		t.peers.uploadOnly(true)
		t.peers.dropUseless()
	}
	if !t.held.settled() {
		return
	}
	if t.held.stream != nil || t.spec.SeedOnly {
		t.finish(nil)
		return
	}
	t.held.conclude()
}

// kept follows what the keeper has done.
func (t *Torrent) kept(err error, now time.Time) {
	if err != nil {
		t.finish(err)
		return
	}
	t.checkComplete(now)
}

// stateRemoved is the keeper's last word: everything is in its place, unless files
// have changed.
func (t *Torrent) stateRemoved(changed []int, err error, now time.Time) {
	t.held.pending--
	if t.held.doubt(changed, nil); len(changed) > 0 {
		t.held.concluding = false
		return
	}
	t.held.complete = err == nil
	t.held.sated = err == nil && !t.stay && !t.stopping
	t.finish(err)
}

func countBits(b []byte) (n int) {
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}
