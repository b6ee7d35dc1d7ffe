package torrent

import "fmt"

// This file is what becomes of a download of which the web servers lack
// something: who makes room for whom, and when nobody is left who can have what
// is missing.

// fewServers is how many of them an error names.
const fewServers = 4

// lacks notes that a server does not have a file, and what it said.
func (w *webSeeds) lacks(s *webSource, file int, err error) {
	if s.lacks == nil {
		s.lacks = make([]byte, (len(w.job.files.wanted)+7)/8)
	}
	setBit(s.lacks, file)
	s.err = err
}

// idle ends the Run of a server that lacks all that is missing: it would only
// keep others from their turn, on its own host first.
func (w *webSeeds) idle(s *webSource) {
	if left := w.hooks.left(); s.cancel != nil && left > 0 && w.useless(s) {
		s.spare = left
		s.cancel()
	}
}

// again takes a server back that was left as useless, when something that it
// may have was lost.
func (w *webSeeds) again(s *webSource) {
	if s.spare > 0 && s.state == WebSeedFailed && w.hooks.left() > s.spare {
		s.state, s.spare = WebSeedIdle, 0
	}
}

// useless reports whether a server lacks something of every piece that is missing.
func (w *webSeeds) useless(s *webSource) bool {
	if s.lacks == nil {
		return false
	}
	for p := range w.job.files.wantedPieces {
		lacked := w.hooks.has(p)
		w.job.files.of(p, func(file int, _ int64) { lacked = lacked || bit(s.lacks, file) })
		if !lacked {
			return false
		}
	}
	return true
}

// hope reports whether there is a server that may still be of use.
func (w *webSeeds) hope() bool {
	for _, s := range w.sources {
		if s.state != WebSeedFailed {
			return true
		}
	}
	return false
}

// failed reports whether there are servers, and none of them may be of use any more.
func (w *webSeeds) failed() bool { return len(w.sources) > 0 && !w.hope() }

// said is what the servers said that do not work; nothing while one does, or was not
// asked yet.
func (w *webSeeds) said() string {
	var said []string
	more := 0
	for _, s := range w.sources {
		switch {
		case s.state == WebSeedWorking || s.state == WebSeedIdle:
			return ""
		case s.err == nil:
		case len(said) < fewServers:
			said = append(said, fmt.Sprintf("%s: %v", s.shown, s.err))
		default:
			more++
		}
	}
	return listed(said, more, "; ")
}
