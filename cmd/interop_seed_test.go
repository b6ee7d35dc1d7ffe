//go:build interop && linux

package cmd_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// testSeeding lets the other clients download from gotor seed, found through
// opentracker and through gotor tracker.
func testSeeding(t *testing.T, l *lab) {
	for _, own := range []bool{false, true} {
		name := "opentracker"
		if own {
			name = "gotor tracker"
		}
		for client, c := range clients {
			t.Run(caseName(name, "to", client), func(t *testing.T) {
				t.Parallel()
				s := l.swarm(t, setup{payload: oddTree(), own: own})
				seed := s.startSeed()
				s.fetchAll([]leecher{{client, c}}, seed)
				seed.wantSeeded(s)
			})
		}
		t.Run(caseName(name, "to all at once"), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(7_654_321), own: own})
			seed := s.startSeed()
			s.fetchAll(everybody(), seed)
			seed.wantSeeded(s)
		})
		t.Run(caseName(name, "mixed swarm"), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(20_123_457), own: own})
			// Slow enough that the leechers need each other.
			seed := s.startSeed("--max-up", "4M")
			s.fetchAll(append(everybody(), leecher{"gotor", gotorClient{}}, leecher{"another gotor", gotorClient{}}), seed)
			seed.wantSeeded(s)
		})
	}
	t.Run("super-seeding", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(12_345_677)})
		seed := s.startSeed("--super", "--max-up", "4M")
		s.fetchAll([]leecher{{"libtorrent 1", libtorrent{}}, {"libtorrent 2", libtorrent{}}, {"libtorrent 3", libtorrent{}}}, seed)
		sent := seed.wantSeeded(s)
		t.Logf("%.2f copies were sent to three leechers", float64(sent)/float64(s.payload.size()))
	})
	t.Run("made on the fly", func(t *testing.T) {
		t.Parallel()
		testSeedMade(t, l)
	})
}

// testSeedMade downloads what gotor seed has made a torrent of itself.
func testSeedMade(t *testing.T, l *lab) {
	s := l.swarm(t, setup{payload: oddTree(), own: true})
	h, torrent := s.net.host(t), t.TempDir()+"/made.torrent"
	g := l.start(t, h, nil, "seed", "--tracker", s.tracker.host.announceURL("http"), "--torrent", torrent,
		"--port", strconv.Itoa(peerPort), s.data+"/"+s.payload.name)
	g.begun(t)
	s.torrent, s.hash = torrent, infoHash(t, torrent)
	if link := g.stdout.String(); !strings.HasPrefix(link, "magnet:?xt=urn:btih:"+s.hash.String()+"&dn=") {
		t.Errorf("the magnet link is %q, the info-hash %s", link, s.hash)
	}
	s.seeders(1, g.proc)
	s.fetchAll(everybody(), &seedRun{g, s.data})
	if code := g.interrupt(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// leecher is a program that is to download.
type leecher struct {
	name   string
	client client
}

// everybody is one leecher of each other program, in a fixed order.
func everybody() []leecher {
	var all []leecher
	for _, name := range slices.Sorted(maps.Keys(clients)) {
		all = append(all, leecher{name, clients[name]})
	}
	return all
}

// seedRun is a running gotor seed.
type seedRun struct {
	*gotorRun
	data string // the folder with its payload
}

// startSeed starts gotor seed on a host of its own and waits until the tracker
// knows it.
func (s *swarm) startSeed(args ...string) *seedRun {
	s.t.Helper()
	dir := s.copyData()
	args = append([]string{"seed", s.torrent, dir, "--port", strconv.Itoa(peerPort), "--json"}, args...)
	g := &seedRun{s.lab.start(s.t, s.net.host(s.t), nil, args...), dir}
	g.begun(s.t)
	s.seeders(1, g.proc)
	return g
}

// begun waits until gotor seed has said that it uploads.
func (g *gotorRun) begun(t *testing.T) {
	t.Helper()
	until(t, "gotor seed has begun", func() bool { return strings.HasSuffix(g.stdout.String(), "\n") }, g.proc)
}

// fetchAll has all leechers download at once, each on a host of its own, and
// compares what they got.
func (s *swarm) fetchAll(leechers []leecher, seed *seedRun) {
	s.t.Helper()
	type running struct {
		leecher
		dir  string
		proc *proc
		done func() bool
	}
	var all []running
	for _, x := range leechers {
		dir := s.t.TempDir()
		p, done := x.client.download(s.t, s.lab, s.net.host(s.t), s.torrent, dir)
		all = append(all, running{x, dir, p, done})
	}
	for _, x := range all {
		until(s.t, x.name+" has everything", func() bool { return x.done() }, x.proc, seed.proc)
		want := s.payload
		if x.name == "transmission" {
			want = want.withoutEmpty() // it makes none
		}
		want.same(s.t, x.dir)
	}
}

// wantSeeded ends the seeding as Ctrl-C does, checks what must hold then, and
// returns the payload bytes that were sent.
func (g *seedRun) wantSeeded(s *swarm) int64 {
	s.t.Helper()
	if code := g.interrupt(s.t); code != 0 {
		s.t.Errorf("exit code %d, want 0", code)
	}
	lines := strings.Split(strings.TrimSpace(g.stdout.String()), "\n")
	var rec struct {
		Event    string
		OK       bool
		Magnet   string
		Uploaded int64
		Ratio    float64
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &rec); err != nil || len(lines) != 2 {
		s.t.Fatalf("stdout is %q (%v), want two records", g.stdout.String(), err)
	}
	size := s.payload.size()
	if rec.Event != "result" || !rec.OK || !strings.Contains(rec.Magnet, s.hash.String()) || rec.Uploaded < size {
		s.t.Errorf("the last record is %+v", rec)
	}
	if want := fmt.Sprintf("%.6f", float64(rec.Uploaded)/float64(size)); fmt.Sprintf("%.6f", rec.Ratio) != want {
		s.t.Errorf("ratio %f, want %s", rec.Ratio, want)
	}
	s.payload.same(s.t, g.data) // and nothing beside it
	return rec.Uploaded
}
