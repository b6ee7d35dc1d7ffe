package dht

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// roPing is a ping that is answered and has no other consequence.
var roPing = strings.Replace(golden["ping"], "1:t2", "2:roi1e1:t2", 1)

// An address that sends too much is not served for 5 minutes; others are.
func TestFloodsAreBlocked(t *testing.T) {
	l := newLab(t, Config{})
	answers := func(from netip.AddrPort) int {
		l.receive(roPing, from)
		return len(l.take())
	}
	for i := range packetBurst {
		if answers(eve) != 1 {
			t.Fatalf("packet %d is not answered", i)
		}
	}
	if answers(eve) != 0 {
		t.Error("a flood is answered")
	}
	if answers(netip.AddrPortFrom(eve.Addr(), 999)) != 0 {
		t.Error("a flood is answered at another port")
	}
	if answers(bob.Addr) != 1 {
		t.Error("another address is not answered")
	}
	l.now = l.now.Add(blockFor - time.Second)
	if answers(eve) != 0 {
		t.Error("answered before the 5 minutes are over")
	}
	l.now = l.now.Add(2 * time.Second)
	if answers(eve) != 1 {
		t.Error("not answered after the 5 minutes")
	}
}

// Five packets a second are not too many, however long.
func TestSustainedRate(t *testing.T) {
	l := newLab(t, Config{})
	for i := range 5 * 600 {
		l.receive(roPing, eve)
		if len(l.take()) != 1 {
			t.Fatalf("packet %d is not answered", i)
		}
		l.now = l.now.Add(packetEvery)
	}
}

// Somebody who sends garbage in the name of a good node does not cut us off
// from it: its answers are still taken.
func TestAnswersPassTheBlock(t *testing.T) {
	l := newLab(t, Config{})
	for range 100 {
		l.receive("garbage", alice.Addr)
	}
	if s := l.n.Stats(l.now); s.Blocked == 0 || s.Garbage != packetBurst {
		t.Fatalf("%d packets were garbage and %d blocked", s.Garbage, s.Blocked)
	}
	l.prove(alice)
	if s := l.n.Stats(l.now); s.Good4 != 1 {
		t.Error("the answer of a node was dropped")
	}
}

func TestLocalAddressesAreTheirOwn(t *testing.T) {
	l := newLab(t, Config{})
	for i := range 200 { // twenty nodes behind one loopback address
		l.receive(roPing, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(1000+i%20)))
		if len(l.take()) != 1 {
			t.Fatalf("packet %d is not answered", i)
		}
		l.now = l.now.Add(time.Millisecond)
	}
	strict := newLab(t, Config{StrictLocal: true})
	answered := 0
	for i := range 200 {
		strict.receive(roPing, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(1000+i%20)))
		answered += len(strict.take())
	}
	if answered != packetBurst {
		t.Errorf("with strict rules %d packets are answered, want %d", answered, packetBurst)
	}
}

// With Amplify 1, nobody gets more than it sent until it is proven.
func TestNoAmplification(t *testing.T) {
	l := newLab(t, Config{Amplify: 1, Version: "GT01"})
	for i := range 8 {
		c := contact("8.1."+itoa(i)+".1:1111", byte(i*32))
		if i < 4 { // room for strangers, who are not to be pinged for it
			l.prove(c)
		}
		l.n.peers.announce(l.now, idM, peer{addr: c.Addr})
	}
	l.take()
	packets := []string{}
	for _, p := range golden {
		packets = append(packets, p)
	}
	for _, p := range hostilePackets {
		packets = append(packets, p.packet)
	}
	packets = append(packets, question("sample_infohashes", idA, "target", bstr(string(idM[:]))))
	answers := 0
	for i, p := range packets {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{13, byte(i), 1, 1}), 1)
		l.n.Receive(l.now, []byte(p), from)
		size := 0
		for _, s := range l.take() {
			size += len(s.data)
			if m, _ := parse(s.data); m.kind == 'r' {
				answers++
			}
		}
		if size > len(p) {
			t.Errorf("%d bytes were sent for the %d of %q", size, len(p), p)
		}
	}
	if answers < 5 {
		t.Errorf("only %d questions were answered", answers)
	}
	l.receive(golden["get_peers"], contact("8.1.1.1:1111", 32).Addr)
	m := l.want('r', netip.MustParseAddrPort("8.1.1.1:1111"))
	if got := nodesOf(nil, m.body.Get("nodes"), shortNode, 8); len(got) != 4 {
		t.Errorf("a proven source was told %d nodes, want all four", len(got))
	}
}

// Whatever arrives, what goes beyond the bytes received is bounded in total.
func TestAmplificationIsBoundedInTotal(t *testing.T) {
	l := newLab(t, Config{})
	for i := range 8 {
		l.prove(contact("8.1."+itoa(i)+".1:1111", byte(i*32)))
	}
	received, sent := 0, 0
	const seconds = 20
	for i := range 2000 * seconds { // spoofed: each from another address
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		received += len(golden["find_node"])
		l.n.Receive(l.now, []byte(golden["find_node"]), from)
		for _, p := range l.take() {
			sent += len(p.data)
		}
		l.now = l.now.Add(time.Second / 2000)
	}
	if excess := sent - received; excess > excessRate*(seconds+3) {
		t.Errorf("%d bytes a second more were sent than received, want at most %d", excess/seconds, excessRate)
	}
	if sent < received/3 {
		t.Errorf("%d bytes were received and only %d sent", received, sent)
	}
}

func TestRepliesAreBounded(t *testing.T) {
	l := newLab(t, Config{Version: "GT01"})
	for i := range 8 {
		l.prove(contact("8.1."+itoa(i)+".1:1111", byte(i*32)))
		l.prove(contact("[2001:db8:"+itoa(i)+"::1]:1111", byte(i*32)))
	}
	for i := range 400 {
		l.n.peers.announce(l.now, idM, peer{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{30, 1, byte(i >> 8), byte(i)}), 9), seed: i%2 == 0})
	}
	asker := contact("8.1.1.1:1111", 32).Addr
	l.receive(question("get_peers", idA, "info_hash", bstr(string(idM[:])), "want", "l2:n42:n6e", "scrape", "i1e"), asker)
	sent := l.take()
	if size := len(sent[0].data); size > usualReply || size < usualReply-80 {
		t.Errorf("the fullest reply has %d bytes, want nearly %d", size, usualReply)
	}
	m, _ := parse(sent[0].data)
	for _, key := range []string{"BFsd", "BFpe", "token", "nodes", "values"} {
		if m.body.Get(key).Kind() == 0 {
			t.Errorf("the fullest reply has no %s", key)
		}
	}
	it, err := SignItem(testKey(1), nil, []byte("996:"+strings.Repeat("x", 996)), 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	l.n.items.put(l.now, it, bob.Addr)
	target := it.Target()
	l.receive(question("get", idA, "target", bstr(string(target[:])), "want", "l2:n42:n6e"), asker)
	sent = l.take() // the lab checks for 1,400 bytes
	m, _ = parse(sent[0].data)
	if got, ok := itemOf(m.body, nil); !ok || got.Check() != nil {
		t.Error("the largest item did not come whole")
	}
}

func TestSourcesAreBounded(t *testing.T) {
	l := newLab(t, Config{})
	l.prove(alice)
	for i := range 3 * maxSources {
		l.n.Receive(l.now, []byte("garbage"), netip.AddrPortFrom(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}), 1))
	}
	s := &l.n.gate.sources
	if len(s.young) > maxSources || len(s.old) > maxSources {
		t.Errorf("%d and %d sources are remembered", len(s.young), len(s.old))
	}
}

func TestRecentForgetsWhatIsOld(t *testing.T) {
	r := recent[int, string]{most: 3}
	for i := range 5 {
		r.put(i, itoa(i))
	}
	if v, ok := r.get(1); !ok || v != "1" {
		t.Errorf("of the older generation: %q, %v", v, ok)
	}
	r.put(5, "5")
	r.put(6, "6")
	if _, ok := r.get(1); ok {
		t.Error("two generations ago is remembered")
	}
	if v, ok := r.get(4); !ok || v != "4" {
		t.Errorf("within two generations: %q, %v", v, ok)
	}
}

func TestTokenSecretsChange(t *testing.T) {
	var tk tokens
	random := rand.New(rand.NewPCG(1, 1))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tk.rotate(now, random)
	ip := alice.Addr.Addr()
	token := tk.make(0, ip, &idM)
	if len(token) != tokenSize || !tk.valid(token, ip, &idM) || tk.valid(token, bob.Addr.Addr(), &idM) || tk.valid(token, ip, &idA) {
		t.Error("a token is not for one address and one target")
	}
	tk.rotate(now.Add(5*time.Minute), random)
	if !tk.valid(token, ip, &idM) {
		t.Error("a token does not outlive its period")
	}
	tk.rotate(now.Add(10*time.Minute), random)
	if tk.valid(token, ip, &idM) {
		t.Error("a token outlives the next period")
	}
	token = tk.make(0, ip, &idM)
	tk.rotate(now.Add(time.Hour), random)
	if tk.valid(token, ip, &idM) {
		t.Error("a token outlives an hour of silence")
	}
}

// Under 5,000 packets a second of garbage from everywhere, a good node is
// answered all the time, and stays in the table.
func TestGoodNodesAreServedUnderGarbage(t *testing.T) {
	l := newLab(t, Config{})
	l.prove(alice)
	served := 0
	for i := range 50_000 {
		packet := golden["values"]
		if i%2 == 0 {
			packet = "\x00\x01 garbage"
		}
		l.n.Receive(l.now, []byte(packet), stranger(i))
		if i%5000 == 0 { // once a second
			l.take()
			l.receive(question("find_node", alice.ID, "target", bstr(string(idM[:]))), alice.Addr)
			if m := l.want('r', alice.Addr); m.id == l.n.ID(false) {
				served++
			}
		}
		l.now = l.now.Add(time.Second / 5000)
	}
	if s := l.n.Stats(l.now); served != 10 || s.Garbage != 50_000 || s.Nodes4 != 1 {
		t.Errorf("%d of 10 queries were answered among %d garbage packets, %d nodes", served, s.Garbage, s.Nodes4)
	}
}
