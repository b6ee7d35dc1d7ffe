package simnet

import "sync"

// segment is small, because every stream with a byte under way holds one.
type segment [4096]byte

// fifo holds the bytes of a stream between Write and Read. They do not move in
// between: the network passes on numbers.
type fifo struct {
	pool *sync.Pool
	segs []*segment
	head int // offset of the first byte in segs[0]
	tail int // end of the last byte in the last segment; 0 when there is none
}

func (f *fifo) put(b []byte) {
	for len(b) > 0 {
		if len(f.segs) == 0 || f.tail == len(segment{}) {
			f.segs = append(f.segs, f.pool.Get().(*segment))
			f.tail = 0
		}
		n := copy(f.segs[len(f.segs)-1][f.tail:], b)
		f.tail += n
		b = b[n:]
	}
}

// get removes n bytes, which must be there, and copies them to b unless b is nil.
func (f *fifo) get(b []byte, n int) {
	used := 0
	for n > 0 {
		seg := f.segs[used]
		end := len(seg)
		if used == len(f.segs)-1 {
			end = f.tail
		}
		m := min(n, end-f.head)
		if b != nil {
			copy(b, seg[f.head:f.head+m])
			b = b[m:]
		}
		n -= m
		f.head += m
		if f.head == end {
			f.pool.Put(seg)
			f.segs[used] = nil
			f.head = 0
			used++
		}
	}
	f.segs = f.segs[:copy(f.segs, f.segs[used:])]
	if len(f.segs) == 0 {
		f.tail = 0
	}
}
