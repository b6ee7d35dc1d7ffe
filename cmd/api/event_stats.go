package api

import (
	"slices"

	"gotor/cmd/record"
)

// freeStep is how finely a stream tells free space: others write to the disk, too,
// and that alone is no news.
const freeStep = 16 << 20

// statsEvent is what a stream tells of the figures of a daemon: those that stand
// still when nothing goes on.
func statsEvent(s record.Stats) *record.StatsEvent {
	ev := &record.StatsEvent{
		DownRate: s.DownRate, UpRate: s.UpRate, Limits: s.Limits, Downloaded: s.Downloaded, Uploaded: s.Uploaded, Session: s.Session,
		Wasted: s.Wasted, Torrents: s.Torrents, Active: s.Active, Connections: s.Connections, Port: s.Port, External: s.External,
		Reachable: s.Reachable, DHTNodes: s.DHTNodes, Disks: slices.Clone(s.Disks), Announces: s.Announces, Ready: s.Ready,
	}
	for i, d := range ev.Disks {
		if d.Free != nil {
			free := *d.Free / freeStep * freeStep
			ev.Disks[i].Free = &free
		}
	}
	return ev
}
