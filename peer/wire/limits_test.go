package wire

import (
	"math"
	"testing"
)

func TestLimits(t *testing.T) {
	lim := Limits{Pieces: 20, Block: 16 << 10}
	for _, c := range []struct {
		id     ID
		lo, hi uint32
	}{
		{Choke, 1, 1}, {Unchoke, 1, 1}, {Interested, 1, 1}, {NotInterested, 1, 1},
		{Have, 5, 5},
		{Bitfield, 4, 4}, // three bytes for 20 pieces
		{Request, 13, 13}, {Cancel, 13, 13}, {Reject, 13, 13},
		{Piece, 9, 16<<10 + 9},
		{Port, 3, 3},
		{Suggest, 5, 5}, {AllowedFast, 5, 5}, {HaveAll, 1, 1}, {HaveNone, 1, 1},
		{Extended, 2, 1 << 20},
		{HashRequest, 49, 49}, {HashReject, 49, 49}, {Hashes, 49, MaxHashes},
		{200, 1, MaxUnknown},
	} {
		for _, n := range []uint32{c.lo, c.hi} {
			if err := lim.Check(c.id, n); err != nil {
				t.Errorf("%v: %v", c.id, err)
			}
		}
		for _, n := range []uint32{0, c.lo - 1, c.hi + 1, 1 << 24, math.MaxInt32, math.MaxUint32} {
			if lim.Check(c.id, n) == nil {
				t.Errorf("%v of %d bytes is accepted", c.id, n)
			}
		}
	}
}

func TestBitfieldLimits(t *testing.T) {
	for _, c := range []struct {
		pieces int
		n      uint32
		ok     bool
	}{
		{1, 2, true}, {8, 2, true}, {9, 2, false}, {9, 3, true}, {9, 4, false},
		{0, 1, true}, {0, 1 + MaxPieces/8, true}, {0, 2 + MaxPieces/8, false},
		{MaxPieces, 1 + MaxPieces/8, true},
	} {
		if err := (Limits{Pieces: c.pieces}).Check(Bitfield, c.n); (err == nil) != c.ok {
			t.Errorf("%d pieces, %d bytes: %v", c.pieces, c.n, err)
		}
	}
}

// Until a block was asked for, no piece message may carry anything.
func TestNoBlockNoPiece(t *testing.T) {
	if (Limits{}).Check(Piece, 10) == nil {
		t.Error("a block is accepted though none was asked for")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(byte(7), uint32(9), 10, 16384)
	f.Add(byte(5), uint32(math.MaxUint32), 0, 0)
	f.Fuzz(func(t *testing.T, id byte, n uint32, pieces, block int) {
		lim := Limits{Pieces: min(max(pieces, 0), MaxPieces), Block: min(max(block, 0), 128<<10)}
		if lim.Check(ID(id), n) == nil && n > MaxExtended {
			t.Errorf("%v of %d bytes is accepted", ID(id), n)
		}
	})
}
