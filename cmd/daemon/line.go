package daemon

import (
	"time"

	"gotor/torrent/session"
)

// line is the queue: who has a turn to download or to seed, and who waits for one. It
// belongs to the floor.
type line struct {
	queue *session.Queue
	items map[session.ID]*item
	dirty bool      // somebody wants something else since decide
	wake  time.Time // when to decide although nothing happens; zero: never
	stood map[*item]bool
	moved bool // places may be others
}

func newLine() *line {
	return &line{queue: session.NewQueue(session.QueueLimits{}), items: map[session.ID]*item{}, stood: map[*item]bool{}}
}

// set says what a torrent wants.
func (l *line) set(it *item, e *session.Entry, want need) {
	j := session.Job{Rank: e.Rank, Pass: e.Pass}
	switch want {
	case needLookup, needData:
		j.Turn = session.DownloadTurn
	case needCheck:
		j.Turn = session.CheckTurn // the engine sees to it that each disk is read in order
	case needPeers:
		j.Turn = session.SeedTurn
	}
	if was := l.items[it.id]; was != it {
		if was != nil { // removed, and added again: it has no part in the turn of that one
			l.drop(was)
		}
		l.items[it.id] = it
		l.dirty = true
	}
	if l.queue.Set(it.id, j) {
		l.dirty = true
	}
}

// drop forgets an item that is there no more.
func (l *line) drop(it *item) {
	delete(l.stood, it)
	if l.items[it.id] != it {
		return
	}
	delete(l.items, it.id)
	l.queue.Drop(it.id)
	l.dirty = true
}

// decide returns whose turn begins or ends.
func (l *line) decide(now time.Time) (changes []session.Change) {
	if !l.dirty && (l.wake.IsZero() || now.Before(l.wake)) {
		return nil
	}
	l.dirty, l.moved = false, true
	changes, l.wake = l.queue.Next(now)
	return changes
}

// places are the places of those that wait, from 0, and -1 for those who do not any
// more; nothing if they are as they were.
func (l *line) places() map[*item]int {
	if !l.moved {
		return nil
	}
	l.moved = false
	out := map[*item]int{}
	for it := range l.stood {
		out[it] = -1
	}
	clear(l.stood)
	for _, turn := range []session.Turn{session.DownloadTurn, session.SeedTurn} {
		for i, id := range l.queue.Waiting(turn) {
			if it := l.items[id]; it != nil {
				out[it] = i
				l.stood[it] = true
			}
		}
	}
	return out
}
