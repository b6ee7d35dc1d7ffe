package session

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strconv"
)

// The files of a session, beside HASH.torrent; with suffixTemp they are being written.
const (
	snapshotName = "snapshot"
	journalName  = "journal"
	suffixTemp   = ".tmp"
	// suffixBad is a copy of a file that could not be read to its end, as it was.
	suffixBad = ".damaged"
)

// The journal is rewritten when it has rewriteFactor times the bytes of the snapshot
// that it goes on from, which is taken for smallSnapshot if it is less.
const (
	rewriteFactor = 4
	smallSnapshot = 64 << 10
)

// journal is the two files, as they are written. It belongs to one goroutine.
//
// There is no moment at which the files do not stand for all that was synced: a
// snapshot of generation g+1 is durable under its name before the journal of
// generation g, which it makes void, is replaced; nothing is appended in between.
type journal struct {
	dir        folder
	file       file // nil: nothing may be appended before a rewrite
	generation uint64
	size       int64 // bytes of the journal
	base       int64 // bytes of the snapshot
	small      int64 // what base is taken for if it is less
	patience   int64 // a rewrite that has failed is tried again when size reaches it
}

// resume goes on with files that were read to their end.
func (j *journal) resume(l *loading) (err error) {
	j.generation, j.size, j.base = l.journal, l.journalSize, l.snapshotSize
	j.file, err = j.dir.extend(journalName)
	return err
}

// append adds frames and syncs them. After an error the file is not used any more: which
// of its pages are on disk is not known, and a later sync would not tell.
func (j *journal) append(frames []byte) error {
	_, err := j.file.Write(frames)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.abandon()
		return err
	}
	j.size += int64(len(frames))
	return nil
}

func (j *journal) abandon() {
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
}

// long reports whether it is time for a rewrite.
func (j *journal) long() bool {
	return j.size >= max(j.patience, rewriteFactor*max(j.base, j.small))
}

// rewrite writes all of a session as a snapshot, and begins an empty journal. After an
// error the journal is used as before if its file is not nil.
func (j *journal) rewrite(all func(yield func(*Op) bool)) error {
	j.generation++
	base, err := j.create(snapshotName, all)
	if err != nil {
		j.patience = j.size + max(j.base, j.small)
		return err
	}
	// From here on the old journal may be void.
	j.abandon()
	if err := j.install(snapshotName); err != nil {
		return err
	}
	size, err := j.create(journalName, nil)
	if err != nil {
		return err
	}
	if err := j.install(journalName); err != nil {
		return err
	}
	if j.file, err = j.dir.extend(journalName); err != nil {
		return err
	}
	j.size, j.base, j.patience = size, base, 0
	return nil
}

// install gives a file that was created its name.
func (j *journal) install(name string) error {
	if err := j.dir.rename(name+suffixTemp, name); err != nil {
		return err
	}
	return j.dir.sync()
}

// create writes a file under its temporary name and syncs it. all: what a snapshot has;
// nil: none is written.
func (j *journal) create(name string, all func(yield func(*Op) bool)) (size int64, err error) {
	f, err := j.dir.create(name + suffixTemp)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			j.dir.remove(name + suffixTemp) // on a full disk the room is needed
		}
	}()
	w := bufio.NewWriterSize(f, 256<<10)
	head, err := json.Marshal(header{version, j.generation})
	if err != nil {
		return 0, err
	}
	b := appendFrame(nil, kindHeader, "", head)
	size = int64(len(b))
	w.Write(b) // Flush has the error
	if all != nil {
		n, err := writeAll(w, all)
		if size += n; err != nil {
			return 0, err
		}
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	return size, f.Sync()
}

// writeAll writes a session and the frame that says how many frames there are.
func writeAll(w *bufio.Writer, all func(yield func(*Op) bool)) (size int64, err error) {
	var b []byte
	count := 0
	for o := range all {
		if err := o.encode(); err != nil {
			return 0, fmt.Errorf("%s %s: %w", string(rune(o.kind)), o.id, err)
		}
		b = appendFrame(b[:0], o.kind, o.id, o.content)
		count++
		size += int64(len(b))
		if _, err := w.Write(b); err != nil {
			return 0, err
		}
	}
	b = appendFrame(b[:0], kindEnd, "", strconv.AppendInt(nil, int64(count), 10))
	_, err = w.Write(b)
	return size + int64(len(b)), err
}
