package daemon

import (
	"container/heap"
	"time"
)

// alarms are the times at which torrents are to be looked at although nothing happens
// to them, one for each. The zero value has none.
type alarms struct {
	queue alarmHeap
	of    map[*item]*alarm
}

type alarm struct {
	it *item
	at time.Time
	i  int // place in the heap
}

// set gives a torrent another time; zero: none.
func (a *alarms) set(it *item, at time.Time) {
	have := a.of[it]
	switch {
	case have != nil && at.IsZero():
		heap.Remove(&a.queue, have.i)
		delete(a.of, it)
	case have != nil && !have.at.Equal(at):
		have.at = at
		heap.Fix(&a.queue, have.i)
	case have == nil && !at.IsZero():
		if a.of == nil {
			a.of = map[*item]*alarm{}
		}
		have = &alarm{it: it, at: at}
		heap.Push(&a.queue, have)
		a.of[it] = have
	}
}

// next is when the first is due; zero: never.
func (a *alarms) next() time.Time {
	if len(a.queue) == 0 {
		return time.Time{}
	}
	return a.queue[0].at
}

// due takes out one whose time has come; nil: none.
func (a *alarms) due(now time.Time) *item {
	if len(a.queue) == 0 || now.Before(a.queue[0].at) {
		return nil
	}
	it := a.queue[0].it
	a.set(it, time.Time{})
	return it
}

// alarmHeap is a heap.Interface, the earliest first.
type alarmHeap []*alarm

func (h alarmHeap) Len() int           { return len(h) }
func (h alarmHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h alarmHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *alarmHeap) Push(x any) {
	a := x.(*alarm)
	a.i = len(*h)
	*h = append(*h, a)
}

func (h *alarmHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
