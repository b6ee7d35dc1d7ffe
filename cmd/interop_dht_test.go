//go:build interop && linux

package cmd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// testDHT hands over an info-hash and nothing else: no tracker, no address, and
// gotor exchanges no peers. Who has the data is known to the DHT alone, a private
// one of libtorrent's nodes and gotor's.
//
// Not here, since the programs will not: transmission over IPv6, which wants an
// address of 2000::/3 for its node.
func testDHT(t *testing.T, l *lab) {
	for _, v6 := range []bool{false, true} {
		for _, name := range []string{"aria2", "gotor", "libtorrent", "transmission"} {
			if v6 && name == "transmission" {
				continue
			}
			t.Run(caseName(familyName(v6), "from", name), func(t *testing.T) {
				t.Parallel()
				testDHTFrom(t, l, name, v6)
			})
			if name == "gotor" {
				continue // that was both directions
			}
			t.Run(caseName(familyName(v6), "to", name), func(t *testing.T) {
				t.Parallel()
				testDHTTo(t, l, name, v6)
			})
		}
	}
}

// testDHTFrom downloads from a client that the DHT knows.
func testDHTFrom(t *testing.T, l *lab, name string, v6 bool) {
	s := l.lan(t, oddFile(3_210_987))
	d := s.dht(v6, crowds[name])
	h := s.net.station(t)
	seeder := d.client(name, 0).seed(t, l, h, s.torrent, s.copyData())
	d.knows(s.hash, h.at(v6, peerPort), seeder)
	s.torrent = s.bareMagnet()
	g := gotorClient{ways{dht: d.nodes[1:], v6: v6}}
	s.wantDone(g.start(t, l, s.me, s.torrent, t.TempDir(), "--no-pex", "--metadata-timeout", "60s"))
}

// testDHTTo lets a client download from a gotor that the DHT knows.
func testDHTTo(t *testing.T, l *lab, name string, v6 bool) {
	s := l.lan(t, oddFile(3_210_987))
	d := s.dht(v6, crowds[name])
	g := gotorClient{ways{dht: d.nodes, v6: v6}}
	seeder := g.start(t, l, s.me, s.torrent, s.copyData(), "--no-pex", "--seed")
	d.knows(s.hash, s.me.at(v6, peerPort), seeder.proc)
	dir := t.TempDir()
	p, done := d.client(name, 1).download(t, l, s.net.station(t), s.bareMagnet(), dir)
	until(t, name+" has everything", done, p, seeder.proc)
	s.payload.same(t, dir)
}

// lan is a swarm without a tracker. Its hosts are stations.
func (l *lab) lan(t *testing.T, p payload) *swarm {
	t.Helper()
	s := &swarm{t: t, lab: l, net: newNet(t), payload: p, data: t.TempDir()}
	s.me = s.net.station(t)
	s.torrent = filepath.Join(t.TempDir(), "x.torrent")
	p.write(t, s.data)
	makers["gotor"](t, l, filepath.Join(s.data, p.name), s.torrent, 18, nil)
	s.hash = infoHash(t, s.torrent)
	return s
}

// bareMagnet is a link that says nothing but which torrent it is.
func (s *swarm) bareMagnet() string { return "magnet:?xt=urn:btih:" + s.hash.String() }

// commons is a DHT for one test.
type commons struct {
	s     *swarm
	v6    bool
	nodes []netip.AddrPort // the first is libtorrent's, the second gotor's
	procs []*proc

	// me asks the nodes, at intervals: libtorrent shuts out who sends a process more
	// than five packets a second.
	me    *host
	asked time.Time
}

// crowds are the nodes that a client wants to see before it uses the DHT, beside
// the two that there always are. Transmission wants nine, four of them good.
var crowds = map[string]int{"transmission": 7}

// dht starts a DHT with a node of libtorrent, one of gotor and so many more of
// libtorrent.
func (s *swarm) dht(v6 bool, crowd int) *commons {
	s.t.Helper()
	d := &commons{s: s, v6: v6, me: s.net.station(s.t)}
	hosts := []*host{s.net.station(s.t), s.net.station(s.t)}
	for _, h := range hosts {
		d.nodes = append(d.nodes, h.at(v6, peerPort))
	}
	d.libtorrent(hosts[0], d.nodes[1], d.nodes[0])
	d.gotor(hosts[1], d.nodes[0])
	if crowd > 0 {
		h := s.net.station(s.t)
		more := []netip.AddrPort{}
		for i := range crowd {
			more = append(more, netip.AddrPortFrom(h.alias(s.t, i), peerPort))
		}
		d.libtorrent(h, d.nodes[0], more...)
		d.nodes = append(d.nodes, more...)
	}
	d.until("each node knows another", func() bool {
		for _, n := range d.nodes {
			answer := d.ask(n, "find_node", "6:target20:any identifier there")
			if !slices.ContainsFunc(d.nodes, func(a netip.AddrPort) bool { return a != n && bytes.Contains(answer, compact(a)) }) {
				return false
			}
		}
		return true
	})
	return d
}

// until waits for something that the nodes say.
func (d *commons) until(what string, cond func() bool, needs ...*proc) {
	d.s.t.Helper()
	until(d.s.t, what, func() bool {
		if time.Since(d.asked) < time.Duration(len(d.nodes))*time.Second/4 {
			return false
		}
		d.asked = time.Now()
		return cond()
	}, append(needs, d.procs...)...)
}

// gotor starts a node of gotor.
func (d *commons) gotor(h *host, entry netip.AddrPort) {
	d.s.t.Helper()
	args := []string{"dht", "node", "--port", strconv.Itoa(peerPort), "--dht-bootstrap", entry.String()}
	d.procs = append(d.procs, d.s.lab.start(d.s.t, h, nil, args...).proc)
}

// libtorrent starts a process of libtorrent. It has a node of its own for each
// address.
func (d *commons) libtorrent(h *host, entry netip.AddrPort, at ...netip.AddrPort) {
	t, l := d.s.t, d.s.lab
	t.Helper()
	l.need(t, "libtorrent")
	listen := make([]string, len(at))
	for i, a := range at {
		listen[i] = a.String()
	}
	d.procs = append(d.procs, h.start(t, t.TempDir(), l.path("libtorrent"), testdata(t, "lt_seed.py"),
		"--listen", strings.Join(listen, ","), "--dht", entry.String()))
}

// client is a program that enters through a node.
func (d *commons) client(name string, entry int) client {
	return ways{dht: d.nodes[entry:], v6: d.v6}.client(name)
}

// knows waits until two nodes name a peer for a torrent.
func (d *commons) knows(x hash, peer netip.AddrPort, needs ...*proc) {
	d.s.t.Helper()
	d.until(fmt.Sprintf("the DHT knows that %v has the data", peer), func() bool {
		found, at := 0, compact(peer)
		value := fmt.Appendf(nil, "%d:%s", len(at), at) // not the same address in a list of nodes
		for _, n := range d.nodes {
			if bytes.Contains(d.ask(n, "get_peers", "9:info_hash20:"+string(x[:])), value) {
				found++
			}
		}
		return found >= 2
	}, needs...)
}

// compact is how the DHT writes an address.
func compact(a netip.AddrPort) []byte {
	return binary.BigEndian.AppendUint16(a.Addr().AsSlice(), a.Port())
}

// ask sends a query (BEP 5) from a host that answers none (BEP 43), and returns
// the answer; nil if none came.
func (d *commons) ask(node netip.AddrPort, query, args string) []byte {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := d.me.dial(ctx, "udp", node.String())
	if err != nil {
		return nil
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(300 * time.Millisecond))
	fmt.Fprintf(c, "d1:ad2:id20:%s%se1:q%d:%s2:roi1e1:t2:aa1:y1:qe", "a test without nodes", args, len(query), query)
	answer := make([]byte, 1500)
	n, _ := c.Read(answer)
	return answer[:n]
}
