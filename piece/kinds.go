package piece

// kinds are the pieces by priority, for who goes through them by index: those of the
// highest priority first. It is a value of wants, and told when priorities change.
type kinds struct {
	list  []kind // at least one
	mixed bool   // several priorities are wanted
}

// kind are the pieces of one priority.
type kind struct {
	pieces Bitset // nil: all that are wanted
	lowest uint32 // no startable piece of them below
}

// newKinds returns those of pieces that are all alike.
func newKinds() kinds { return kinds{list: []kind{{}}} }

// sort takes the priorities of all pieces.
func (k *kinds) sort(prio []uint8) {
	var sets [priorities + 1]Bitset
	n := 0
	for i, p := range prio {
		if p == uint8(Skip) {
			continue
		}
		if sets[p] == nil {
			sets[p] = NewBitset(len(prio))
			n++
		}
		sets[p].Set(uint32(i))
	}
	if *k = newKinds(); n < 2 {
		return
	}
	k.list, k.mixed = k.list[:0], true
	for p := priorities; p > int(Skip); p-- {
		if sets[p] != nil {
			k.list = append(k.list, kind{pieces: sets[p]})
		}
	}
}

// startable notes that piece i has become startable.
func (k *kinds) startable(i uint32) {
	for x := range k.list {
		if d := &k.list[x]; d.pieces == nil || d.pieces.Has(i) {
			d.lowest = min(d.lowest, i)
			return
		}
	}
}

// first returns the first startable piece of a kind.
func (w *wants) first(k *kind) (i uint32, ok bool) {
	if k.pieces == nil {
		i, ok = w.startable.next(k.lowest)
	} else {
		i, ok = w.startable.nextBoth(k.pieces, k.lowest)
	}
	if !ok {
		i = uint32(w.n)
	}
	k.lowest = i
	return i, ok
}

// after returns the first startable piece of a kind that p has, at or after i.
func (w *wants) after(k *kind, p *Peer, i uint32) (uint32, bool) {
	i, ok := w.nextStartable(p, i)
	for ok && k.pieces != nil && !k.pieces.Has(i) {
		if i, ok = w.startable.nextBoth(k.pieces, i); ok {
			i, ok = w.nextStartable(p, i)
		}
	}
	return i, ok
}

// between returns the first startable piece of a kind that p has, from a to before z.
func (w *wants) between(k *kind, p *Peer, a, z uint32) (uint32, bool) {
	for i, ok := w.after(k, p, a); ok && i < z; i, ok = w.after(k, p, i+1) {
		if p.has(i) {
			return i, true
		}
	}
	return 0, false
}

// firstFrom returns the first startable piece of p from a to before z, of the highest
// priority of which there is one.
func (w *wants) firstFrom(p *Peer, a, z uint32) (uint32, bool) { return w.around(p, a, a, z) }

// around is firstFrom, but of each priority the pieces from at on come first.
func (w *wants) around(p *Peer, a, at, z uint32) (uint32, bool) {
	for x := range w.kinds.list {
		k := &w.kinds.list[x]
		i, ok := w.between(k, p, at, z)
		if !ok && a < at {
			i, ok = w.between(k, p, a, min(at, z))
		}
		if ok {
			return i, true
		}
	}
	return 0, false
}
