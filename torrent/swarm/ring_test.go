package swarm

import "testing"

func TestRing(t *testing.T) {
	r := newRing(3)
	for i := range uint32(10) {
		r.push(i)
		r.push(i + 100)
		r.swap(0, 1)
		if a, b := r.pop(), r.pop(); a != i+100 || b != i || r.len() != 0 {
			t.Fatalf("popped %d and %d with %d left, want %d and %d", a, b, r.len(), i+100, i)
		}
	}
}
