package piece

import (
	"net/netip"
	"testing"
)

func TestSole(t *testing.T) {
	l, err := NewLayout(100*BlockSize, BlockSize)
	if err != nil {
		t.Fatal(err)
	}
	workers := NewWorkers(1)
	defer workers.Close()
	m := NewManager(Config{Layout: l, Pool: NewPool(1 << 20), Workers: workers, Digest: func(int) Digest { return SHA1([20]byte{}) }})
	defer m.Close()
	addr := func(i byte) netip.AddrPort { return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, i}), 1) }
	sole := func(i byte) bool { return m.Sole(func(a netip.AddrPort) bool { return a == addr(i) }) }
	have := func(p *Peer, pieces ...int) {
		for _, i := range pieces {
			if err := m.SetHave(p, uint32(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, b := m.Join(addr(1), Hooks{}), m.Join(addr(2), Hooks{})
	have(a, 1, 70)
	have(b, 1)
	if !sole(1) || sole(2) {
		t.Error("the one with a piece of its own is not told from the other")
	}
	if !sole(3) {
		t.Error("one that has left may have had what nobody has")
	}
	have(b, 70)
	if sole(1) {
		t.Error("both have the same pieces")
	}
	have(b, 99)
	m.SetPriority(func(i int) Priority {
		if i == 99 {
			return Skip
		}
		return Normal
	})
	if sole(2) {
		t.Error("nobody wants the piece that it alone has")
	}
	s := m.Join(addr(3), Hooks{})
	m.SetHaveAll(s)
	if !sole(3) || sole(1) {
		t.Error("a seed has what others do not")
	}
	if sole(4) {
		t.Error("nobody needs one that has left: the seed has everything")
	}
}
