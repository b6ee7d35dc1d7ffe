package session

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"syscall"
)

// fakeDisk is a folder in memory that knows what a power cut would leave. It counts the
// calls that change something, and can fail from one of them on, or be full.
type fakeDisk struct {
	mu    sync.Mutex
	names map[string]*inode // as the process sees them
	cuts  []cut             // changes of names that are not synced

	calls   int
	stopAt  int                            // the call that is not carried out any more, nor any after it; 0: none
	fail    func(call string, n int) error // may be nil
	room    int                            // bytes that may still be written, if full is set
	full    bool
	cutting bool // stopAt was reached
	durable map[string]*inode
}

// inode is a file: synced is what a power cut leaves for certain.
type inode struct {
	data   []byte
	synced int
	lost   bool // a sync has failed: what was not synced then never will be
	opened int
}

// cut is a change of a name that a power cut may take away.
type cut struct {
	name string
	to   *inode // nil: removed
}

var errPower = errors.New("the power is gone")

func newFakeDisk() *fakeDisk {
	return &fakeDisk{names: make(map[string]*inode), durable: make(map[string]*inode)}
}

// step is called before each change.
func (d *fakeDisk) step(call string) error {
	d.calls++
	if d.stopAt > 0 && d.calls >= d.stopAt {
		d.cutting = true
		return errPower
	}
	if d.fail != nil {
		return d.fail(call, d.calls)
	}
	return nil
}

// crash returns the disk after a power cut: of the changes of names that were not synced
// the first so many happened, and of the bytes of each file that were not synced a part.
func (d *fakeDisk) crash(names int, part float64) *fakeDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newFakeDisk()
	after.durable = maps.Clone(d.durable)
	for _, c := range d.cuts[:min(names, len(d.cuts))] {
		if c.to == nil {
			delete(after.durable, c.name)
		} else {
			after.durable[c.name] = c.to
		}
	}
	for name, n := range after.durable {
		keep := n.synced + int(part*float64(len(n.data)-n.synced))
		fresh := &inode{data: slices.Clone(n.data[:keep]), synced: keep}
		after.durable[name], after.names[name] = fresh, fresh
	}
	return after
}

func (d *fakeDisk) list() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names)), nil
}

func (d *fakeDisk) open(name string) (file, int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		return nil, 0, fs.ErrNotExist
	}
	n.opened++
	return &fakeFile{d, n}, int64(len(n.data)), nil
}

func (d *fakeDisk) create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("create " + name); err != nil {
		return nil, err
	}
	n := &inode{opened: 1}
	d.names[name] = n
	d.cuts = append(d.cuts, cut{name, n})
	return &fakeFile{d, n}, nil
}

func (d *fakeDisk) extend(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	if err := d.step("extend " + name); err != nil {
		return nil, err
	}
	n.opened++
	return &fakeFile{d, n}, nil
}

func (d *fakeDisk) rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("rename " + to); err != nil {
		return err
	}
	n := d.names[from]
	if n == nil {
		return fs.ErrNotExist
	}
	delete(d.names, from)
	d.names[to] = n
	d.cuts = append(d.cuts, cut{from, nil}, cut{to, n})
	return nil
}

func (d *fakeDisk) remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("remove " + name); err != nil {
		return err
	}
	n := d.names[name]
	if n == nil {
		return fs.ErrNotExist
	}
	d.room += len(n.data)
	delete(d.names, name)
	d.cuts = append(d.cuts, cut{name, nil})
	return nil
}

func (d *fakeDisk) sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step("sync folder"); err != nil {
		return err
	}
	d.cuts = nil
	d.durable = maps.Clone(d.names)
	return nil
}

func (d *fakeDisk) close() error { return nil }

// fill makes the disk full, but for some bytes, or gives it room.
func (d *fakeDisk) fill(full bool, room int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full, d.room = full, room
}

// count returns how many calls have changed something.
func (d *fakeDisk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// opened counts the files that are open.
func (d *fakeDisk) opened() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range d.names {
		n += i.opened
	}
	return n
}

type fakeFile struct {
	d *fakeDisk
	n *inode
}

func (f *fakeFile) ReadAt(b []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if at >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.n.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *fakeFile) Write(b []byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step("write"); err != nil {
		if f.d.cutting && f.d.calls == f.d.stopAt {
			f.n.data = append(f.n.data, b[:len(b)/2]...) // cut in the middle of it
		}
		return 0, err
	}
	if f.d.full && len(b) > f.d.room {
		n := f.d.room
		f.d.room = 0
		f.n.data = append(f.n.data, b[:n]...)
		return n, syscall.ENOSPC
	}
	f.d.room -= len(b)
	f.n.data = append(f.n.data, b...)
	return len(b), nil
}

func (f *fakeFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step("sync"); err != nil {
		// As Linux does: the pages are taken for clean, and what was in them is gone.
		f.n.lost = true
		return err
	}
	if !f.n.lost {
		f.n.synced = len(f.n.data)
	}
	return nil
}

func (f *fakeFile) Close() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.n.opened--
	return nil
}
