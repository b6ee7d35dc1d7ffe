package dht

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

func addSeeds(f *testing.F) {
	for _, p := range golden {
		f.Add([]byte(p))
	}
	for _, p := range hostilePackets {
		f.Add([]byte(p.packet))
	}
}

// Whatever a packet says, its view is within its bounds.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, ok := parse(packet)
		if !ok {
			return
		}
		if len(m.tid) > maxTID || m.tid == nil || !bytes.Contains([]byte("qre"), []byte{m.kind}) {
			t.Fatalf("kind %c, transaction id %q", m.kind, m.tid)
		}
		if e := m.remoteError(); len(e.Text) > 128 {
			t.Fatalf("an error of %d bytes", len(e.Text))
		}
		for _, key := range []string{"nodes", "nodes6"} {
			for _, size := range []int{shortNode, longNode} {
				if got := nodesOf(nil, m.body.Get(key), size, maxNamed); len(got) > maxNamed {
					t.Fatalf("%d nodes", len(got))
				}
			}
		}
		if it, ok := itemOf(m.body, nil); ok && it.Check() == nil && len(it.Value) > maxValue {
			t.Fatalf("an item of %d bytes passes", len(it.Value))
		}
		m.wants(false)
	})
}

// fuzzNode is a node in the middle of its work: it has nodes, stores, and a
// lookup under way whose next answer the packet may be.
func fuzzNode(t *testing.T, sent *[]sentPacket) (*Node, *Result) {
	n := New(Config{Amplify: 1, Rand: rand.NewPCG(1, 2), Send: func(p []byte, to netip.AddrPort) {
		*sent = append(*sent, sentPacket{bytes.Clone(p), to})
	}})
	var got Result
	n.peers.announce(day, idM, peer{addr: bob.Addr, seed: true})
	n.peers.announce(day, idM, peer{addr: carol.Addr})
	n.fams[0].table.answered(day, alice)
	n.fams[0].table.answered(day, carol)
	n.GetPeers(day, idM, PeersOptions{Announce: true, Port: 1, Scrape: true}, func(p []netip.AddrPort) {
		for _, a := range p {
			if !usable(a, alice.Addr.Addr()) {
				t.Fatalf("the lookup found %v", a)
			}
		}
	}, func(r Result) { got = r })
	return n, &got
}

// Whatever a stranger sends gets no more bytes back; whatever a node answers,
// the lookup ends.
func FuzzReceive(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, packet []byte) {
		var sent []sentPacket
		n, _ := fuzzNode(t, &sent)
		sent = nil
		n.Receive(day, packet, eve)
		size := 0
		for _, p := range sent {
			if p.to != eve {
				t.Fatalf("a stranger made us send %q to %v", p.data, p.to)
			}
			size += len(p.data)
		}
		if size > len(packet) {
			t.Fatalf("%d bytes were sent for %d", size, len(packet))
		}
	})
}

func FuzzAnswer(f *testing.F) {
	addSeeds(f)
	f.Add([]byte("d1:rd2:id20:" + string(alice.ID[:]) + "5:token4:abcd6:valuesl6:axje.u5:shorteee"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var sent []sentPacket
		n, got := fuzzNode(t, &sent)
		m, ok := parse(sent[0].data)
		if !ok || len(sent) != 2 {
			t.Fatalf("%d packets were sent at the start", len(sent))
		}
		// The packet as it is, and with the transaction id of the question.
		n.Receive(day, body, alice.Addr)
		if i := bytes.Index(body, []byte("1:t2:aa")); i >= 0 {
			body = append(append(append([]byte{}, body[:i+2]...), []byte(":t4:" + string(m.tid))[1:]...), body[i+7:]...)
			n.Receive(day, body, sent[0].to)
		}
		n.Receive(day, append(bytes.TrimSuffix(body, []byte("e")), []byte("1:t4:"+string(m.tid)+"1:y1:re")...), sent[0].to)
		now := day
		for range 2000 {
			next := n.Tick(now)
			if got.Target == idM {
				break
			}
			if next.IsZero() {
				t.Fatal("nothing is due, and the lookup has not ended")
			}
			now = next
		}
		if got.Target != idM || now.Sub(day) > 3*time.Minute {
			t.Fatalf("after %v the result is %+v", now.Sub(day), *got)
		}
		checkTable(t, n.fams[0].table)
	})
}

func FuzzLoadState(f *testing.F) {
	n := New(Config{Rand: rand.NewPCG(1, 2), External: []netip.Addr{eve.Addr()}, Send: func([]byte, netip.AddrPort) {}})
	n.fams[0].table.answered(day, alice)
	f.Add(n.AppendState(day, nil))
	f.Add([]byte("d3:id4i1e3:id63:abc3:ip43:abc6:nodes45:short6:nodes6le7:versioni1ee"))
	f.Fuzz(func(t *testing.T, state []byte) {
		n := New(Config{Rand: rand.NewPCG(1, 2), Send: func([]byte, netip.AddrPort) {}})
		if n.LoadState(state) != nil {
			return
		}
		checkTable(t, n.fams[0].table)
		checkTable(t, n.fams[1].table)
		for _, cfg := range []Config{{}, {IPv4: true}, {IPv6: true}} {
			cfg.Rand, cfg.Send = rand.NewPCG(1, 2), func([]byte, netip.AddrPort) {}
			again := New(cfg)
			if err := again.LoadState(n.AppendState(day, nil)); err != nil {
				t.Fatal(err)
			}
			if err := n.LoadState(again.AppendState(day, nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
