package torrent

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"gotor/piece/storage"
)

// The store that all simulated clients share must notice what is wrong.
func TestSimMirror(t *testing.T) {
	var bad []string
	p, err := newSimPayload(1, 100_000, 32<<10, func(f string, a ...any) { bad = append(bad, fmt.Sprintf(f, a...)) })
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{simPayload: p}
	spread := func() bool {
		select {
		case <-p.whole:
			return true
		default:
			return false
		}
	}
	write := func(m *mirror, from, to int) {
		t.Helper()
		half := (from + to) / 2
		if err := m.WriteVec([][]byte{p.bytes[from:half], p.bytes[half:to]}, int64(from)); err != nil {
			t.Fatal(err)
		}
	}
	write(m, 0, 64<<10)
	if err := m.Finish(nil); err == nil || len(bad) != 1 {
		t.Errorf("finished with a part: %v, %q", err, bad)
	}
	if spread() {
		t.Error("two pieces of four make a copy")
	}
	write(m, 64<<10, 100_000)
	if err := m.Finish(nil); err != nil || len(bad) != 1 || !spread() {
		t.Errorf("not finished with everything: %v, %q, spread %v", err, bad, spread())
	}
	write(&mirror{simPayload: p}, 0, 32<<10)
	if got := fmt.Sprint(p.copies); got != "[2 1 1 1]" {
		t.Errorf("copies %v", got)
	}

	wrong := bytes.Clone(p.bytes[:100])
	wrong[50]++
	if m.WriteVec([][]byte{wrong}, 0); len(bad) != 2 {
		t.Errorf("wrong bytes are taken: %q", bad)
	}
	b := make([]byte, 100)
	if n, err := m.ReadAt(b, 1000); n != 100 || err != nil || !bytes.Equal(b, p.bytes[1000:1100]) {
		t.Errorf("read %d, %v", n, err)
	}
	if n, err := m.ReadAt(b, 99_950); n != 50 || err == nil {
		t.Errorf("read %d, %v past the end", n, err)
	}
	m.corrupt = true
	if m.ReadAt(b, 1000); bytes.Equal(b, p.bytes[1000:1100]) {
		t.Error("a corrupt peer reads the truth")
	}
	full := &mirror{simPayload: p, full: true}
	if s, _ := full.Stat(0); s.Kind != storage.Final || s.Size != 100_000 || !full.MayHold(0, 1) {
		t.Errorf("the seed has %+v", s)
	}
}

func TestSimTracker(t *testing.T) {
	tr := newSimTracker(1)
	announce := func(i int, query string) int {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/announce?port=6881&"+query, nil)
		r.RemoteAddr = fmt.Sprintf("10.0.%d.%d:5000", i>>8, i&255)
		w := httptest.NewRecorder()
		tr.announce(w, r)
		var n int
		if _, err := fmt.Sscanf(w.Body.String(), "d8:intervali1800e5:peers%d:", &n); err != nil {
			t.Fatalf("answer %q", w.Body)
		}
		return n / 6
	}
	for i := range 100 {
		if got := announce(i, "numwant=80"); got != min(i, simAnnounced) {
			t.Errorf("client %d is told of %d peers", i, got)
		}
	}
	if got := announce(5, "numwant=10"); got != 10 {
		t.Errorf("told of %d peers, wanted 10", got)
	}
	if announce(5, "event=stopped"); len(tr.known) != 99 {
		t.Errorf("%d peers are known after one of 100 left", len(tr.known))
	}
	if tr.known[0] != netip.MustParseAddrPort("10.0.0.0:6881") {
		t.Errorf("the first is known as %v", tr.known[0])
	}
}

// The bound of cases that are easy to work out.
func TestSimBound(t *testing.T) {
	for name, want := range map[string]float64{
		"flash crowd": 26.58, "eight": 26.84, "one leecher": 26.84, "slow seed": 107.37, "machine room": 2.147,
		"free riders": 32.74, "slow peers": 134.2,
	} {
		for _, c := range simCases {
			if c.name != name {
				continue
			}
			s := c.swarm(1, true)
			if got := s.bound().Seconds(); math.Abs(got-want) > 0.3 {
				t.Errorf("%s: bound %.2f s, want %.2f", name, got, want)
			}
		}
	}
	// A late one needs its own time; one that nobody waits for needs none.
	s := simSwarm{Size: 10 * mbit, Seed: simPeer{Up: 10 * mbit}, Peers: []simPeer{
		{Up: 10 * mbit, Down: 10 * mbit}, {Up: 10 * mbit, Down: 2 * mbit, Arrive: 7 * time.Second}, {Down: 1, Bystander: true}}}
	if got := s.bound(); got.Round(10*time.Millisecond) != 12*time.Second {
		t.Errorf("bound %v, want 12 s", got)
	}
}

// The last piece comes to 20 peers in four steps after it has left the seed.
func TestSimRelayed(t *testing.T) {
	s := simSwarm{Size: 4 * 10 * mbit, PieceLength: 10 * mbit, Seed: simPeer{Up: 5 * mbit}}
	for _, c := range []struct {
		peers int
		want  time.Duration
	}{{1, 8 * time.Second}, {2, 10 * time.Second}, {3, 10 * time.Second}, {4, 12 * time.Second}, {20, 16 * time.Second}} {
		s.Peers = make([]simPeer, c.peers, c.peers+1)
		for i := range s.Peers {
			s.Peers[i].Up = 5 * mbit
		}
		s.Peers = append(s.Peers, simPeer{Up: 100 * mbit, Bystander: true, Corrupt: true})
		if got := s.relayed().Round(time.Millisecond); got != c.want {
			t.Errorf("%d peers: %v, want %v", c.peers, got, c.want)
		}
	}
	s.Peers[0].Up = 10 * mbit
	if got := s.relayed().Round(time.Millisecond); got != 12*time.Second {
		t.Errorf("with one fast line: %v, want 12 s", got)
	}
}

func TestQuantile(t *testing.T) {
	all := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 1: 5} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
}
