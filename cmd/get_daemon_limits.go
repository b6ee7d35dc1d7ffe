package cmd

import (
	"fmt"
	"time"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// patience is how long get --daemon waits for one torrent. It is told the time, and
// holds for one torrent: a copy is another.
type patience struct {
	total                  time.Duration // 0: no limit, as for all
	stall, peers, metadata time.Duration
	start                  time.Time // when total began

	begun    time.Time // zero: not seen yet
	verified int64     // at progress
	progress time.Time // when something was verified last, or could not be for good reasons
	met      bool      // a peer, or bytes
}

func newPatience(o *getOptions, s *streams) patience {
	p := patience{start: s.now(), metadata: metadataLimit(o.metaTime, s.errTTY)}
	p.total, p.stall, p.peers = o.limits(s.errTTY)
	return p
}

// judge is how things stand with t: done, or an error, or neither and when to look
// again at the latest (zero: when there is news).
func (p *patience) judge(now time.Time, t *record.Torrent) (done bool, again time.Time, err error) {
	if p.begun.IsZero() {
		p.begun, p.progress, p.verified = now, now, t.Verified
	}
	switch t.State {
	case record.StateFailed:
		return true, again, failure(t)
	case record.StatePaused:
		return true, again, record.Errorf(record.ExitOther, "%s was paused in the daemon", t.Name)
	case record.StateSeeding, record.StateCompleted:
		if t.Verified >= t.Wanted {
			return true, again, nil
		}
	}
	if over := p.total > 0 && !now.Before(p.start.Add(p.total)); over {
		return true, again, late(record.ExitTimeout, t, "not complete after "+ui.Duration(p.total)+" (--timeout)")
	}
	if p.total > 0 {
		again = p.start.Add(p.total)
	}
	limit, code, text := p.limit(now, t)
	if limit.IsZero() {
		return false, again, nil
	}
	if !now.Before(limit) {
		return true, again, late(code, t, text)
	}
	if again.IsZero() || limit.Before(again) {
		again = limit
	}
	return false, again, nil
}

// limit is the end of patience with what a torrent does now; zero: none.
func (p *patience) limit(now time.Time, t *record.Torrent) (end time.Time, code int, text string) {
	p.met = p.met || t.Peers > 0 || t.Verified > p.verified
	if t.Verified != p.verified || t.State != record.StateDownloading && t.State != record.StateStalled {
		p.verified, p.progress = t.Verified, now // who waits for its turn is not to blame
	}
	switch {
	case t.State == record.StateMetadata && p.metadata > 0:
		return p.begun.Add(p.metadata), record.ExitMetadata, "nobody told in " + ui.Duration(p.metadata) + " what the link leads to (--metadata-timeout)"
	case t.State != record.StateDownloading && t.State != record.StateStalled:
	case !p.met && p.peers > 0:
		return p.progress.Add(p.peers), record.ExitNoPeers, "no peers found within " + ui.Duration(p.peers) + " (--peer-timeout)"
	case p.met && p.stall > 0:
		return p.progress.Add(p.stall), record.ExitStalled, "no byte was verified for " + ui.Duration(p.stall) + " (--stall-timeout)"
	}
	return end, 0, ""
}

// late is the error of a limit: the daemon does not know of it.
func late(code int, t *record.Torrent, text string) error {
	return record.Errorf(code, "%s: %s; the daemon goes on with it", t.Name, text)
}

// failure is the error of a torrent that failed, with the code that get ends with.
func failure(t *record.Torrent) error {
	if t.Error == nil {
		return record.Errorf(record.ExitOther, "%s failed", t.Name)
	}
	return fmt.Errorf("%s: %w", t.Name, &record.Problem{Code: t.Error.Code, Detail: t.Error.Detail})
}
