//go:build interop && linux

package cmd_test

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// testPrivate downloads and seeds on a host of which every packet is caught, with
// the flags that everybody uses: DHT, local discovery and peer exchange are on,
// and there is a DHT, a name server and somebody to tell. A private torrent
// (BEP 27) must cause nothing but TCP to its tracker and to the peers that the
// tracker named. The same is done with a public one, so that it is known that
// the trap catches what it is there for.
func testPrivate(t *testing.T, l *lab) {
	for name, run := range map[string]func(*snare){
		"get": (*snare).get, "seed": (*snare).seed, "magnet": (*snare).magnet,
	} {
		for _, private := range []bool{true, false} {
			t.Run(caseName(name, map[bool]string{true: "private", false: "public"}[private]), func(t *testing.T) {
				t.Parallel()
				run(l.snare(t, private))
			})
		}
	}
}

// snare is a host with a trap on a network with everything that could tempt.
type snare struct {
	*swarm
	private bool
	trap    *trap
	dht     *commons
	peers   [2]*host // others of the swarm, that the tracker names
}

func (l *lab) snare(t *testing.T, private bool) *snare {
	t.Helper()
	s := &snare{swarm: &swarm{t: t, lab: l, net: newNet(t), payload: oddFile(3_210_987), data: t.TempDir()}, private: private}
	at := s.net.station(t)
	s.me = s.net.station(t)
	s.peers = [2]*host{s.net.station(t), s.net.station(t)}
	s.torrent = filepath.Join(t.TempDir(), "x.torrent")
	s.payload.write(t, s.data)
	run(t, l.gotor, "create", "-q", "-o", s.torrent, "--tracker", at.announceURL("http"),
		"--private="+strconv.FormatBool(private), filepath.Join(s.data, s.payload.name))
	s.hash = infoHash(t, s.torrent)
	s.tracker = l.ownTracker(t, at)
	s.dht = s.swarm.dht(false, 0)
	s.me.routeAll(t, at)
	s.env = []string{"GOTOR_NO_LSD=", "GOTOR_DHT_BOOTSTRAP=" + s.dht.nodes[0].String() + ",node.example:6881"}
	s.trap = s.me.trap(t)
	return s
}

// routeAll sends what is for hosts elsewhere, and questions for their names, to
// another host, which throws it away: they are not to fail before they are sent.
func (h *host) routeAll(t *testing.T, to *host) {
	t.Helper()
	run(t, "ip", "-n", h.ns, "route", "add", "default", "via", to.ip.String())
	run(t, "ip", "-n", h.ns, "-6", "route", "add", "default", "via", to.ip6.String())
	dir := filepath.Join("/etc/netns", h.ns) // ip netns exec puts its files over those in /etc
	must(t, os.MkdirAll(dir, 0o755))
	t.Cleanup(func() {
		os.RemoveAll(dir)
		os.Remove(filepath.Dir(dir)) // if it was the last
	})
	must(t, os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte("nameserver "+to.ip.String()+"\n"), 0o644))
}

// slowSeeders starts two, slow enough that gotor has time for everything.
func (s *snare) slowSeeders() {
	s.t.Helper()
	for _, h := range s.peers {
		libtorrent{}.start(s.t, s.lab, h, s.torrent, s.copyData(), "--rate", "400000")
	}
}

// begin starts gotor on the host with the trap.
func (s *snare) begin(args ...string) *gotorRun {
	s.t.Helper()
	return s.lab.start(s.t, s.me, s.env, append(args, "--port", strconv.Itoa(peerPort), "--progress", "json")...)
}

func (s *snare) get() {
	s.slowSeeders()
	s.seeders(2)
	dir := s.t.TempDir()
	g := s.begin("get", s.torrent, "-o", dir+"/")
	g.dir = dir
	s.wantDone(g)
	s.judge()
}

func (s *snare) seed() {
	g := s.begin("seed", s.torrent, s.copyData(), "--max-up", "1M")
	g.begun(s.t)
	var leechers [2]*proc
	for i, h := range s.peers {
		leechers[i], _ = libtorrent{}.download(s.t, s.lab, h, s.torrent, s.t.TempDir())
	}
	for _, p := range leechers {
		p.logged(s.t, "finished")
	}
	if code := g.interrupt(s.t); code != 0 {
		s.t.Errorf("exit code %d, want 0", code)
	}
	s.judge()
}

// judge says whether the trap caught what it must, and nothing that it must not.
func (s *snare) judge() {
	s.t.Helper()
	s.trap.close()
	caught := s.trap.caught(0)
	if s.private {
		s.wantNothing(caught)
		return
	}
	s.wantEverything(caught)
}

// wantNothing fails the test for each kind of packet that a private torrent has
// no need of.
func (s *snare) wantNothing(caught []packet) {
	s.t.Helper()
	friends := map[netip.Addr]bool{}
	for _, h := range []*host{s.me, s.tracker.host, s.peers[0], s.peers[1]} {
		friends[h.ip], friends[h.ip6] = true, true
	}
	tcp := 0
	for _, p := range caught {
		if p.strange(friends) || pexMessage(p) || bytes.Contains(p.data, []byte("ut_pex")) {
			s.t.Errorf("sent: %v", p)
		}
		if p.kind == "tcp" {
			tcp++
		}
	}
	if tcp == 0 {
		s.t.Error("not even TCP was caught")
	}
}

// wantEverything is for a public torrent.
func (s *snare) wantEverything(caught []packet) {
	s.t.Helper()
	for what, is := range map[string]func(packet) bool{
		"a query of the DHT":                  func(p packet) bool { return p.about(s.hash) && p.to == s.dht.nodes[0] },
		"an announce in the DHT":              func(p packet) bool { return p.about(s.hash) && dhtAnnounce(p) },
		"an announce on the network":          func(p packet) bool { return p.about(s.hash) && p.to == lsdGroup4 },
		"an announce on the network, by IPv6": func(p packet) bool { return p.about(s.hash) && p.to == lsdGroup6 },
		"that it listens to a group":          func(p packet) bool { return p.kind == "IP protocol 2" },
		"a question for a name":               func(p packet) bool { return p.kind == "udp" && p.to.Port() == 53 },
		"peer exchange":                       pexMessage,
	} {
		if !slices.ContainsFunc(caught, is) {
			s.t.Errorf("the trap did not catch %s", what)
		}
	}
}

var (
	lsdGroup4 = netip.MustParseAddrPort("239.192.152.143:6771")
	lsdGroup6 = netip.MustParseAddrPort("[ff15::efc0:988f]:6771")
)

func pexMessage(p packet) bool { return p.kind == "tcp" && bytes.Contains(p.data, []byte("5:added")) }

func dhtAnnounce(p packet) bool { return bytes.Contains(p.data, []byte("13:announce_peer")) }

// magnet begins with a link, which does not say that its torrent is private:
// until somebody tells, the DHT and the local network are asked. We say
// nothing to the DHT in that time. From the moment when the metadata is there,
// nothing more is said about the torrent.
func (s *snare) magnet() {
	dir := s.t.TempDir()
	g := s.begin("get", s.swarm.magnet(), "-o", dir+"/")
	g.dir = dir
	until(s.t, "the DHT and the network have been asked", func() bool {
		caught := s.trap.caught(0)
		return slices.ContainsFunc(caught, func(p packet) bool { return p.about(s.hash) && p.to == s.dht.nodes[0] }) &&
			slices.ContainsFunc(caught, func(p packet) bool { return p.about(s.hash) && p.to == lsdGroup4 })
	}, g.proc)
	for _, h := range s.peers {
		// libtorrent gives nobody the metadata of a private torrent.
		gotorClient{}.start(s.t, s.lab, h, s.torrent, s.copyData(), "--seed", "--max-up", "400K")
	}
	until(s.t, "gotor has the metadata", func() bool { return g.progress().Verified > 0 }, g.proc)
	mark := len(s.trap.caught(0))
	s.wantDone(g)
	s.trap.close()
	if !s.private {
		s.wantEverything(s.trap.caught(0))
		return
	}
	before, after := s.trap.caught(0)[:mark], s.trap.caught(mark)
	told := map[string]int{}
	for _, p := range before {
		if p.about(s.hash) {
			told[p.to.String()]++
		}
	}
	s.t.Logf("packets about the torrent before its metadata was there: %v", told)
	for _, p := range slices.Concat(before, after) {
		if dhtAnnounce(p) || pexMessage(p) {
			s.t.Errorf("sent: %v", p)
		}
	}
	for _, p := range after {
		if p.about(s.hash) || p.to == lsdGroup4 || p.to == lsdGroup6 {
			s.t.Errorf("sent after the metadata was there: %v", p)
		}
	}
}
