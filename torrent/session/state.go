package session

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// state is a session in memory. It knows no disk and no lock.
type state struct {
	items    map[ID]*item
	alias    map[ID]ID // the second ids of hybrids
	ids      []ID      // in the order of Serial
	serial   uint64    // the greatest given
	settings json.RawMessage
	totals   Totals
	once     onces
}

// item is what is kept of one torrent. entry is never changed, but replaced.
type item struct {
	entry  *Entry
	tally  Tally
	record []byte
}

func newState() *state {
	return &state{items: make(map[ID]*item), alias: make(map[ID]ID), once: onces{byKey: make(map[string]*Once)}}
}

// find returns the item that answers to either id; nil: none.
func (s *state) find(id ID) *item {
	if it := s.items[id]; it != nil {
		return it
	}
	if first, ok := s.alias[id]; ok {
		return s.items[first]
	}
	return nil
}

// put sets an entry.
func (s *state) put(e *Entry) {
	s.serial = max(s.serial, e.Serial)
	it := s.items[e.ID]
	if it == nil {
		s.items[e.ID] = &item{entry: e}
		s.place(e)
	} else {
		moved := it.entry.Serial != e.Serial
		delete(s.alias, it.entry.V2)
		it.entry = e
		if moved {
			s.ids = slices.DeleteFunc(s.ids, func(id ID) bool { return id == e.ID })
			s.place(e)
		}
	}
	if e.V2 != "" {
		s.alias[e.V2] = e.ID
	}
}

// place inserts an id where its serial belongs: at the end, but for a damaged journal.
func (s *state) place(e *Entry) {
	at, _ := slices.BinarySearchFunc(s.ids, e.Serial, func(id ID, serial uint64) int {
		return cmp.Compare(s.items[id].entry.Serial, serial)
	})
	s.ids = slices.Insert(s.ids, at, e.ID)
}

func (s *state) remove(id ID) {
	it := s.items[id]
	if it == nil {
		return
	}
	delete(s.alias, it.entry.V2)
	delete(s.items, id)
	s.ids = slices.DeleteFunc(s.ids, func(have ID) bool { return have == id })
}

// apply carries out a change of a kind that a journal has.
func (s *state) apply(o *Op) {
	switch o.kind {
	case kindPut:
		s.put(o.entry)
	case kindRemove:
		s.remove(o.id)
	case kindSettings:
		s.settings = o.raw
	case kindOnce:
		s.once.add(o.once)
	case kindTally:
		if it := s.items[o.id]; it != nil {
			it.tally = *o.tally
		}
	case kindTotals:
		s.totals = *o.totals
	case kindRecord:
		if it := s.items[o.id]; it != nil {
			it.record = o.record
		}
	}
}

// onces are the requests that were carried out, the oldest first.
type onces struct {
	byKey map[string]*Once
	order []*Once
}

// add keeps o, and lets go what is too old or too much.
func (c *onces) add(o *Once) {
	if old := c.byKey[o.Key]; old != nil {
		c.order = slices.DeleteFunc(c.order, func(have *Once) bool { return have == old })
	}
	c.byKey[o.Key] = o
	c.order = append(c.order, o)
	gone := 0
	for _, old := range c.order[:len(c.order)-1] {
		if len(c.order)-gone <= maxOnce && o.At.Sub(old.At) < onceSpan {
			break
		}
		delete(c.byKey, old.Key)
		gone++
	}
	c.order = slices.Delete(c.order, 0, gone)
}

// get returns what is kept under a key, unless it is a day old.
func (c *onces) get(key string, now time.Time) (Once, bool) {
	o := c.byKey[key]
	if o == nil || now.Sub(o.At) >= onceSpan {
		return Once{}, false
	}
	return *o, true
}
