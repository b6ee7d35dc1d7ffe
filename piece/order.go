package piece

import "math/rand/v2"

// Priority says how much a piece is wanted: 0 not at all, 1..7 rising.
type Priority uint8

// Named priorities; the numbers between them may be used as well.
const (
	Skip   Priority = 0
	Low    Priority = 2
	Normal Priority = 4
	High   Priority = 7
)

const priorities = int(High)

// maxLevels bounds the availability buckets of one priority. Pieces that more
// peers have than this are equally common to us.
const maxLevels = 256

// Marks in order.pos for pieces that are not in the list.
const (
	markOut    uint32 = 1 << 31         // neither startable nor active
	markActive uint32 = markOut | 1<<30 // active; the rest is its slot
	slotMask   uint32 = markActive ^ ^uint32(0)
)

// order keeps the pieces that can be started (wanted, missing, not active)
// sorted by priority, then by availability, in one array cut into buckets.
// A step to a neighbouring bucket is one swap and one moved border, so a HAVE
// costs O(1). Inside a bucket the order is random: the array is shuffled once
// and whoever enters a bucket gets a random place in it.
//
// Seeds are not counted: they would raise every piece alike.
type order struct {
	rng   *rand.Rand
	list  []uint32 // the startable pieces, bucket after bucket
	spare []uint32 // where sort puts them; swapped with list
	pos   []uint32 // per piece: its index in list, or a mark
	avail []uint16 // per piece: peers that have it, seeds left out
	prio  []uint8  // per piece: its Priority

	levels int     // buckets per priority; key() stays below priorities*levels
	start  []int32 // start[k] is where bucket k begins; one more at the end
	dirty  bool    // avail changed in bulk; list is to be sorted again
	news   uint64  // raised when avail, or what we have, changes; see CopiesOf
}

// newOrder returns the order of n pieces, none of them listed yet.
func newOrder(n int, rng *rand.Rand) order {
	o := order{
		rng: rng, levels: 8, news: 1,
		pos: make([]uint32, n), avail: make([]uint16, n), prio: make([]uint8, n),
	}
	o.start = make([]int32, priorities*o.levels+1)
	for i := range o.pos {
		o.pos[i] = markOut
	}
	return o
}

// key returns the bucket of piece i.
func (o *order) key(i uint32) int {
	return (priorities-int(o.prio[i]))*o.levels + min(int(o.avail[i]), o.levels-1)
}

// listed reports whether piece i can be started.
func (o *order) listed(i uint32) bool { return o.pos[i] < markOut }

// swap exchanges the pieces at two places of the list.
func (o *order) swap(a, b uint32) {
	x, y := o.list[a], o.list[b]
	o.list[a], o.list[b] = y, x
	o.pos[x], o.pos[y] = b, a
}

// shift moves a listed piece from bucket from to bucket to.
func (o *order) shift(i uint32, from, to int) {
	for k := from; k < to; k++ {
		o.start[k+1]--
		o.swap(o.pos[i], uint32(o.start[k+1]))
	}
	for k := from; k > to; k-- {
		o.swap(o.pos[i], uint32(o.start[k]))
		o.start[k]++
	}
	if n := o.start[to+1] - o.start[to]; n > 1 && from != to {
		o.swap(o.pos[i], uint32(o.start[to]+o.rng.Int32N(n)))
	}
}

// insert makes piece i startable.
func (o *order) insert(i uint32) {
	last := len(o.start) - 1
	o.pos[i] = uint32(len(o.list))
	o.list = append(o.list, i)
	if o.dirty {
		return
	}
	o.start[last]++
	o.shift(i, last-1, o.key(i))
}

// remove takes piece i out and leaves mark in its place.
func (o *order) remove(i, mark uint32) {
	o.sort()
	last := len(o.start) - 1
	o.shift(i, o.key(i), last-1)
	end := uint32(len(o.list) - 1)
	o.swap(o.pos[i], end)
	o.list = o.list[:end]
	o.start[last]--
	o.pos[i] = mark
}

// add counts one more or one fewer peer that has piece i.
func (o *order) add(i uint32, delta int) {
	o.avail[i] += uint16(delta)
	o.news++
	if o.dirty {
		return
	}
	if int(o.avail[i]) >= o.levels && o.levels < maxLevels {
		o.widen()
	}
	if !o.listed(i) {
		return
	}
	// Only the count changed, so the old bucket is the new one or beside it.
	o.avail[i] -= uint16(delta)
	from := o.key(i)
	o.avail[i] += uint16(delta)
	o.shift(i, from, o.key(i))
}

// widen doubles the levels. No piece is above the old ones yet, so the list
// stays as it is and only empty buckets come in between.
func (o *order) widen() {
	old, n := o.start, o.levels
	o.levels *= 2
	o.start = make([]int32, priorities*o.levels+1)
	for k := range o.start {
		row, level := k/o.levels, k%o.levels
		o.start[k] = old[min(row*n+min(level, n), len(old)-1)]
	}
}

// addAll counts delta for every piece of s, which has size members. Many at
// once cost one pass over the pieces, and the list is sorted when next used.
func (o *order) addAll(s Bitset, size, delta int) {
	o.news++
	if size*4 < len(o.pos) {
		for i, ok := s.next(0); ok; i, ok = s.next(i + 1) {
			o.add(i, delta)
		}
		return
	}
	for i, ok := s.next(0); ok; i, ok = s.next(i + 1) {
		o.avail[i] += uint16(delta)
	}
	o.dirty = true
}

// sort brings the list in order again after a bulk change: a stable counting
// sort, so pieces that stay equal stay in their random order.
func (o *order) sort() {
	if !o.dirty {
		return
	}
	o.dirty = false
	top := uint16(0)
	for _, a := range o.avail {
		top = max(top, a)
	}
	for o.levels <= int(top) && o.levels < maxLevels {
		o.levels *= 2
	}
	if n := priorities*o.levels + 1; n > len(o.start) {
		o.start = make([]int32, n)
	} else {
		clear(o.start)
	}
	for _, i := range o.list {
		o.start[o.key(i)+1]++
	}
	for k := 1; k < len(o.start); k++ {
		o.start[k] += o.start[k-1]
	}
	if cap(o.spare) < len(o.list) {
		o.spare = make([]uint32, 0, cap(o.list))
	}
	out := o.spare[:len(o.list)]
	for _, i := range o.list {
		k := o.key(i)
		at := o.start[k]
		o.start[k]++
		out[at] = i
		o.pos[i] = uint32(at)
	}
	copy(o.start[1:], o.start) // each border has moved to the end of its bucket
	o.start[0] = 0
	o.list, o.spare = out, o.list[:0]
}

// reset lists exactly the members of startable, in random order. Pieces with
// the active mark must not be among them and keep it.
func (o *order) reset(startable Bitset) {
	for _, i := range o.list {
		o.pos[i] = markOut
	}
	o.list = o.list[:0]
	if n := startable.count(); cap(o.list) < n || cap(o.list) > 2*n+64 { // a seed lists nothing
		o.list, o.spare = make([]uint32, 0, n), nil
	}
	for i, ok := startable.next(0); ok; i, ok = startable.next(i + 1) {
		o.list = append(o.list, i)
	}
	o.rng.Shuffle(len(o.list), func(a, b int) {
		o.list[a], o.list[b] = o.list[b], o.list[a]
	})
	for at, i := range o.list {
		o.pos[i] = uint32(at)
	}
	o.dirty = true
}
