package piece

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// wantSorted checks that the list is sorted by bucket and that the borders are
// where the buckets begin.
func (o *order) wantSorted(t interface{ Fatalf(string, ...any) }) {
	o.sort()
	for at, i := range o.list {
		k := o.key(i)
		if o.pos[i] != uint32(at) || int32(at) < o.start[k] || int32(at) >= o.start[k+1] {
			t.Fatalf("piece %d, bucket %d, is at %d, pos %d, bucket is %d to %d",
				i, k, at, o.pos[i], o.start[k], o.start[k+1])
		}
	}
	if n := o.start[len(o.start)-1]; int(n) != len(o.list) {
		t.Fatalf("the last bucket ends at %d of %d", n, len(o.list))
	}
}

func TestOrderAgainstSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		o := newOrder(n, rand.New(rand.NewPCG(1, 2)))
		all := NewBitset(n)
		all.fill(n)
		for i := range o.prio {
			o.prio[i] = uint8(rapid.IntRange(1, 7).Draw(t, "priority"))
		}
		o.reset(all)
		piece := func() uint32 { return rapid.Uint32Range(0, uint32(n)-1).Draw(t, "piece") }
		count := make([]int, n)
		t.Repeat(map[string]func(*rapid.T){
			"have": func(*rapid.T) { i := piece(); count[i]++; o.add(i, 1) },
			"lose": func(*rapid.T) {
				if i := piece(); count[i] > 0 {
					count[i]--
					o.add(i, -1)
				}
			},
			"remove": func(*rapid.T) {
				if i := piece(); o.listed(i) {
					o.remove(i, markOut)
				}
			},
			"insert": func(*rapid.T) {
				if i := piece(); !o.listed(i) {
					o.insert(i)
				}
			},
			"bulk": func(t *rapid.T) {
				s, size := NewBitset(n), 0
				for i := range uint32(n) {
					if rapid.Bool().Draw(t, "in") {
						s.Set(i)
						size++
						count[i]++
					}
				}
				o.addAll(s, size, 1)
			},
			"": func(t *rapid.T) {
				if rapid.Bool().Draw(t, "look") {
					o.wantSorted(t)
				}
				for i, c := range count {
					if int(o.avail[i]) != c {
						t.Fatalf("piece %d: availability %d, want %d", i, o.avail[i], c)
					}
				}
			},
		})
		o.wantSorted(t)
	})
}

func TestOrderBeyondTheLastBucket(t *testing.T) {
	o := newOrder(3, rand.New(rand.NewPCG(1, 2)))
	all := NewBitset(3)
	all.fill(3)
	for i := range o.prio {
		o.prio[i] = uint8(Normal)
	}
	o.reset(all)
	for range 3 * maxLevels {
		o.add(1, 1)
	}
	o.wantSorted(t)
	if o.levels != maxLevels {
		t.Errorf("%d levels, want %d", o.levels, maxLevels)
	}
	for range 3 * maxLevels {
		o.add(1, -1)
	}
	o.wantSorted(t)
}

// TestTiesAreRandom: pieces that are equally rare must not come in the same
// order for everybody, or all peers of a swarm would fetch the same ones.
func TestTiesAreRandom(t *testing.T) {
	first := map[uint32]int{}
	for seed := range uint64(200) {
		o := newOrder(10, rand.New(rand.NewPCG(seed, 0)))
		for i := range o.prio {
			o.prio[i] = uint8(Normal)
		}
		all := NewBitset(10)
		all.fill(10)
		o.reset(all)
		o.sort()
		for i := range uint32(10) { // all rise to the same bucket, one by one
			o.add(i, 1)
		}
		first[o.list[0]]++
	}
	for i := range uint32(10) {
		if first[i] == 0 || first[i] > 60 {
			t.Errorf("piece %d came first %d times of 200", i, first[i])
		}
	}
}

func TestPriorityComesBeforeRarity(t *testing.T) {
	o := newOrder(4, rand.New(rand.NewPCG(1, 2)))
	copy(o.prio, []uint8{1, 7, 4, 7})
	all := NewBitset(4)
	all.fill(4)
	o.reset(all)
	o.sort()
	o.add(1, 1) // as wanted as 3, and more common
	if want := []uint32{3, 1, 2, 0}; !slices.Equal(o.list, want) {
		t.Errorf("order %v, want %v", o.list, want)
	}
}
