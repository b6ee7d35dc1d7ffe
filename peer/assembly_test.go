package peer

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"

	"gotor/peer/wire"
)

// assembled tells a story about an Assembly for info.
type assembled struct {
	*testing.T
	*Assembly
	info []byte
}

func newAssembled(t *testing.T, blocks int) *assembled {
	info := metadataOf(blocks*wire.MetadataBlock - 5)
	return &assembled{t, NewAssembly(sha1.Sum(info), nil), info}
}

func (a *assembled) from(host byte) *giver {
	return a.join(netip.AddrFrom4([4]byte{10, 0, 0, host}), int64(len(a.info)), func() {})
}

// block returns block i, with a wrong byte if it is to be spoilt.
func (a *assembled) block(i int, spoilt bool) []byte {
	b := a.info[i*wire.MetadataBlock:]
	b = bytes.Clone(b[:min(len(b), wire.MetadataBlock)])
	if spoilt {
		b[1] ^= 1
	}
	return b
}

// answers has s give the blocks that it owes, and asks it for more.
func (a *assembled) answers(s *giver, spoilt bool) (info []byte, err error) {
	a.next(s, 4)
	for i, owed := range s.asked {
		if owed && info == nil && err == nil && a.settle(s, i, false) {
			info, err = a.give(s, i, a.block(i, spoilt))
		}
	}
	return info, err
}

func TestAssemblyShares(t *testing.T) {
	a := newAssembled(t, 8)
	one, two := a.from(1), a.from(2)
	if ask, _ := a.next(one, 4); len(ask) != 4 || ask[3] != 3 {
		t.Errorf("the first is asked for %v", ask)
	}
	if ask, _ := a.next(two, 4); len(ask) != 4 || ask[0] != 4 {
		t.Errorf("the second is asked for %v", ask)
	}
	if info, err := a.answers(one, false); info != nil || err != nil {
		t.Errorf("half of it makes %d bytes, %v", len(info), err)
	}
	if info, err := a.answers(two, false); !bytes.Equal(info, a.info) || err != nil {
		t.Errorf("got %d bytes, %v", len(info), err)
	}
}

// Of two that disagree one lies; a third who had no part in it is not suspected,
// and what it gave stays.
func TestAssemblyDisagreement(t *testing.T) {
	a := newAssembled(t, 3)
	third, liar, good := a.from(1), a.from(2), a.from(3)
	a.next(third, 1)
	a.settle(third, 0, false)
	a.give(third, 0, a.block(0, false))
	a.next(liar, 1)
	a.next(good, 2) // the same one again, for want of others
	a.settle(liar, 1, false)
	a.give(liar, 1, a.block(1, true))
	a.settle(good, 1, false)
	a.give(good, 1, a.block(1, false))
	if third.sheet == good.sheet || third.sheet == liar.sheet || liar.sheet == good.sheet {
		t.Error("they still share")
	}
	if third.sheet.missing != 2 || good.sheet.missing != 2 {
		t.Errorf("the honest ones lack %d and %d blocks of 3", third.sheet.missing, good.sheet.missing)
	}
	if _, err := a.answers(liar, true); !errors.Is(err, ErrLiar) {
		t.Errorf("the liar gave everything: %v", err)
	}
	if info, err := a.answers(good, false); !bytes.Equal(info, a.info) || err != nil {
		t.Errorf("the honest one gave everything: %d bytes, %v", len(info), err)
	}
	if again := a.from(2); again.sheet == third.sheet {
		t.Error("a suspect that comes again may share")
	}
	if other := a.from(4); other.sheet != third.sheet {
		t.Error("a newcomer may not share")
	}
}

// Memory for sizes that nobody names any more is bounded, and the one of which
// most has come stays.
func TestAssemblyOrphans(t *testing.T) {
	a := newAssembled(t, 3)
	for n := range 20 {
		size := int64(n+1) * 10 * wire.MetadataBlock
		s := a.join(netip.AddrFrom4([4]byte{10, 0, 1, byte(n)}), size, func() {})
		for range 1 + n%10 {
			ask, _ := a.next(s, 1)
			a.settle(s, ask[0], false)
			a.give(s, ask[0], make([]byte, wire.MetadataBlock))
		}
		a.leave(s)
	}
	if len(a.shared) != maxOrphans {
		t.Errorf("blocks of %d sizes are kept", len(a.shared))
	}
	if got, size := a.Progress(); got != 10*wire.MetadataBlock || size%(100*wire.MetadataBlock) != 0 {
		t.Errorf("kept %d bytes of %d", got, size)
	}
	if s := a.from(1); a.shared[s.size] != s.sheet {
		t.Error("a size that is new is not taken")
	}
}

func TestAssemblySuspects(t *testing.T) {
	a := newAssembled(t, 2)
	for n := range maxSuspects + 10 {
		s := a.join(netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}), int64(len(a.info)), func() {})
		a.mu.Lock()
		a.banish(s.sheet, s)
		a.mu.Unlock()
		a.leave(s)
	}
	if len(a.suspects) != maxSuspects {
		t.Errorf("%d suspects are kept", len(a.suspects))
	}
	if one, two := a.from(1), a.from(2); one.sheet == two.sheet {
		t.Error("strangers are trusted although suspects had to be forgotten")
	}
}

// A host may choose among the addresses of its /64.
func TestNeighbourhood(t *testing.T) {
	of := func(s string) netip.Prefix { return neighbourhood(netip.MustParseAddr(s)) }
	if of("2001:db8::1") != of("2001:db8::ffff:1%eth0") || of("2001:db8::1") == of("2001:db8:0:1::1") {
		t.Error("IPv6 does not go by /64")
	}
	if of("192.0.2.1") != of("::ffff:192.0.2.1") || of("192.0.2.1") == of("192.0.2.2") {
		t.Error("IPv4 does not go by address")
	}
}

// Whatever liars, leavers and refusers do, one honest source gets it all in, and
// nothing wrong comes out.
func TestAssemblyCrowds(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		a := newAssembled(t, 1+rng.IntN(12))
		honest := a.from(0)
		var others []*giver
		for turn := 0; ; turn++ {
			if turn > 10_000 {
				t.Fatalf("seed %d: the honest source does not come to an end", seed)
			}
			if len(others) < 3 {
				others = append(others, a.from(1+byte(rng.IntN(200))))
			}
			k := rng.IntN(len(others))
			if s := others[k]; rng.IntN(10) == 0 {
				a.leave(s)
				others = append(others[:k], others[k+1:]...)
			} else if info, done := a.mischief(s, rng); done {
				if info != nil && !bytes.Equal(info, a.info) {
					t.Fatalf("seed %d: wrong metadata", seed)
				}
				if info != nil {
					break
				}
				a.leave(s)
				others = append(others[:k], others[k+1:]...)
			}
			if rng.IntN(3) > 0 {
				continue
			}
			info, err := a.answers(honest, false)
			if err != nil {
				t.Fatalf("seed %d: the honest source is a liar: %v", seed, err)
			}
			if info != nil {
				break
			}
		}
	}
}

// mischief has s answer one block in some way. done: it has to go, or info is
// complete.
func (a *assembled) mischief(s *giver, rng *rand.Rand) (info []byte, done bool) {
	if _, spent := a.next(s, 1+rng.IntN(4)); spent {
		return nil, true
	}
	for i, owed := range s.asked {
		if !owed || rng.IntN(2) == 0 {
			continue
		}
		refused := rng.IntN(4) == 0
		if !a.settle(s, i, refused) {
			a.Error("it does not owe what it was asked for")
		}
		if refused {
			return nil, false
		}
		info, err := a.give(s, i, a.block(i, rng.IntN(3) == 0))
		return info, info != nil || err != nil
	}
	return nil, false
}

// All Assemblies have one budget; large ones leave room for ordinary ones, and
// what is given up comes back.
func TestAssemblyBudget(t *testing.T) {
	mem := new(Buffers)
	block := make([]byte, wire.MetadataBlock)
	fill := func(a *Assembly, s *giver) (n int64, err error) {
		for {
			ask, _ := a.next(s, 1)
			if len(ask) == 0 || err != nil {
				return n, err
			}
			a.settle(s, ask[0], false)
			if _, err = a.give(s, ask[0], block); err == nil {
				n += int64(len(block))
			}
		}
	}
	wake := func() {}
	first, second := NewAssembly([20]byte{1}, mem), NewAssembly([20]byte{2}, mem)
	liar := first.join(netip.MustParseAddr("192.0.2.1"), wire.MaxMetadata-wire.MaxMetadata%wire.MetadataBlock, wake)
	got, err := fill(first, liar)
	if !errors.Is(err, ErrLiar) || mem.metadata.Load() != 0 {
		t.Fatalf("after a lie: %v, %d bytes held", err, mem.metadata.Load())
	}
	large := got
	ask, _ := first.next(liar, int(large/wire.MetadataBlock)-1)
	for _, i := range ask { // all but one
		first.settle(liar, i, false)
		if _, err := first.give(liar, i, block); err != nil {
			t.Fatal(err)
		}
	}
	other := second.join(netip.MustParseAddr("192.0.2.2"), large, wake)
	if n, err := fill(second, other); !errors.Is(err, ErrNoMetadata) || mem.metadata.Load() > metadataBudget/4*3 || n == 0 {
		t.Errorf("a second large one got %d bytes, and %v; %d held", n, err, mem.metadata.Load())
	}
	small := second.join(netip.MustParseAddr("192.0.2.3"), 2<<20, wake)
	if n, err := fill(second, small); !errors.Is(err, ErrLiar) || n < 2<<20-wire.MetadataBlock {
		t.Errorf("an ordinary one got %d bytes, and %v", n, err)
	}
	first.Close()
	second.Close()
	first.leave(liar)
	second.leave(other)
	if n := mem.metadata.Load(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}
