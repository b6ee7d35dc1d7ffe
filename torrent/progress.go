package torrent

import (
	"math/bits"
	"time"

	"gotor/piece"
)

// This file is what the loop does when pieces become verified, up to the end of
// the download.

// onPiece is told by a hash worker.
func (t *Torrent) onPiece(r piece.Result) { t.core.post(func(now time.Time) { t.pieceDone(r, now) }) }

func (t *Torrent) pieceDone(r piece.Result, now time.Time) {
	if !r.OK && r.Err == nil {
		t.tellPiece(&r)
	}
	t.peers.blame(t.blameWeb(r.Guilty), now)
	switch {
	case r.Err != nil:
		t.finish(r.Err)
	case r.OK:
		t.clocks.verified(now)
		if t.stream == nil { // what is streamed away is not ours to offer
			t.peers.have(r.Piece)
		}
		t.gained(r.Piece, now)
		t.checkComplete(now)
	}
}

// gained counts a verified piece and hands files that are complete to the
// keeper.
func (t *Torrent) gained(p int, now time.Time) {
	if bit(t.have, p) {
		return
	}
	setBit(t.have, p)
	t.verified += t.files.wantedIn(p)
	t.counters.left.Store(t.wantedB - t.verified)
	if t.stream != nil {
		t.stream.ready(p)
		return
	}
	if t.spec.SeedOnly {
		return // the files are not ours to finish
	}
	var complete [8]int
	t.hand(t.tally.verified(p, complete[:0]))
	if t.recordAt.IsZero() {
		t.recordAt = now.Add(recordEvery)
	}
}

func (t *Torrent) hand(files []int) {
	if len(files) > 0 {
		t.pending += len(files)
		t.keeper.finish(files)
	}
}

// filesFinished is the keeper's answer to a batch.
func (t *Torrent) filesFinished(n int, err error, now time.Time) {
	t.pending -= n
	if err != nil {
		t.finish(err)
		return
	}
	t.checkComplete(now)
}

// checkComplete ends the download when all that was selected is verified, on
// disk and under its name.
func (t *Torrent) checkComplete(now time.Time) {
	if t.finished || t.mgr == nil || t.verified < t.wantedB || t.change.changes() {
		return
	}
	if t.state == StateDownloading {
		t.state = StateFinishing
		t.stopWeb()
		t.recordAt = time.Time{}
		t.publish()
		if t.resumed < t.wantedB {
			t.announces.complete()
		}
		t.peers.uploadOnly(true)
		t.peers.dropUseless()
	}
	if t.pending > 0 || t.saving || t.stream != nil && !t.streamDone {
		return
	}
	if t.stream != nil || t.spec.SeedOnly {
		t.finish(nil)
		return
	}
	t.pending++
	t.concluding = true
	t.keeper.removeState()
}

// stateRemoved is the keeper's last word: everything is in its place, unless files
// have changed.
func (t *Torrent) stateRemoved(changed []int, err error, now time.Time) {
	t.pending--
	if t.doubt(changed, nil, now); len(changed) > 0 {
		t.concluding = false
		return
	}
	t.complete = err == nil
	t.finish(err)
}

// save hands a record of what is verified now to the keeper. The pieces in it
// were written before; the keeper syncs them before it writes the record.
func (t *Torrent) save(now time.Time) {
	t.recordAt = time.Time{}
	if t.state != StateSeeding {
		t.saving = true
		t.keeper.save(t.record(false, now))
		return
	}
	if _, up := t.traffic(); up > 0 || !t.seedSaved {
		t.saving, t.seedSaved = true, true
		t.keeper.save(t.record(true, now))
	}
	t.recordAt = now.Add(seedRecord)
}

// remembers reports whether there is a place to remember seeding in.
func (t *Torrent) remembers() bool { return t.core.client.cfg.StateDir != "" && t.stream == nil }

func (t *Torrent) recordSaved(err error, now time.Time) {
	t.saving = false
	if err != nil {
		t.finish(err)
		return
	}
	t.checkComplete(now)
}

// record describes the download as it is now.
func (t *Torrent) record(clean bool, now time.Time) *record {
	down, up := t.traffic()
	r := t.archive.describe(t.have, &t.prior)
	r.clean, r.seeding = clean, t.complete
	r.uploaded, r.down, r.spent = r.uploaded+up, r.down+down, r.spent+int64(now.Sub(t.started).Seconds())
	return r
}

// settle writes the last record: of a download that is not complete, or of the
// seeding.
func (t *Torrent) settle() {
	switch {
	case t.store == nil || t.mgr == nil || t.stream != nil:
	case t.complete:
		if t.stay && t.remembers() {
			t.keeper.save(t.record(true, time.Now()))
		}
	case !t.spec.SeedOnly:
		t.keeper.save(t.record(true, time.Now()))
	}
}

// closeStore lets go of the files.
func (t *Torrent) closeStore() {
	if t.store != nil {
		t.store.Close()
	}
}

func countBits(b []byte) (n int) {
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}
