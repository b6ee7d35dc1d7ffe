package session

import "maps"

// draft is a state with changes that are not on disk yet: one Commit, or several, on
// top of it. Nothing of the state is changed until they are.
type draft struct {
	base    reader
	entries map[ID]*Entry // nil: removed
	alias   map[ID]ID     // "": removed
	serial  uint64
	ops     []Op // as they go into the journal
}

// reader is what a draft stands on: a state, or another draft.
type reader interface {
	entry(id ID) *Entry
	last() uint64
}

func (s *state) entry(id ID) *Entry {
	if it := s.find(id); it != nil {
		return it.entry
	}
	return nil
}

func (s *state) last() uint64 { return s.serial }

func newDraft(base reader) *draft {
	return &draft{base: base, entries: make(map[ID]*Entry), alias: make(map[ID]ID), serial: base.last()}
}

func (d *draft) last() uint64 { return d.serial }

func (d *draft) entry(id ID) *Entry {
	first, aliased := d.alias[id]
	if first != "" {
		return d.entries[first]
	}
	if e, ok := d.entries[id]; ok || aliased {
		return e
	}
	return d.base.entry(id)
}

// merge adds what another draft, on top of d, has changed.
func (d *draft) merge(top *draft) {
	maps.Copy(d.entries, top.entries)
	maps.Copy(d.alias, top.alias)
	d.serial = top.serial
	d.ops = append(d.ops, top.ops...)
}

// do carries out one change of a Commit; after an error the draft is of no use.
func (d *draft) do(o Op) error {
	switch o.kind {
	case kindPut:
		old := d.entry(o.id)
		if old == nil && o.entry.V2 != "" {
			old = d.entry(o.entry.V2)
		}
		if o.fresh && old != nil || old != nil && old.ID != o.id {
			return ErrExists
		}
		e := *o.entry
		return d.put(old, &e)
	case kindUpdate:
		old := d.entry(o.id)
		if old == nil {
			return ErrNotFound
		}
		e := old.clone()
		if err := o.change(e); err != nil {
			return err
		}
		e.ID, e.Serial = old.ID, old.Serial
		if err := e.check(); err != nil {
			return err
		}
		return d.put(old, e)
	case kindRemove:
		old := d.entry(o.id)
		if old == nil {
			return ErrNotFound
		}
		d.entries[old.ID] = nil
		d.alias[old.V2] = ""
		return d.add(Op{kind: kindRemove, id: old.ID})
	default:
		return d.add(o)
	}
}

// put sets an entry in place of old, which may be nil.
func (d *draft) put(old, e *Entry) error {
	if old != nil {
		e.Serial = old.Serial
		if old.V2 != e.V2 {
			d.alias[old.V2] = ""
		}
	} else {
		d.serial++
		e.Serial = d.serial
	}
	d.entries[e.ID] = e
	if e.V2 != "" {
		d.alias[e.V2] = e.ID
	}
	return d.add(Op{kind: kindPut, id: e.ID, entry: e})
}

func (d *draft) add(o Op) error {
	if err := o.encode(); err != nil {
		return err
	}
	d.ops = append(d.ops, o)
	return nil
}
