package server

// draws is how many random peers are looked at for who makes way: a source that
// has a quarter of a full book is overlooked once in a hundred times.
const draws = 16

// choice looks for who makes way in a full book or swarm: somebody of the source
// that has most there. A newcomer takes the place of one of a source that has
// more than its own, or of its own; so no host alone pushes out others, however
// often it comes, but for the first place that it takes.
type choice struct {
	source uint64 // of the newcomer
	has    uint32 // what it has already
	found  uint32 // entry that makes way; 0: none may
	most   uint32 // what its source has
}

// offer considers an entry of a source that has n.
func (c *choice) offer(i uint32, source uint64, n uint32) {
	if n > c.most && (source == c.source || n > c.has) {
		c.found, c.most = i, n
	}
}

// makeWayInSwarm drops a peer of a full torrent.
func (b *book) makeWayInSwarm(t *torrent, source uint64) error {
	c := choice{source: source, has: t.sources[source]}
	for range draws {
		i := b.anyOf(t)
		from := b.entries[i].source
		c.offer(i, from, t.sources[from])
	}
	if c.found == 0 {
		return errShare
	}
	b.drop(c.found)
	return nil
}

// makeWay drops a peer of a full book: among equals the one silent longest.
func (b *book) makeWay(source uint64) error {
	c := choice{source: source, has: b.sources[source]}
	offer := func(i uint32) {
		from := b.entries[i].source
		c.offer(i, from, b.sources[from])
	}
	offer(b.entries[0].next)
	b.draw(offer)
	if c.found == 0 {
		return errShare
	}
	b.drop(c.found)
	return nil
}

// makeWayForTorrent forgets a torrent, with its peers, when there are as many as
// may be. A source has those where it is alone; the others are nobody's.
func (b *book) makeWayForTorrent(source uint64) error {
	c := choice{source: source, has: b.alone[source]}
	offer := func(i uint32) {
		from, alone := b.entries[i].torrent.only()
		if alone {
			c.offer(i, from, b.alone[from])
		}
	}
	for _, i := range b.recent.next.byAddr { // the one announced least recently
		c.offer(i, b.entries[i].source, 1)
		break
	}
	b.draw(offer)
	if c.found == 0 {
		return errShare
	}
	b.forget(b.entries[c.found].torrent)
	return nil
}

// draw calls f with random peers, some of them perhaps more than once.
func (b *book) draw(f func(i uint32)) {
	for tries, n := 0, 0; tries < 8*draws && n < draws; tries++ {
		if i := uint32(b.rng.IntN(len(b.entries))); b.entries[i].torrent != nil { // it is in use
			f(i)
			n++
		}
	}
}

// count notes that a torrent has one peer more, or one less, of a source.
func (b *book) count(t *torrent, source uint64, more bool) {
	if only, ok := t.only(); ok {
		tally(b.alone, only, false)
	}
	tally(b.sources, source, more)
	tally(t.sources, source, more)
	if only, ok := t.only(); ok {
		tally(b.alone, only, true)
	}
}

// tally adds one to a number, or takes one from it.
func tally(numbers map[uint64]uint32, source uint64, more bool) {
	switch n := numbers[source]; {
	case more:
		numbers[source] = n + 1
	case n > 1:
		numbers[source] = n - 1
	default:
		delete(numbers, source)
	}
}

// only returns the source that all peers of a torrent are of, if there is one.
func (t *torrent) only() (source uint64, ok bool) {
	if len(t.sources) != 1 {
		return 0, false
	}
	for source = range t.sources {
		break
	}
	return source, true
}
