package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
)

// maxFile bounds the bytes of a snapshot or journal that are looked at.
const maxFile = 4 << 30

// Loaded is what was found when a session was opened.
type Loaded struct {
	Entries int
	// Fresh: there was neither snapshot nor journal.
	Fresh bool
	// Torn are bytes at the end of the journal that a power cut has left half written:
	// of changes that nobody was told of.
	Torn int64
	// Damaged are bytes that could not be read where nothing should be wrong: changes
	// may be missing. The files are kept as snapshot.damaged and journal.damaged.
	Damaged int64
}

// loading is what is being read.
type loading struct {
	mem    *state
	dir    folder
	loaded Loaded
	// The generations and sizes; a generation of 0 is that of no file.
	snapshot, journal         uint64
	snapshotSize, journalSize int64
}

// load reads a session.
func load(dir folder) (*loading, error) {
	l := &loading{mem: newState(), dir: dir}
	if err := l.readSnapshot(); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", snapshotName, err)
	}
	if err := l.readJournal(); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", journalName, err)
	}
	l.loaded.Entries = len(l.mem.ids)
	l.loaded.Fresh = l.snapshotSize == 0 && l.journalSize == 0
	return l, nil
}

// whole reports whether the journal can be gone on with.
func (l *loading) whole() bool {
	return l.loaded.Torn == 0 && l.loaded.Damaged == 0 && l.snapshot != 0 && l.journal == l.snapshot
}

// readSnapshot reads what was renamed only when it was whole: whatever is wrong is damage.
func (l *loading) readSnapshot() error {
	f, size, err := l.open(snapshotName)
	if f == nil {
		return err
	}
	defer f.Close()
	s := &scanner{r: f, size: size}
	count, end := 0, -1
	for {
		ops, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch o := &ops[0]; {
		case o.kind == kindHeader:
			if l.snapshot, err = readHeader(o.content); err != nil {
				return err
			}
		case o.kind == kindEnd:
			if end, err = strconv.Atoi(string(o.content)); err != nil {
				end = -1
			}
		default:
			count++
			l.apply(ops)
		}
	}
	l.snapshotSize = size
	l.loaded.Damaged += s.damaged + s.torn
	if s.damaged+s.torn == 0 && (end != count || l.snapshot == 0) {
		l.loaded.Damaged += size // frames are missing
	}
	return nil
}

// readJournal applies what came after the snapshot.
func (l *loading) readJournal() error {
	f, size, err := l.open(journalName)
	if f == nil {
		return err
	}
	defer f.Close()
	s := &scanner{r: f, size: size}
	for first := true; ; first = false {
		ops, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if o := &ops[0]; first && o.kind == kindHeader {
			if l.journal, err = readHeader(o.content); err != nil {
				return err
			}
			if l.journal < l.snapshot {
				return nil // the snapshot has it all
			}
			continue
		}
		l.apply(ops)
	}
	l.journalSize = size
	l.loaded.Torn += s.torn
	l.loaded.Damaged += s.damaged
	if l.journal > l.snapshot {
		l.loaded.Damaged++ // its snapshot is gone
	}
	return nil
}

func (l *loading) apply(ops []Op) {
	for i := range ops {
		l.mem.apply(&ops[i])
	}
}

// open returns nil without an error if there is no such file.
func (l *loading) open(name string) (file, int64, error) {
	f, size, err := l.dir.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err == nil && size > maxFile {
		f.Close()
		err = fmt.Errorf("it has %d bytes, more than any session", size)
	}
	if err != nil {
		return nil, 0, err
	}
	return f, size, nil
}

// readHeader returns the generation.
func readHeader(content []byte) (uint64, error) {
	var h header
	if err := json.Unmarshal(content, &h); err != nil || h.Generation == 0 {
		return 0, errors.New("its header makes no sense")
	}
	if h.Version > version {
		return 0, fmt.Errorf("it was written by a newer version of gotor (format %d, we know %d)", h.Version, version)
	}
	return h.Generation, nil
}
