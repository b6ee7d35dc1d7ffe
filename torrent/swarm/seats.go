package swarm

// Seats shares the connections that a process may have among its torrents, by what
// they want: a download as many as it knows peers, a seed as many as come for
// something. While there is plenty everybody takes what it likes. When it gets scarce
// each has a fair part for sure, which is the same for all that want so much, and what
// is beyond that is lent: it does not grow any more, and is taken back one by one when
// somebody else has less than its own part.
//
// It is a machine: its owner tells it of each change and does what it says.
type Seats struct {
	most  int // connections in all
	each  int // of one torrent
	taken int
	all   map[*Seat]struct{} // that hold or want something
}

// Seat is one torrent in it. Its functions are for the owner of the Seats to call, which
// calls none.
type Seat struct {
	Wake func() // there may be more connections again
	Cede func() // one connection is to be closed

	held, want int
	waits      bool // its limit was reached
	ceding     bool // it was asked to cede, and has not yet
}

// NewSeats makes Seats for so many connections in all, and of one torrent.
func NewSeats(most, each int) *Seats {
	return &Seats{most: most, each: each, all: make(map[*Seat]struct{})}
}

// Taken is how many connections there are.
func (s *Seats) Taken() int { return s.taken }

// Note says how many connections a torrent has, and how many it could use; 0, 0 is the
// end of it. It appends those to wake whose limit may have changed.
func (s *Seats) Note(t *Seat, held, want int, wake []*Seat) []*Seat {
	less := held < t.held || want < t.want
	s.taken += held - t.held
	if held < t.held {
		t.ceding = false
	}
	if t.held, t.want = held, want; held == 0 && want == 0 {
		delete(s.all, t)
		t.waits, t.ceding = false, false
	} else {
		s.all[t] = struct{}{}
	}
	if !less {
		return wake
	}
	for o := range s.all {
		if o.waits && o != t {
			o.waits = false
			wake = append(wake, o)
		}
	}
	return wake
}

// Limit is how many connections a torrent may have now, if it is to have a part of so
// many. Not nil is who is to close one, so that there is room for it.
func (s *Seats) Limit(t *Seat, part int) (limit int, cede *Seat) {
	free, reserve := s.most-s.taken, s.most/8
	if free > reserve {
		return min(s.each, t.held+free-reserve), nil
	}
	level := s.level(t, part)
	short := min(part, level, s.each) - t.held
	limit = t.held + max(0, min(free, short))
	if limit <= t.held {
		t.waits = true
	}
	if short > 0 && free < short {
		cede = s.lender(t, level)
	}
	return limit, cede
}

// level is the part of a torrent that wants more than that, when t wants part: nobody who
// wants less has to go short.
func (s *Seats) level(t *Seat, part int) int {
	low, high := 1, s.each
	for low < high {
		mid := (low + high + 1) / 2
		sum := min(part, mid)
		for o := range s.all {
			if o != t {
				sum += min(o.want, mid)
			}
		}
		if sum <= s.most {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// lender is the torrent that has most beyond its part, of those that were not asked
// before: the user may have named all of its peers, and then it cedes none.
func (s *Seats) lender(but *Seat, level int) (lender *Seat) {
	most := 0
	for t := range s.all {
		if over := t.held - min(t.want, level); t != but && !t.ceding && over > most {
			lender, most = t, over
		}
	}
	if lender != nil {
		lender.ceding = true
	}
	return lender
}
