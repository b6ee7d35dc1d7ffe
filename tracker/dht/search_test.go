package dht

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// newTestSearch starts a lookup for the zero target in a node that knows
// nobody, and returns its IPv4 search.
func newTestSearch(t *testing.T) (*lab, *search) {
	l := newLab(t, Config{IPv4: true})
	lk := l.n.FindNode(l.now, ID{}, nil)
	return l, lk.searches[0]
}

// far makes a contact at a distance from the zero target, of its own network.
func far(distance int) Contact {
	var id ID
	id[2], id[3] = byte(distance>>8), byte(distance)
	return Contact{id, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(distance >> 8), byte(distance)}), 6881)}
}

func TestSearchKeepsTheClosest(t *testing.T) {
	_, s := newTestSearch(t)
	for i := 2 * maxCandidates; i > 0; i-- { // each closer than those before
		s.add(far(i), nil)
	}
	if len(s.nodes) != maxCandidates || len(s.places) != maxCandidates {
		t.Fatalf("%d nodes and %d places are remembered", len(s.nodes), len(s.places))
	}
	for i, k := range s.nodes {
		if k.Contact != far(i+1) {
			t.Fatalf("node %d is %v, want %v", i, k.Contact, far(i+1))
		}
	}
	s.add(far(3*maxCandidates), nil)
	if len(s.nodes) != maxCandidates || len(s.places) != maxCandidates {
		t.Error("a node farther than all others was remembered")
	}
	// One that has been asked is not forgotten.
	s.nodes[maxCandidates-1].state = asked
	s.add(Contact{ID{}, netip.MustParseAddrPort("10.9.9.9:1")}, nil)
	if len(s.nodes) != maxCandidates || s.nodes[maxCandidates-1].Contact != far(maxCandidates) {
		t.Error("a node that has been asked was forgotten")
	}
}

func TestSearchTakesOneNodeAPlace(t *testing.T) {
	l, s := newTestSearch(t)
	c := func(random byte, addr string) Contact { return contact(addr, random) }
	for _, tt := range []struct {
		why  string
		c    Contact
		want bool
	}{
		{"a node", c(1, "8.1.1.1:2000"), true},
		{"the same again", c(1, "8.1.1.1:2000"), false},
		{"another at its address", c(2, "8.1.1.1:2001"), false},
		{"another in its /24", c(3, "8.1.1.2:2000"), false},
		{"another in the next /24", c(4, "8.1.2.1:2000"), true},
		{"ourselves", Contact{l.n.ID(false), netip.MustParseAddrPort("8.3.1.1:1")}, false},
	} {
		before := len(s.nodes)
		s.add(tt.c, nil)
		if got := len(s.nodes) > before; got != tt.want {
			t.Errorf("%s: taken is %v, want %v", tt.why, got, tt.want)
		}
	}
}

// BEP 42: "Non-compliant nodes must not be considered to have sent a valid
// response when checking the termination condition of a lookup."
func TestUntrustedNodesDoNotCount(t *testing.T) {
	_, s := newTestSearch(t)
	via := &candidate{Contact: far(9999)}
	untrusted := Contact{ID{19: 1}, netip.MustParseAddrPort("8.1.1.1:2000")}
	oddPort := contact("8.1.3.1:53", 7)
	trusted := contact("8.1.2.1:2000", 7)
	for _, c := range []Contact{untrusted, oddPort, trusted} {
		s.add(c, via)
	}
	if next, _ := s.firm(); next == nil || next.Contact != trusted {
		t.Errorf("%v is asked first, want the one that is trusted", next)
	}
	if k := s.doubtful(); k == nil || k.Contact != untrusted {
		t.Errorf("%v is asked beside it", k)
	}
	for _, k := range s.nodes {
		k.state = alive
	}
	if next, counted := s.firm(); next != nil || counted != 1 {
		t.Errorf("%d nodes count, want 1", counted)
	}
	// Where there are too few others, they are results all the same.
	got := s.closest()
	if len(got) != 3 || got[0].Contact != trusted {
		t.Errorf("the closest are %d, first %v", len(got), got[0].Contact)
	}
}

// When two of the nodes that somebody named are silent, the rest is asked last.
func TestSuspectsAreAskedLast(t *testing.T) {
	_, s := newTestSearch(t)
	liar, honest := &candidate{Contact: far(9000)}, &candidate{Contact: far(9001)}
	for i := range 5 {
		s.add(far(i+1), liar)
		s.add(far(i+101), honest)
	}
	for _, k := range s.nodes[:2] {
		k.state = late
		s.blame(k, 1, 0)
	}
	if next, _ := s.firm(); next == nil || next.Contact != far(101) {
		t.Errorf("%v is asked next, want %v", next.Contact, far(101))
	}
	if k := s.doubtful(); k == nil || k.Contact != far(3) {
		t.Error("the rest is not asked at all")
	}
	s.blame(s.nodes[0], -1, 1) // one has answered after all
	if next, _ := s.firm(); next == nil || next.Contact != far(3) {
		t.Errorf("%v is asked next, want %v", next.Contact, far(3))
	}
}

// A path that a gang has captured does not end the search: the others go on
// until their own eight closest have answered.
func TestPathsAreIndependent(t *testing.T) {
	_, s := newTestSearch(t)
	starts := []Contact{far(5000), far(5001), far(5002)}
	for _, c := range starts {
		s.add(c, nil)
	}
	on := map[uint8]bool{}
	for _, k := range s.nodes {
		on[k.path] = true
	}
	if len(on) != paths {
		t.Fatalf("the starts are on %d paths", len(on))
	}
	gang := s.nodes[0]
	for i := range bucketSize {
		s.add(far(i+1), gang)
	}
	for _, k := range s.nodes {
		k.state = alive
	}
	s.add(far(100), s.nodes[len(s.nodes)-1])
	if next, _ := s.firm(); next == nil || next.Contact != far(100) || s.complete() {
		t.Error("eight nodes of one path ended the search")
	}
	// A node that two paths have found is on both.
	s.add(far(100), gang)
	i := slices.IndexFunc(s.nodes, func(k *candidate) bool { return k.Contact == far(100) })
	if k := s.nodes[i]; k.on != 1<<gang.path|1<<k.path || k.path == gang.path {
		t.Errorf("the node is on paths %b", k.on)
	}
}

func TestPatienceFollowsTheAnswers(t *testing.T) {
	var r roundTrip
	if got := r.patience(); got != firstPatience {
		t.Errorf("at first it is %v", got)
	}
	for range 50 {
		r.sample(100 * time.Millisecond)
	}
	if got := r.patience(); got != minPatience {
		t.Errorf("with answers after 100 ms it is %v, want %v", got, minPatience)
	}
	for i := range 100 {
		r.sample(time.Duration(200+i%2*400) * time.Millisecond)
	}
	if got := r.patience(); got < 700*time.Millisecond || got > maxPatience {
		t.Errorf("with answers after 200 to 600 ms it is %v", got)
	}
	for range 50 {
		r.sample(time.Minute)
	}
	if got := r.patience(); got != maxPatience {
		t.Errorf("with very slow answers it is %v", got)
	}
	r.sample(-time.Second) // a clock that was set back
	if r.mean <= 0 || r.patience() < minPatience {
		t.Errorf("after a negative time the mean is %v", r.mean)
	}
}

// A call that is slow is told so once, and then that it has failed.
func TestSlowThenFailed(t *testing.T) {
	l := newLab(t, Config{})
	var got []outcome
	var times []time.Duration
	start := l.now
	l.n.ask(l.now, alice, true, &query{method: "ping"}, func(now time.Time, what outcome, _ *message) {
		got, times = append(got, what), append(times, now.Sub(start))
	})
	l.advance(time.Minute)
	if !slices.Equal(got, []outcome{slow, failed}) || !slices.Equal(times, []time.Duration{firstPatience, callTimeout}) {
		t.Errorf("got %v at %v", got, times)
	}
	if len(l.n.calls) != 0 || len(l.n.timers) != 0 {
		t.Errorf("%d calls and %d timers are left", len(l.n.calls), len(l.n.timers))
	}
}

func TestCallsAreBounded(t *testing.T) {
	l := newLab(t, Config{})
	for i := range maxCalls {
		l.n.AddNode(l.now, stranger(i))
	}
	var err error
	l.n.Ping(l.now, eve, func(_ Pong, e error) { err = e })
	if err != ErrBusy || len(l.n.calls) != maxCalls {
		t.Errorf("one more call: %v, %d are under way", err, len(l.n.calls))
	}
	l.advance(10 * time.Second)
	if len(l.n.calls) != 0 {
		t.Errorf("%d calls never end", len(l.n.calls))
	}
}

func TestIDString(t *testing.T) {
	if got := idA.String(); got != "6162636465666768696a30313233343536373839" {
		t.Errorf("an id reads %s", got)
	}
}
