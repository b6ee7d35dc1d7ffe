package torrent

import (
	"fmt"
	"strings"
	"time"
)

// deadlines decides when a download has waited long enough. It is told the
// time, what happened, and how long the process stood still.
type deadlines struct {
	job, stall, peers, metadata time.Duration // 0: none
	blind                       bool          // the metainfo is not known

	started  time.Time // of job
	asked    time.Time // since when the metainfo is looked for
	lastByte time.Time // of a verified piece, or of the first connection ever
	lonely   time.Time // since when nobody is connected; zero: somebody is
	met      bool      // somebody was connected once
}

func newDeadlines(l *Lookup, now time.Time) deadlines {
	return deadlines{job: l.Timeout, metadata: l.MetadataTimeout, blind: true, started: now, asked: now, lastByte: now, lonely: now}
}

// found ends the wait for the metainfo.
func (d *deadlines) found() { d.blind = false }

// limit replaces the limits by those of a torrent that is begun.
func (d *deadlines) limit(l *Limits, now time.Time) {
	d.job, d.stall, d.peers, d.started = l.Timeout, l.StallTimeout, l.PeerTimeout, now
}

// begin restarts the waits: from now on we look for data, not at our own.
func (d *deadlines) begin(now time.Time) {
	d.lastByte = now
	if !d.lonely.IsZero() {
		d.lonely = now
	}
}

// stood puts the waits off by a time that nobody could use. The limit for the
// whole job stays where it is.
func (d *deadlines) stood(span time.Duration) {
	d.asked, d.lastByte = d.asked.Add(span), d.lastByte.Add(span)
	if !d.lonely.IsZero() {
		d.lonely = d.lonely.Add(span)
	}
}

// waits reports whether stood makes a difference now.
func (d *deadlines) waits(waiting bool) (yes bool) {
	d.each(waiting, func(l limit) { yes = yes || l.err != ErrTimeout })
	return yes
}

func (d *deadlines) verified(now time.Time) { d.lastByte = now }

// connected is told the number of connections after each change.
func (d *deadlines) connected(n int, now time.Time) {
	switch {
	case n == 0 && d.lonely.IsZero():
		d.lonely = now
	case n > 0 && !d.lonely.IsZero():
		d.lonely = time.Time{}
		if !d.met {
			d.met, d.lastByte = true, now
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// limit is one running clock: when it strikes, what that means, and which flag
// of the command line sets it.
type limit struct {
	at   time.Time
	err  error
	of   time.Duration
	flag string // "": the caller knows how much time there was in all
}

// strike is the error of a limit that is over.
func (l *limit) strike() error {
	if l.flag == "" {
		return l.err
	}
	return fmt.Errorf("%w within %s (--%s)", l.err, shortDuration(l.of), l.flag)
}

// shortDuration is d without the zeros that its String ends with: 5m, 1h30m.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// each calls yield for the clocks that run. waiting: we want pieces now.
func (d *deadlines) each(waiting bool, yield func(limit)) {
	if d.job > 0 {
		yield(limit{d.started.Add(d.job), ErrTimeout, d.job, ""})
	}
	if d.blind && d.metadata > 0 {
		yield(limit{d.asked.Add(d.metadata), ErrNoMetadata, d.metadata, "metadata-timeout"})
	}
	if !waiting || d.blind {
		return
	}
	if d.peers > 0 && !d.lonely.IsZero() {
		yield(limit{d.lonely.Add(d.peers), ErrNoPeers, d.peers, "peer-timeout"})
	}
	if d.stall > 0 {
		why := ErrStalled
		if !d.met {
			why = ErrNoPeers // that is why no byte came
		}
		yield(limit{d.lastByte.Add(d.stall), why, d.stall, "stall-timeout"})
	}
}

// expired returns why the download must end now, or nil.
func (d *deadlines) expired(waiting bool, now time.Time) (err error) {
	d.each(waiting, func(l limit) {
		if err == nil && !now.Before(l.at) {
			err = l.strike()
		}
	})
	return err
}

// next is when expired should be asked again; zero: never.
func (d *deadlines) next(waiting bool) (at time.Time) {
	d.each(waiting, func(l limit) {
		if at.IsZero() || l.at.Before(at) {
			at = l.at
		}
	})
	return at
}
