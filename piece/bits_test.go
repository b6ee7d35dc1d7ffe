package piece

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestParseBitfield(t *testing.T) {
	for _, c := range []struct {
		name string
		wire []byte
		n    int
		want []uint32
		bad  bool
	}{
		{name: "high bit is piece 0", wire: []byte{0x80}, n: 8, want: []uint32{0}},
		{name: "across bytes", wire: []byte{0x01, 0x80}, n: 9, want: []uint32{7, 8}},
		{name: "nothing", wire: []byte{}, n: 0},
		{name: "last of a long one", wire: append(make([]byte, 9), 0x20), n: 75, want: []uint32{74}},
		{name: "too short", wire: []byte{0xff}, n: 9, bad: true},
		{name: "too long", wire: []byte{0xff, 0}, n: 8, bad: true},
		{name: "spare bit set", wire: []byte{0xff, 0xc0}, n: 9, bad: true},
		{name: "empty for one piece", wire: nil, n: 1, bad: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, n, err := parseBitfield(c.wire, c.n)
			if c.bad {
				if err == nil {
					t.Fatal("accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if n != len(c.want) || size(s) != n {
				t.Errorf("%d members, want %d", n, len(c.want))
			}
			for _, i := range c.want {
				if !s.Has(i) {
					t.Errorf("%d is missing", i)
				}
			}
			if got := s.appendWire(nil, c.n); !bytes.Equal(got, c.wire) {
				t.Errorf("back on the wire: %x, want %x", got, c.wire)
			}
		})
	}
}

func TestBitsetNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		a, b := NewBitset(n), NewBitset(n)
		for i := range uint32(n) {
			if rapid.Bool().Draw(t, "a") {
				a.Set(i)
			}
			if rapid.Bool().Draw(t, "b") {
				b.Set(i)
			}
		}
		from := rapid.Uint32Range(0, uint32(n)+70).Draw(t, "from")
		first := func(in func(uint32) bool) (uint32, bool) {
			for i := from; i < uint32(n); i++ {
				if in(i) {
					return i, true
				}
			}
			return 0, false
		}
		want, ok := first(a.Has)
		if got, is := a.next(from); got != want || is != ok {
			t.Errorf("next(%d) = %d %v, want %d %v", from, got, is, want, ok)
		}
		want, ok = first(func(i uint32) bool { return a.Has(i) && b.Has(i) })
		if got, is := a.nextBoth(b, from); got != want || is != ok {
			t.Errorf("nextBoth(%d) = %d %v, want %d %v", from, got, is, want, ok)
		}
	})
}

func TestBitsetFill(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 128, 200} {
		s := NewBitset(n)
		if s.fill(n); size(s) != n {
			t.Errorf("fill(%d) has %d members", n, size(s))
		}
	}
}
