package storage

import (
	"os"
	"sync"
	"sync/atomic"
)

// handle is an open file or folder. Whoever got one from a cache uses it until
// release; the cache closes it when nobody does and its place is needed.
type handle struct {
	f     *os.File // nil for a folder
	root  *os.Root // nil for a file
	fd    int      // of f, where the system has such numbers
	write bool     // f takes writes
	// fitted: f is open for writing and has the size of its file.
	fitted atomic.Bool
	index  *sideIndex // of f, if it is a side file

	// Guarded by Descriptors.mu.
	slot       **handle // where the owner keeps its pointer; nil once detached
	cache      *cache   // that it was put into
	pinned     bool     // not in the list: never closed to make room
	refs       int
	prev, next *handle
}

// close closes what the handle stands for. Only the cache calls it, or who has
// not given it to the cache yet.
func (h *handle) close() error {
	if h.f != nil {
		return h.f.Close()
	}
	return h.root.Close()
}

// Descriptors bounds the descriptors that one or more Stores keep open: least
// recently used first out, whichever Store it belongs to. Handles in use are
// never closed, so the bound is exceeded by at most the number of goroutines at
// work at one moment. All methods may be called from several goroutines.
//
// An owner (a file or folder) has one slot, a *handle that belongs to the
// Descriptors and is read and written only under their mutex, which is never
// held across a system call.
type Descriptors struct {
	limit  int    // immutable
	relief func() // immutable once there are Stores; nil: none

	claiming sync.Mutex // held while a Store claims its files; cold

	mu   sync.Mutex
	n    int
	list handle // sentinel; list.next is the most recently used
}

// NewDescriptors returns a budget of max descriptors, to be shared by Stores
// through Spec.Descriptors. When max is not positive, it is a quarter of what
// OpenLimit leaves beside the process's own, but 8 to 512. Each Store has up to four
// more, for its folders and its lock, and each call at work one.
func NewDescriptors(max int) *Descriptors {
	if max <= 0 {
		max = defaultMaxOpen()
	}
	d := &Descriptors{limit: max}
	d.list.prev, d.list.next = &d.list, &d.list
	return d
}

// SetRelief has f called, from any goroutine, when nothing of ours is left to be
// closed and the process is out of descriptors all the same: it closes something
// else, and must not wait for it. To be called before there are Stores.
func (d *Descriptors) SetRelief(f func()) { d.relief = f }

// Open is how many files are open.
func (d *Descriptors) Open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.n
}

// ownDescriptors is what a process needs beside files and peers.
const ownDescriptors = 24

// defaultMaxOpen leaves the rest of what the process may open to sockets.
func defaultMaxOpen() int { return max(8, min(512, (OpenLimit()-ownDescriptors)/4)) }

// cache is one Store's share of Descriptors.
type cache struct{ *Descriptors }

// get returns the open handle of a slot, or nil.
func (c *cache) get(slot **handle) *handle {
	c.mu.Lock()
	h := *slot
	if h != nil {
		h.refs++
		if c.list.next != h && !h.pinned {
			c.unlink(h)
			c.link(h)
		}
	}
	c.mu.Unlock()
	return h
}

// put adds a handle just opened for an empty slot; the caller holds it.
func (c *cache) put(slot **handle, h *handle) {
	c.mu.Lock()
	h.slot, h.cache, h.refs = slot, c, 1
	*slot = h
	c.link(h)
	c.n++
	victim := c.oldest(c.limit)
	c.mu.Unlock()
	if victim != nil {
		victim.close()
	}
}

// pin adds a handle for an empty slot that is closed by nothing but drop; the
// caller holds it.
func (c *cache) pin(slot **handle, h *handle) {
	c.mu.Lock()
	h.slot, h.cache, h.refs, h.pinned = slot, c, 1, true
	*slot = h
	c.mu.Unlock()
}

// release gives a handle back.
func (c *cache) release(h *handle) {
	c.mu.Lock()
	h.refs--
	if h.refs < 0 {
		panic("storage: handle released twice")
	}
	closing := h.refs == 0 && h.slot == nil
	c.mu.Unlock()
	if closing {
		h.close()
	}
}

// drop forgets a slot's handle; it is closed when its last user releases it.
func (c *cache) drop(slot **handle) {
	c.mu.Lock()
	h := *slot
	if h != nil {
		c.detach(h)
	}
	closing := h != nil && h.refs == 0
	c.mu.Unlock()
	if closing {
		h.close()
	}
}

// shrink closes one idle handle and reports whether there was one: the answer
// to a process that has run out of descriptors.
func (c *cache) shrink() bool {
	c.mu.Lock()
	victim := c.oldest(0)
	c.mu.Unlock()
	if victim == nil {
		return false
	}
	victim.close()
	return true
}

// closeAll detaches all of this Store's but what is pinned; what is in use is
// closed by its last user.
func (c *cache) closeAll() {
	var idle []*handle
	c.mu.Lock()
	for h, next := c.list.next, (*handle)(nil); h != &c.list; h = next {
		if next = h.next; h.cache != c {
			continue
		}
		if c.detach(h); h.refs == 0 {
			idle = append(idle, h)
		}
	}
	c.mu.Unlock()
	for _, h := range idle {
		h.close()
	}
}

// oldest detaches and returns the least recently used idle handle if more than
// limit are open.
func (d *Descriptors) oldest(limit int) *handle {
	if d.n <= limit {
		return nil
	}
	for h := d.list.prev; h != &d.list; h = h.prev {
		if h.refs == 0 {
			d.detach(h)
			return h
		}
	}
	return nil
}

// detach takes a handle from the list and from its slot; whoever detaches it, or
// its last user, closes it.
func (d *Descriptors) detach(h *handle) {
	if !h.pinned {
		d.unlink(h)
		d.n--
	}
	*h.slot, h.slot = nil, nil
}

// link puts a handle to the front of the list.
func (d *Descriptors) link(h *handle) {
	h.prev, h.next = &d.list, d.list.next
	h.next.prev = h
	d.list.next = h
}

func (d *Descriptors) unlink(h *handle) {
	h.prev.next, h.next.prev = h.next, h.prev
}
