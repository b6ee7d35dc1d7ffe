package storage

import (
	"os"
	"sync"
)

// handle is an open file or folder. Whoever got one from a cache uses it until
// release; the cache closes it when nobody does and its place is needed.
type handle struct {
	f     *os.File // nil for a folder
	root  *os.Root // nil for a file
	fd    int      // of f, where the system has such numbers
	write bool     // f takes writes

	// Guarded by cache.mu.
	slot       **handle // where the owner keeps its pointer; nil once detached
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

// cache bounds the descriptors that are kept open: least recently used first
// out. Handles in use are never closed, so the bound is exceeded by at most the
// number of goroutines at work at one moment.
//
// An owner (a file or folder) has one slot, a *handle that belongs to the cache
// and is read and written only under its mutex, which is never held across a
// system call.
type cache struct {
	limit int // immutable

	mu   sync.Mutex
	n    int
	list handle // sentinel; list.next is the most recently used
}

// newCache returns a cache that keeps at most limit handles open.
func newCache(limit int) *cache {
	c := &cache{limit: limit}
	c.list.prev, c.list.next = &c.list, &c.list
	return c
}

// get returns the open handle of a slot, or nil.
func (c *cache) get(slot **handle) *handle {
	c.mu.Lock()
	h := *slot
	if h != nil {
		h.refs++
		if c.list.next != h {
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
	h.slot, h.refs = slot, 1
	*slot = h
	c.link(h)
	c.n++
	victim := c.oldest(c.limit)
	c.mu.Unlock()
	if victim != nil {
		victim.close()
	}
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

// closeAll detaches everything; what is in use is closed by its last user.
func (c *cache) closeAll() {
	for c.shrink() {
	}
	c.mu.Lock()
	for c.list.next != &c.list {
		c.detach(c.list.next)
	}
	c.mu.Unlock()
}

// oldest detaches and returns the least recently used idle handle if more than
// limit are open.
func (c *cache) oldest(limit int) *handle {
	if c.n <= limit {
		return nil
	}
	for h := c.list.prev; h != &c.list; h = h.prev {
		if h.refs == 0 {
			c.detach(h)
			return h
		}
	}
	return nil
}

// detach takes a handle from the list and from its slot; whoever detaches it, or
// its last user, closes it.
func (c *cache) detach(h *handle) {
	c.unlink(h)
	c.n--
	*h.slot, h.slot = nil, nil
}

// link puts a handle to the front of the list.
func (c *cache) link(h *handle) {
	h.prev, h.next = &c.list, c.list.next
	h.next.prev = h
	c.list.next = h
}

func (c *cache) unlink(h *handle) {
	h.prev.next, h.next.prev = h.next, h.prev
}
