package swarm

// ring is a queue of bounded size.
type ring struct {
	items   []uint32
	head, n int
}

func newRing(size int) ring { return ring{items: make([]uint32, size)} }

func (r *ring) len() int         { return r.n }
func (r *ring) at(i int) *uint32 { return &r.items[(r.head+i)%len(r.items)] }
func (r *ring) swap(i, j int)    { *r.at(i), *r.at(j) = *r.at(j), *r.at(i) }

// push adds an item at the end; the caller knows that there is room.
func (r *ring) push(v uint32) {
	*r.at(r.n) = v
	r.n++
}

// pop removes the first item of a ring that is not empty.
func (r *ring) pop() uint32 {
	v := *r.at(0)
	r.head, r.n = (r.head+1)%len(r.items), r.n-1
	return v
}
