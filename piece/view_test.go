package piece

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What is counted lazily is what counting all would give, whatever happens.
func TestCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "pieces")
		s := newCopies(t, n)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			s.step(t)
			if got, want := CopiesOf(s.m), s.count(); math.Abs(got-want) > 1e-9 {
				t.Fatalf("%v copies, want %v", got, want)
			}
		}
	})
}

// copiesModel knows who has what.
type copiesModel struct {
	m     *Manager
	n     int
	peers map[*Peer][]bool
	ours  []bool
}

func newCopies(t *rapid.T, n int) *copiesModel {
	l, err := NewLayout(int64(n)*BlockSize, BlockSize)
	if err != nil {
		t.Fatal(err)
	}
	m := NewManager(Config{Layout: l, Pool: NewPool(1 << 20), Rand: rand.New(rand.NewPCG(1, 2))})
	return &copiesModel{m: m, n: n, peers: make(map[*Peer][]bool), ours: make([]bool, n)}
}

func (s *copiesModel) step(t *rapid.T) {
	i := rapid.IntRange(0, s.n-1).Draw(t, "piece")
	var p *Peer
	if all := s.m.ledger.peers; len(all) > 0 {
		p = all[rapid.IntRange(0, len(all)-1).Draw(t, "who")]
	}
	switch what := rapid.IntRange(0, 6).Draw(t, "what"); {
	case what == 0 || p == nil:
		p = s.m.Join(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), uint16(1+len(s.peers))), Hooks{})
		s.peers[p] = make([]bool, s.n)
	case what == 1:
		s.m.Leave(p)
		delete(s.peers, p)
	case what == 2:
		s.m.SetHaveAll(p)
		for k := range s.n {
			s.peers[p][k] = true
		}
	case what == 3:
		if s.m.SetDontHave(p, uint32(i)) == nil {
			s.peers[p][i] = false
		}
	case what == 4:
		field := make([]byte, (s.n+7)/8)
		for k := range s.n {
			if s.ours[k] = k%3 == i%3; s.ours[k] {
				field[k/8] |= 0x80 >> (k % 8)
			}
		}
		if err := s.m.Resume(field); err != nil {
			t.Fatal(err)
		}
	case what == 5 && s.ours[i]:
		s.m.Lose(i)
		s.ours[i] = false
	default:
		if s.m.SetHave(p, uint32(i)) == nil {
			s.peers[p][i] = true
		}
	}
}

// count counts all.
func (s *copiesModel) count() float64 {
	each := make([]int, s.n)
	for i := range each {
		for _, has := range s.peers {
			if has[i] {
				each[i]++
			}
		}
		if s.ours[i] {
			each[i]++
		}
	}
	least, more := slices.Min(each), 0
	for _, k := range each {
		if k > least {
			more++
		}
	}
	return float64(least) + float64(more)/float64(s.n)
}

func TestViewRuns(t *testing.T) {
	for _, test := range []struct {
		name  string
		avail []uint16
		seeds int
		most  int
		want  []Alike
	}{
		{"no piece", nil, 3, 10, nil},
		{"all alike", []uint16{2, 2, 2}, 1, 10, []Alike{{3, 3}}},
		{"runs", []uint16{0, 0, 1, 0}, 0, 10, []Alike{{2, 0}, {1, 1}, {1, 0}}},
		{"few runs allowed", []uint16{3, 1, 2, 2, 9}, 0, 3, []Alike{{2, 1}, {2, 2}, {1, 9}}},
		{"alike when taken together", []uint16{3, 1, 1, 2, 9}, 0, 3, []Alike{{4, 1}, {1, 9}}},
	} {
		v := View{avail: test.avail, seeds: test.seeds}
		if got := slices.Collect(v.Runs(test.most)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
		for range v.Runs(test.most) { // who has seen enough may leave
			break
		}
	}
}

// A view has what is under way, and no server counts as a peer.
func TestView(t *testing.T) {
	s := newSwarm(t, 8*32<<10, 32<<10, manual())
	s.web()
	s.leecher(3, 4)
	seed := s.seed()
	first := seed.pick(1)[0]
	v := ViewOf(s.m)
	if want := []Partial{{first.Index(), 2, 0}}; !slices.Equal(v.Partial, want) {
		t.Errorf("under way: %v, want %v", v.Partial, want)
	}
	if want := []Alike{{3, 1}, {2, 2}, {3, 1}}; !slices.Equal(slices.Collect(v.Runs(100)), want) {
		t.Errorf("available: %v, want %v", slices.Collect(v.Runs(100)), want)
	}
}
