package dht

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// smallNet is a network in which every node has joined.
func smallNet(t *testing.T, count int) *network {
	w := newNetwork(t, 11)
	w.grow(count, false)
	return w
}

// lookup runs one and returns its result.
func (w *network) lookup(h *host, start func(done func(Result))) (r Result) {
	w.t.Helper()
	over := 0
	start(func(res Result) { r = res; over++ })
	done := over > 0
	h.tick()
	w.run(time.Minute, func() bool { done = over > 0; return done })
	w.run(10*time.Second, nil)
	if over != 1 {
		w.t.Fatalf("onDone was called %d times", over)
	}
	return r
}

func TestAnnounceIsFound(t *testing.T) {
	w := smallNet(t, 60)
	seed, seeker := w.list[3], w.list[40]
	r := w.lookup(seed, func(done func(Result)) {
		seed.node.GetPeers(w.now, idM, PeersOptions{Announce: true, ImpliedPort: true, Seed: true}, nil, done)
	})
	if r.Stored != 8 || r.Refused != nil || r.Err != nil || len(r.Closest) != 8 || r.Target != idM {
		t.Fatalf("announced: %+v", r)
	}
	if !slices.IsSortedFunc(r.Closest, func(a, b Contact) int {
		if closer(&idM, &a.ID, &b.ID) {
			return -1
		}
		return 1
	}) {
		t.Error("the closest nodes are not in order")
	}
	var got []netip.AddrPort
	r = w.lookup(seeker, func(done func(Result)) {
		seeker.node.GetPeers(w.now, idM, PeersOptions{Scrape: true}, func(p []netip.AddrPort) { got = append(got, p...) }, done)
	})
	if len(got) != 1 || got[0] != seed.addr || r.Peers != 1 {
		t.Errorf("found %v, want %v once", got, seed.addr)
	}
	if !r.Scraped || r.Seeds != 1 || r.Leechers != 0 {
		t.Errorf("scraped %d seeds and %d leechers", r.Seeds, r.Leechers)
	}
	if r.Answered > r.Queried || r.Elapsed <= 0 || r.Elapsed > 2*time.Second || r.Hops < 1 {
		t.Errorf("result %+v", r)
	}
}

func TestScrapeCountsSwarm(t *testing.T) {
	w := smallNet(t, 60)
	for i, h := range w.list[:40] {
		w.lookup(h, func(done func(Result)) {
			h.node.GetPeers(w.now, idM, PeersOptions{Announce: true, Port: 1000, Seed: i < 10}, nil, done)
		})
	}
	h := w.list[50]
	r := w.lookup(h, func(done func(Result)) {
		h.node.GetPeers(w.now, idM, PeersOptions{Scrape: true}, nil, done)
	})
	if r.Peers != 40 || r.Seeds < 9 || r.Seeds > 11 || r.Leechers < 28 || r.Leechers > 32 {
		t.Errorf("found %d peers, about %d seeds and %d leechers; want 40, 10, 30", r.Peers, r.Seeds, r.Leechers)
	}
}

func TestFindNodeFindsTheClosest(t *testing.T) {
	w := smallNet(t, 80)
	h := w.list[10]
	target := w.list[70].node.ID(false)
	r := w.lookup(h, func(done func(Result)) { h.node.FindNode(w.now, target, done) })
	if len(r.Closest) != 8 || r.Closest[0] != (Contact{target, w.list[70].addr}) {
		t.Errorf("closest to %v is %v", target, r.Closest)
	}
}

func TestItemsArePutAndFound(t *testing.T) {
	w := smallNet(t, 60)
	writer, reader := w.list[1], w.list[30]
	put := func(it Item, cas *int64) Result {
		return w.lookup(writer, func(done func(Result)) { writer.node.Put(w.now, it, cas, done) })
	}
	get := func(target ID, salt string) Result {
		return w.lookup(reader, func(done func(Result)) { reader.node.Get(w.now, target, []byte(salt), done) })
	}
	immutable := Item{Value: []byte("l1:a1:be")}
	if r := put(immutable, nil); r.Stored != 8 || r.Err != nil {
		t.Fatalf("put: %+v", r)
	}
	if r := get(immutable.Target(), ""); r.Item == nil || string(r.Item.Value) != "l1:a1:be" {
		t.Errorf("got %+v", r.Item)
	}
	for seq := int64(1); seq <= 2; seq++ {
		cas := seq - 1
		if r := put(mustSign(t, "salt", "i"+itoa(int(seq))+"e", seq), &cas); r.Stored != 8 {
			t.Fatalf("put %d: %+v", seq, r)
		}
	}
	target := MutableTarget(mustSign(t, "", "i1e", 1).Key, []byte("salt"))
	if r := get(target, "salt"); r.Item == nil || string(r.Item.Value) != "i2e" || r.Item.Seq != 2 || r.Item.Check() != nil {
		t.Errorf("got %+v", r.Item)
	}
	if r := get(target, "wrong"); r.Item != nil {
		t.Errorf("with another salt: %+v", r.Item)
	}
	wrong := int64(1)
	if r := put(mustSign(t, "salt", "i3e", 3), &wrong); r.Stored != 0 || r.Refused == nil || r.Refused.Code != codeCAS {
		t.Errorf("with a wrong cas: stored %d, refused %v", r.Stored, r.Refused)
	}
	if r := put(mustSign(t, "salt", "i1e", 1), nil); r.Refused == nil || r.Refused.Code != codeOldSeq || r.Item == nil || r.Item.Seq != 2 {
		t.Errorf("an old one: refused %v, found %v", r.Refused, r.Item)
	}
	if r := put(Item{Value: []byte("broken")}, nil); r.Err == nil || r.Queried != 0 {
		t.Errorf("a broken item: %+v", r)
	}
}

// A hostile node's items are not believed.
func TestForgedItemsAreNotBelieved(t *testing.T) {
	for name, body := range map[string]string{
		"another value":   "1:v3:bad",
		"wrong key":       "1:k32:" + strings.Repeat("k", 32) + "3:seqi9e3:sig64:" + strings.Repeat("s", 64) + "1:v3:bad",
		"short signature": "1:k32:" + strings.Repeat("k", 32) + "3:seqi9e3:sig3:sss1:v3:bad",
		"no seq":          "1:k32:" + strings.Repeat("k", 32) + "3:sig64:" + strings.Repeat("s", 64) + "1:v3:bad",
	} {
		l := newLab(t, Config{})
		l.prove(alice)
		l.take()
		var got *Result
		l.n.Get(l.now, (&Item{Value: []byte("4:good")}).Target(), nil, func(r Result) { got = &r })
		q := l.want('q', alice.Addr)
		l.receive("d1:rd2:id20:"+string(alice.ID[:])+body+"e1:t4:"+string(q.tid)+"1:y1:re", alice.Addr)
		if got == nil || got.Item != nil || got.Answered != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// A right key with a wrong signature.
	it := mustSign(t, "", "4:good", 1)
	l := newLab(t, Config{})
	l.prove(alice)
	var got *Result
	l.take()
	l.n.Get(l.now, it.Target(), nil, func(r Result) { got = &r })
	it.Value = []byte("3:bad")
	r := reply{own: alice.ID, tid: l.want('q', alice.Addr).tid, item: &it}
	l.receive(string(r.append(nil)), alice.Addr)
	if got == nil || got.Item != nil {
		t.Errorf("a forged value: %+v", got)
	}
}

// An answer counts only from the very address that was asked, with the random
// transaction id, once, and with the id of the node that was asked.
func TestAnswersAreMatched(t *testing.T) {
	l := newLab(t, Config{})
	l.prove(alice)
	l.take()
	var peers []netip.AddrPort
	l.n.GetPeers(l.now, idM, PeersOptions{}, func(p []netip.AddrPort) { peers = append(peers, p...) }, nil)
	q := l.want('q', alice.Addr)
	values := []netip.AddrPort{netip.MustParseAddrPort("1.2.3.4:5")}
	good := reply{own: alice.ID, tid: q.tid, values: values}
	otherTID := good
	otherTID.tid = []byte{q.tid[0], q.tid[1], q.tid[2], q.tid[3] ^ 1}
	for name, try := range map[string]func(){
		"another address":        func() { l.receive(string(good.append(nil)), eve) },
		"another port":           func() { l.receive(string(good.append(nil)), netip.AddrPortFrom(alice.Addr.Addr(), 9)) },
		"another transaction id": func() { l.receive(string(otherTID.append(nil)), alice.Addr) },
	} {
		try()
		if len(peers) != 0 {
			t.Fatalf("an answer with %s was taken", name)
		}
	}
	l.receive(string(good.append(nil)), alice.Addr)
	if !slices.Equal(peers, values) {
		t.Errorf("the answer brought %v", peers)
	}
	l.receive(string(good.append(nil)), alice.Addr)
	if len(peers) != 1 {
		t.Error("an answer was taken twice")
	}

	l = newLab(t, Config{})
	l.prove(alice)
	l.take()
	var got *Result
	l.n.GetPeers(l.now, idM, PeersOptions{}, nil, func(r Result) { got = &r })
	r := reply{own: bob.ID, tid: l.want('q', alice.Addr).tid, values: values}
	l.receive(string(r.append(nil)), alice.Addr)
	if got == nil || got.Peers != 0 || !errors.Is(got.Err, ErrNoNodes) {
		t.Errorf("an answer with another id: %+v", got)
	}
}

// What a hostile answer can do to a lookup is bounded.
func TestHostileAnswersAreBounded(t *testing.T) {
	l := newLab(t, Config{})
	l.prove(alice)
	l.take()
	var peers []netip.AddrPort
	var got *Result
	l.n.GetPeers(l.now, idM, PeersOptions{Announce: true, Port: 1}, func(p []netip.AddrPort) { peers = append(peers, p...) },
		func(r Result) { got = &r })
	q := l.want('q', alice.Addr)
	bad := []string{"", "abcde", "abcdefg", "\x7f\x00\x00\x01\x1a\xe1", "\x0a\x00\x00\x01\x1a\xe1", "\xe0\x00\x00\x01\x1a\xe1",
		"\x01\x02\x03\x04\x00\x00", "\x01\x02\x03\x04\x1a\xe1", "\x01\x02\x03\x04\x1a\xe1"}
	var values, nodes strings.Builder
	for _, s := range bad {
		values.WriteString(bstr(s))
	}
	for i := range 40 {
		c := contact("8.77."+itoa(i)+".1:1111", byte(i))
		nodes.Write(appendNode(nil, &c))
	}
	l.receive("d1:rd2:id20:"+string(alice.ID[:])+"5:nodes"+bstr(nodes.String())+"5:token"+bstr(strings.Repeat("t", 100))+
		"6:valuesl"+values.String()+"i7elee"+"e1:t4:"+string(q.tid)+"1:y1:re", alice.Addr)
	if want := []netip.AddrPort{netip.MustParseAddrPort("1.2.3.4:6881")}; !slices.Equal(peers, want) {
		t.Errorf("the peers are %v, want %v", peers, want)
	}
	asked := map[netip.AddrPort]bool{}
	for range 20 {
		l.advance(time.Second)
		for _, p := range l.take() {
			asked[p.to] = true
		}
	}
	if len(asked) > maxNamed+1 {
		t.Errorf("an answer made us ask %d nodes", len(asked))
	}
	if got == nil || got.Queried > maxNamed+1 || got.Err != nil {
		t.Errorf("ended with %+v", got)
	}
}

// A gang that makes up nodes without end does not keep a lookup going.
func TestEndlessNodesEnd(t *testing.T) {
	w := smallNet(t, 30)
	made := 0
	evil := w.publicAddr(false)
	h := w.add(evil, Config{})
	h.evil = func(_ time.Time, h *host, packet []byte, from netip.AddrPort) {
		m, ok := parse(packet)
		if !ok || m.kind != 'q' {
			return
		}
		r := reply{own: h.node.ID(false), tid: m.tid, has4: true}
		if id, ok := w.answersAs(h.addr); ok {
			r.own = id
		}
		for range 8 {
			made++
			addr := w.publicAddr(false)
			id := idM
			id[19] = byte(made)
			id[18] = byte(made >> 8)
			o := w.add(addr, Config{})
			o.evil = h.evil
			w.names[addr] = id
			r.nodes = append(r.nodes, Contact{id, addr})
		}
		w.deliver(h.addr, from, r.append(nil))
	}
	w.names = map[netip.AddrPort]ID{}
	seeker := w.list[4]
	seeker.node.AddNode(w.now, evil)
	w.run(time.Second, nil)
	r := w.lookup(seeker, func(done func(Result)) { seeker.node.GetPeers(w.now, idM, PeersOptions{}, nil, done) })
	if r.Queried > 150 || len(r.Closest) != 8 {
		t.Errorf("%d queries, closest %v", r.Queried, r.Closest)
	}
	for _, c := range r.Closest {
		if w.names[c.Addr] != (ID{}) {
			t.Errorf("the lookup ended with %v, which is made up", c)
		}
	}
}

// answersAs returns the name under which a hostile host was given out.
func (w *network) answersAs(addr netip.AddrPort) (ID, bool) {
	id, ok := w.names[addr]
	return id, ok
}

func TestSlowNodesAreNotWaitedFor(t *testing.T) {
	w := smallNet(t, 60)
	for i, h := range w.list {
		h.dead = i%3 == 0
	}
	h := w.list[1]
	r := w.lookup(h, func(done func(Result)) { h.node.FindNode(w.now, idM, done) })
	if r.Elapsed > 3*time.Second || len(r.Closest) != 8 {
		t.Errorf("with a third of the nodes dead: %d closest in %v", len(r.Closest), r.Elapsed)
	}
}

// A lookup started before there is any node waits for the first.
func TestLookupWaitsForFirstNode(t *testing.T) {
	w := smallNet(t, 20)
	addr := w.publicAddr(false)
	h := w.add(addr, Config{})
	over := Result{}
	h.node.FindNode(w.now, idM, func(r Result) { over = r })
	h.tick()
	w.run(5*time.Second, nil)
	h.node.Bootstrap(w.now, []netip.AddrPort{w.list[2].addr})
	h.tick()
	w.run(5*time.Second, nil)
	if len(over.Closest) != 8 || over.Err != nil {
		t.Errorf("ended with %+v", over)
	}
}

func TestLookupEndsWithoutNodes(t *testing.T) {
	l := newLab(t, Config{})
	var got *Result
	l.n.FindNode(l.now, idM, func(r Result) { got = &r })
	l.advance(parkTime - time.Second)
	if got != nil {
		t.Fatalf("ended early: %+v", got)
	}
	l.advance(2 * time.Second)
	if got == nil || !errors.Is(got.Err, ErrNoNodes) {
		t.Errorf("ended with %+v", got)
	}
}

func TestCancel(t *testing.T) {
	l := newLab(t, Config{})
	l.prove(alice)
	var results []Result
	done := func(r Result) { results = append(results, r) }
	lk := l.n.FindNode(l.now, idM, done)
	if q, a := lk.Progress(); q != 1 || a != 0 {
		t.Errorf("progress is %d, %d", q, a)
	}
	lk.Cancel(l.now)
	lk.Cancel(l.now)
	l.advance(time.Minute)
	if len(results) != 1 || !errors.Is(results[0].Err, ErrCancelled) || results[0].Queried != 1 {
		t.Errorf("results %+v", results)
	}
	if q, _ := lk.Progress(); q != 1 {
		t.Errorf("progress after the end is %d", q)
	}
}

// Lookups have their turn; too many are refused; Close ends them all.
func TestManyLookups(t *testing.T) {
	l := newLab(t, Config{})
	ended := map[error]int{}
	done := func(r Result) { ended[r.Err]++ }
	for i := range maxRunning + maxWaiting + 5 {
		l.n.FindNode(l.now, hashAt(i), done)
	}
	if s := l.n.Stats(l.now); s.Lookups != maxRunning || s.Waiting != maxWaiting || ended[ErrBusy] != 5 {
		t.Errorf("%d run, %d wait, %d were refused", s.Lookups, s.Waiting, ended[ErrBusy])
	}
	l.advance(parkTime + time.Second)
	if ended[ErrNoNodes] != maxRunning+maxWaiting {
		t.Errorf("%d ended without nodes", ended[ErrNoNodes])
	}
	for i := range maxRunning + 4 {
		l.n.FindNode(l.now, hashAt(i), done)
	}
	pongs := 0
	l.n.Ping(l.now, eve, func(_ Pong, err error) {
		if errors.Is(err, ErrClosed) {
			pongs++
		}
	})
	l.n.Close(l.now)
	if ended[ErrClosed] != maxRunning+4 || pongs != 1 {
		t.Errorf("%d lookups and %d pings ended with the node", ended[ErrClosed], pongs)
	}
	l.take()
	l.n.FindNode(l.now, idM, done)
	l.n.Ping(l.now, eve, nil)
	l.receive(golden["ping"], eve)
	if next := l.n.Tick(l.now); !next.IsZero() || ended[ErrClosed] != maxRunning+5 {
		t.Errorf("after the end: next tick %v, %v", next, ended)
	}
	l.wantNone("a closed node")
}

func TestPing(t *testing.T) {
	w := smallNet(t, 2)
	a, b := w.list[0], w.list[1]
	var got Pong
	a.node.Ping(w.now, b.addr, func(p Pong, err error) {
		if err != nil {
			t.Error(err)
		}
		got = p
	})
	w.run(time.Second, nil)
	if got.ID != b.node.ID(false) || got.Time != 100*time.Millisecond {
		t.Errorf("the pong is %+v", got)
	}
	var errs []error
	note := func(_ Pong, err error) { errs = append(errs, err) }
	a.node.Ping(w.now, eve, note)
	a.node.Ping(w.now, netip.MustParseAddrPort("[2001:db8::1]:1"), note)
	a.node.Ping(w.now, netip.AddrPort{}, note)
	a.tick()
	w.run(6*time.Second, nil)
	if len(errs) != 3 || !errors.Is(errs[2], ErrTimeout) || !errors.Is(errs[0], errNoFamily) || !errors.Is(errs[1], errNoFamily) {
		t.Errorf("errors are %v", errs)
	}
	l := newLab(t, Config{})
	var refusal error
	l.n.Ping(l.now, alice.Addr, func(_ Pong, err error) { refusal = err })
	l.receive(string(appendError(nil, l.want('q', alice.Addr).tid, "", 202, "busy")), alice.Addr)
	var remote *RemoteError
	if !errors.As(refusal, &remote) || remote.Code != 202 || remote.Text != "busy" {
		t.Errorf("refused with %v", refusal)
	}
}

// A node that has both families looks in both at once, and one helps the other
// to its first nodes (BEP 32).
func TestBothFamilies(t *testing.T) {
	w := newNetwork(t, 5)
	w.grow(30, false)
	four := len(w.list)
	for range 30 {
		addr := w.publicAddr(true)
		h := w.add(addr, Config{External: []netip.Addr{addr.Addr()}})
		if len(w.list) > four+1 {
			h.node.Bootstrap(w.now, []netip.AddrPort{w.list[four].addr})
		}
		h.tick()
		w.run(time.Second, nil)
	}
	// A node with both, at an address of each; it knows an IPv4 node that has
	// both as well.
	dual := func() *host {
		a4, a6 := w.publicAddr(false), w.publicAddr(true)
		h := w.add(a4, Config{})
		h.node = New(Config{Send: func(p []byte, to netip.AddrPort) {
			from := a4
			if to.Addr().Is6() {
				from = a6
			}
			w.deliver(from, to, p)
		}, External: []netip.Addr{a4.Addr(), a6.Addr()}})
		w.hosts[a6] = h
		return h
	}
	bridge := dual()
	bridge.node.Bootstrap(w.now, []netip.AddrPort{w.list[0].addr, w.list[four].addr})
	bridge.tick()
	w.run(5*time.Second, nil)
	newcomer := dual()
	newcomer.node.Bootstrap(w.now, []netip.AddrPort{bridge.addr})
	newcomer.tick()
	w.run(5*time.Second, nil)
	if s := newcomer.node.Stats(w.now); s.Good4 < 8 {
		t.Errorf("the newcomer has %+v", s)
	}
	r := w.lookup(newcomer, func(done func(Result)) { newcomer.node.GetPeers(w.now, idM, PeersOptions{}, nil, done) })
	var closest4, closest6 int
	for _, c := range r.Closest {
		if c.Addr.Addr().Is4() {
			closest4++
		} else {
			closest6++
		}
	}
	if closest4 != 8 || closest6 != 8 {
		t.Errorf("the lookup ended with %d IPv4 and %d IPv6 nodes", closest4, closest6)
	}
}
