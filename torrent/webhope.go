package torrent

import (
	"fmt"
	"strings"
	"time"
)

// This file is what becomes of a download of which the web servers lack
// something: who makes room for whom, and when nobody is left who can have what
// is missing.

const (
	// localHope is how long somebody on the local network has to answer, once we
	// have said there what we look for, before the servers' failure is ours.
	localHope = 5 * time.Second
	// fewFiles and fewServers are how many of them an error names.
	fewFiles   = 3
	fewServers = 4
)

// webLacks notes that a server does not have a file, and what it said.
func (t *Torrent) webLacks(s *webSource, file int, err error) {
	if s.lacks == nil {
		s.lacks = make([]byte, (len(t.meta.Files)+7)/8)
	}
	setBit(s.lacks, file)
	s.err = err
}

// webIdle ends the Run of a server that lacks all that is missing: it would only
// keep others from their turn, on its own host first.
func (t *Torrent) webIdle(s *webSource) {
	if left := t.held.lacks(); s.cancel != nil && left > 0 && t.webUseless(s) {
		s.spare = left
		s.cancel()
	}
}

// webAgain takes a server back that was left as useless, when something that it
// may have was lost.
func (t *Torrent) webAgain(s *webSource) {
	if s.spare > 0 && s.state == WebSeedFailed && t.held.lacks() > s.spare {
		s.state, s.spare = WebSeedIdle, 0
	}
}

// webUseless reports whether a server lacks something of every piece that is missing.
func (t *Torrent) webUseless(s *webSource) bool {
	if s.lacks == nil {
		return false
	}
	for p := range t.held.files.wantedPieces {
		lacked := bit(t.held.have, p)
		t.held.files.of(p, func(file int, _ int64) { lacked = lacked || bit(s.lacks, file) })
		if !lacked {
			return false
		}
	}
	return true
}

// webHope reports whether there is a server that may still be of use.
func (t *Torrent) webHope() bool {
	for _, s := range t.web.sources {
		if s.state != WebSeedFailed {
			return true
		}
	}
	return false
}

// forlorn reports whether the servers have failed and nobody else is left who can
// have what is missing.
func (t *Torrent) forlorn(now time.Time) bool {
	return len(t.web.sources) > 0 && !t.finished && !t.webHope() && t.alone() && !t.disco.hope(now)
}

// forlornAt is when forlorn may become true although nothing happens; zero: never.
func (t *Torrent) forlornAt(now time.Time) time.Time {
	if d := &t.disco; len(t.web.sources) > 0 && now.Before(d.localUntil) {
		return d.localUntil
	}
	return time.Time{}
}

// noMirror says that there are servers, that none of them works, what is missing
// and what they said; nil otherwise, and also when nobody but the torrent named
// them and there are peers that could not be reached.
func (t *Torrent) noMirror() error {
	if t.peers.connected() > 0 || len(t.source.Mirrors) == 0 && (t.peers.everConnected || t.peers.book.Size() > 0) {
		return nil
	}
	var said []string
	more := 0
	for _, s := range t.web.sources {
		switch {
		case s.state == WebSeedWorking || s.state == WebSeedIdle:
			return nil
		case s.err == nil:
		case len(said) < fewServers:
			said = append(said, fmt.Sprintf("%s: %v", s.shown, s.err))
		default:
			more++
		}
	}
	if said == nil {
		return nil
	}
	return fmt.Errorf("%w%s: %s", ErrNoMirror, t.missingFiles(), listed(said, more, "; "))
}

// missingFiles names files that are not complete, for an error; a single one
// needs no name.
func (t *Torrent) missingFiles() string {
	if !t.meta.Multi {
		return ""
	}
	var names []string
	more := 0
	for i := range t.meta.Files {
		switch {
		case !t.held.files.wanted[i] || t.held.tally.left[i] == 0:
		case len(names) < fewFiles:
			names = append(names, t.paths.below(i))
		default:
			more++
		}
	}
	return " for " + listed(names, more, ", ")
}

// listed is a list of which more are left out.
func listed(items []string, more int, sep string) string {
	if more > 0 {
		items = append(items, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(items, sep)
}
