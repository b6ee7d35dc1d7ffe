package swarm

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func testHints(pieces int) *Hints {
	return NewHints(rand.New(rand.NewPCG(1, 2)), pieces, 256<<10)
}

// Hints go to those who have a slot, each piece to one of them, and the next one
// is given when a piece is asked for, not when it has come.
func TestHints(t *testing.T) {
	h := testHints(40)
	now := superStart
	var a, b HintPeer
	h.Join(&a, now)
	h.Join(&b, now)
	if r := h.Field(&a, nil, now, nil); len(r) != 0 {
		t.Fatalf("%d hints to a peer without a slot", len(r))
	}
	if r := h.Slot(&a, true, now, nil); len(r) != 0 {
		t.Fatalf("%d hints although nobody else could be given the same", len(r))
	}
	given := make(map[int]*HintPeer)
	take := func(news []Hint) (n int) {
		for _, r := range news {
			if given[r.Piece] != nil {
				t.Fatalf("piece %d was suggested twice", r.Piece)
			}
			given[r.Piece] = r.Peer
			n++
		}
		return n
	}
	if n := take(h.Slot(&b, true, now, nil)); n != 2*h.window {
		t.Fatalf("%d hints to two peers, want %d each", n, h.window)
	}
	for len(given) < 40 {
		before := len(given)
		for piece, p := range given {
			take(h.Requested(p, piece, now, nil))
			if len(given) > before {
				break
			}
		}
		if len(given) == before {
			t.Fatalf("no more hints after %d", before)
		}
	}
	// Who loses its slot has not brought what it asked for: others are given it.
	clear(given)
	again := h.Slot(&a, false, now, nil)
	take(again)
	if len(again) != 0 {
		t.Errorf("%d hints to the only one left", len(again))
	}
	if n := take(h.Slot(&a, true, now, nil)); n == 0 {
		t.Error("what was not brought is suggested to nobody")
	}
}

// Who has pieces that nobody else was seen with is suggested no more until it has
// passed one on.
func TestHintsHoard(t *testing.T) {
	h := testHints(40)
	now := superStart
	var slow, other, seen HintPeer
	for _, p := range []*HintPeer{&slow, &other, &seen} {
		h.Join(p, now)
		h.Slot(p, true, now, nil)
	}
	var first int
	for n := range hoard {
		if len(slow.window) == 0 {
			t.Fatalf("no hints after %d pieces", n)
		}
		if n == 0 {
			first = slow.window[0].piece
		}
		if len(h.turned) > 0 {
			t.Fatalf("hoards with %d pieces", n)
		}
		h.Announced(&slow, slow.window[0].piece, now, nil)
	}
	if turned := h.Turned(); len(turned) != 1 || turned[0] != &slow || slow.alone != hoard || !slow.Hoards() {
		t.Fatalf("%d pieces alone; turned: %d", slow.alone, len(turned))
	}
	if news := h.Requested(&slow, slow.window[0].piece, now, nil); len(news) != 0 {
		t.Fatalf("a hint to one that has %d pieces alone", slow.alone)
	}
	if len(other.window) != h.window {
		t.Errorf("%d hints to another, want %d", len(other.window), h.window)
	}
	if news := h.Announced(&seen, first, now, nil); len(news) == 0 || news[0].Peer != &slow {
		t.Errorf("%v when it had passed one on, want a hint", news)
	}
	if turned := h.Turned(); len(turned) != 1 || slow.alone != hoard-1 || slow.Hoards() {
		t.Errorf("still hoards, %d pieces", slow.alone)
	}
	if h.Leave(&slow, now, nil); len(h.alone) != 0 {
		t.Errorf("%d pieces of one that left are remembered", len(h.alone))
	}
}

// A piece that is asked for and never comes is suggested to somebody else, once the
// patience with the first is over.
func TestHintsPatience(t *testing.T) {
	h := testHints(leastWindow)
	now := superStart
	var idle, other HintPeer
	for _, p := range []*HintPeer{&idle, &other} {
		h.Join(p, now)
	}
	h.Slot(&other, true, now, nil)
	news := h.Slot(&idle, true, now, nil)
	if len(news) != leastWindow {
		t.Fatalf("%d hints, want %d", len(news), leastWindow)
	}
	first, next := news[0].Peer, &other
	if first == &other {
		next = &idle
	}
	for _, r := range news {
		if h.Requested(first, r.Piece, now, nil); r.Peer != first {
			t.Fatalf("two pieces are suggested to two peers")
		}
	}
	if at := h.Next(); !at.Equal(now.Add(firstPatience)) {
		t.Fatalf("to be looked at after %v", at.Sub(now))
	}
	if early := h.Step(now.Add(firstPatience-1), nil); len(early) != 0 {
		t.Fatalf("%d hints before that", len(early))
	}
	late := h.Step(now.Add(firstPatience), nil)
	if len(late) != leastWindow {
		t.Fatalf("%d hints after that, want %d", len(late), leastWindow)
	}
	if h.Leave(first, now, nil); len(next.window)+h.queue.len() < leastWindow {
		t.Error("a piece is suggested to nobody")
	}
}

// It is over when every piece is out, or somebody has them all, and then nothing is
// said any more, whatever happens.
func TestHintsFinish(t *testing.T) {
	for name, end := range map[string]func(h *Hints, a, b *HintPeer){
		"a full bitfield": func(h *Hints, a, _ *HintPeer) { h.Field(a, []byte{0xff, 0xff}, superStart, nil) },
		"everything is out": func(h *Hints, a, b *HintPeer) {
			h.Field(a, []byte{0xff, 0}, superStart, nil)
			h.Field(b, []byte{0, 0xff}, superStart, nil)
		},
	} {
		h := testHints(16)
		var a, b, late HintPeer
		for _, p := range []*HintPeer{&a, &b} {
			h.Join(p, superStart)
			h.Slot(p, true, superStart, nil)
		}
		if h.Finished() {
			t.Fatalf("%s: finished before it began", name)
		}
		end(h, &a, &b)
		if !h.Finished() || !h.Next().IsZero() {
			t.Errorf("%s: finished: %v, next at %v", name, h.Finished(), h.Next())
		}
		h.Join(&late, superStart)
		news := h.Slot(&late, true, superStart, nil)
		news = h.Announced(&b, 0, superStart, news)
		news = h.Requested(&a, 0, superStart, news)
		news = h.Leave(&a, superStart, h.Step(superStart, news))
		if len(news) != 0 {
			t.Errorf("%s: %d hints after the end", name, len(news))
		}
	}
}

// Whatever happens, no piece is suggested that somebody has, or to two peers at a
// time, or to one without a slot, and the books agree with the facts.
func TestHintsInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 100).Draw(t, "pieces")
		h, now := testHints(n), superStart
		var peers []*HintPeer
		has := make(map[*HintPeer]map[int]bool)
		one := func(t *rapid.T) *HintPeer {
			if len(peers) == 0 {
				t.Skip("nobody")
			}
			return peers[rapid.IntRange(0, len(peers)-1).Draw(t, "peer")]
		}
		apply := func(news []Hint) {
			for _, r := range news {
				if r.Peer.quiet || !r.Peer.joined() && !h.Finished() {
					t.Fatalf("piece %d is suggested to one without a slot", r.Piece)
				}
				for p := range has {
					if has[p][r.Piece] {
						t.Fatalf("piece %d is suggested, which somebody has", r.Piece)
					}
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(*rapid.T) {
				p := &HintPeer{}
				peers, has[p] = append(peers, p), make(map[int]bool)
				h.Join(p, now)
			},
			"leave": func(t *rapid.T) {
				p := one(t)
				for i, q := range peers {
					if p == q {
						peers = append(peers[:i], peers[i+1:]...)
						break
					}
				}
				delete(has, p)
				apply(h.Leave(p, now, nil))
			},
			"slot": func(t *rapid.T) { apply(h.Slot(one(t), rapid.Bool().Draw(t, "on"), now, nil)) },
			"has": func(t *rapid.T) {
				p, i := one(t), rapid.IntRange(0, n-1).Draw(t, "piece")
				has[p][i] = true
				apply(h.Announced(p, i, now, nil))
			},
			"asks": func(t *rapid.T) {
				if p := one(t); len(p.window) > 0 {
					apply(h.Requested(p, p.window[0].piece, now, nil))
				}
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "seconds")) * time.Second)
				apply(h.Step(now, nil))
			},
			"": func(t *rapid.T) {
				if h.Finished() {
					return
				}
				open, takers := make([]int, n), 0
				for _, p := range peers {
					if !p.quiet {
						takers++
					}
					for _, w := range p.window {
						open[w.piece]++
					}
				}
				for i, k := range open {
					if k > 1 || int(h.open[i]) != k {
						t.Fatalf("piece %d is in %d windows, the books say %d", i, k, h.open[i])
					}
				}
				if takers != h.takers {
					t.Fatalf("%d have a slot, the books say %d", takers, h.takers)
				}
			},
		})
	})
}
