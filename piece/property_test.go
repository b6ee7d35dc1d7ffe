package piece

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// held is a slab that a reader has claimed and not yet handed in.
type held struct {
	r  *remote
	b  Block
	sl *Slab
}

// life is a swarm driven by random events, one at a time, with jobs done when
// an event says so.
type life struct {
	*swarm
	peers []*remote
	slabs []held
	heads [3]ReadHead
}

// drain does the jobs that are queued.
func (s *swarm) drain() { s.drainWith(newWorker()) }

func (s *swarm) drainWith(x *worker) {
	for s.workers.next < len(s.workers.queue) {
		j, _ := s.workers.pop()
		x.do(j)
	}
}

// manual replaces the workers by calls of drain.
func manual() option {
	return func(s *swarm, c *Config) {
		s.workers.Close()
		s.manual, s.workers = true, &Workers{}
		s.workers.wake.L = &s.workers.mu
		c.Workers = s.workers
	}
}

func (l *life) anyPeer(t *rapid.T) *remote {
	if len(l.peers) == 0 {
		t.Skip("no peers")
	}
	return rapid.SampledFrom(l.peers).Draw(t, "peer")
}

func (l *life) anyPiece(t *rapid.T) int {
	return rapid.IntRange(0, l.layout.Pieces()-1).Draw(t, "piece")
}

func (l *life) anyHeld(t *rapid.T) held {
	if len(l.slabs) == 0 {
		t.Skip("no slabs")
	}
	k := rapid.IntRange(0, len(l.slabs)-1).Draw(t, "slab")
	h := l.slabs[k]
	l.slabs = slices.Delete(l.slabs, k, k+1)
	return h
}

func (l *life) join(t *rapid.T) {
	if len(l.peers) >= 8 {
		t.Skip("crowded")
	}
	r := l.swarm.join()
	r.liar = rapid.IntRange(0, 4).Draw(t, "liar") == 0
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		l.m.SetHaveAll(r.p)
	case 1:
		set := NewBitset(l.layout.Pieces())
		for i := range uint32(l.layout.Pieces()) {
			if rapid.Bool().Draw(t, "has") {
				set.Set(i)
			}
		}
		if err := l.m.SetBitfield(r.p, set.appendWire(nil, l.layout.Pieces())); err != nil {
			t.Fatal(err)
		}
	case 2:
		l.m.SetHaveNone(r.p)
	}
	l.peers = append(l.peers, r)
}

// leave ends a peer; slabs that it was reading are handed in afterwards.
func (l *life) leave(r *remote) {
	l.m.Leave(r.p)
	l.peers = slices.Delete(l.peers, slices.Index(l.peers, r), slices.Index(l.peers, r)+1)
}

func (l *life) pick(t *rapid.T) {
	r := l.anyPeer(t)
	before := slices.Clone(r.queue)
	late := map[Block]bool{} // these may be asked once more
	for q := r.p.first; q != noReq; q = l.m.ledger.reqs.all[q].next {
		if x := &l.m.ledger.reqs.all[q]; x.state == reqLate {
			late[l.layout.unitBlock(int(x.piece), x.block)] = true
		}
	}
	got := r.pick(rapid.IntRange(1, 12).Draw(t, "n"))
	seen := map[Block]bool{}
	for _, b := range got {
		if seen[b] || r.p.choked && !slices.Contains(r.p.fast, b.index) {
			t.Fatalf("picked %v twice or from a peer that chokes", b)
		}
		seen[b] = true
		if l.m.Have(b.Index()) || l.m.ledger.wants.order.prio[b.index] == uint8(Skip) {
			t.Fatalf("picked %v, which nobody wants", b)
		}
		if slices.Contains(before, b) && !late[b] && !slices.Contains(r.cancels, b) {
			t.Fatalf("picked %v, which is outstanding", b)
		}
	}
}

// claim begins the answer to the oldest request, or to any in disorder.
func (l *life) claim(t *rapid.T) {
	r := l.anyPeer(t)
	if len(r.queue) == 0 || len(l.slabs) > 8 {
		t.Skip("nothing asked")
	}
	b := r.queue[rapid.IntRange(0, len(r.queue)-1).Draw(t, "which")]
	sl, err := r.claim(b)
	if err != nil {
		if !errors.Is(err, ErrUnwanted) {
			t.Fatal(err)
		}
		return
	}
	l.slabs = append(l.slabs, held{r, b, sl})
}

func (l *life) commit(t *rapid.T) {
	h := l.anyHeld(t)
	h.r.fill(h.sl, h.b)
	l.m.Commit(h.r.p, h.sl, l.now)
}

func (l *life) reject(t *rapid.T) {
	r := l.anyPeer(t)
	if len(r.queue) == 0 {
		t.Skip("nothing asked")
	}
	b := rapid.SampledFrom(r.queue).Draw(t, "block")
	r.forget(b)
	if !l.m.Reject(r.p, b.index, b.begin, b.length) && !slices.Contains(r.cancels, b) {
		t.Fatalf("reject of %v was not expected", b)
	}
}

func (l *life) choke(t *rapid.T) {
	r, fast := l.anyPeer(t), rapid.Bool().Draw(t, "fast")
	l.m.Choked(r.p, fast)
	if !fast {
		r.queue = nil
	}
}

func (l *life) events() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"join":    l.join,
		"leave":   func(t *rapid.T) { l.leave(l.anyPeer(t)) },
		"pick":    l.pick,
		"pick2":   l.pick,
		"claim":   l.claim,
		"claim2":  l.claim,
		"commit":  l.commit,
		"commit2": l.commit,
		"abort":   func(t *rapid.T) { h := l.anyHeld(t); l.m.Abort(h.r.p, h.sl) },
		"reject":  l.reject,
		"choke":   l.choke,
		"unchoke": func(t *rapid.T) { l.m.Unchoked(l.anyPeer(t).p) },
		"snub":    func(t *rapid.T) { l.m.Snub(l.anyPeer(t).p) },
		"unsnub":  func(t *rapid.T) { l.m.Unsnub(l.anyPeer(t).p) },
		"have": func(t *rapid.T) {
			if err := l.m.SetHave(l.anyPeer(t).p, uint32(l.anyPiece(t))); err != nil {
				t.Fatal(err)
			}
		},
		"donthave": func(t *rapid.T) {
			r, i := l.anyPeer(t), l.anyPiece(t)
			if err := l.m.SetDontHave(r.p, uint32(i)); err != nil {
				t.Fatal(err)
			}
		},
		"fast":    func(t *rapid.T) { l.m.AllowFast(l.anyPeer(t).p, uint32(l.anyPiece(t))) },
		"suggest": func(t *rapid.T) { l.m.Suggest(l.anyPeer(t).p, uint32(l.anyPiece(t))) },
		"priority": func(t *rapid.T) {
			k := rapid.IntRange(1, 7).Draw(t, "k")
			l.m.SetPriority(func(i int) Priority { return Priority(i * k % 8) })
		},
		"window": func(t *rapid.T) { l.m.SetWindow(l.anyPiece(t), l.anyPiece(t)) },
		"read": func(t *rapid.T) {
			lo := l.anyPiece(t)
			l.m.Read(&l.heads[rapid.IntRange(0, len(l.heads)-1).Draw(t, "head")], lo, lo+rapid.IntRange(0, 9).Draw(t, "length"))
		},
		"stop reading": func(t *rapid.T) { l.m.StopReading(&l.heads[rapid.IntRange(0, len(l.heads)-1).Draw(t, "head")]) },
		"forget":       func(t *rapid.T) { l.m.Forget(l.anyPiece(t)) },
		"lose":         func(t *rapid.T) { l.m.Lose(l.anyPiece(t)) },
		"work":         func(*rapid.T) { l.drain() },
		"tick": func(t *rapid.T) {
			l.advance(time.Duration(rapid.IntRange(1, 20).Draw(t, "s")) * time.Second)
			l.m.Tick(l.now)
		},
		"": func(t *rapid.T) {
			if err := l.m.invariants(len(l.slabs)); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// TestAnyLife lets random events happen to a swarm, checks the invariants after
// each, and then sees whether an honest seed can still finish the download.
func TestAnyLife(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		blocks := rapid.IntRange(1, 9).Draw(rt, "blocks")
		pieces := rapid.IntRange(1, 70).Draw(rt, "pieces")
		short := rapid.Int64Range(0, int64(blocks)*BlockSize-1).Draw(rt, "short")
		opts := []option{manual(), budget(rapid.IntRange(4, 40).Draw(rt, "budget"))}
		if rapid.Bool().Draw(rt, "sequential") {
			opts = append(opts, sequential())
		}
		size := int64(blocks) * BlockSize
		l := &life{swarm: newSwarm(t, int64(pieces)*size-short, size, opts...)}
		rt.Repeat(l.events())
		l.finish(rt)
		l.close()
	})
}

// finish ends the random life with one honest seed and checks the result.
func (l *life) finish(t *rapid.T) {
	for _, h := range l.slabs {
		l.m.Abort(h.r.p, h.sl)
	}
	l.slabs = nil
	for len(l.peers) > 0 {
		l.leave(l.peers[0])
	}
	l.m.SetWindow(0, l.layout.Pieces())
	r := l.seed()
	l.peers = append(l.peers, r)
	for turns := 0; !l.m.Done(); turns++ {
		if turns > 100000 {
			t.Fatalf("stuck: %+v", l.m.Stats())
		}
		r.pick(5)
		r.answer()
		l.drain()
		if err := l.m.invariants(0); err != nil {
			t.Fatal(err)
		}
	}
	for i := range l.layout.Pieces() {
		off, n := l.layout.Offset(i), l.layout.PieceLen(i)
		if l.m.Have(i) && string(l.store.data[off:off+n]) != string(l.piece(i)) {
			t.Fatalf("piece %d is not what it should be", i)
		}
	}
	if l.leave(r); l.pool.used != 0 {
		t.Fatalf("%d slabs of budget are lost", l.pool.used)
	}
}
