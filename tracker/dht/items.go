package dht

import (
	"container/list"
	"net/netip"
	"time"
)

const (
	maxItems  = 1000
	itemShare = maxItems / 4  // of one source; see shares
	itemLife  = 2 * time.Hour // BEP 44: put again every hour
)

// storedItem is an item that others have put here.
type storedItem struct {
	Item
	target ID
	source netip.AddrPort // whom it counts for
	last   time.Time
	place  *list.Element
}

// itemStore holds items in the order of their last put.
type itemStore struct {
	rules  addressRules
	items  map[ID]*storedItem
	order  list.List
	shares shares
}

func newItemStore(rules addressRules) *itemStore {
	return &itemStore{rules: rules, items: make(map[ID]*storedItem), shares: newShares(itemShare)}
}

// get returns what lies under a target, or nil.
func (s *itemStore) get(now time.Time, target ID) *storedItem {
	s.expire(now)
	return s.items[target]
}

// put stores an item of a sender under its target, over what lies there; when
// there is no room, one of those who hold most goes, put longest ago.
func (s *itemStore) put(now time.Time, it Item, from netip.AddrPort) {
	s.expire(now)
	target, source := it.Target(), s.rules.source(from)
	if old := s.items[target]; old != nil {
		source = s.shares.keeper(old.source, source)
		s.remove(old)
	}
	switch {
	case s.shares.full(s.rules, source):
		s.evict(func(other netip.AddrPort) bool { return other == source })
	case len(s.items) >= maxItems:
		s.evict(s.shares.payer(source))
	}
	e := &storedItem{Item: it, target: target, source: source, last: now}
	e.place = s.order.PushBack(e)
	s.items[target] = e
	s.shares.add(source)
}

// evict removes the item put longest ago of the sources that pay.
func (s *itemStore) evict(pays func(netip.AddrPort) bool) {
	for e := s.order.Front(); e != nil; e = e.Next() {
		if it := e.Value.(*storedItem); pays(it.source) {
			s.remove(it)
			return
		}
	}
}

func (s *itemStore) remove(e *storedItem) {
	s.shares.remove(e.source)
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
