package session

import (
	"encoding/json"
	"fmt"
)

// Op is one change of a session, see Store.Commit.
type Op struct {
	kind   kind
	id     ID
	entry  *Entry
	fresh  bool // an Add
	change func(*Entry) error
	raw    json.RawMessage
	once   *Once
	tally  *Tally
	totals *Totals
	record []byte
	// content is the value as JSON, made before it goes into the journal.
	content []byte
}

// kind is what a change is, in memory and in the journal.
type kind byte

const (
	kindPut      kind = 'P' // an Entry
	kindUpdate   kind = 'U' // in memory only: it becomes a kindPut
	kindRemove   kind = 'R'
	kindSettings kind = 'S'
	kindOnce     kind = 'K'
	kindTally    kind = 'T' // a Tally
	kindTotals   kind = 'A'
	kindRecord   kind = 'B' // a record, as a JSON string of base64
	kindGroup    kind = 'G' // several of the others, all or none
	kindEnd      kind = 'E' // the end of a snapshot: how many frames there are
)

// Add sets an entry; ErrExists if one answers to one of its ids. The Store takes a copy.
func Add(e Entry) Op { return Op{kind: kindPut, id: e.ID, entry: e.clone(), fresh: true} }

// Update changes an entry as it is when its turn has come, with all changes that were
// committed before. change gets a copy, which it may alter, but for its ID, and not
// keep; its error ends the whole Commit. It is called from the goroutine of the Store
// and must not call the Store, nor wait. ErrNotFound if there is no entry.
func Update(id ID, change func(*Entry) error) Op { return Op{kind: kindUpdate, id: id, change: change} }

// Remove takes an entry out, with its tally, its record and its metainfo. ErrNotFound
// if there is none.
func Remove(id ID) Op { return Op{kind: kindRemove, id: id} }

// Configure sets the settings; they are JSON of the caller's, at most 1 MiB.
func Configure(settings json.RawMessage) Op {
	return Op{kind: kindSettings, raw: append(json.RawMessage(nil), settings...)}
}

// Remember keeps an answer for a request that may be sent again.
func Remember(o Once) Op { return Op{kind: kindOnce, once: &o} }

// check says why a change cannot be, before it waits for its turn.
func (o *Op) check() error {
	switch o.kind {
	case kindPut:
		return o.entry.check()
	case kindUpdate, kindRemove, kindTally, kindRecord:
		if !o.id.valid() {
			return ErrNotFound
		}
	case kindSettings:
		if len(o.raw) > maxSettings || !json.Valid(o.raw) {
			return fmt.Errorf("%w: settings that are no JSON, or above %d bytes", ErrInvalid, maxSettings)
		}
	case kindOnce:
		return o.once.check()
	}
	return nil
}

func (o *Once) check() error {
	if o.Key == "" || len(o.Key) > maxKey || len(o.Print) > maxPrint || len(o.Answer) > maxAnswer || !json.Valid(o.Answer) {
		return fmt.Errorf("%w: a key of 1 to %d bytes, and an answer in JSON of at most %d", ErrInvalid, maxKey, maxAnswer)
	}
	return nil
}
