package piece

import (
	"crypto/sha1"
	"testing"
)

func TestHasher(t *testing.T) {
	h := new(hasher)
	a, b := []byte("some bytes"), []byte("and others")
	for _, c := range []struct {
		name  string
		want  Digest
		bytes []byte
		good  bool
	}{
		{"right", SHA1(sha1.Sum(a)), a, true},
		{"wrong", SHA1(sha1.Sum(a)), b, false},
		{"right again", SHA1(sha1.Sum(b)), b, true},
		{"not known", Digest{}, a, false},
		{"all zeros", SHA1([20]byte{}), nil, false},
		{"right after one that is not known", SHA1(sha1.Sum(a)), a, true},
	} {
		h.begin(c.want)
		h.write(c.bytes[:len(c.bytes)/2])
		h.write(c.bytes[len(c.bytes)/2:])
		if got := h.good(); got != c.good || c.want.Known() != (c.name != "not known") {
			t.Errorf("%s: good is %v, known %v", c.name, got, c.want.Known())
		}
	}
}

// TestPieceNotKnownYet: a piece whose digest is not known is wanted, but asked of
// nobody until it is.
func TestPieceNotKnownYet(t *testing.T) {
	known := map[int]bool{0: true, 1: true}
	s := newSwarm(t, 4*BlockSize, BlockSize, func(_ *swarm, c *Config) {
		right := c.Digest
		c.Digest = func(i int) Digest {
			if !known[i] {
				return Digest{}
			}
			return right(i)
		}
		c.Known = func(i int) bool { return known[i] }
	})
	r := s.seed()
	if left, _ := s.m.wantedLeft(); left != 4 || !s.m.Interesting(r.p) {
		t.Errorf("%d pieces are wanted, interesting %v", left, s.m.Interesting(r.p))
	}
	asked := func() (pieces []int) {
		for _, b := range r.pick(10) {
			pieces = append(pieces, b.Index())
		}
		r.answer()
		s.m.jobs.Wait()
		if err := s.m.invariants(0); err != nil {
			t.Fatal(err)
		}
		return pieces
	}
	if got := asked(); len(got) != 2 || got[0]+got[1] != 1 {
		t.Fatalf("pieces %v were asked for, want 0 and 1", got)
	}
	s.m.SetPriority(func(int) Priority { return High }) // counts everything anew
	s.m.AllowFast(r.p, 2)
	if got := asked(); got != nil {
		t.Fatalf("pieces %v were asked for, and are not known", got)
	}
	wakes := r.wakes
	known[2] = true
	s.m.Learn(2)
	s.m.Learn(2)
	if r.wakes == wakes {
		t.Error("nobody was told that there is something to ask for")
	}
	if got := asked(); len(got) != 1 || got[0] != 2 || !s.m.Have(2) {
		t.Fatalf("pieces %v were asked for, want 2", got)
	}
	s.m.SetPriority(func(int) Priority { return Skip })
	known[3] = true
	s.m.Learn(3)
	if got := asked(); got != nil {
		t.Fatalf("pieces %v were asked for, and are not wanted", got)
	}
	s.m.SetPriority(func(int) Priority { return Normal })
	asked()
	s.wantDone()
}
