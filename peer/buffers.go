package peer

import (
	"sync"
	"sync/atomic"
)

// Sizes of pooled buffers. A connection starts with the smallest; one that
// delivers gets the next each time a read fills what it has. The last is for
// batches only.
var bufferSizes = [...]int{4 << 10, 16 << 10, 64 << 10, 256 << 10, maxBatch}

const (
	smallBuffer = 0
	blockBuffer = 1 // piece.BlockSize
	largeBuffer = 3 // the largest that is read into
	// growBudget bounds the buffers beyond the smallest of all connections
	// together. Past it connections work on with what they have, slower.
	growBudget = 16 << 20
	// lendBudget bounds the buffers of batches that are being written. Past it
	// a batch is one block: remotes that stop reading in the middle of large
	// ones hold no more than this, and 16 KiB each.
	lendBudget = 16 << 20
)

// Buffers is memory that connections take turns to use: what they read into
// and upload from. A client has one for all its connections; the zero value is
// ready. It holds at most 32 MiB beyond 4 KiB for each connection and 16 KiB
// for each that is uploading, 128 KiB if it is asked for that much at once;
// twice that where writes are not vectored. Preludes keep at most 4 MiB there,
// and 8 KiB each.
type Buffers struct {
	pools [len(bufferSizes)]sync.Pool
	grown atomic.Int64 // bytes that readers have, beyond the smallest buffer
	lent  atomic.Int64 // bytes that writers have
	kept  atomic.Int64 // bytes that Preludes keep, see keepBudget
	// metadata is how many bytes of blocks Assemblies hold, see metadataBudget.
	metadata atomic.Int64
	limit    int64 // see Limit; 0: none
}

// Limit makes the budgets smaller where the process may have little memory: n bytes
// each for readers and for writers, and twice as much for metadata, if that is
// less than they have. To be called before anything is taken.
func (m *Buffers) Limit(n int64) { m.limit = n }

// within is a budget, or part times Limit if that is less.
func (m *Buffers) within(budget, part int64) int64 {
	if m.limit > 0 {
		return min(budget, part*m.limit)
	}
	return budget
}

// MetadataHeld is how many bytes of info dictionaries in the making there are.
func (m *Buffers) MetadataHeld() int64 { return m.metadata.Load() }

// buffer is one piece of memory with one owner: whoever got it, until put.
type buffer struct {
	b     []byte
	class int
	lent  bool
	free  bool
}

// get returns a buffer of a class to a reader, whatever the budget says.
func (m *Buffers) get(class int) *buffer {
	if class > smallBuffer {
		m.grown.Add(int64(bufferSizes[class]))
	}
	return m.take(class)
}

// lend returns a buffer of a class to a writer, whatever the budget says.
func (m *Buffers) lend(class int) *buffer {
	m.lent.Add(int64(bufferSizes[class]))
	x := m.take(class)
	x.lent = true
	return x
}

func (m *Buffers) take(class int) *buffer {
	if x, ok := m.pools[class].Get().(*buffer); ok {
		x.free = false
		return x
	}
	return &buffer{b: make([]byte, bufferSizes[class]), class: class}
}

// room reports whether a reader may have as much memory as a class has.
func (m *Buffers) room(class int) bool {
	return m.grown.Load()+int64(bufferSizes[class]) <= m.within(growBudget, 1)
}

// roomToLend reports whether a writer may have a buffer for n bytes.
func (m *Buffers) roomToLend(n int) bool {
	return m.lent.Load()+int64(bufferSizes[classFor(n)]) <= m.within(lendBudget, 1)
}

// put gives a buffer back. A second put of the same buffer panics.
func (m *Buffers) put(x *buffer) {
	if x.free {
		panic("peer: buffer released twice")
	}
	x.free = true
	switch {
	case x.lent:
		x.lent = false
		m.lent.Add(-int64(bufferSizes[x.class]))
	case x.class > smallBuffer:
		m.grown.Add(-int64(bufferSizes[x.class]))
	}
	m.pools[x.class].Put(x)
}

// classFor returns the smallest class that holds n bytes, the largest if none
// does.
func classFor(n int) int {
	for class, size := range bufferSizes {
		if n <= size {
			return class
		}
	}
	return len(bufferSizes) - 1
}

// claim is what somebody has drawn on the budget of what is kept. The zero value
// is nothing.
type claim struct{ n atomic.Int64 }

// raise makes the claim n bytes, no less than it is. It reports false, and
// leaves it, if the budget does not have them.
func (c *claim) raise(mem *Buffers, n int64) bool {
	more := n - c.n.Load()
	if more > 0 && mem.kept.Add(more) > keepBudget {
		mem.kept.Add(-more)
		return false
	}
	c.n.Add(more)
	return true
}

// release gives everything back. It may be called from anywhere.
func (c *claim) release(mem *Buffers) { mem.kept.Add(-c.n.Swap(0)) }
