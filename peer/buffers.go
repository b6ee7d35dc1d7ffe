package peer

import (
	"sync"
	"sync/atomic"
)

// Sizes of pooled buffers. A connection starts with the smallest; one that
// delivers gets the next each time a read fills what it has.
var bufferSizes = [...]int{4 << 10, 16 << 10, 64 << 10, 256 << 10}

const (
	smallBuffer = 0
	blockBuffer = 1 // piece.BlockSize
	largeBuffer = len(bufferSizes) - 1
	// growBudget bounds the buffers beyond the smallest of all connections
	// together. Past it connections work on with what they have, slower.
	growBudget = 16 << 20
)

// Buffers is memory that connections take turns to use: what they read into
// and upload from. A client has one for all its connections; the zero value is
// ready. It holds at most 16 MiB beyond 4 KiB for each connection and 256 KiB
// for each that is uploading.
type Buffers struct {
	pools [len(bufferSizes)]sync.Pool
	grown atomic.Int64
}

// buffer is one piece of memory with one owner: whoever got it, until put.
type buffer struct {
	b     []byte
	class int
	free  bool
}

// get returns a buffer of a class, whatever the budget says.
func (m *Buffers) get(class int) *buffer {
	if class > smallBuffer {
		m.grown.Add(int64(bufferSizes[class]))
	}
	if x, ok := m.pools[class].Get().(*buffer); ok {
		x.free = false
		return x
	}
	return &buffer{b: make([]byte, bufferSizes[class]), class: class}
}

// room reports whether a reader may have as much memory as a class has.
func (m *Buffers) room(class int) bool {
	return m.grown.Load()+int64(bufferSizes[class]) <= growBudget
}

// put gives a buffer back. A second put of the same buffer panics.
func (m *Buffers) put(x *buffer) {
	if x.free {
		panic("peer: buffer released twice")
	}
	x.free = true
	if x.class > smallBuffer {
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
	return largeBuffer
}
