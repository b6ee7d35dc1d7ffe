package piece

import (
	"fmt"
	"strings"
	"testing"
)

// Pieces are picked by index within each priority, the highest first, and the switch
// counts at once.
func TestSequentialKinds(t *testing.T) {
	for _, test := range []struct {
		name string
		prio []uint8
		have []int // of the peer; nil: all
		want string
	}{
		{"all alike", []uint8{4, 4, 4, 4}, nil, "0.0 0.1 1.0 1.1 2.0 2.1 3.0 3.1"},
		{"high, normal, low", []uint8{2, 4, 7, 4, 7, 2}, nil, "2.0 2.1 4.0 4.1 1.0 1.1 3.0 3.1 0.0 0.1 5.0 5.1"},
		{"what is not wanted", []uint8{0, 4, 0, 7}, nil, "3.0 3.1 1.0 1.1"},
		{"what the peer has", []uint8{4, 4, 7, 7, 2}, []int{0, 3, 4}, "3.0 3.1 0.0 0.1 4.0 4.1"},
		{"nothing of the first kind", []uint8{4, 7, 2}, []int{2}, "2.0 2.1"},
	} {
		d := newDesk(t, len(test.prio), false)
		d.l.setPriorities(test.prio, new(after))
		d.l.wants.sequential = true
		if got := d.ask(d.peer(test.have...), 100); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// A piece that becomes startable again is the first of its kind again.
func TestKindsAgain(t *testing.T) {
	d := newDesk(t, 6, true)
	d.l.setPriorities([]uint8{4, 7, 7, 4, 4, 4}, new(after))
	p := d.peer()
	d.ask(p, 6) // 1, 2 and 0
	d.l.leave(p, new(after))
	d.l.settle(new(after))
	if got := d.ask(d.peer(), 4); got != "1.0 1.1 2.0 2.1" {
		t.Errorf("after the peer has left: %s", got)
	}
}

func TestSetSequential(t *testing.T) {
	s := newSwarm(t, 64*16<<10, 16<<10, manual())
	s.m.ledger.wants.verified = fewPieces
	seed := s.seed()
	s.m.SetSequential(true)
	for k, b := range seed.pick(8) {
		if b.Index() != k {
			t.Errorf("request %d is for piece %d", k, b.Index())
		}
	}
	s.m.SetSequential(false)
	inOrder := true
	for k, b := range seed.pick(8) {
		inOrder = inOrder && b.Index() == 8+k
	}
	if inOrder {
		t.Error("it goes on in order after the switch")
	}
}

// Servers begin with what is wanted most, and end their runs where that ends.
func TestRunKinds(t *testing.T) {
	for _, sequential := range []bool{false, true} {
		t.Run(fmt.Sprint("sequential ", sequential), func(t *testing.T) {
			s := newSwarm(t, 40*16<<10, 16<<10)
			s.m.SetSequential(sequential)
			s.m.SetPriority(func(i int) Priority {
				switch {
				case i >= 30:
					return High
				case i < 10:
					return Low
				}
				return Normal
			})
			w := s.web()
			var order []Priority
			for !s.m.Done() {
				first, n := w.reserve(Stretch{})
				if n == 0 {
					t.Fatal("nothing to reserve")
				}
				for i := first; i < first+n; i++ {
					if a, b := s.m.ledger.wants.order.prio[i], s.m.ledger.wants.order.prio[first]; a != b {
						t.Fatalf("a run of %d pieces from %d has two priorities", n, first)
					}
				}
				order = append(order, Priority(s.m.ledger.wants.order.prio[first]))
				w.finish()
			}
			for k := 1; k < len(order); k++ {
				if order[k] > order[k-1] {
					t.Errorf("priorities of the runs: %v", order)
				}
			}
			s.wantDone()
		})
	}
}
