package session

import (
	"container/heap"
	"strings"
	"time"
)

// Pace says which sleeping torrent is announced next: the one that is due first, and
// never more than so many in a second, however many are due. It reads no clock, and
// belongs to one goroutine.
type Pace struct {
	every time.Duration // between two
	ready time.Time     // before it nobody is taken
	due   dueHeap
	byID  map[ID]*due
}

// due is a torrent and its time.
type due struct {
	id ID
	at time.Time
	i  int // in the heap
}

// NewPace takes how many may be taken in a second, at least 1.
func NewPace(perSecond int) *Pace {
	return &Pace{every: time.Second / time.Duration(max(1, perSecond)), byID: make(map[ID]*due)}
}

// Set says when a torrent is due, instead of when it was.
func (p *Pace) Set(id ID, at time.Time) {
	if d := p.byID[id]; d != nil {
		d.at = at
		heap.Fix(&p.due, d.i)
		return
	}
	d := &due{id: id, at: at}
	p.byID[id] = d
	heap.Push(&p.due, d)
}

// Drop forgets a torrent.
func (p *Pace) Drop(id ID) {
	if d := p.byID[id]; d != nil {
		heap.Remove(&p.due, d.i)
		delete(p.byID, id)
	}
}

// Take returns a torrent whose time has come, and forgets it: it is Set again when it is
// known when it is due next. false: nobody yet, see Wake.
func (p *Pace) Take(now time.Time) (ID, bool) {
	if len(p.due) == 0 || p.due[0].at.After(now) || p.ready.After(now) {
		return "", false
	}
	d := heap.Pop(&p.due).(*due)
	delete(p.byID, d.id)
	p.ready = now.Add(p.every)
	return d.id, true
}

// Wake returns when Take has somebody; zero: never, as it is.
func (p *Pace) Wake() time.Time {
	if len(p.due) == 0 {
		return time.Time{}
	}
	if at := p.due[0].at; at.After(p.ready) {
		return at
	}
	return p.ready
}

// dueHeap has who is due first in front.
type dueHeap []*due

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return strings.Compare(string(h[i].id), string(h[j].id)) < 0
}

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *dueHeap) Push(x any) {
	d := x.(*due)
	d.i = len(*h)
	*h = append(*h, d)
}

func (h *dueHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return d
}
