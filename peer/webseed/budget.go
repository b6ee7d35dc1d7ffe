package webseed

import (
	"net/url"
	"sync/atomic"
)

// Budget bounds what servers make us remember, in bytes: files that are not
// there, and where redirects led (threat: a torrent of 200,000 files with 100
// servers that each have something to say about every one). It may be shared by
// Seeds on several goroutines.
type Budget struct{ left atomic.Int64 }

// NewBudget returns a budget of n bytes.
func NewBudget(n int64) *Budget {
	b := new(Budget)
	b.left.Store(n)
	return b
}

// take reports whether n bytes were left, which are the caller's from now on.
func (b *Budget) take(n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	return true
}

// give returns what take gave.
func (b *Budget) give(n int64) { b.left.Add(n) }

const (
	// ownMemory is the budget of a Seed that shares none.
	ownMemory = 16 << 20
	// missingCost is about what one entry of Seed.missing weighs: a place in the
	// map and an error.
	missingCost = 128
	// maxMoved bounds the redirects that are remembered of one server: a torrent
	// may have 200,000 files.
	maxMoved = 1000
)

// movedCost is about what one entry of Seed.moved weighs: a place in the map and
// a URL.
func movedCost(u *url.URL) int64 {
	return 256 + int64(len(u.Path)+len(u.RawPath)+len(u.RawQuery)+len(u.Host))
}

// lacks remembers that a segment is not there; false: there is no memory for it.
func (s *Seed) lacks(id int, why error) bool {
	if s.missing[id] == nil {
		if !s.cfg.Memory.take(missingCost) {
			return false
		}
		s.drawn += missingCost
	}
	s.missing[id] = why
	return true
}

// movedTo remembers where a redirect led, if there is memory for it. Otherwise
// it is followed again.
func (s *Seed) movedTo(id int, at *url.URL) {
	s.movedBack(id)
	if n := movedCost(at); len(s.moved) < maxMoved && s.cfg.Memory.take(n) {
		s.moved[id] = at
		s.drawn += n
	}
}

// movedBack forgets it.
func (s *Seed) movedBack(id int) {
	if u := s.moved[id]; u != nil {
		delete(s.moved, id)
		s.cfg.Memory.give(movedCost(u))
		s.drawn -= movedCost(u)
	}
}
