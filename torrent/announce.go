package torrent

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"gotor/torrent/network"
	"gotor/torrent/swarm"
	"gotor/tracker"
)

// newTrackers makes the client by which all torrents of a process ask trackers.
func newTrackers(cfg *Config, n network.Network) *tracker.Client {
	return tracker.New(tracker.Config{
		DialContext: n.DialContext, ListenPacket: n.ListenPacket, LookupNetIP: n.LookupNetIP,
		UserAgent: cfg.Name, Insecure: cfg.Insecure, Proxy: network.HTTPProxy,
	})
}

// startAnnounce tells the trackers about us, once we know what we have: a tracker
// that took a seed for a leecher would not send it leechers.
func (t *Torrent) startAnnounce() {
	if tiers, private := t.tiers(); len(tiers) > 0 && t.announce == nil {
		t.announce = t.startAnnouncing(tracker.AnnouncerConfig{Tiers: tiers, Private: private, Peers: t.heard}, t.trackerRules)
	}
	if user := t.source.Trackers; len(user) > 0 && t.userAnnounce == nil {
		t.userAnnounce = t.startAnnouncing(tracker.AnnouncerConfig{Tiers: flatTiers(user), Peers: t.heardUser}, t.userRules)
	}
}

// startAnnouncing begins with the trackers of cfg, which has Tiers, Private and
// Peers. rules are those of each exchange with one of them, asked when it begins.
func (t *Torrent) startAnnouncing(cfg tracker.AnnouncerConfig, rules func() network.Rules) *tracker.Announcer {
	cfg.Client, cfg.Judge = t.core.client.trackers, func() tracker.Judge { return network.NewGuard(rules()) }
	cfg.Complete, cfg.Request = t.layout != nil && t.verified == t.wantedB, t.announceRequest
	cfg.External = t.core.client.endpoint.heard
	cfg.Changed, cfg.Trace, cfg.Bug = t.trackerChanged, t.core.tracedAnnounce(), t.core.bug
	a := tracker.NewAnnouncer(cfg)
	a.Start()
	return a
}

// trackerRules are those of an exchange with a tracker that the torrent names.
func (t *Torrent) trackerRules() network.Rules { return t.core.policy.Rules(network.TrackerPath) }

// userRules are those of an exchange with a tracker that the user named. It may be
// in a private network whoever made the torrent, and on this machine whatever its
// path is.
func (t *Torrent) userRules() network.Rules {
	return t.core.client.user.Rules(network.OwnTrackers(t.source.Trackers))
}

// tiers are the trackers of the metainfo, or of the link that there is instead:
// each in a tier of its own. Those that the user named are left out: they have
// their own announcer.
func (t *Torrent) tiers() (tiers [][]string, private bool) {
	if t.meta != nil {
		private = t.meta.Private
		for _, tier := range t.meta.Trackers {
			if rest := t.notUsers(tier); len(rest) > 0 {
				tiers = append(tiers, rest)
			}
		}
	}
	if private {
		return tiers, private
	}
	for _, u := range t.notUsers(t.source.linked()) {
		if !slices.ContainsFunc(tiers, func(tier []string) bool { return slices.Contains(tier, u) }) {
			tiers = append(tiers, []string{u})
		}
	}
	return tiers, false
}

// notUsers are those of urls that the user has not named.
func (t *Torrent) notUsers(urls []string) (rest []string) {
	for _, u := range urls {
		if !slices.Contains(t.source.Trackers, u) {
			rest = append(rest, u)
		}
	}
	return rest
}

// hasTrackers reports whether there is a tracker to ask.
func (t *Torrent) hasTrackers() bool {
	tiers, _ := t.tiers()
	return len(tiers)+len(t.source.Trackers) > 0
}

// announcings are those that were begun.
func (t *Torrent) announcings() (list []*tracker.Announcer) {
	for _, a := range []*tracker.Announcer{t.announce, t.userAnnounce} {
		if a != nil {
			list = append(list, a)
		}
	}
	return list
}

// wantPeers asks the trackers for more peers, as soon as they allow.
func (t *Torrent) wantPeers() {
	for _, a := range t.announcings() {
		a.Want()
	}
}

// trackerStatus is what became of each tracker, the user's own last.
func (t *Torrent) trackerStatus() (list []tracker.Status) {
	for _, a := range t.announcings() {
		list = append(list, a.Status()...)
	}
	return list
}

// changeTrackers leaves the trackers of the link when the metainfo has others, so
// that startAnnounce begins with these.
func (t *Torrent) changeTrackers() {
	tiers, private := t.tiers()
	if t.announce == nil || !private && sameTrackers(tiers, t.notUsers(t.source.linked())) {
		return
	}
	bye := t.goodbye(t.announce)
	t.announce = nil
	t.core.spawn(func() { <-bye })
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
		InfoHash: t.core.hash, PeerID: t.core.client.id, Port: t.core.client.endpoint.port(), Event: e,
		Uploaded: t.counters.allUp.Load(), Downloaded: t.counters.allDown.Load(), Left: t.counters.left.Load(), NumWant: maxPeers,
		Key: t.core.client.key,
	}
}

// heard takes addresses from a tracker, which was judged whether it may name them.
func (t *Torrent) heard(from string, peers []netip.AddrPort) {
	t.heardBy(from, peers, swarm.FromTracker, t.core.policy)
}

// heardBy takes those that the policy of whoever named the tracker allows.
func (t *Torrent) heardBy(from string, peers []netip.AddrPort, as swarm.Origin, p *network.Policy) {
	if u, err := url.Parse(from); err == nil {
		from = u.Host
	}
	t.core.post(func(now time.Time) {
		for _, a := range peers {
			if p.Named(a) {
				t.peers.book.AddOf(a, as, from, now)
			}
		}
	})
}

// goodbye tells the trackers that we go. It does not wait: the channel is
// closed when all have answered or the time for it is over.
func (t *Torrent) goodbye(to ...*tracker.Announcer) <-chan struct{} {
	if len(to) == 0 {
		return closedChan()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer t.core.caught()
		ctx, cancel := context.WithDeadline(context.Background(), t.core.client.farewell.until(time.Now()))
		defer cancel()
		var all sync.WaitGroup
		for _, a := range to {
			all.Go(func() {
				defer t.core.caught()
				a.Stop(ctx)
			})
		}
		all.Wait()
	}()
	return done
}

// farewell is the time that torrents have to tell trackers that they go: goodbyeTime
// for each, and once the process goes the same for all of them together.
type farewell struct {
	going context.Context // done when the Client is being closed
	once  sync.Once
	end   time.Time // set by once
}

// until is how long a goodbye that begins now may take.
func (f *farewell) until(now time.Time) time.Time {
	if f.going.Err() == nil {
		return now.Add(goodbyeTime)
	}
	f.once.Do(func() { f.end = now.Add(goodbyeTime) })
	return f.end
}
