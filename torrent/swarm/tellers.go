package swarm

// teller is one source of addresses: a tracker, a peer that gossips, the DHT, the
// local network, the user. Each has a share of the book and of the dials, never
// the whole: two thousand dead addresses of one do not keep us from the good one
// of another.
type teller struct {
	key      tellerKey
	known    int    // its addresses in the book
	dialling int    // those that are being dialled
	turn     uint64 // the lowest is served next
}

// tellerKey names a teller: how it tells, and the host.
type tellerKey struct {
	from Origin
	who  string
}

// tellers are those of whom the book has addresses, so there are no more than
// addresses. They are served in turns, as packets are in a fair queue: all those
// that have something wait for the same number of dials. The zero value is ready.
type tellers struct {
	all   map[tellerKey]*teller
	clock uint64 // the turn of who was served last; newcomers begin there
}

// get returns a teller, a new one if need be; that is to be dropped if nothing of
// it is kept.
func (s *tellers) get(from Origin, who string) *teller {
	key := tellerKey{from, who}
	t := s.all[key]
	if t == nil {
		if s.all == nil {
			s.all = make(map[tellerKey]*teller)
		}
		t = &teller{key: key, turn: s.clock}
		s.all[key] = t
	}
	return t
}

// drop forgets a teller of whom nothing is known.
func (s *tellers) drop(t *teller) {
	if t.known == 0 && s.all[t.key] == t {
		delete(s.all, t.key)
	}
}

// serve notes that an address of t is dialled.
func (s *tellers) serve(t *teller) {
	s.clock = t.turn
	t.turn++
	t.dialling++
}

// catchUp keeps who had nothing to dial for long from making up for it at once.
func (s *tellers) catchUp() {
	for _, t := range s.all {
		t.turn = max(t.turn, s.clock)
	}
}

// greediest is who has most in the book; nil if nobody has anything.
func (s *tellers) greediest() (most *teller) {
	for _, t := range s.all {
		if most == nil || t.known > most.known {
			most = t
		}
	}
	return most
}
