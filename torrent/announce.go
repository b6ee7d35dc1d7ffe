package torrent

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"gotor/tracker"
)

// startAnnounce tells the trackers about us, once we know what we have: a tracker
// that took a seed for a leecher would not send it leechers.
func (t *Torrent) startAnnounce() {
	tiers, private := t.tiers()
	if len(tiers) == 0 || t.announce != nil {
		return
	}
	t.tracker = tracker.New(tracker.Config{
		DialContext: t.client.net.DialContext, ListenPacket: t.client.net.ListenPacket, LookupNetIP: t.client.net.LookupNetIP,
		UserAgent: t.client.cfg.Name, Insecure: t.client.cfg.Insecure, Judge: func() tracker.Judge { return t.policy.tracker() },
	})
	t.announce = tracker.NewAnnouncer(tracker.AnnouncerConfig{
		Client: t.tracker, Tiers: tiers, Private: private, Complete: t.meta != nil && t.verified == t.wantedB, Request: t.announceRequest, Peers: t.heard,
		Changed: t.trackerChanged,
		Trace:   t.tracedAnnounce(),
		Bug:     t.bug,
	})
	t.announce.Start()
}

// tiers are the trackers of the metainfo, or of the link that there is instead:
// each in a tier of its own.
func (t *Torrent) tiers() (tiers [][]string, private bool) {
	if t.meta != nil {
		tiers, private = slices.Clone(t.meta.Trackers), t.meta.Private
	}
	if private {
		return tiers, private
	}
	for _, u := range t.linked {
		if !slices.ContainsFunc(tiers, func(tier []string) bool { return slices.Contains(tier, u) }) {
			tiers = append(tiers, []string{u})
		}
	}
	return tiers, false
}

// changeTrackers leaves the trackers of the link when the metainfo has others, so
// that startAnnounce begins with these.
func (t *Torrent) changeTrackers() {
	tiers, private := t.tiers()
	if t.announce == nil || !private && sameTrackers(tiers, t.linked) {
		return
	}
	bye := t.goodbye()
	t.announce, t.tracker = nil, nil
	t.spawn(func() { <-bye })
}

// sameTrackers reports whether tiers have just the trackers of a link.
func sameTrackers(tiers [][]string, linked []string) bool {
	n := 0
	for _, tier := range tiers {
		for _, u := range tier {
			if !slices.Contains(linked, u) {
				return false
			}
			n++
		}
	}
	return n == len(linked)
}

// announceRequest fills in the counters. It is called from the announcer's
// goroutines.
func (t *Torrent) announceRequest(e tracker.Event) tracker.Request {
	return tracker.Request{
		InfoHash: t.hash, PeerID: t.client.id, Port: t.client.port, Event: e,
		Uploaded: t.counters.allUp.Load(), Downloaded: t.counters.allDown.Load(), Left: t.counters.left.Load(), NumWant: maxPeers,
		Key: t.client.key,
	}
}

// heard takes addresses from a tracker, which was judged whether it may name them.
func (t *Torrent) heard(from string, peers []netip.AddrPort) {
	if u, err := url.Parse(from); err == nil {
		from = u.Host
	}
	t.post(func(now time.Time) {
		for _, a := range peers {
			if t.policy.named(a) {
				t.book.addOf(a, fromTracker, from, now)
			}
		}
	})
}

// goodbye tells the trackers that we go. It does not wait: the channel is
// closed when all have answered or goodbyeTime is over.
func (t *Torrent) goodbye() <-chan struct{} {
	if t.announce == nil {
		return closedChan()
	}
	done := make(chan struct{})
	announce, client := t.announce, t.tracker
	go func() {
		defer close(done)
		defer t.caught()
		ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
		defer cancel()
		announce.Stop(ctx)
		client.Close()
	}()
	return done
}
