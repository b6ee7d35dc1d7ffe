package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gofrs/flock"
)

// Options are how a Store behaves. The zero value is fine.
type Options struct {
	// Synced is told how long each sync of the journal took, from the goroutine of the
	// Store; nil: nobody is.
	Synced func(time.Duration)
	// Rebuild keeps metainfo that no entry answers for, see Orphans: new entries are to
	// be made of it. Else it is removed, unless the session was found damaged, now or
	// earlier.
	Rebuild bool

	dir   folder // instead of the one at the path, without a lock
	small int64  // instead of smallSnapshot
}

// Store is a session on disk, locked. Its methods may be called from any goroutine.
// Commit, Close, SaveMetainfo and Metainfo wait for the disk; the others never do.
type Store struct {
	mem     *memory
	files   *metafiles
	commits *committer
	dir     folder
	lock    *flock.Flock // nil in tests
	loaded  Loaded
	orphans []ID
}

// Open opens the session in a folder, which is made if it is missing, and reads it
// whole. ErrLocked if another process has it. A disk that is full or cannot be written
// is an error only where there is no session yet; else see Health.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: o.dir}
	if s.dir == nil {
		d, err := openDisk(dir)
		if err != nil {
			return nil, fmt.Errorf("cannot open the session: %w", err)
		}
		s.dir = d
		if s.lock, err = takeLock(dir); err != nil {
			return nil, errors.Join(err, s.release())
		}
	}
	if err := s.open(o); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open the session in %s: %w", dir, err), s.release())
	}
	go s.commits.run()
	return s, nil
}

// open reads what there is, and begins new files where these cannot be gone on with.
func (s *Store) open(o Options) error {
	s.files = newMetafiles(s.dir)
	kept, missing, err := s.files.sweep()
	if err != nil {
		return err
	}
	l, err := load(s.dir)
	if err != nil {
		return err
	}
	s.mem, s.loaded = newMemory(l.mem), l.loaded
	s.sort(kept, missing || o.Rebuild)
	s.commits = newCommitter(s, o)
	if l.whole() {
		return s.commits.journal.resume(l)
	}
	s.keepDamaged()
	s.commits.journal.generation = max(l.snapshot, l.journal)
	s.commits.recover()
	if _, err := s.commits.health.get(); err != nil && s.loaded.Fresh {
		return err
	}
	return nil
}

// sort tells metainfo that is answered for from orphans. missing: entries may be missing,
// which is remembered until there are no orphans any more.
func (s *Store) sort(kept []ID, missing bool) {
	sure := !missing && !s.loaded.Fresh && s.loaded.Damaged == 0 && s.loaded.Torn == 0
	for _, id := range kept {
		switch {
		case s.mem.state.items[id] != nil:
		case sure:
			s.dir.remove(s.files.name(id))
		default:
			s.orphans = append(s.orphans, id)
		}
	}
	if len(s.orphans) == 0 {
		s.dir.remove(missingName)
	} else if f, err := s.dir.create(missingName); err == nil {
		f.Close() // it is durable with the next snapshot, and made again until then
	}
}

// keepDamaged copies what could not be read to its end, so that somebody may look at
// it. If that fails, the session is more important.
func (s *Store) keepDamaged() {
	var names []string
	if s.loaded.Damaged > 0 {
		names = []string{snapshotName, journalName}
	} else if s.loaded.Torn > 0 {
		names = []string{journalName}
	}
	for _, name := range names {
		if err := s.copy(name, name+suffixBad); err != nil {
			s.dir.remove(name + suffixBad)
		}
	}
}

func (s *Store) copy(from, to string) error {
	in, size, err := s.dir.open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := s.dir.create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.NewSectionReader(in, 0, size))
	return errors.Join(err, out.Close())
}

// release gives up what Open has taken.
func (s *Store) release() error {
	err := s.dir.close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Close ends commits that wait, which are carried out, writes what is written lazily,
// and gives up the lock. Its error is why that could not be written. Later calls of
// Commit return ErrClosed. It must be called once.
func (s *Store) Close() error {
	err := s.commits.stop()
	return errors.Join(err, s.release())
}

// Loaded tells what was found when the session was opened.
func (s *Store) Loaded() Loaded { return s.loaded }

// Orphans are the ids of metainfo without an entry, as they were when the session was
// opened: with Options.Rebuild, or when part of the session was missing. It is shared.
func (s *Store) Orphans() []ID { return s.orphans }

// Commit carries out changes in their order, all or none, and returns when they are on
// disk. Callers of the same moment share a sync. Others see the changes before Commit
// returns, but not before they are on disk. When ctx ends first, nobody knows whether
// they have happened. ErrUnwritable: the disk did not take them, and they have not
// happened; but if the process dies before it can write again, they may have.
func (s *Store) Commit(ctx context.Context, ops ...Op) error {
	for i := range ops {
		if err := ops[i].check(); err != nil {
			return err
		}
	}
	if len(ops) == 0 {
		return ctx.Err()
	}
	return s.commits.do(ctx, ops)
}

// Health's error is nil while changes can be written, or why they cannot, as
// ErrUnwritable; the channel is closed when that changes. The Store tries again by itself.
func (s *Store) Health() (changed <-chan struct{}, err error) { return s.commits.health.get() }

// Err is Health without the channel.
func (s *Store) Err() error {
	_, err := s.Health()
	return err
}

// SaveMetainfo keeps the .torrent of an entry that is there or is about to be put, at
// most 64 MiB; it is on disk when it returns. What is kept already is not written again.
// The ID must be the first one of a hybrid. Errors of the disk are ErrUnwritable.
func (s *Store) SaveMetainfo(id ID, raw []byte) error {
	err := s.files.save(id, raw)
	if err != nil && !errors.Is(err, ErrInvalid) {
		err = fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return err
}

// Metainfo reads the .torrent of an entry or an orphan: ErrNotFound if there is none.
// The caller owns it.
func (s *Store) Metainfo(id ID) ([]byte, error) {
	if e, ok := s.Entry(id); ok {
		id = e.ID
	}
	if !id.valid() {
		return nil, ErrNotFound
	}
	raw, err := s.files.read(id)
	return raw, notThere(err)
}

// Entry returns what answers to an id, either one of a hybrid. It is shared.
func (s *Store) Entry(id ID) (*Entry, bool) {
	e := s.mem.entry(id)
	return e, e != nil
}

// Entries are all entries in the order in which they were added. The slice and what it
// leads to are shared and never change.
func (s *Store) Entries() []*Entry { return s.mem.entries() }

// Tally returns what was counted; zero if there is no entry.
func (s *Store) Tally(id ID) Tally { return s.mem.tally(id) }

// Count sets tallies. They are written together, within a minute. Those of ids without
// an entry are dropped.
func (s *Store) Count(tallies map[ID]Tally) { s.mem.count(tallies) }

// Record returns what SaveRecord was given last; nil if nothing. It is shared.
func (s *Store) Record(id ID) []byte { return s.mem.record(id) }

// SaveRecord keeps what the engine wants to remember of a torrent, at most 11 MiB, which
// must not be changed any more. It is written as a tally is: a power cut may take it, and
// then something is hashed again.
func (s *Store) SaveRecord(id ID, record []byte) error {
	if len(record) > maxRecord {
		return fmt.Errorf("%w: a record of %d bytes, at most %d", ErrInvalid, len(record), maxRecord)
	}
	return s.mem.saveRecord(id, record)
}

// Totals returns what CountTotals has set.
func (s *Store) Totals() Totals { return s.mem.totals() }

// CountTotals sets them; they are written as a tally is.
func (s *Store) CountTotals(t Totals) { s.mem.countTotals(t) }

// Settings returns what Configure has set; nil: nothing. It is shared.
func (s *Store) Settings() json.RawMessage { return s.mem.settings() }

// Once returns what was answered to the request with this key in the last day.
func (s *Store) Once(key string, now time.Time) (Once, bool) { return s.mem.once(key, now) }
