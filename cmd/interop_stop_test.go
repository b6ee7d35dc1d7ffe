//go:build interop && linux

package cmd_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// testKill ends a download with SIGKILL again and again. Each run must find
// what the one before had verified. The file that was being written looks other
// than the last record says, so it is hashed, but nothing is hashed that was not
// there or is hashed twice.
func testKill(t *testing.T, l *lab) {
	const (
		kills = 20
		most  = 7 * time.Second // that a run gets
		rate  = 3 << 19         // bytes per second
	)
	// More than all runs together can fetch: every kill hits a download under way.
	s := l.swarm(t, setup{payload: oddFile(kills * (int(most/time.Second) + 1) * rate)})
	s.seed(libtorrent{})
	dir := t.TempDir()
	var verified, hashed, resumed int64
	for i := range kills {
		g := s.startGet(dir, "--progress", "json", "--max-down", strconv.Itoa(rate))
		moment := time.Duration(rand.Int64N(int64(most)))
		select {
		case <-g.done:
			t.Fatalf("run %d ended by itself: %v", i, g.err)
		case <-time.After(moment):
		}
		g.kill()
		p := g.progress()
		t.Logf("killed after %v: %+v", moment.Round(time.Millisecond), p)
		if p.State == "downloading" && p.Resumed < verified {
			t.Errorf("run %d resumed with %d bytes, but %d had been verified", i, p.Resumed, verified)
		}
		verified = max(verified, p.Verified)
		hashed += p.Checked
		resumed += p.Resumed
	}
	if hashed > resumed+int64(kills)*rate*int64(most/time.Second) {
		t.Errorf("%d bytes were hashed to resume with %d", hashed, resumed)
	}
	s.wantDone(s.startGet(dir))
}

// testInterrupt stops gotor as Ctrl-C does: the tracker is told, and the next
// run goes on without hashing anything.
func testInterrupt(t *testing.T, l *lab) {
	const rate = 6 << 20
	for _, scheme := range []string{"http", "udp"} {
		t.Run(caseName("download", scheme), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(10 * rate), tiers: func(h *host) []string { return []string{h.announceURL(scheme)} }})
			s.seed(libtorrent{})
			dir := t.TempDir()
			first := s.startGet(dir, "--progress", "json", "--max-down", strconv.Itoa(rate))
			first.reaches(t, rate)
			if code := first.interrupt(t); code != 130 {
				t.Errorf("exit code %d, want 130", code)
			}
			s.gone()
			had := first.progress().Verified
			second := s.startGet(dir, "--progress", "json", "--max-down", strconv.Itoa(rate))
			second.reaches(t, had+1)
			if p := second.progress(); p.Resumed < had || p.ToCheck > 0 {
				t.Errorf("%d bytes were verified; the next run resumed with %d and hashed %d", had, p.Resumed, p.ToCheck)
			}
			second.interrupt(t)
			s.wantDone(s.lab.startResume(t, s.me, dir))
		})
	}
	t.Run("seed", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(1_234_567)})
		p := s.seed(gotorClient{})
		if code := p.interrupt(t); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		s.gone()
	})
}

// gone waits until the tracker has forgotten gotor: one seeder may stay.
func (s *swarm) gone() {
	s.t.Helper()
	until(s.t, "the tracker has forgotten gotor", func() bool {
		seeders, leechers := s.tracker.counts(s.hash)
		return seeders <= 1 && leechers == 0
	}, s.tracker.proc)
}
