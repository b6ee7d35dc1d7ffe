package piece

import (
	"math"
	"strings"
	"testing"
)

func TestLayoutLimits(t *testing.T) {
	for _, c := range []struct {
		name         string
		total, piece int64
		err          string
	}{
		{"smallest", 1, 1, ""},
		{"nothing but empty files", 0, 16384, ""},
		{"longest piece", 1 << 40, 512 << 20, ""},
		{"most pieces", 2 << 20, 1, ""},
		{"largest total", 1 << 53, 512 << 20, "16777216 pieces"},
		{"zero piece length", 1, 0, "piece length 0"},
		{"negative piece length", 1, -1, "piece length -1"},
		{"piece of 2^40", 1, 1 << 40, "piece length 1099511627776"},
		{"piece length overflows", math.MaxInt64, math.MaxInt64, "piece length"},
		{"negative total", -1, 1, "total length -1"},
		{"total overflows", math.MaxInt64, 512 << 20, "total length"},
		{"a piece too many", 2<<20 + 1, 1, "2097153 pieces"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewLayout(c.total, c.piece)
			switch {
			case c.err == "" && err != nil:
				t.Error(err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want one about %q", err, c.err)
			}
		})
	}
}

func TestLayoutOfALastShortPiece(t *testing.T) {
	l, err := NewLayout(100_000, 40_000)
	if err != nil {
		t.Fatal(err)
	}
	if l.Pieces() != 3 || l.Total() != 100_000 {
		t.Fatalf("%d pieces of %d bytes", l.Pieces(), l.Total())
	}
	for i, want := range []struct {
		off, size int64
		blocks    int
	}{{0, 40_000, 3}, {40_000, 40_000, 3}, {80_000, 20_000, 2}} {
		if l.Offset(i) != want.off || l.PieceLen(i) != want.size || l.Blocks(i) != want.blocks {
			t.Errorf("piece %d: at %d, %d bytes, %d blocks, want %+v",
				i, l.Offset(i), l.PieceLen(i), l.Blocks(i), want)
		}
	}
	if n := l.blockLen(2, 1); n != 20_000-BlockSize {
		t.Errorf("last block has %d bytes", n)
	}
}

func TestLayoutBlock(t *testing.T) {
	l, err := NewLayout(100_000, 40_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                 string
		index, begin, length uint32
		ok                   bool
		unit                 bool // what we may have asked for
	}{
		{"first block", 0, 0, 16384, true, true},
		{"last block of a piece", 0, 32768, 40_000 - 32768, true, true},
		{"last block of all", 2, 16384, 20_000 - 16384, true, true},
		{"whole piece", 1, 0, 40_000, true, false},
		{"one byte", 1, 39_999, 1, true, false},
		{"askew", 0, 1, 16384, true, false},
		{"short", 0, 0, 16383, true, false},
		{"empty", 0, 0, 0, false, false},
		{"past the piece", 0, 32768, 16384, false, false},
		{"past the last piece", 2, 16384, 16384, false, false},
		{"no such piece", 3, 0, 1, false, false},
		{"index at the end of the world", math.MaxUint32, 0, 1, false, false},
		{"begin and length overflow", 0, math.MaxUint32, 2, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, ok := l.Block(c.index, c.begin, c.length)
			if ok != c.ok {
				t.Fatalf("ok is %v", ok)
			}
			if ok && (b.Index() != int(c.index) || b.Begin() != int(c.begin) || b.Len() != int(c.length)) {
				t.Errorf("got %v", b)
			}
			if !ok && b != (Block{}) {
				t.Errorf("got %v with false", b)
			}
			if _, unit := l.unit(c.index, c.begin, c.length); unit != c.unit {
				t.Errorf("unit is %v", unit)
			}
		})
	}
	big, err := NewLayout(1<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := big.Block(0, 0, 128<<10); !ok {
		t.Error("128 KiB is refused")
	}
	if _, ok := big.Block(0, 0, 128<<10+1); ok {
		t.Error("more than 128 KiB is accepted")
	}
}

func FuzzLayoutBlock(f *testing.F) {
	f.Add(int64(100_000), int64(40_000), uint32(2), uint32(16384), uint32(3616))
	f.Add(int64(1), int64(1), uint32(0), uint32(0), uint32(1))
	f.Fuzz(func(t *testing.T, total, piece int64, index, begin, length uint32) {
		l, err := NewLayout(total, piece)
		if err != nil {
			return
		}
		b, ok := l.Block(index, begin, length)
		if !ok {
			return
		}
		end := l.Offset(b.Index()) + int64(b.Begin()) + int64(b.Len())
		if end > l.Total() || int64(b.Begin())+int64(b.Len()) > l.PieceLen(b.Index()) {
			t.Errorf("block %v lies outside", b)
		}
		if u, ok := l.unit(index, begin, length); ok && l.unitBlock(int(index), u) != b {
			t.Errorf("unit %d is not %v", u, b)
		}
	})
}
