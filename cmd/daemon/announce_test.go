package daemon

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/peer/simnet"
	"gotor/tracker/server"
)

// tracker starts a tracker, and returns the URL of its announces, and what asks it.
func (l *lab) tracker() (announce string, ask *http.Client) {
	l.Helper()
	a, h := l.host()
	listener, err := h.Listen(l.Context(), "tcp", netip.AddrPortFrom(a, 80).String())
	l.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { server.New(server.Config{}).Serve(ctx, listener, nil); close(over) }()
	l.Cleanup(func() { cancel(); <-over })
	_, asker := l.host()
	return "http://" + a.String() + "/announce", dialing(asker)
}

func dialing(h *simnet.Host) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: h.DialContext, DisableKeepAlives: true}}
}

// get is what a URL answers.
func (l *lab) get(c *http.Client, u string) string {
	l.Helper()
	resp, err := c.Get(u)
	l.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	l.must(err)
	return string(b)
}

// Who sleeps is known to its tracker, wakes when that counts somebody who wants it, and
// is gone for it once it is paused.
func TestAnnouncedAsleep(t *testing.T) {
	inLab(t, func(l *lab) {
		announce, c := l.tracker()
		p := l.tracked(l.file("film", 100_000), announce)
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		hash := url.QueryEscape(string(p.meta.InfoHash[:]))
		scrape := func() string { return l.get(c, strings.Replace(announce, "announce", "scrape", 1)+"?info_hash="+hash) }
		time.Sleep(2 * time.Hour)
		if d.Stats().Active != 0 || !strings.Contains(scrape(), "8:completei1e") {
			t.Errorf("%d awake; the tracker says %q", d.Stats().Active, scrape())
		}
		l.get(c, announce+"?peer_id=-XX0000-000000000000&port=7777&uploaded=0&downloaded=0&left=5&info_hash="+hash)
		woke := false
		for range 120 {
			time.Sleep(time.Minute)
			woke = woke || d.Stats().Active == 1
		}
		row := h.row(d, p.id)
		if !woke || d.Stats().Active != 0 || row.Swarm.Seeders == nil || *row.Swarm.Seeders != 1 || row.Tracker == "" {
			t.Errorf("woke: %v, awake: %d, %+v", woke, d.Stats().Active, row)
		}
		trackers, err := d.Trackers(p.id, false)
		l.must(err)
		if len(trackers) != 1 || trackers[0].State != "ok" || trackers[0].Last == nil || trackers[0].Next == nil {
			t.Errorf("trackers %+v", trackers)
		}
		_, err = d.Pause(l.Context(), p.id)
		l.must(err)
		h.until(d, p.id, record.StatePaused)
		time.Sleep(time.Minute)
		if strings.Contains(scrape(), "8:completei1e") {
			t.Errorf("paused; the tracker says %q", scrape())
		}
		_, err = d.Start(l.Context(), p.id, false)
		l.must(err)
		time.Sleep(10 * time.Minute)
		if !strings.Contains(scrape(), "8:completei1e") {
			t.Errorf("started; the tracker says %q", scrape())
		}
		stop()
		if strings.Contains(scrape(), "8:completei1e") {
			t.Errorf("stopped; the tracker says %q", scrape())
		}
	})
}
