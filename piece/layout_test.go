package piece

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
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

// TestAlignedLayout cuts three files, each of which begins a piece (BEP 52).
func TestAlignedLayout(t *testing.T) {
	l, err := NewAlignedLayout([]int64{25, 0, 20, 3, 11}, 10)
	if err != nil {
		t.Fatal(err)
	}
	// pieces of 10: |aaaaaaaaaa|aaaaaaaaaa|aaaaa     |cccccccccc|cccccccccc|ddd       |eeeeeeeeee|e
	if l.Pieces() != 8 || l.Total() != 59 || l.End() != 71 {
		t.Fatalf("%d pieces of %d bytes up to %d", l.Pieces(), l.Total(), l.End())
	}
	for i, want := range []int64{10, 10, 5, 10, 10, 3, 10, 1} {
		if got := l.PieceLen(i); got != want || l.Offset(i) != int64(10*i) {
			t.Errorf("piece %d has %d bytes at %d, want %d", i, got, l.Offset(i), want)
		}
	}
	if _, ok := l.Block(2, 0, 6); ok {
		t.Error("a block reaches into a gap")
	}
	for _, c := range []struct {
		off, n        int64
		touch, within Span
	}{
		{0, 25, Span{0, 3}, Span{0, 3}},
		{0, 24, Span{0, 3}, Span{0, 2}},
		{1, 29, Span{0, 3}, Span{1, 3}},
		{25, 5, Span{3, 3}, Span{3, 3}}, // a gap
		{26, 24, Span{3, 5}, Span{3, 5}},
		{53, 17, Span{6, 7}, Span{6, 7}},
		{50, 3, Span{5, 6}, Span{5, 6}},
		{51, 2, Span{5, 6}, Span{6, 6}},
		{70, 1, Span{7, 8}, Span{7, 8}},
		{70, 100, Span{7, 8}, Span{7, 8}},
		{71, 5, Span{}, Span{8, 8}},
		{-5, 6, Span{0, 1}, Span{0, 0}},
		{5, 0, Span{}, Span{1, 1}},
		{5, -3, Span{}, Span{1, 1}},
	} {
		if got := l.Span(c.off, c.n); got != c.touch {
			t.Errorf("%d bytes at %d touch %v, want %v", c.n, c.off, got, c.touch)
		}
		if got := l.Within(c.off, c.n); got != c.within {
			t.Errorf("%d bytes at %d hold %v, want %v", c.n, c.off, got, c.within)
		}
	}
}

func TestAlignedLayoutLimits(t *testing.T) {
	for _, c := range []struct {
		name    string
		lengths []int64
		piece   int64
		ok      bool
	}{
		{"nothing", nil, 16384, true},
		{"most pieces", []int64{1, 2<<20 - 1}, 1, true},
		{"a piece too many", []int64{1, 2 << 20}, 1, false},
		{"a negative length", []int64{5, -1}, 1, false},
		{"lengths overflow", []int64{math.MaxInt64, math.MaxInt64}, 512 << 20, false},
		{"gaps go beyond 2^53", []int64{1, 1 << 53}, 512 << 20, false},
	} {
		if _, err := NewAlignedLayout(c.lengths, c.piece); (err == nil) != c.ok {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

// TestLayoutProperties compares layouts with a list of which piece has each byte.
func TestLayoutProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.Int64Range(0, 30), 0, 6).Draw(t, "lengths")
		size := rapid.Int64Range(1, 12).Draw(t, "piece length")
		l, err := NewAlignedLayout(lengths, size)
		if err != nil {
			t.Fatal(err)
		}
		var at []int // the piece of each byte, -1 in a gap
		pieces, total, longest := 0, int64(0), 0
		for _, n := range lengths {
			for n > 0 && int64(len(at))%size != 0 {
				at = append(at, -1)
			}
			for k := range n {
				at = append(at, pieces+int(k/size))
			}
			pieces += int((n + size - 1) / size)
			total += n
		}
		bytes := make([]int, pieces)
		for _, i := range at {
			if i >= 0 {
				bytes[i]++
			}
		}
		for i, n := range bytes {
			longest = max(longest, n)
			if l.PieceLen(i) != int64(n) || at[l.Offset(i)] != i {
				t.Fatalf("piece %d has %d bytes, want %d", i, l.PieceLen(i), n)
			}
		}
		if l.Pieces() != pieces || l.Total() != total || l.End() != int64(len(at)) || l.longest != int64(longest) {
			t.Fatalf("%+v", l)
		}
		for off, i := range at {
			if got := l.PieceAt(int64(off)); i >= 0 && got != i || i < 0 && at[off-1] >= 0 && got != at[off-1] {
				t.Fatalf("byte %d is in piece %d, want %d", off, got, i)
			}
		}
		off := rapid.Int64Range(-5, int64(len(at))+5).Draw(t, "off")
		n := rapid.Int64Range(0, int64(len(at))+5).Draw(t, "n")
		touch, within := l.Span(off, n), l.Within(off, n)
		for i := range pieces {
			first, end := l.Offset(i), l.Offset(i)+l.PieceLen(i)
			if in := i >= touch.First && i < touch.End; in != (n > 0 && first < off+n && end > off) {
				t.Fatalf("%d bytes at %d touch %v: piece %d", n, off, touch, i)
			}
			if in := i >= within.First && i < within.End; in != (first >= off && end <= off+n) {
				t.Fatalf("%d bytes at %d hold %v: piece %d", n, off, within, i)
			}
			if (i >= within.First) != (first >= off) {
				t.Fatalf("%v does not begin with the first piece from %d on", within, off)
			}
		}
	})
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
