package ui

import (
	"time"

	"gotor/torrent"
)

// seedQuiet is the longest time without a plain line about a seed to which nothing
// happens: its log may run for months.
const seedQuiet = 10 * time.Minute

// sumRow is the id of the line that speaks of all rows.
const sumRow = -1

// seedLog thins out the plain lines about seeds.
type seedLog struct {
	said map[int]saidSeed // by id of the row
}

// saidSeed is what was last said of a seed.
type saidSeed struct {
	at    time.Time
	facts seedFacts
}

// seedFacts are what makes a line worth saying when it has changed.
type seedFacts struct {
	peers    int
	uploaded int64
	moving   bool   // something is being uploaded
	hidden   string // why nobody can find it; empty: somebody can
}

// due reports whether a line about a row is worth saying now, and takes it for said
// then. All are that speak of anything else than seeding.
func (l *seedLog) due(id int, sn *torrent.Snapshot, now time.Time) bool {
	if sn.State != torrent.StateSeeding {
		delete(l.said, id)
		return true
	}
	facts := seedFacts{peers: sn.Peers, uploaded: sn.Uploaded, moving: sn.UpRate > 0}
	if sn.Hidden() {
		facts.hidden = HiddenText(sn)
	}
	last, known := l.said[id]
	if known && facts == last.facts && now.Sub(last.at) < seedQuiet {
		return false
	}
	if l.said == nil {
		l.said = map[int]saidSeed{}
	}
	l.said[id] = saidSeed{now, facts}
	return true
}
