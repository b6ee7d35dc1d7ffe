package torrent

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
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
// user's decision; they are not part of the torrent, and nobody else is told of them.
// Or else with a list that has replaced all of them. It belongs to the run goroutine.
type announces struct {
	core     *core
	counters *counters
	user     []string // the user's trackers
	hooks    announceHooks

	linked   []string          // trackers of the link
	meta     *metainfo.Torrent // nil: not known yet
	replaced [][]string        // instead of all others; nil: they were not

	past      *dream             // what was announced while the torrent slept; nil: not begun
	announcer *tracker.Announcer // nil: not begun, or there are no trackers
	started   bool               // start was called
	held      bool               // since start it has become known what the torrent is

	// Whose word a tracker's URL is; for the announcer's goroutines, too.
	named atomic.Pointer[[]string] // those of the user's; not changed once it is here

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
	a.held, a.started = false, true
	if a.past == nil {
		a.past = a.core.client.slumber.take(a.core.hash)
	}
	if a.announcer != nil {
		a.follow()
		return
	}
	list := a.list()
	if len(list.Tiers)+len(list.Apart) == 0 {
		return
	}
	a.note(list)
	client := a.core.client
	a.announcer = tracker.NewAnnouncer(tracker.AnnouncerConfig{
		Client: client.trackers, Trackers: list, Complete: complete, Memory: a.past.trackers, Request: a.request,
		Judge:    func(url string) tracker.Judge { return network.NewGuard(a.rules(url)) },
		Peers:    a.heard,
		External: client.endpoint.heard, Changed: a.changed, Trace: a.core.tracedAnnounce(), Bug: a.core.bug,
	})
	a.past.trackers = nil
	a.announcer.Start()
}

// rules are those of an exchange with a tracker. One that the user named may be in a
// private network whoever made the torrent, and on this machine whatever its path is.
// Any goroutine may ask.
func (a *announces) rules(url string) network.Rules {
	if named := a.users(); slices.Contains(named, url) {
		return a.core.client.user.Rules(network.OwnTrackers(named))
	}
	return a.core.policy.Rules(network.TrackerPath)
}

// users are the trackers that are the user's word. Any goroutine may ask.
func (a *announces) users() []string {
	if named := a.named.Load(); named != nil {
		return *named
	}
	return nil
}

// note remembers which trackers of a list are the user's word.
func (a *announces) note(list tracker.List) {
	named := slices.Clone(list.Apart)
	for _, tier := range a.replaced {
		for _, u := range tier {
			if slices.Contains(a.user, u) || !a.own(u) {
				named = append(named, u)
			}
		}
	}
	a.named.Store(&named)
}

// own reports whether the torrent, or its link, names a tracker.
func (a *announces) own(url string) bool {
	return slices.Contains(a.linked, url) ||
		a.meta != nil && slices.ContainsFunc(a.meta.Trackers, func(tier []string) bool { return slices.Contains(tier, url) })
}

// list are the trackers: those of the metainfo, or of the link that there is instead,
// each in a tier of its own, and apart from them those of the user.
func (a *announces) list() tracker.List {
	private := a.meta != nil && a.meta.Private
	if a.replaced != nil {
		return tracker.List{Tiers: a.replaced, Private: private}
	}
	list := tracker.List{Private: private, Apart: a.user}
	if a.meta != nil {
		list.Tiers = withoutThose(a.meta.Trackers, a.user)
	}
	if private {
		return list
	}
	for _, u := range a.notUsers(a.linked) {
		if !slices.ContainsFunc(list.Tiers, func(tier []string) bool { return slices.Contains(tier, u) }) {
			list.Tiers = append(list.Tiers, []string{u})
		}
	}
	return list
}

// replace puts tiers in the place of all trackers; nil: those that there were.
func (a *announces) replace(tiers [][]string) {
	a.replaced = tiers
	switch {
	case a.announcer != nil:
		a.follow()
	case a.started: // there was none to ask
		a.start(a.counters.left.Load() == 0)
	}
}

// follow has the announcer go on with the trackers that there are now. As long as we
// do not know what we have, new ones wait for start.
func (a *announces) follow() {
	list := a.list()
	if a.note(list); a.held {
		list = a.begunOf(list)
	}
	a.announcer.SetList(list)
}

// begunOf are those trackers of a list that the announcer has already.
func (a *announces) begunOf(list tracker.List) tracker.List {
	known := make(map[string]bool)
	for _, s := range a.announcer.Status() {
		known[s.URL] = true
	}
	old := tracker.List{Private: list.Private, Apart: list.Apart}
	for _, tier := range list.Tiers {
		kept := slices.DeleteFunc(slices.Clone(tier), func(u string) bool { return !known[u] })
		old.Tiers = append(old.Tiers, kept)
	}
	return old
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
	list := a.list()
	return len(list.Tiers)+len(list.Apart) > 0
}

// want asks the trackers for more peers, as soon as they allow.
func (a *announces) want() {
	if a.announcer != nil {
		a.announcer.Want()
	}
}

// again asks all trackers anew, also those that failed, as soon as they allow.
func (a *announces) again() {
	if a.announcer != nil {
		a.announcer.Again()
	}
}

// complete tells the trackers, once, that the download is.
func (a *announces) complete() {
	if !a.completed && a.announcer != nil {
		a.completed = true
		a.announcer.Completed()
	}
}

// status is what became of each tracker, the user's own last.
func (a *announces) status() []tracker.Status {
	if a.announcer == nil {
		return nil
	}
	return a.announcer.Status()
}

// learn takes over what the link has led to, and perhaps other trackers with it,
// which start begins with. Those of the link that are not among them are left.
func (a *announces) learn(m *metainfo.Torrent) {
	a.meta = m
	if a.announcer != nil {
		a.held = true
		a.follow()
	}
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

// heard takes those addresses from a tracker that the policy of whoever named it
// allows. The announcer's goroutines call it.
func (a *announces) heard(from string, peers []netip.AddrPort) {
	as, policy, who := swarm.FromTracker, a.core.policy, hostOf(from)
	if slices.Contains(a.users(), from) {
		as, policy = swarm.FromUserTracker, a.core.client.user
	}
	a.core.post(func(now time.Time) {
		for _, peer := range peers {
			if policy.Named(peer) {
				a.hooks.found(peer, as, who, now)
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
	if a.announcer != nil {
		d.trackers = a.announcer.Sleep()
	}
	return d
}

// stop tells all trackers that we go. It does not wait: the channel is closed when
// all have answered or the time for it is over.
func (a *announces) stop() <-chan struct{} {
	if a.announcer == nil {
		return closedChan()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer a.core.caught()
		ctx, cancel := context.WithDeadline(context.Background(), a.core.client.farewell.until(time.Now()))
		defer cancel()
		a.announcer.Stop(ctx)
	}()
	return done
}

// maxTrackers bounds the trackers of one torrent that are used.
const maxTrackers = 100

// checkTiers returns a copy of tiers without what is empty, nil only for nil; or says
// why they cannot be used.
func checkTiers(tiers [][]string) ([][]string, error) {
	if tiers == nil {
		return nil, nil
	}
	clean, n := [][]string{}, 0
	for _, tier := range tiers {
		var list []string
		for _, u := range tier {
			if u = strings.TrimSpace(u); u == "" {
				continue
			}
			if err := tracker.CheckURL(u); err != nil {
				return nil, err
			}
			if n++; n > maxTrackers {
				return nil, fmt.Errorf("more than %d trackers", maxTrackers)
			}
			list = append(list, u)
		}
		if list != nil {
			clean = append(clean, list)
		}
	}
	return clean, nil
}

// hostsOf are those of the trackers of a list.
func hostsOf(l tracker.List) (all []string) {
	for _, tier := range append(slices.Clone(l.Tiers), l.Apart) {
		for _, u := range tier {
			all = append(all, hostOf(u))
		}
	}
	return all
}

// hostOf is the host of a tracker, as addresses are told by it.
func hostOf(tracker string) string {
	if u, err := url.Parse(tracker); err == nil {
		return u.Host
	}
	return tracker
}
