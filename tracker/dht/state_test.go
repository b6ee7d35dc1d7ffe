package dht

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"gotor/bencode"
)

func TestStateBringsBackTheTable(t *testing.T) {
	w := smallNet(t, 60)
	old := w.list[5]
	state := old.node.AppendState(w.now, nil)
	old.dead = true
	delete(w.hosts, old.addr)

	h := &host{net: w, addr: old.addr}
	h.node = New(Config{Send: h.send, IPv4: true})
	if err := h.node.LoadState(state); err != nil {
		t.Fatal(err)
	}
	w.hosts[h.addr] = h
	if h.node.ID(false) != old.node.ID(false) {
		t.Error("the id is another one")
	}
	before, after := old.node.Stats(w.now), h.node.Stats(w.now)
	if after.Nodes4 < before.Good4*9/10 || after.Good4 != 0 || after.External4 != before.External4 {
		t.Errorf("loaded %d nodes, %d good, of %d; address %v", after.Nodes4, after.Good4, before.Nodes4, after.External4)
	}
	// No bootstrap is needed.
	h.tick()
	w.run(3*time.Second, nil)
	if s := h.node.Stats(w.now); s.Good4 < 8 {
		t.Errorf("%d nodes are good after 3 seconds", s.Good4)
	}
	r := w.lookup(h, func(done func(Result)) { h.node.GetPeers(w.now, idM, PeersOptions{Announce: true, Port: 1}, nil, done) })
	if r.Stored != 8 {
		t.Errorf("announced at %d nodes", r.Stored)
	}
}

func TestStateIsBounded(t *testing.T) {
	l := newLab(t, Config{})
	for _, f := range l.n.fams {
		for n := range 140 {
			for i := range byte(8) {
				c := at(n, i)
				c.ID[0] ^= f.own[0]
				for j := 1; j < 20; j++ {
					c.ID[j] ^= f.own[j]
				}
				if f.v6 {
					a := c.Addr.Addr().As4()
					c.Addr = netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfd, 3: a[1], 5: a[3]}), 1)
				}
				f.table.answered(l.now, c)
			}
		}
	}
	if s := l.n.Stats(l.now); s.Nodes4 < 900 || s.Nodes6 < 900 {
		t.Fatalf("the tables have %d and %d nodes", s.Nodes4, s.Nodes6)
	}
	state := l.n.AppendState(l.now, []byte("x"))
	if state[0] != 'x' || len(state) > 13<<10 || len(state) < 12<<10 {
		t.Errorf("the state has %d bytes", len(state))
	}
	other := newLab(t, Config{})
	if err := other.n.LoadState(state[1:]); err != nil {
		t.Fatal(err)
	}
	if s := other.n.Stats(l.now); s.Nodes4 != maxSaved || s.Nodes6 != maxSaved {
		t.Errorf("%d and %d nodes were loaded", s.Nodes4, s.Nodes6)
	}
}

func TestDamagedStates(t *testing.T) {
	l := newLab(t, Config{})
	l.prove(alice)
	good := string(l.n.AppendState(l.now, nil))
	for name, state := range map[string]string{
		"empty": "", "garbage": "garbage", "cut": good[:len(good)-5], "another version": strings.Replace(good, "versioni1e", "versioni2e", 1),
		"too long": strings.Repeat("x", 100<<10), "a list": "le", "no version": "de",
	} {
		fresh := newLab(t, Config{})
		id := fresh.n.ID(false)
		if err := fresh.n.LoadState([]byte(state)); err == nil || fresh.n.ID(false) != id {
			t.Errorf("%s: error %v", name, err)
		}
	}
	// Fields of the wrong type are as if they were not there.
	odd := newLab(t, Config{})
	if err := odd.n.LoadState([]byte("d3:id4i1e3:id63:abc3:ip43:abc6:nodes45:short6:nodes6le7:versioni1ee")); err != nil {
		t.Error(err)
	}
	if s := odd.n.Stats(odd.now); s.Nodes4 != 0 || s.External4.IsValid() || odd.n.ID(false) == (ID{}) {
		t.Errorf("loaded %+v", s)
	}
	bad := newLab(t, Config{})
	if err := bad.n.LoadState([]byte("d6:nodes452:" + string(idA[:]) + "\xe0\x00\x00\x01\x00\x01" + string(idM[:]) + "\x01\x02\x03\x04\x00\x00" + "7:versioni1ee")); err != nil {
		t.Error(err)
	}
	if s := bad.n.Stats(bad.now); s.Nodes4 != 0 {
		t.Error("a multicast address or port 0 was loaded")
	}
}

// An id saved at another address is made to belong to the one we have now.
func TestStateOfAnotherAddress(t *testing.T) {
	ip1, ip2 := netip.MustParseAddr("77.1.2.3"), netip.MustParseAddr("78.4.5.6")
	first := newLab(t, Config{External: []netip.Addr{ip1}})
	state := first.n.AppendState(first.now, nil)
	second := newLab(t, Config{External: []netip.Addr{ip2}})
	if err := second.n.LoadState(state); err != nil {
		t.Fatal(err)
	}
	if id := second.n.ID(false); !belongs(&id, ip2) {
		t.Errorf("the id %v does not belong to %v", id, ip2)
	}
	third := newLab(t, Config{})
	if err := third.n.LoadState(state); err != nil || third.n.ID(false) != first.n.ID(false) {
		t.Errorf("the id is not kept: %v", err)
	}
	fresh := newLab(t, Config{FreshID: true, External: []netip.Addr{ip2}})
	if err := fresh.n.LoadState(state); err != nil {
		t.Fatal(err)
	}
	if id := fresh.n.ID(false); id == first.n.ID(false) || id == second.n.ID(false) || !belongs(&id, ip2) {
		t.Errorf("%v is no fresh id for %v", id, ip2)
	}
}

// Saved nodes of a private network are known as such.
func TestStateTellsLocalNodes(t *testing.T) {
	for ip, want := range map[string]int{"\x0a\x00\x00\x01": 1, "\x7f\x00\x00\x01": 1, "\xc6\x33\x64\x01": 0} {
		l := newLab(t, Config{})
		if err := l.n.LoadState([]byte("d6:nodes426:" + string(idA[:]) + ip + "\x1a\xe1" + "7:versioni1ee")); err != nil {
			t.Fatal(err)
		}
		if s := l.n.Stats(l.now); s.Nodes4 != 1 || s.Local != want {
			t.Errorf("%x: %+v", ip, s)
		}
	}
}

// A run in one family leaves what is saved of the other one as it is, however
// many such runs there are.
func TestStateKeepsTheIdleFamily(t *testing.T) {
	both := newLab(t, Config{External: []netip.Addr{netip.MustParseAddr("77.1.2.3"), netip.MustParseAddr("2a00::77")}})
	both.n.fams[0].table.answered(both.now, alice)
	for i := range byte(20) {
		both.n.fams[1].table.answered(both.now, Contact{ID: ID{i}, Addr: netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfd, 3: i}), 1)})
	}
	was := both.n.Stats(both.now)
	if was.Nodes4 != 1 || was.Nodes6 < 8 {
		t.Fatalf("%+v", was)
	}
	state := both.n.AppendState(both.now, nil)
	for _, cfg := range []Config{{IPv4: true}, {IPv4: true, FreshID: true}, {IPv6: true}, {IPv4: true, ReadOnly: true}} {
		one := newLab(t, cfg)
		if err := one.n.LoadState(state); err != nil {
			t.Fatal(err)
		}
		state = one.n.AppendState(one.now, nil)
	}
	again := newLab(t, Config{})
	if err := again.n.LoadState(state); err != nil {
		t.Fatal(err)
	}
	s := again.n.Stats(again.now)
	if s.Nodes4 != was.Nodes4 || s.Nodes6 != was.Nodes6 || s.External4 != was.External4 || s.External6 != was.External6 {
		t.Errorf("after runs in one family: %+v, want %+v", s, was)
	}
	if again.n.ID(true) != both.n.ID(true) {
		t.Error("the id of the idle family is another one")
	}
}

// What is handed on is well-formed and bounded, whatever was saved.
func TestIdleFamilyIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		state string
		nodes int
	}{
		"too many nodes":      {"d3:id620:" + string(idA[:]) + "6:nodes611400:" + strings.Repeat("x", 300*longNode) + "7:versioni1ee", maxSaved},
		"half a node":         {"d6:nodes657:" + strings.Repeat("x", longNode*3/2) + "7:versioni1ee", 1},
		"less than a node":    {"d3:id63:abc3:ip64:abcd6:nodes65:short7:versioni1ee", 0},
		"other types":         {"d3:id6i1e3:ip6le6:nodes6de7:versioni1ee", 0},
		"nothing of that one": {"d7:versioni1ee", 0},
	} {
		l := newLab(t, Config{IPv4: true})
		if err := l.n.LoadState([]byte(c.state)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		v, err := bencode.Parse(l.n.AppendState(l.now, nil), bencode.Limits{Size: 13 << 10, Depth: 4, Tokens: 100})
		if err != nil {
			t.Errorf("%s: what is saved again: %v", name, err)
			continue
		}
		nodes, _ := v.Get("nodes6").Str()
		id, _ := v.Get("id6").Str()
		if _, ok := v.Get("ip6").Str(); ok || len(nodes) != c.nodes*longNode || len(id) != 0 && string(id) != string(idA[:]) {
			t.Errorf("%s: %d bytes of nodes, id %q", name, len(nodes), id)
		}
	}
}
