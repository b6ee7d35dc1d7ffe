package dht

import (
	"container/list"
	"time"
)

const (
	maxItems = 1000
	itemLife = 2 * time.Hour // BEP 44: put again every hour
)

// storedItem is an item that others have put here.
type storedItem struct {
	Item
	target ID
	last   time.Time
	place  *list.Element
}

// itemStore holds items in the order of their last put.
type itemStore struct {
	items map[ID]*storedItem
	order list.List
}

func newItemStore() *itemStore { return &itemStore{items: make(map[ID]*storedItem)} }

// get returns what lies under a target, or nil.
func (s *itemStore) get(now time.Time, target ID) *storedItem {
	s.expire(now)
	return s.items[target]
}

// put stores an item under its target, over what lies there; when there is no
// room, the one goes that was put longest ago.
func (s *itemStore) put(now time.Time, it Item) {
	s.expire(now)
	target := it.Target()
	if old := s.items[target]; old != nil {
		s.remove(old)
	}
	if len(s.items) >= maxItems {
		s.remove(s.order.Front().Value.(*storedItem))
	}
	e := &storedItem{Item: it, target: target, last: now}
	e.place = s.order.PushBack(e)
	s.items[target] = e
}

func (s *itemStore) remove(e *storedItem) {
	s.order.Remove(e.place)
	delete(s.items, e.target)
}

func (s *itemStore) expire(now time.Time) {
	for e := s.order.Front(); e != nil; e = s.order.Front() {
		it := e.Value.(*storedItem)
		if now.Sub(it.last) < itemLife {
			return
		}
		s.remove(it)
	}
}
