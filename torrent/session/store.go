package session

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// Options are how a Store behaves. The zero value is fine.
type Options struct {
	// Synced is told how long each sync of the journal took, from the goroutine of the
	// Store; nil: nobody is.
	Synced func(time.Duration)
	// Rebuild keeps metainfo that no entry answers for, see Orphans; the daemon makes
	// new entries of it. Else it goes when the session is opened and is whole.
	Rebuild bool
}

// Store is a session on disk, locked. Its methods may be called from any goroutine;
// those without a context wait for no disk, but for Metainfo, SaveMetainfo and Close.
type Store struct {
	mu       sync.RWMutex // of what follows; never held across I/O
	mem      *state
	list     []*Entry // what Entries returns; nil: to be made anew
	metainfo map[ID][]byte
}

// Open opens the session in a folder, which is made if it is missing, and reads it
// whole. ErrLocked if another process has it.
func Open(dir string, o Options) (*Store, error) {
	return &Store{mem: newState(), metainfo: make(map[ID][]byte)}, nil
}

// Commit carries out changes in their order, all or none, and returns when they are on
// disk. Callers of the same moment share a sync. Others see the changes before Commit
// returns, but not before they are on disk. When ctx ends first, nobody knows.
// ErrUnwritable: the disk did not take them; they have not happened, but if the process
// dies now they may have.
func (s *Store) Commit(ctx context.Context, ops ...Op) error {
	for i := range ops {
		if err := ops[i].check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := newDraft(s.mem)
	for _, o := range ops {
		if err := d.do(o); err != nil {
			return err
		}
	}
	s.publish(d)
	return nil
}

// publish makes a draft the state. s.mu is held.
func (s *Store) publish(d *draft) {
	for i := range d.ops {
		s.mem.apply(&d.ops[i])
	}
	s.list = nil
}

// Close writes what is written lazily, and gives up the lock. Commits that wait end
// with ErrClosed or are carried out.
func (s *Store) Close() error { return nil }

// Entry returns what answers to an id, either one of a hybrid. It is shared.
func (s *Store) Entry(id ID) (*Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.mem.entry(id)
	return e, e != nil
}

// Entries are all entries in the order in which they were added. The slice and what it
// leads to are shared and never change.
func (s *Store) Entries() []*Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list == nil {
		s.list = make([]*Entry, len(s.mem.ids))
		for i, id := range s.mem.ids {
			s.list[i] = s.mem.items[id].entry
		}
	}
	return s.list
}

// Tally returns what was counted; zero if there is no entry.
func (s *Store) Tally(id ID) Tally {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if it := s.mem.find(id); it != nil {
		return it.tally
	}
	return Tally{}
}

// Count sets tallies. They are written together, within a minute. Those of ids without
// an entry are dropped.
func (s *Store) Count(tallies map[ID]Tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range tallies {
		if it := s.mem.find(id); it != nil {
			it.tally = t
		}
	}
}

// Record returns what SaveRecord was given last; nil if nothing. It is shared.
func (s *Store) Record(id ID) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if it := s.mem.find(id); it != nil {
		return it.record
	}
	return nil
}

// SaveRecord keeps what the engine wants to remember of a torrent, at most 16 MiB, which
// it must not change any more. It is written as a tally is: without it something is
// hashed again.
func (s *Store) SaveRecord(id ID, record []byte) error {
	if len(record) > maxRecord {
		return ErrInvalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.mem.find(id)
	if it == nil {
		return ErrNotFound
	}
	it.record = record
	return nil
}

// Totals returns what CountTotals has set.
func (s *Store) Totals() Totals {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mem.totals
}

// CountTotals sets them; they are written as a tally is.
func (s *Store) CountTotals(t Totals) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mem.totals = t
}

// Settings returns what Configure has set; nil: nothing. It is shared.
func (s *Store) Settings() json.RawMessage {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mem.settings
}

// Once returns what was answered to the request with this key in the last day.
func (s *Store) Once(key string, now time.Time) (Once, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mem.once.get(key, now)
}

// Health is nil while changes can be written, or why they cannot, as ErrUnwritable; the
// channel is closed when that changes. The Store tries again by itself.
func (s *Store) Health() (err error, changed <-chan struct{}) { return nil, nil }

// Err is Health without the channel.
func (s *Store) Err() error {
	err, _ := s.Health()
	return err
}

// Flush writes what is written lazily, now.
func (s *Store) Flush(ctx context.Context) error { return nil }

// SaveMetainfo keeps the .torrent of an entry that is there or is about to be put, at
// most 64 MiB; it is on disk when it returns. What is kept already is not written again.
func (s *Store) SaveMetainfo(id ID, raw []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metainfo[id] = raw
	return nil
}

// Metainfo reads the .torrent of an entry: ErrNotFound if there is none.
func (s *Store) Metainfo(id ID) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if raw := s.metainfo[id]; raw != nil {
		return raw, nil
	}
	return nil, ErrNotFound
}

// Orphans are ids with metainfo and without an entry, as they were when the session was
// opened: with Options.Rebuild, or when part of the session could not be read.
func (s *Store) Orphans() []ID { return nil }
