package torrent

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gotor/torrent/metainfo"
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

// announces is a torrent's part with trackers: with those that the torrent names, or
// the link that there is instead, and with those that the user names. These are
// announced to whatever the others answer, for private torrents too, since that is the
// user's decision; they are not part of the torrent, and nobody else is told of them. It
// belongs to the run goroutine.
type announces struct {
	core     *core
	counters *counters
	user     []string // the user's trackers
	hooks    announceHooks

	linked []string          // trackers of the link
	meta   *metainfo.Torrent // nil: not known yet

	past  *dream             // what was announced while the torrent slept; nil: not begun
	own   *tracker.Announcer // to the torrent's; nil: to none
	users *tracker.Announcer // to the user's; nil: to none

	spoke     atomic.Bool // a notice that something has changed waits in the mailbox
	completed bool        // the trackers were told that the download is complete
}

// announceHooks is what announces needs of the torrent. They are called on the loop.
type announceHooks struct {
	// found is given what a tracker has named, as far as it may; who is its host.
	found func(a netip.AddrPort, from swarm.Origin, who string, now time.Time)
	// changed is called when the status of a tracker has.
	changed func()
}

// start tells the trackers about us, once we know what we have: a tracker that took
// a seed for a leecher would not send it leechers. complete says that nothing is
// missing.
func (a *announces) start(complete bool) {
	if a.past == nil {
		a.past = a.core.client.slumber.take(a.core.hash)
	}
	if tiers, private := a.tiers(); len(tiers) > 0 && a.own == nil {
		a.own = a.begin(tracker.AnnouncerConfig{Tiers: tiers, Private: private, Complete: complete, Peers: a.heard, Memory: a.past.own}, a.ownRules)
		a.past.own = nil
	}
	if len(a.user) > 0 && a.users == nil {
		a.users = a.begin(tracker.AnnouncerConfig{Tiers: flatTiers(a.user), Complete: complete, Peers: a.heardUser, Memory: a.past.users}, a.userRules)
		a.past.users = nil
	}
}

// begin begins with the trackers of cfg, which has Tiers, Private, Complete, Peers and
// Memory. rules are those of each exchange with one of them, asked when it begins.
func (a *announces) begin(cfg tracker.AnnouncerConfig, rules func() network.Rules) *tracker.Announcer {
	client := a.core.client
	cfg.Client, cfg.Judge = client.trackers, func() tracker.Judge { return network.NewGuard(rules()) }
	cfg.Request, cfg.External = a.request, client.endpoint.heard
	cfg.Changed, cfg.Trace, cfg.Bug = a.changed, a.core.tracedAnnounce(), a.core.bug
	n := tracker.NewAnnouncer(cfg)
	n.Start()
	return n
}

// ownRules are those of an exchange with a tracker that the torrent names.
func (a *announces) ownRules() network.Rules { return a.core.policy.Rules(network.TrackerPath) }

// userRules are those of an exchange with a tracker that the user named. It may be
// in a private network whoever made the torrent, and on this machine whatever its
// path is.
func (a *announces) userRules() network.Rules {
	return a.core.client.user.Rules(network.OwnTrackers(a.user))
}

// tiers are the trackers of the metainfo, or of the link that there is instead:
// each in a tier of its own. Those that the user named are left out: they have
// their own announcer.
func (a *announces) tiers() (tiers [][]string, private bool) {
	if a.meta != nil {
		private, tiers = a.meta.Private, withoutThose(a.meta.Trackers, a.user)
	}
	if private {
		return tiers, private
	}
	for _, u := range a.notUsers(a.linked) {
		if !slices.ContainsFunc(tiers, func(tier []string) bool { return slices.Contains(tier, u) }) {
			tiers = append(tiers, []string{u})
		}
	}
	return tiers, false
}

// flatTiers gives each tracker a tier of its own, so that all are announced to.
func flatTiers(urls []string) [][]string {
	tiers := make([][]string, len(urls))
	for i, u := range urls {
		tiers[i] = []string{u}
	}
	return tiers
}

// notUsers are those of urls that the user has not named.
func (a *announces) notUsers(urls []string) (rest []string) {
	for _, u := range urls {
		if !slices.Contains(a.user, u) {
			rest = append(rest, u)
		}
	}
	return rest
}

// withoutThose are tiers without the given trackers, and without tiers that are empty
// then.
func withoutThose(tiers [][]string, those []string) (rest [][]string) {
	a := announces{user: those}
	for _, tier := range tiers {
		if left := a.notUsers(tier); len(left) > 0 {
			rest = append(rest, left)
		}
	}
	return rest
}

// any reports whether there is a tracker to ask.
func (a *announces) any() bool {
	tiers, _ := a.tiers()
	return len(tiers)+len(a.user) > 0
}

// begun are the announcers that were.
func (a *announces) begun() (list []*tracker.Announcer) {
	for _, n := range []*tracker.Announcer{a.own, a.users} {
		if n != nil {
			list = append(list, n)
		}
	}
	return list
}

// want asks the trackers for more peers, as soon as they allow.
func (a *announces) want() {
	for _, n := range a.begun() {
		n.Want()
	}
}

// complete tells the trackers, once, that the download is.
func (a *announces) complete() {
	if a.completed {
		return
	}
	for _, n := range a.begun() {
		a.completed = true
		n.Completed()
	}
}

// status is what became of each tracker, the user's own last.
func (a *announces) status() (list []tracker.Status) {
	for _, n := range a.begun() {
		list = append(list, n.Status()...)
	}
	return list
}

// learn takes over what the link has led to. The trackers of the link are left when
// the metainfo has others, so that start begins with these.
func (a *announces) learn(m *metainfo.Torrent) {
	a.meta = m
	tiers, private := a.tiers()
	if a.own == nil || !private && sameTrackers(tiers, a.notUsers(a.linked)) {
		return
	}
	bye := a.goodbye(a.own)
	a.own = nil
	a.core.spawn(func() { <-bye })
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

// request fills in the counters. It is called from the announcer's goroutines.
func (a *announces) request(e tracker.Event) tracker.Request {
	client, c, past := a.core.client, a.counters, a.past
	return tracker.Request{
		InfoHash: a.core.hash, PeerID: client.id, Port: client.endpoint.port(), Event: e,
		Uploaded: past.up + c.allUp.Load(), Downloaded: past.down + c.allDown.Load(), Left: c.left.Load(), NumWant: maxPeers,
		Key: client.key,
	}
}

// changed has the loop look at the trackers, soon. The announcer's goroutines call
// it.
func (a *announces) changed() {
	if a.spoke.CompareAndSwap(false, true) {
		a.core.post(func(time.Time) {
			a.spoke.Store(false)
			a.hooks.changed()
		})
	}
}

// heard takes addresses from a tracker of the torrent, which was judged whether it
// may name them. The announcer's goroutines call it.
func (a *announces) heard(from string, peers []netip.AddrPort) {
	a.heardBy(from, peers, swarm.FromTracker, a.core.policy)
}

// heardUser is heard for a tracker of the user's.
func (a *announces) heardUser(from string, peers []netip.AddrPort) {
	a.heardBy(from, peers, swarm.FromUserTracker, a.core.client.user)
}

// heardBy takes those that the policy of whoever named the tracker allows.
func (a *announces) heardBy(from string, peers []netip.AddrPort, as swarm.Origin, p *network.Policy) {
	if u, err := url.Parse(from); err == nil {
		from = u.Host
	}
	a.core.post(func(now time.Time) {
		for _, peer := range peers {
			if p.Named(peer) {
				a.hooks.found(peer, as, from, now)
			}
		}
	})
}

// sleep ends without telling anybody. What is known of the trackers, and when the DHT is
// to hear of the torrent, is for who announces it from now on.
func (a *announces) sleep(dht time.Time) *dream {
	d := &dream{dht: dht, up: a.counters.allUp.Load(), down: a.counters.allDown.Load()}
	if a.past != nil {
		d.up, d.down = d.up+a.past.up, d.down+a.past.down
	}
	if a.own != nil {
		d.own = a.own.Sleep()
	}
	if a.users != nil {
		d.users = a.users.Sleep()
	}
	return d
}

// stop tells all trackers that we go; see goodbye.
func (a *announces) stop() <-chan struct{} { return a.goodbye(a.begun()...) }

// goodbye tells trackers that we go. It does not wait: the channel is closed when all
// have answered or the time for it is over.
func (a *announces) goodbye(to ...*tracker.Announcer) <-chan struct{} {
	if len(to) == 0 {
		return closedChan()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer a.core.caught()
		ctx, cancel := context.WithDeadline(context.Background(), a.core.client.farewell.until(time.Now()))
		defer cancel()
		var all sync.WaitGroup
		for _, n := range to {
			all.Go(func() {
				defer a.core.caught()
				n.Stop(ctx)
			})
		}
		all.Wait()
	}()
	return done
}
