package torrent

import (
	"fmt"
	"slices"
	"time"

	"gotor/piece"
	"gotor/tracker"
)

// This file is what a person sees of a torrent.

// Snapshot is what a person may see now.
func (t *Torrent) Snapshot() Snapshot {
	s, ok := ask(t.core, t.outcome.stopped, func(now time.Time) Snapshot { return t.look(now, &t.rates) })
	if !ok {
		s = t.outcome.latest()
	}
	if s.DHT.Used {
		s.DHT.Nodes = t.core.client.dht.nodes()
	}
	return s
}

// look fills a Snapshot.
func (t *Torrent) look(now time.Time, rates *rates) Snapshot {
	down, up := trafficOf(t)
	n := t.peers.count()
	if t.state == StateFailed {
		n = t.atEnd
	}
	s := Snapshot{
		Name: t.core.name, InfoHash: fmt.Sprintf("%x", t.core.hash), State: t.state, Elapsed: now.Sub(t.started),
		Wanted: t.held.wanted, Verified: t.held.verified, Resumed: t.held.resumed,
		Checked: t.counters.check.done.Load(), ToCheck: t.counters.check.total.Load(),
		Downloaded: down, Uploaded: up, Wasted: t.change.waste(t.held.mgr),
		DownRate: rates.down.Look(down, now), UpRate: rates.up.Look(up, now),
		Peers: n.peers, Seeds: n.seeds, Choking: n.choking, Lacking: n.lacking, Silent: n.silent,
	}
	if t.layout != nil {
		s.Pieces, s.PiecesDone = t.layout.Pieces(), countBits(t.held.have)
	}
	t.lookup.show(&s)
	s.Ratio = t.held.ratio(up)
	t.peers.look(&s)
	if left := t.held.lacks(); left > 0 && s.DownRate > 0 {
		s.ETA = time.Duration(float64(left) / float64(s.DownRate) * float64(time.Second))
	}
	s.Trackers, s.Swarm = trackerStatus(t.announces.status())
	if t.held.mgr != nil {
		s.Availability = piece.CopiesOf(t.held.mgr)
	}
	s.Port = t.core.client.endpoint.port()
	t.disco.describe(&s)
	t.public.describe(&s, t.peers.everConnected)
	s.PeerErrors = append(s.PeerErrors, t.core.failures...)
	s.Unreadable = slices.Clone(t.held.unreadable.list)
	s.WebSeeds, s.DownloadedWeb = t.web.status(), t.web.downloaded()
	t.told.tell(&t.core.client.totals, down, s.DownloadedWeb, up, s.Wasted)
	t.motion.look(down+up, now)
	s.LastPayload = t.motion.at
	return s
}

// trackerStatus is what a person may see of trackers.
func trackerStatus(all []tracker.Status) (list []TrackerStatus, swarm Crowd) {
	swarm = Crowd{-1, -1}
	for i := range all {
		a := &all[i]
		list = append(list, TrackerStatus{
			URL: tracker.Redact(a.URL), Tier: a.Tier, State: string(a.State), OK: a.LastOK, Error: a.Err, Peers: a.Peers,
			Seeders: a.Seeders, Leechers: a.Leechers, Last: a.Last, Next: a.Next,
		})
		swarm.Seeders, swarm.Leechers = max(swarm.Seeders, a.Seeders), max(swarm.Leechers, a.Leechers)
	}
	return list, swarm
}

// trafficOf sums what all connections, past and present, carried.
func trafficOf(t *Torrent) (down, up int64) {
	down, up = t.peers.traffic()
	return down + t.web.downloaded(), up
}

// workedBy is what this run has done so far.
func workedBy(t *Torrent, now time.Time) worked {
	down, up := trafficOf(t)
	return worked{down, up, now.Sub(t.started)}
}
