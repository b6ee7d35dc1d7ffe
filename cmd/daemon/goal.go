package daemon

import (
	"cmp"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// How long a complete torrent is given to others: the words of record.SeedGoal.
const (
	seedDefault = "default"
	seedForever = "forever"
	seedNever   = "never"
	seedLimits  = "limits"
)

// goal is how long one torrent is given to others, the settings counted. The zero
// value is for ever.
type goal struct {
	never      bool
	ratio      float64 // 0: no limit
	span, idle time.Duration
}

// goalOf is the goal of a torrent under the settings.
func goalOf(e *session.Entry, s *record.SeedSettings) goal {
	mode := cmp.Or(e.Goal.Mode, seedDefault)
	if mode == seedDefault {
		mode = s.Mode.Value
	}
	g := goal{never: mode == seedNever}
	if mode == seedLimits {
		g.ratio = s.Ratio.Value
		g.span, g.idle = seconds(s.Time.Value), seconds(s.Idle.Value)
		if e.Goal.Ratio != nil {
			g.ratio = *e.Goal.Ratio
		}
		if e.Goal.Time != nil {
			g.span = seconds(*e.Goal.Time)
		}
		if e.Goal.Idle != nil {
			g.idle = seconds(*e.Goal.Idle)
		}
	}
	return g
}

// seconds is a span, at most about 100 years.
func seconds(n int64) time.Duration { return time.Duration(min(n, 3_155_760_000)) * time.Second }

// reached reports whether a complete torrent has been given away for long enough.
func (g *goal) reached(e *session.Entry, t *session.Tally, now time.Time) bool {
	if g.never || g.ratio > 0 && e.Facts.Wanted > 0 && float64(t.Uploaded) >= g.ratio*float64(e.Facts.Wanted) {
		return true
	}
	at := g.next(e, t)
	return !at.IsZero() && !now.Before(at)
}

// next is when the goal is reached by time alone; zero: never.
func (g *goal) next(e *session.Entry, t *session.Tally) (at time.Time) {
	if g.span > 0 {
		at = e.Completed.Add(g.span)
	}
	if g.idle > 0 {
		last := e.Completed
		if t.Active.After(last) {
			last = t.Active
		}
		if idle := last.Add(g.idle); at.IsZero() || idle.Before(at) {
			at = idle
		}
	}
	return at
}
