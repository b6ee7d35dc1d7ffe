package storage

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// side is the side file: what wanted pieces hold of files that are not wanted,
// and not on disk or not ours there. It is made when its first byte is written.
type side struct {
	// Immutable.
	spec   *Spec
	target *target
	cache  *cache
	temp   *temp
	scrap  *scratch
	name   string

	h *handle // belongs to the cache

	watch watch
	dirty atomic.Bool
	// gate is held to read by who writes to the file, and to write by mover.evade
	// alone, which puts another file in its place. It comes before mu.
	gate  sync.RWMutex
	mu    sync.Mutex // held while the file is opened or made
	index sideIndex  // after Open written by mover.evade alone, under gate and mu
	found bool       // it is there; guarded by mu
}

// find reads the index of an existing side file. One that is damaged, or
// belongs to a torrent of another length, counts as none.
func (sd *side) find() (*sideIndex, error) {
	h, err := sd.target.openFile(sd.target.root(), sd.name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, pathError("open", sd.name, err)
	}
	defer h.close()
	if fi, err := h.f.Stat(); !sd.spec.ReadOnly && (err != nil || sd.target.adoptable(fi) != nil) {
		return nil, nil // create makes another in its place
	}
	x, err := readSideIndex(h.f, sd.spec.TotalLength)
	if errors.Is(err, ErrDamaged) {
		return nil, nil
	}
	return &x, pathError("read", sd.name, err)
}

// read fills q with bytes from the side file; at is a torrent offset.
func (sd *side) read(q []byte, at int64) (n int, err error) {
	h, err := sd.open(false)
	if h == nil {
		return 0, cmp.Or(err, io.ErrUnexpectedEOF)
	}
	defer sd.cache.release(h)
	for n < len(q) {
		pos, have := h.index.locate(at + int64(n))
		if have == 0 {
			return n, io.ErrUnexpectedEOF
		}
		p := q[n:min(int64(len(q)), int64(n)+have)]
		m, err := h.f.ReadAt(p, pos)
		n += m
		if m < len(p) {
			if errors.Is(err, io.EOF) {
				return n, io.ErrUnexpectedEOF
			}
			return n, pathError("read", sd.name, err)
		}
	}
	return n, nil
}

// write writes at most limit bytes of v, which begin in a file that lives in
// the side file, and returns how many: up to the end of the range, which may
// reach over several files.
func (sd *side) write(v *vec, limit, off int64) (int64, error) {
	sd.gate.RLock()
	defer sd.gate.RUnlock()
	h, err := sd.open(true)
	if err != nil {
		return 0, err
	}
	defer sd.cache.release(h)
	pos, n := h.index.locate(off)
	if n == 0 {
		return 0, pathError("write", sd.name, errors.New("the range is not wanted"))
	}
	n = min(n, limit)
	sd.watch.begin(h) // whoever changes the file costs a re-check next time
	err = v.writeAt(sd.scrap, h, n, pos)
	sd.watch.end(h, sd.target.local)
	if err != nil {
		return 0, pathError("write", sd.name, err)
	}
	sd.dirty.Store(!sd.spec.NoSync)
	return n, nil
}

// open returns the side file's handle, to be released; nil if there is
// none and it is not to be made.
func (sd *side) open(create bool) (*handle, error) {
	if h := sd.cache.get(&sd.h); h != nil {
		return h, nil
	}
	sd.mu.Lock()
	defer sd.mu.Unlock()
	if h := sd.cache.get(&sd.h); h != nil {
		return h, nil
	}
	var h *handle
	var err error
	switch {
	case sd.found && sd.spec.ReadOnly:
		h, err = sd.target.openFile(sd.target.root(), sd.name, os.O_RDONLY)
	case sd.found:
		h, err = sd.target.openFile(sd.target.root(), sd.name, os.O_RDWR)
	case create:
		h, err = sd.create()
	default:
		return nil, nil
	}
	if err != nil {
		return nil, pathError("open", sd.name, err)
	}
	index := sd.index
	h.index = &index
	sd.cache.put(&sd.h, h)
	return h, nil
}

// create makes the side file, in place of a damaged one.
func (sd *side) create() (*handle, error) {
	root := sd.target.root()
	if err := root.Remove(sd.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := openRetry(sd.cache, func() (*os.File, error) {
		return root.OpenFile(sd.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	})
	if err != nil {
		return nil, err
	}
	if err := sd.index.format(f, sd.spec.TotalLength); err != nil {
		f.Close()
		return nil, err
	}
	sd.found = true
	sd.watch.forget()
	sd.target.touchDir(sd.target.top)
	return &handle{f: f, fd: int(f.Fd()), write: true}, nil
}

// replace puts another side file in its place, with another index and what sources
// have of its ranges.
func (sd *side) replace(x *sideIndex, sources ...*sideReader) error {
	return sd.temp.replace(sd.target.root(), sd.name, 0o600, !sd.spec.NoSync, func(f *os.File) error {
		if err := x.format(f, sd.spec.TotalLength); err != nil {
			return err
		}
		return x.fill(f, sources...)
	})
}

// replaced says that the file is another now, with this index.
func (sd *side) replaced(x sideIndex) {
	sd.mu.Lock()
	sd.index, sd.found = x, true
	sd.cache.drop(&sd.h)
	sd.watch.forget()
	sd.dirty.Store(!sd.spec.NoSync) // so that the next Sync looks at it
	sd.mu.Unlock()
}

// remove removes the side file for good: were it to come back after a power
// cut, its bytes would be moved once more, over newer ones.
func (sd *side) remove() error {
	if err := removeEntry(sd.target.root(), sd.name); err != nil || sd.spec.NoSync {
		return err
	}
	return sd.target.syncTop()
}

// need returns how many bytes of the side file have no blocks yet.
func (sd *side) need() int64 {
	var need int64
	sd.mu.Lock()
	ranges := sd.index.ranges
	sd.mu.Unlock()
	for _, r := range ranges {
		need += r.Len
	}
	if fi, err := sd.target.root().Lstat(sd.name); err == nil {
		need = max(0, need-allocated(fi))
	}
	return need
}

// stat looks at the side file: Missing or Part.
func (sd *side) stat() (FileState, error) {
	return statPart(lstat(sd.target.root(), sd.name))
}

// sync syncs the side file if it was written.
func (sd *side) sync() error {
	if !sd.dirty.Swap(false) {
		return nil
	}
	h, err := sd.open(false)
	if h == nil {
		return err
	}
	defer sd.cache.release(h)
	err = syncData(h)
	sd.watch.refresh(h)
	return pathError("sync", sd.name, err)
}

// format writes the header and gives the file its size.
func (x *sideIndex) format(f *os.File, total int64) error {
	if _, err := f.WriteAt(x.appendHeader(nil, total), 0); err != nil {
		return err
	}
	return setSize(f, x.size, false)
}
