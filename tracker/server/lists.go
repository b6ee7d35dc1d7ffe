package server

// The lists that lead to the entries of a book: those of each torrent by kind,
// and the two rings in the order of the last announce.

// anyOf returns a random peer of a torrent that has some.
func (b *book) anyOf(t *torrent) uint32 {
	n := b.rng.IntN(len(t.byAddr))
	for _, l := range t.lists {
		if n < len(l) {
			return l[n]
		}
		n -= len(l)
	}
	return 0 // not reached: the lists hold all of byAddr
}

// joinList puts a peer into the list of its kind.
func (b *book) joinList(i uint32) {
	e := &b.entries[i]
	l := &e.torrent.lists[e.kind]
	e.pos = uint32(len(*l))
	*l = append(*l, i)
}

// leaveList takes a peer out of the list of its kind.
func (b *book) leaveList(i uint32) {
	e := &b.entries[i]
	l := &e.torrent.lists[e.kind]
	last := len(*l) - 1
	b.swap(*l, int(e.pos), last)
	*l = (*l)[:last]
	if last == 0 {
		*l = nil // it may have been large
	}
}

// swap exchanges two peers of a list.
func (b *book) swap(l []uint32, i, j int) {
	l[i], l[j] = l[j], l[i]
	b.entries[l[i]].pos, b.entries[l[j]].pos = uint32(i), uint32(j)
}

// link makes a peer the one that spoke last.
func (b *book) link(i uint32) {
	e, ring := &b.entries[i], &b.entries[0]
	e.prev, e.next = ring.prev, 0
	b.entries[ring.prev].next = i
	ring.prev = i
}

// unlink takes a peer out of the ring.
func (b *book) unlink(i uint32) {
	e := &b.entries[i]
	b.entries[e.prev].next, b.entries[e.next].prev = e.next, e.prev
}

// link makes a torrent the one announced last.
func (t *torrent) link(ring *torrent) {
	t.prev, t.next = ring.prev, ring
	ring.prev.next, ring.prev = t, t
}

// unlink takes a torrent out of the ring.
func (t *torrent) unlink() { t.prev.next, t.next.prev = t.next, t.prev }

// counts returns the numbers of a torrent; of none at all they are 0.
func (t *torrent) counts() counts {
	if t == nil {
		return counts{}
	}
	c := counts{completed: t.completed}
	for k, l := range t.lists {
		if kind(k)&seeding != 0 {
			c.seeders += len(l)
		} else {
			c.leechers += len(l)
		}
	}
	return c
}
