package piece

// slabState says who owns a slab. Every hand-over is checked, so that a double
// release is a loud programming error and never a silent corruption.
type slabState uint8

const (
	slabFree    slabState = iota // on the pool's free list
	slabClaimed                  // a reader fills it
	slabStored                   // part of an active piece, then of its job
)

// Slab is one pooled buffer of BlockSize bytes. Claim hands it to one reader,
// who fills Bytes and then calls either Commit or Abort exactly once; after
// that the reader must not touch it. A second call panics.
type Slab struct {
	buf  []byte
	next *Slab // free list, or a chain on its way there

	// Set by Claim, for Commit and Abort.
	m     *Manager
	a     *active
	gen   uint32 // a.gen at the time; a later one means that a is another piece now
	block uint32
	req   int32 // its request, or noReq once that is settled
	n     int32
	state slabState
}

// Bytes returns the memory to fill, as long as the claimed block.
func (s *Slab) Bytes() []byte { return s.buf[:s.n] }

// Swap gives a claimed slab other memory of BlockSize bytes and returns the
// memory it had: a reader that has the block already in a buffer of that size
// need not copy it. Anything else is a programming error and panics.
func (s *Slab) Swap(b []byte) []byte {
	if s.state != slabClaimed || len(b) != BlockSize {
		panic("piece: swap of a slab that is not claimed")
	}
	s.buf, b = b, s.buf
	return b
}

// move passes the slab from one owner to the next.
func (s *Slab) move(from, to slabState) {
	if s.state != from {
		panic("piece: slab released twice")
	}
	s.state = to
}
