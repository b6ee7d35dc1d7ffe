package torrent

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"time"

	"gotor/piece/storage"
)

// This file is what a torrent does once it is complete: when it has seeded
// enough, and what it remembers of it.

// seedClock knows when a seed has done enough. It is told the time and how much
// was uploaded.
type seedClock struct {
	ratio      float64 // 0: no limit
	bytes      int64   // what a ratio of 1 is
	span, idle time.Duration

	began  time.Time // zero: not seeding
	sent   int64     // bytes uploaded when last looked, in earlier runs too
	active time.Time // when that was seen to have grown
	looked time.Time
	rate   float64 // bytes/s between the last two looks
	left   bool    // somebody who was sent something has gone: look again
}

// begin starts the clock.
func (c *seedClock) begin(sent int64, now time.Time) {
	c.began, c.active, c.looked, c.sent = now, now, now, sent
	c.left = true // it may have been enough before
}

// look notes how much was sent and reports whether it is enough.
func (c *seedClock) look(sent int64, now time.Time) bool {
	if d := now.Sub(c.looked).Seconds(); d > 0 {
		c.rate = float64(sent-c.sent) / d
	}
	if sent != c.sent {
		c.active = now
	}
	c.sent, c.looked, c.left = sent, now, false
	switch {
	case c.ratio > 0 && c.bytes > 0 && float64(sent) >= c.ratio*float64(c.bytes):
	case c.span > 0 && now.Sub(c.began) >= c.span:
	case c.idle > 0 && now.Sub(c.active) >= c.idle:
	default:
		return false
	}
	return true
}

// stood puts the end of an idle seeding off by a time in which nobody could be
// sent anything. The time to seed for goes on, as that of the whole job does.
func (c *seedClock) stood(span time.Duration) {
	if !c.began.IsZero() {
		c.active = c.active.Add(span)
	}
}

// waits reports whether stood makes a difference now.
func (c *seedClock) waits() bool { return c.idle > 0 && !c.began.IsZero() }

// next is when look should be called again; zero: never. serving: somebody may
// ask us for blocks.
func (c *seedClock) next(serving bool) (at time.Time) {
	if c.began.IsZero() {
		return at
	}
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if c.span > 0 {
		sooner(c.began.Add(c.span))
	}
	if c.idle > 0 {
		sooner(c.active.Add(c.idle))
	}
	if c.left {
		sooner(c.looked)
	}
	if serving && (c.ratio > 0 || c.idle > 0) {
		wait := seedLook
		if c.ratio > 0 && c.rate > 0 { // be there when it is reached
			left := c.ratio*float64(c.bytes) - float64(c.sent)
			wait = min(wait, max(seedLook/100, time.Duration(left/c.rate*float64(time.Second))))
		}
		sooner(c.looked.Add(wait))
	}
	return at
}

// beginSeeding follows the end of the download.
func (t *Torrent) beginSeeding(now time.Time) {
	_, up := t.traffic()
	t.seeds = seedClock{ratio: t.spec.SeedRatio, bytes: t.wantedB, span: t.spec.SeedTime, idle: t.spec.SeedIdle}
	t.seeds.begin(t.prior.uploaded+up, now)
	t.public.until = now.Add(findTime)
	t.beginSuper()
	if t.recordAt = (time.Time{}); t.remembers() {
		t.recordAt = now
	}
}

// seedStep ends the seeding when it is enough.
func (t *Torrent) seedStep(now time.Time) {
	at := t.seeds.next(t.choker.Used() > 0)
	if at.IsZero() || now.Before(at) {
		return
	}
	_, up := t.traffic()
	if t.seeds.look(t.prior.uploaded+up, now) {
		t.over, t.state = true, StateDone
	}
}

// stateName is under which name the seeding of this torrent from its place is
// remembered in Config.StateDir.
func (t *Torrent) stateName() (string, error) {
	root, err := filepath.Abs(t.Root())
	if err != nil {
		return "", err
	}
	place := sha256.Sum256([]byte(root))
	return fmt.Sprintf("%x-%x.seed", t.core.hash, place[:4]), nil
}

// loadSeedRecord returns what an earlier run remembered; nil if there is nothing
// usable.
func (t *Torrent) loadSeedRecord() *record {
	name, err := t.stateName()
	if t.core.client.cfg.StateDir == "" || !t.spec.Seed || err != nil {
		return nil
	}
	b, err := storage.LoadState(t.core.client.cfg.StateDir, name)
	r, err := readRecord(t.core.client.sealKey(), b, err, t.core.hash, t.layout.Pieces(), len(t.meta.Files))
	if err != nil {
		return nil
	}
	return r
}

// vouched is what Hooks.Verified says, as a record: that every piece is good as
// long as its files look as they did. nil: nothing.
func (t *Torrent) vouched() *record {
	if !t.spec.SeedOnly || len(t.spec.Verified) != len(t.meta.Files) {
		return nil
	}
	r := &record{clean: true, have: make([]byte, len(t.have)), wanted: packBits(t.files.wanted), files: make([]storage.Mark, len(t.meta.Files))}
	for p := range t.layout.Pieces() {
		setBit(r.have, p)
	}
	for i, fi := range t.spec.Verified {
		r.files[i] = storage.Mark{Size: storage.Unknown}
		if fi != nil && fi.Mode().IsRegular() {
			r.files[i] = storage.MarkOf(fi)
		}
	}
	return r
}

// saveSeedRecord is called on the keeper's goroutine.
func (t *Torrent) saveSeedRecord(store Store, r *record) error {
	name, err := t.stateName()
	if err != nil {
		return err
	}
	t.mark(r, store)
	return storage.SaveState(t.core.client.cfg.StateDir, name, seal(t.core.client.sealKey(), r.encode()))
}

// wholly fails when the data to be seeded is not all there.
func (t *Torrent) wholly(o opened) error {
	for i, want := range t.files.wanted {
		if !want {
			continue
		}
		st, err := o.store.Stat(i)
		switch {
		case err != nil:
			return err
		case st.Kind == storage.Missing:
			return fmt.Errorf("%w: %s is missing", ErrMismatch, t.Path(i))
		case st.Kind != storage.Final:
			return fmt.Errorf("%w: %s is not a complete file of this torrent", ErrMismatch, t.Path(i))
		}
	}
	bad := 0
	for p := range t.files.wantedPieces {
		if !bit(o.have, p) {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%w: %d of %d pieces of %s are not those of the torrent", ErrMismatch, bad, t.layout.Pieces(), t.Root())
	}
	return nil
}
