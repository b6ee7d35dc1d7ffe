package daemon

import (
	"time"

	"gotor/cmd/record"
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
	if err := d.Ready(); err != nil {
		s.Ready = err.Error()
	}
	return s
}

// Metrics are the figures that Stats leaves out.
func (d *Daemon) Metrics() record.Metrics { return record.Metrics{} }
