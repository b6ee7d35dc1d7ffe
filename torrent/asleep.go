package torrent

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gotor/torrent/network"
	"gotor/tracker"
	"gotor/tracker/dht"
)

const (
	// dhtAsleep is how often the DHT is told of a torrent that sleeps: nodes forget
	// after half an hour, and nobody there is asked for anything.
	dhtAsleep = 25 * time.Minute
	// asleepLeast is the least time between two announces of a torrent that sleeps:
	// what failed for thousands of them is not tried again within seconds.
	asleepLeast = time.Minute
	// maxHeard bounds the addresses that one announce brings together.
	maxHeard = 1000
)

// EventStopped is the Event of Asleep that ends the sleep.
const EventStopped = tracker.EventStopped

// Asleep is a torrent that seeds although it has no Torrent.
type Asleep struct {
	InfoHash [20]byte
	Trackers [][]string // those of the torrent, in tiers (BEP 12)
	// UserTrackers are those that the user named, as Source.Trackers.
	UserTrackers []string
	Private      bool // its trackers only (BEP 27), whatever DHT says
	Local        bool // as Source.Local
	// What trackers are told, in bytes. Uploaded and Downloaded count only where the
	// Client has not announced the torrent yet: then it goes on from what it has told.
	Uploaded, Downloaded, Left int64
	// Event EventStopped tells the trackers that know the torrent that it sleeps no more,
	// and is gone. All others follow from what they know already: leave it zero.
	Event tracker.Event
	DHT   bool // tell the DHT, if the Client has one
}

// Heard is what came of an announce.
type Heard struct {
	// Next is in how much time the next announce is due, a minute at least; 0: never.
	Next              time.Duration
	Seeders, Leechers int // the most that a tracker knows of; -1: none has said
	Peers             []netip.AddrPort
	Trackers          []TrackerStatus // the user's last
}

// AnnounceAsleep makes the announces of a torrent without a Torrent that are due: to its
// trackers as a Torrent would, to the DHT, and to the local network. It waits for the
// turns of all and for the answers, up to minutes; many may run at a time. A Torrent
// that goes to sleep passes on when something is due, and one that wakes goes on with
// that. An error says that ctx or the Client has ended; what became of a tracker is in
// Heard.
func (c *Client) AnnounceAsleep(ctx context.Context, a Asleep) (Heard, error) {
	c.mu.Lock()
	closed := c.ctx.Err() != nil
	if !closed {
		c.running.Add(1)
	}
	c.mu.Unlock()
	if closed {
		return Heard{}, errClosed
	}
	defer c.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	s := &sleeper{client: c, Asleep: a, policy: network.ByTorrent(a.Local, c.cfg.family()), dream: c.slumber.take(a.InfoHash)}
	if a.Event == tracker.EventStopped {
		s.part(ctx)
	} else {
		s.announce(ctx)
		c.slumber.put(a.InfoHash, s.dream, time.Now())
	}
	return s.heard, context.Cause(ctx)
}

var errClosed = errors.New("client is closed")

// sleeper makes the announces of one torrent.
type sleeper struct {
	Asleep
	client *Client
	policy *network.Policy
	dream  *dream

	mu    sync.Mutex
	heard Heard
}

// announce makes those that are due.
func (s *sleeper) announce(ctx context.Context) {
	if s.dream.fresh() {
		s.dream.up, s.dream.down = s.Uploaded, s.Downloaded
	}
	trackers := s.announcer()
	var all sync.WaitGroup
	for _, work := range []func(){
		func() { trackers.Round(ctx) },
		func() { s.search(ctx) },
		s.tellLocal,
	} {
		all.Go(func() {
			defer s.client.caught()
			work()
		})
	}
	all.Wait()
	s.dream.trackers = trackers.Sleep()
	s.sum(trackers.Status(), time.Now())
}

// part tells the trackers that know the torrent that it is gone.
func (s *sleeper) part(ctx context.Context) {
	if s.client.lsd != nil {
		s.client.lsd.remove(s.InfoHash)
	}
	trackers := s.announcer()
	trackers.Stop(ctx)
	s.sum(trackers.Status(), time.Now())
	s.heard.Next = 0
}

// announcer is one to all trackers, by the policies of whoever named them. It is not
// started.
func (s *sleeper) announcer() *tracker.Announcer {
	c := s.client
	return tracker.NewAnnouncer(tracker.AnnouncerConfig{
		Client: c.trackers, Memory: s.dream.trackers, Complete: s.Left == 0, External: c.endpoint.heard, Bug: c.bug,
		Trackers: tracker.List{Tiers: withoutThose(s.Trackers, s.UserTrackers), Private: s.Private, Apart: s.UserTrackers},
		Judge: func(url string) tracker.Judge {
			if s.users(url) {
				return network.NewGuard(c.user.Rules(network.OwnTrackers(s.UserTrackers)))
			}
			return network.NewGuard(s.policy.Rules(network.TrackerPath))
		},
		Peers: func(url string, peers []netip.AddrPort) {
			by := s.policy
			if s.users(url) {
				by = c.user
			}
			s.found(peers, by.Named)
		},
		Request: func(e tracker.Event) tracker.Request {
			return tracker.Request{
				InfoHash: s.InfoHash, PeerID: c.id, Port: c.endpoint.port(), Event: e, Key: c.key, NumWant: maxPeers,
				Uploaded: s.dream.up, Downloaded: s.dream.down, Left: s.Left,
			}
		},
		Trace: c.totals.announced,
	})
}

// users reports whether the user has named a tracker.
func (s *sleeper) users(url string) bool { return slices.Contains(s.UserTrackers, url) }

// found keeps addresses that may be used.
func (s *sleeper) found(peers []netip.AddrPort, may func(netip.AddrPort) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range peers {
		if len(s.heard.Peers) < maxHeard && may(a) && !slices.Contains(s.heard.Peers, a) {
			s.heard.Peers = append(s.heard.Peers, a)
		}
	}
}

// tellsDHT reports whether the DHT is to hear of the torrent.
func (s *sleeper) tellsDHT() bool {
	return s.DHT && !s.Private && s.client.dht != nil && s.client.endpoint.port() != 0 && s.client.dht.promising()
}

// search tells the DHT, if that is due.
func (s *sleeper) search(ctx context.Context) {
	if !s.tellsDHT() || time.Now().Before(s.dream.dht) {
		return
	}
	d := s.client.dht
	o := dht.PeersOptions{Announce: true, Port: s.client.endpoint.port(), Seed: s.Left == 0, NoSeeds: s.Left == 0}
	res := d.peersAsleep(ctx, s.InfoHash, o, func(addrs []netip.AddrPort) {
		s.found(addrs, func(a netip.AddrPort) bool { return s.policy.Told(a, d.local.Load()) })
	})
	wait := dhtAsleep
	if res.Err != nil {
		wait = dhtHungry
	}
	s.dream.dht = time.Now().Add(wait)
}

// tellLocal tells the local network.
func (s *sleeper) tellLocal() {
	if !s.Private && s.client.lsd != nil {
		_ = s.client.lsd.announce(s.InfoHash) // there may be none
	}
}

// sum fills in what was heard.
func (s *sleeper) sum(trackers []tracker.Status, now time.Time) {
	h := &s.heard
	all, crowd := trackerStatus(trackers)
	h.Trackers = all
	h.Seeders, h.Leechers = crowd.Seeders, crowd.Leechers
	var dues []time.Time
	if m := s.dream.trackers; m != nil {
		if at, ok := m.Due(); ok {
			dues = append(dues, at)
		}
	}
	if s.tellsDHT() {
		dues = append(dues, s.dream.dht)
	}
	if len(dues) > 0 {
		h.Next = max(asleepLeast, slices.MinFunc(dues, time.Time.Compare).Sub(now))
	}
}
