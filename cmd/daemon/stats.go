package daemon

import (
	"cmp"
	"slices"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
)

// Stats are the figures of the daemon.
func (d *Daemon) Stats() record.Stats {
	p, now := d.parts, time.Now()
	s := record.Stats{Now: now.UTC(), Started: d.started, Torrents: p.board.states(), Port: int(p.client.Port()), Disks: p.roots.disks(), Memory: resident()}
	s.DownRate, s.UpRate = p.meter.rates(now)
	s.Session.Downloaded, s.Session.Uploaded, s.Wasted = p.meter.totals()
	before := p.floor.before
	s.Downloaded, s.Uploaded = before.Downloaded+s.Session.Downloaded, before.Uploaded+s.Session.Uploaded
	s.Active = len(p.client.Torrents())
	s.Limits = p.floor.limits()
	t := p.client.Totals()
	s.Connections, s.Dialing, s.OpenFiles, s.Buffers, s.BufferLimit = t.Connections, t.Dialing, t.OpenFiles, t.Buffers, t.BufferLimit
	s.Announces = t.AnnouncesWaiting
	s.DHTNodes = counted(t.DHTNodes)
	if a := p.client.External(); a.IsValid() {
		s.External = a.String()
	}
	if p.client.Reached() {
		s.Reachable = new(true)
	}
	if err := d.Ready(); err != nil {
		s.Ready = err.Error()
	}
	return s
}

// peerCounts are connections by kind, always in the same order.
func peerCounts(kinds map[torrent.PeerKind]int) []record.PeerCount {
	var list []record.PeerCount
	for k, n := range kinds {
		p := record.PeerCount{Transport: k.Transport, Encryption: k.Encryption, Direction: "out", Count: n}
		if k.Incoming {
			p.Direction = "in"
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b record.PeerCount) int {
		return cmp.Or(cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.Encryption, b.Encryption), cmp.Compare(a.Direction, b.Direction))
	})
	return list
}

// Metrics are the figures that Stats leaves out.
func (d *Daemon) Metrics() record.Metrics {
	t := d.parts.client.Totals()
	m := record.Metrics{
		Peers:         peerCounts(t.Kinds),
		ReceivedPeers: t.FromPeers, ReceivedWeb: t.FromWeb, Sent: t.Sent, Verified: t.Verified, PiecesFailed: t.PiecesFailed,
		Wasted:    map[string]int64{"hash": t.WastedHash, "twice": t.WastedTwice},
		Announces: record.Tally{OK: t.AnnouncesOK, Failed: t.AnnouncesFailed},
		Dials:     record.Tally{OK: t.DialsOK, Failed: t.DialsFailed},
	}
	if t.DHTNodes >= 0 {
		m.DHTNodes = map[string]int{"ipv4": t.DHTNodes - t.DHTNodes6, "ipv6": t.DHTNodes6}
	}
	m.JournalSyncs, m.JournalSyncSeconds = d.syncs.get()
	return m
}
