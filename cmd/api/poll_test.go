package api

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/record"
)

// later runs f in a bubble after a span.
func later(d time.Duration, f func()) { time.AfterFunc(d, f) }

func TestPollTorrent(t *testing.T) {
	for _, tt := range []struct {
		name  string
		until string
		next  record.Torrent // what it becomes after 10 s
		after time.Duration  // of a wait of 30 s
	}{
		{"complete", untilDone, record.Torrent{State: record.StateSeeding}, 10 * time.Second},
		{"failed", untilDone, record.Torrent{State: record.StateFailed}, 10 * time.Second},
		{"paused when complete", untilDone, record.Torrent{State: record.StatePaused, Completed: new(time.Unix(1, 0))}, 10 * time.Second},
		{"paused before", untilDone, record.Torrent{State: record.StatePaused}, 30 * time.Second},
		{"further", untilDone, record.Torrent{State: record.StateDownloading, Verified: 1}, 30 * time.Second},
		{"by default", "", record.Torrent{State: record.StateCompleted}, 10 * time.Second},
		{"known", untilMetadata, record.Torrent{State: record.StateQueued, Pieces: 5}, 10 * time.Second},
		{"not known", untilMetadata, record.Torrent{State: record.StateMetadata, Peers: 5}, 30 * time.Second},
		{"changed", untilChange, record.Torrent{State: record.StateMetadata, Peers: 5}, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newToy()
				s.put(record.Torrent{ID: id(1), State: record.StateMetadata})
				p := newPolls(s, make(chan struct{}))
				later(5*time.Second, func() { s.put(record.Torrent{ID: id(2)}) }) // another one
				later(10*time.Second, func() {
					tt.next.ID = id(1)
					s.put(tt.next)
				})
				begin := time.Now()
				got, err := p.torrent(t.Context(), id(1), 30*time.Second, tt.until, 0)
				if err != nil || time.Since(begin) != tt.after || got.State != tt.next.State {
					t.Errorf("%+v, %v after %v, want after %v", got, err, time.Since(begin), tt.after)
				}
			})
		})
	}
}

func TestPollEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newToy()
		s.put(record.Torrent{ID: id(1)})
		stop := make(chan struct{})
		p := newPolls(s, stop)
		begin := time.Now()
		later(time.Second, func() { s.remove(id(1)) })
		if _, err := p.torrent(t.Context(), id(1), time.Minute, untilDone, 0); codeOf(err) != record.CodeNotFound {
			t.Errorf("of a torrent that was removed: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		later(time.Second, cancel)
		if err := p.wait(ctx, time.Minute, func() bool { return false }); !errors.Is(err, context.Canceled) {
			t.Errorf("of a caller who is gone: %v", err)
		}
		later(time.Second, func() { close(stop) })
		if err := p.wait(t.Context(), time.Minute, func() bool { return false }); err != nil {
			t.Errorf("of a daemon that ends: %v", err)
		}
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("took %v", d)
		}
	})
}

func TestPollLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newToy()
		s.put(record.Torrent{ID: id(1)})
		p := newPolls(s, make(chan struct{}))
		for range maxPolls {
			go p.torrent(t.Context(), id(1), time.Second, untilDone, 0)
		}
		synctest.Wait()
		if _, err := p.torrent(t.Context(), id(1), time.Second, untilDone, 0); codeOf(err) != record.CodeTooMany {
			t.Errorf("one more than %d: %v", maxPolls, err)
		}
		if _, err := p.torrent(t.Context(), id(1), 0, "", 0); err != nil {
			t.Errorf("one that does not wait: %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(p.turns); n != 0 {
			t.Errorf("%d turns are taken", n)
		}
	})
}

func TestPollRoutes(t *testing.T) {
	h := newHarness(t, 12, nil)
	path := "/torrents/" + fakeID(0) // looks for its metainfo
	tag := h.want(200, "GET", path, "").Header.Get("ETag")
	h.want(200, "GET", path+"?wait=1ms&until=done", "")
	h.want(304, "GET", path+"?wait=1ms", "", "If-None-Match", tag)
	h.want(200, "GET", path+"?wait=1h", "", "If-None-Match", `"another"`)
	h.want(422, "GET", path+"?wait=soon", "")
	h.want(422, "GET", path+"?until=never", "")
	h.want(404, "GET", "/torrents/"+id(5)+"?wait=1h", "")
	done := make(chan answer)
	go func() { done <- h.do("GET", path+"?wait=1h", "", "If-None-Match", tag) }()
	_, err := h.fake.Pause(t.Context(), fakeID(0))
	if err != nil {
		t.Fatal(err)
	}
	if a := <-done; a.StatusCode != 200 || decode[record.Torrent](h, a).State != record.StatePaused {
		t.Errorf("%d: %s", a.StatusCode, a.body)
	}
	page := decode[record.TorrentPage](h, h.want(200, "GET", "/torrents", ""))
	since := "/torrents?since=" + strconv.FormatUint(page.Revision, 10)
	if got := decode[record.TorrentPage](h, h.want(200, "GET", since+"&wait=1ms", "")); len(got.Items) != 0 {
		t.Errorf("%d have changed", len(got.Items))
	}
	go func() { done <- h.do("GET", since+"&wait=1h", "") }()
	if _, err = h.fake.Pause(t.Context(), fakeID(1)); err != nil {
		t.Fatal(err)
	}
	if a := <-done; a.StatusCode != 200 || len(decode[record.TorrentPage](h, a).Items) != 1 {
		t.Errorf("%d: %s", a.StatusCode, a.body)
	}
	h.want(201, "POST", "/torrents?wait=1ms", `{"source":"magnet:?xt=urn:btih:`+id(7)+`"}`)
	h.want(422, "POST", "/torrents?wait=x", `{"source":"magnet:?xt=urn:btih:`+id(8)+`"}`)
}
