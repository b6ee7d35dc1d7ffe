package dht

import (
	"net/netip"
	"testing"
	"time"
)

// votes lets a number of nodes of different networks answer a ping and tell us
// where they see us.
func (l *lab) votes(count, first int, seen string) {
	l.t.Helper()
	ip := netip.AddrPortFrom(netip.MustParseAddr(seen), 6881)
	for i := first; i < first+count; i++ {
		c := contact("8."+itoa(i)+".1.1:1111", byte(i*16))
		l.take()
		l.n.AddNode(l.now, c.Addr)
		r := reply{own: c.ID, tid: l.want('q', c.Addr).tid, asker: ip}
		l.receive(string(r.append(nil)), c.Addr)
	}
}

// BEP 42: "Since a single node can not be trusted, there should be some
// mechanism to determine whether or not the node has a correct understanding
// of its external IP or not. This could be done by voting"
func TestExternalAddressIsVotedOn(t *testing.T) {
	var agreed []netip.Addr
	l := newLab(t, Config{Agreed: func(ip netip.Addr) { agreed = append(agreed, ip) }})
	old := l.n.ID(false)
	l.votes(votesNeeded-1, 0, "77.1.2.3")
	if l.n.ID(false) != old || len(agreed) > 0 {
		t.Fatal("the id changed before there were enough votes")
	}
	l.votes(1, 10, "77.1.2.3")
	if len(agreed) != 1 || agreed[0] != netip.MustParseAddr("77.1.2.3") {
		t.Errorf("agreed on %v", agreed)
	}
	id := l.n.ID(false)
	if s := l.n.Stats(l.now); s.External4 != netip.MustParseAddr("77.1.2.3") || !belongs(&id, s.External4) {
		t.Fatalf("the address is %v, the id %v", s.External4, id)
	}
	if s := l.n.Stats(l.now); s.Nodes4 != votesNeeded {
		t.Errorf("%d nodes are left in the new table, want %d", s.Nodes4, votesNeeded)
	}
	// Another address is not believed at once, but after a while.
	l.votes(2*votesNeeded, 20, "78.1.2.3")
	if l.n.ID(false) != id {
		t.Error("the id changes from minute to minute")
	}
	l.now = l.now.Add(idChange)
	l.votes(2*votesNeeded, 40, "78.1.2.3")
	if s := l.n.Stats(l.now); s.External4 != netip.MustParseAddr("78.1.2.3") {
		t.Errorf("after the move the address is %v", s.External4)
	}
}

func TestVotesThatDoNotCount(t *testing.T) {
	l := newLab(t, Config{Agreed: func(ip netip.Addr) { t.Errorf("agreed on %v", ip) }})
	old := l.n.ID(false)
	for range 3 * votesNeeded { // one network, many times
		l.votes(1, 1, "77.1.2.3")
	}
	l.votes(votesNeeded+2, 10, "192.168.1.1") // nothing to derive an id from
	for i := range 3 * votesNeeded {          // all different
		l.votes(1, 30+i, "77.1.2."+itoa(i))
	}
	if l.n.ID(false) != old {
		t.Error("the id changed")
	}
	if v := l.n.fams[0].votes; len(v.voters) > maxVotes || len(v.counts) > maxVotes {
		t.Errorf("%d voters and %d candidates are remembered", len(v.voters), len(v.counts))
	}
}

func TestExternalFromConfig(t *testing.T) {
	ip4, ip6 := netip.MustParseAddr("77.1.2.3"), netip.MustParseAddr("2001:db8::5")
	l := newLab(t, Config{External: []netip.Addr{ip4, ip6, netip.MustParseAddr("10.0.0.1"), {}}})
	id4, id6 := l.n.ID(false), l.n.ID(true)
	if !belongs(&id4, ip4) || !belongs(&id6, ip6) {
		t.Errorf("ids are %v and %v", id4, id6)
	}
	l.n.SetExternal(l.now, ip4)
	if l.n.ID(false) != id4 {
		t.Error("the id changed though the address is the same")
	}
	one := newLab(t, Config{IPv4: true})
	if one.n.ID(true) != (ID{}) || one.n.ID(false) == (ID{}) {
		t.Error("a node of one family has an id in the other")
	}
	one.receive(golden["ping"], netip.MustParseAddrPort("[2001:db8::1]:1"))
	one.wantNone("a packet of another family")
	one.receive(roPing, netip.MustParseAddrPort("[::ffff:9.9.9.9]:1"))
	one.want('r', netip.MustParseAddrPort("9.9.9.9:1"))
}

// While nobody answers, bootstrap nodes are asked again, less and less often.
func TestBootstrapIsRetried(t *testing.T) {
	l := newLab(t, Config{})
	l.n.Bootstrap(l.now, []netip.AddrPort{alice.Addr, alice.Addr, {}})
	var times []time.Duration
	start := l.now
	for range 1200 {
		l.advance(time.Second)
		for _, p := range l.take() {
			if p.to != alice.Addr {
				t.Fatalf("%v was asked", p.to)
			}
			times = append(times, l.now.Sub(start))
		}
	}
	if len(times) < 5 || len(times) > 12 {
		t.Fatalf("the bootstrap node was asked at %v", times)
	}
	for i := 2; i < len(times); i++ {
		if times[i]-times[i-1] < times[i-1]-times[i-2] {
			t.Errorf("asked at %v: the times between do not grow", times)
		}
	}
	l.advance(maxJoinRetry)
	l.take()
	l.n.Bootstrap(l.now, []netip.AddrPort{bob.Addr})
	l.n.Tick(l.now)
	l.want('q', bob.Addr)
}

// "Buckets that have not been changed in 15 minutes should be refreshed."
func TestBucketsAreRefreshed(t *testing.T) {
	w := smallNet(t, 40)
	h := w.list[7]
	w.run(14*time.Minute, nil)
	before := h.node.Stats(w.now)
	w.run(20*time.Minute, nil)
	after := h.node.Stats(w.now)
	if after.Sent-before.Sent < 20 {
		t.Errorf("%d packets were sent in 20 minutes", after.Sent-before.Sent)
	}
	if after.Good4 < before.Good4 || after.Good4 < 20 {
		t.Errorf("%d of %d nodes are good after half an hour, %d before", after.Good4, after.Nodes4, before.Good4)
	}
	if after.Lookups != 0 || after.InFlight > 30 {
		t.Errorf("%d lookups of ours count as somebody's, %d queries in flight", after.Lookups, after.InFlight)
	}
}

// An idle node sleeps.
func TestIdleNodeHasNothingDue(t *testing.T) {
	l := newLab(t, Config{})
	if next := l.n.Tick(l.now); !next.IsZero() {
		t.Errorf("a node that knows nobody wants to wake at %v", next)
	}
}

// Whether it was the network that was down or a node that went: after a while
// the table has only nodes that live.
func TestDeadNodesLeaveTheTable(t *testing.T) {
	w := smallNet(t, 60)
	for i, h := range w.list {
		h.dead = i >= 20
	}
	w.run(2*time.Hour, nil)
	for _, h := range w.list[:20] {
		live, good := h.node.fams[0].table.count(w.now)
		if good < 12 || live > good+8 {
			t.Errorf("%d nodes are in the table, %d good; want nearly all of the 19 others", live, good)
		}
	}
}
