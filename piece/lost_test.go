package piece

import (
	"testing"
	"time"
)

// forgetful is a peer that may drop requests, and what its owner is told of lost ones.
func (s *swarm) forgetful() (r *remote, lost *[]int) {
	r = s.seed()
	s.m.Unreliable(r.p)
	lost = new([]int)
	r.p.hooks.Lost = func(n, room int) { *lost = append(*lost, n, room) }
	return r, lost
}

// take has r queue what fits of what it was asked for.
func (r *remote) take(queue int) { r.queue = r.queue[:min(len(r.queue), queue)] }

// A peer that queues five of twenty and is asked again after a silence shows that
// the others are lost: others are asked, it is itself when there are none, and the
// owner learns how long its queue is.
func TestLostToAShortQueue(t *testing.T) {
	for name, others := range map[string]bool{"alone": false, "with another": true} {
		t.Run(name, func(t *testing.T) {
			s := newSwarm(t, 20*BlockSize, 20*BlockSize, manual())
			r, lost := s.forgetful()
			got := r.pick(20)
			r.take(5)
			s.advance(100 * time.Millisecond)
			r.answer()
			if b, ok := s.m.Nudge(r.p, s.now); !ok || b != got[19] {
				t.Fatalf("asks once more for %v, %v", b, ok)
			}
			s.advance(2 * time.Second)
			b, _ := s.m.Nudge(r.p, s.now)
			if err := r.send(b); err != nil {
				t.Fatal(err)
			}
			if len(*lost) != 2 || (*lost)[0] != 14 || (*lost)[1] != 5 {
				t.Fatalf("told of %v lost, want 14 behind 5", *lost)
			}
			if n := s.m.Outstanding(r.p); n != 0 {
				t.Errorf("%d outstanding", n)
			}
			giver := r
			if others {
				giver = s.seed()
			}
			again := giver.pick(20)
			if len(again) != 14 || again[0] != got[5] {
				t.Errorf("%d blocks are asked again, from %v", len(again), again[0])
			}
			if err := r.send(got[7]); err != nil { // late, and good
				t.Error(err)
			}
			giver.answer()
			s.drain()
			s.wantDone()
		})
	}
}

// An answer in its turn, or out of turn while blocks keep coming, proves nothing.
func TestNothingLost(t *testing.T) {
	s := newSwarm(t, 64*BlockSize, 16*BlockSize, manual())
	r, lost := s.forgetful()
	got := r.pick(20)
	s.advance(3 * time.Second)
	s.m.Nudge(r.p, s.now) // a line that stood still
	s.advance(time.Millisecond)
	for _, b := range got[:10] {
		r.send(b)
	}
	for _, b := range got[12:16] {
		r.send(b)
	}
	r.send(got[10])
	if len(*lost) > 0 || s.m.Outstanding(r.p) != 5 {
		t.Errorf("told of %v lost, %d outstanding", *lost, s.m.Outstanding(r.p))
	}
}

// While blocks keep coming, what so many others have overtaken is lost, all of it
// at once.
func TestLostWhileOthersCome(t *testing.T) {
	s := newSwarm(t, 64*BlockSize, 64*BlockSize, manual())
	r, lost := s.forgetful()
	got := r.pick(4)
	r.forget(got[1])
	r.forget(got[2])
	for n := 0; len(*lost) == 0; n++ {
		if n > 2*lostAfter {
			t.Fatal("never")
		}
		r.answer()
		r.pick(1)
	}
	if (*lost)[0] != 2 || (*lost)[1] != 1 {
		t.Errorf("told of %v lost, want 2 behind 1", *lost)
	}
}

// Snubbed, then tried again: the answer shows what is lost, and the requests that
// were made before the snub do not come back to block the pipeline.
func TestLostBeforeASnub(t *testing.T) {
	s := newSwarm(t, 64*BlockSize, 64*BlockSize, manual())
	r, lost := s.forgetful()
	r.pick(10)
	r.take(0)
	s.advance(20 * time.Second)
	s.m.Snub(r.p)
	s.advance(60 * time.Second)
	r.pick(1)
	r.answer()
	s.m.Unsnub(r.p)
	if len(*lost) == 0 || (*lost)[0] != 10 || s.m.Outstanding(r.p) != 0 {
		t.Errorf("told of %v lost, %d outstanding", *lost, s.m.Outstanding(r.p))
	}
}
