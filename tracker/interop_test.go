//go:build interop

package tracker

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// opentracker runs the real program for one torrent and returns its port.
func opentracker(t *testing.T, hash [20]byte) string {
	binary, err := exec.LookPath("opentracker")
	if err != nil {
		if os.Getenv("GOTOR_INTEROP") == "require" {
			t.Fatal(err)
		}
		t.Skip("opentracker is not installed:", err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	// It changes its root to the directory and its user to nobody, if it may.
	dir, err := os.MkdirTemp("", "opentracker")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o755)
	if err := os.WriteFile(filepath.Join(dir, "whitelist"), []byte(hex.EncodeToString(hash[:])+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-i", "127.0.0.1", "-p", port, "-P", port, "-d", dir, "-u", "nobody", "-w", "whitelist")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return port
}

// It answers before it has read its whitelist: ask until it knows the torrent.
func untilReady(t *testing.T, c *Client, url string, r Request) Response {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := c.Announce(ctx, nil, url, r)
		if err == nil {
			return answer
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

func TestOpentracker(t *testing.T) {
	seeder, leecher := testRequest(), testRequest()
	seeder.Port, seeder.Left, seeder.Event = 7001, 0, EventStarted
	leecher.Port, leecher.Event = 7002, EventStarted
	copy(leecher.PeerID[:], "-GT0001-leecherleech")
	port := opentracker(t, seeder.InfoHash)
	hosted, own := "http://127.0.0.1:"+port+"/announce", netip.MustParseAddrPort("127.0.0.1:7001")
	c := newClient(t, Config{})
	untilReady(t, c, hosted, seeder)
	for _, url := range []string{hosted, "udp://127.0.0.1:" + port, "udp://127.0.0.1:" + port + "/announce?passkey=x"} {
		answer, err := c.Announce(t.Context(), nil, url, leecher)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, p := range answer.Peers {
			found = found || p == own
		}
		if !found || answer.Seeders != 1 || answer.Leechers != 1 || answer.Interval < time.Minute {
			t.Errorf("%s: %+v", url, answer)
		}
		checkResponse(t, answer)
		results, err := c.Scrape(t.Context(), nil, url, [][20]byte{seeder.InfoHash})
		if err != nil || results[0].Seeders != 1 || results[0].Leechers != 1 {
			t.Errorf("%s: scrape %+v, %v", url, results, err)
		}
		other := leecher
		other.InfoHash[0]++
		var f *Failure
		if _, err := c.Announce(t.Context(), nil, url, other); !errors.As(err, &f) {
			t.Errorf("%s: a torrent that is not listed: %v", url, err)
		}
	}
}

// From started over completed to stopped, the tracker's counters follow.
func TestOpentrackerAnnouncer(t *testing.T) {
	r := testRequest()
	port := opentracker(t, r.InfoHash)
	hosted := "http://127.0.0.1:" + port + "/announce"
	c := newClient(t, Config{})
	first := r
	first.Event = EventStarted
	untilReady(t, c, hosted, first)
	first.Event = EventStopped // which it takes of any torrent, at any time
	if _, err := c.Announce(t.Context(), nil, hosted, first); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{hosted, "udp://127.0.0.1:" + port} {
		changed := make(chan struct{}, 100)
		a := NewAnnouncer(AnnouncerConfig{
			Client: c, Trackers: List{Tiers: [][]string{{url}}},
			Request: func(e Event) Request {
				own := r
				if e == EventCompleted || e == EventStopped {
					own.Left = 0
				}
				return own
			},
			Changed: func() { changed <- struct{}{} },
		})
		scrape := func() ScrapeResult {
			results, err := c.Scrape(t.Context(), nil, url, [][20]byte{r.InfoHash})
			if err != nil {
				t.Fatal(err)
			}
			return results[0]
		}
		before := scrape()
		a.Start()
		for range 2 { // announcing, ok
			<-changed
		}
		if got := scrape(); got.Leechers != 1 || got.Seeders != 0 {
			t.Errorf("%s: after started %+v, %+v", url, got, a.Status())
		}
		a.Completed()
		for range 2 {
			<-changed
		}
		if got := scrape(); got.Leechers != 0 || got.Seeders != 1 || got.Completed != max(before.Completed, 0)+1 {
			t.Errorf("%s: after completed %+v", url, got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		a.Stop(ctx)
		cancel()
		if got := scrape(); got.Leechers != 0 || got.Seeders != 0 {
			t.Errorf("%s: after stopped %+v", url, got)
		}
	}
}
