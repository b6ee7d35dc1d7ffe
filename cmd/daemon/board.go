package daemon

import (
	"container/list"
	"maps"
	"slices"
	"sync"
	"time"

	"gotor/cmd/record"
)

const (
	// keptRemovals and keptMilestones bound what is remembered of what is over: who
	// asks for more has to load the list again.
	keptRemovals   = 4096
	keptMilestones = 4096
)

// board is what everybody may see: the torrents as they were last shown, each with
// the revision at which it changed. Rows are never changed once they are here, so
// that readers share them. Its methods may be called from any goroutine, and none
// waits for anything but the others.
type board struct {
	mu       sync.Mutex
	revision uint64
	next     chan struct{} // closed with the next revision
	batch    bool          // it waits for the end of a batch
	turned   bool          // in this batch
	rows     map[string]*posted
	added    []string   // ids, in the order in which they were added
	fresh    *list.List // of *posted, the one that changed last at the end
	counts   tally

	removed    []removal
	floor      uint64 // removals up to this revision are forgotten
	milestones []record.Milestone

	// What was last made for readers, until something changes.
	listing *record.Listing
	shown   *record.Counts
}

// posted is a row, and its place among the others.
type posted struct {
	row *record.Torrent
	at  *list.Element
}

type removal struct {
	id       string
	revision uint64
}

// newBoard makes an empty board. Revisions begin with the time, so that those of
// an earlier run are older than all of this one; they stay below 2^53, which is as
// far as JavaScript counts.
func newBoard(now time.Time) *board {
	first := uint64(max(now.Unix(), 1)) * 1e6
	return &board{revision: first, floor: first, next: make(chan struct{}), rows: map[string]*posted{}, fresh: list.New(), counts: newTally()}
}

// put shows rows as they are now, those that look as before left out. The board
// keeps them. A milestone without a time, or without a row that was ever shown, is
// not for it.
func (b *board) put(rows []*record.Torrent, reached ...record.Milestone) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := b.revision + 1
	changed := false
	for _, row := range rows {
		changed = b.post(row, next) || changed
	}
	for _, m := range reached {
		m.Revision = next
		b.milestones = keep(b.milestones, m, keptMilestones)
	}
	if changed || len(reached) > 0 {
		b.turn(next)
	}
}

// post takes one row, and reports whether it is different.
func (b *board) post(row *record.Torrent, revision uint64) bool {
	p := b.rows[row.ID]
	if p == nil {
		p = &posted{}
		p.at = b.fresh.PushBack(p)
		b.rows[row.ID] = p
		b.added = append(b.added, row.ID)
	} else {
		if same(p.row, row) {
			return false
		}
		b.counts.count(p.row, -1)
		b.fresh.MoveToBack(p.at)
	}
	row.Revision = revision
	p.row = row
	b.counts.count(row, 1)
	return true
}

// remove takes a row away.
func (b *board) remove(id string, m record.Milestone) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.rows[id]
	if p == nil {
		return
	}
	next := b.revision + 1
	b.counts.count(p.row, -1)
	b.fresh.Remove(p.at)
	delete(b.rows, id)
	b.added = slices.DeleteFunc(b.added, func(other string) bool { return other == id })
	if len(b.removed) == keptRemovals {
		b.floor = b.removed[0].revision
	}
	b.removed = keep(b.removed, removal{id, next}, keptRemovals)
	m.Revision = next
	b.milestones = keep(b.milestones, m, keptMilestones)
	b.turn(next)
}

// turn begins a revision, and wakes who waits for one.
func (b *board) turn(revision uint64) {
	b.revision, b.listing, b.shown = revision, nil, nil
	if b.turned = b.batch; b.turned {
		return
	}
	close(b.next)
	b.next = make(chan struct{})
}

// together does what puts many rows, and wakes who waits once, at its end.
func (b *board) together(do func()) {
	b.mu.Lock()
	b.batch = true
	b.mu.Unlock()
	do()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.batch = false
	if b.turned {
		b.turn(b.revision)
	}
}

// touch begins a revision in which no row has changed, but something else that is
// shown.
func (b *board) touch() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(b.revision + 1)
}

// changed is the newest revision, and what is closed with the next.
func (b *board) changed() (uint64, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.revision, b.next
}

// get is one row; nil: there is none.
func (b *board) get(id string) *record.Torrent {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.rows[id]; p != nil {
		return p.row
	}
	return nil
}

// list is all rows.
func (b *board) list() record.Listing {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listing == nil {
		l := record.Listing{Revision: b.revision, Torrents: make([]*record.Torrent, len(b.added)), Counts: b.countsNow()}
		for i, id := range b.added {
			l.Torrents[i] = b.rows[id].row
		}
		b.listing = &l
	}
	return *b.listing
}

// since is what has changed after a revision, the oldest change first. It takes time
// in proportion to that, however many rows there are.
func (b *board) since(revision uint64) (d record.Delta, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if revision < b.floor || revision > b.revision {
		return d, false
	}
	d = record.Delta{Revision: b.revision, Counts: b.countsNow()}
	for e := b.fresh.Back(); e != nil && e.Value.(*posted).row.Revision > revision; e = e.Prev() {
		d.Changed = append(d.Changed, e.Value.(*posted).row)
	}
	slices.Reverse(d.Changed)
	for i := len(b.removed) - 1; i >= 0 && b.removed[i].revision > revision; i-- {
		if id := b.removed[i].id; !slices.Contains(d.Removed, id) {
			d.Removed = append(d.Removed, id)
		}
	}
	slices.Reverse(d.Removed)
	return d, true
}

// reached are the milestones after a revision.
func (b *board) reached(revision uint64) []record.Milestone {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := len(b.milestones)
	for i > 0 && b.milestones[i-1].Revision > revision {
		i--
	}
	return slices.Clone(b.milestones[i:])
}

// states counts the rows of each state.
func (b *board) states() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.countsNow().State
}

func (b *board) countsNow() *record.Counts {
	if b.shown == nil {
		b.shown = b.counts.copy()
	}
	return b.shown
}

// keep appends to a list of the last n.
func keep[T any](list []T, v T, n int) []T {
	if len(list) >= n {
		list = append(list[:0], list[len(list)-n+1:]...)
	}
	return append(list, v)
}

// tally counts rows by what they have in common.
type tally struct{ by record.Counts }

func newTally() tally {
	return tally{record.Counts{State: map[string]int{}, Label: map[string]int{}, Tracker: map[string]int{}, Dir: map[string]int{}}}
}

// count adds a row, or takes it away.
func (t *tally) count(row *record.Torrent, n int) {
	add := func(m map[string]int, key string) {
		if m[key] += n; m[key] == 0 {
			delete(m, key)
		}
	}
	add(t.by.State, row.State)
	add(t.by.Dir, row.Dir)
	if row.Tracker != "" {
		add(t.by.Tracker, row.Tracker)
	}
	for _, l := range row.Labels {
		add(t.by.Label, l)
	}
}

func (t *tally) copy() *record.Counts {
	return &record.Counts{State: maps.Clone(t.by.State), Label: maps.Clone(t.by.Label), Tracker: maps.Clone(t.by.Tracker), Dir: maps.Clone(t.by.Dir)}
}
