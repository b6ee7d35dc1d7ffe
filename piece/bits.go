package piece

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Bitset is a set of small integers, such as the indices of pieces: bit i lives
// in word i/64. It is not safe for concurrent use.
type Bitset []uint64

// NewBitset returns an empty set for the integers below n.
func NewBitset(n int) Bitset { return make(Bitset, (n+63)/64) }

// Has reports whether i is a member, which must be below the set's size.
func (s Bitset) Has(i uint32) bool { return s[i>>6]&(1<<(i&63)) != 0 }

// Set makes i a member.
func (s Bitset) Set(i uint32) { s[i>>6] |= 1 << (i & 63) }

// Clear takes i out.
func (s Bitset) Clear(i uint32) { s[i>>6] &^= 1 << (i & 63) }

// fill sets the first n bits and clears the rest.
func (s Bitset) fill(n int) {
	for i := range s {
		s[i] = ^uint64(0)
	}
	if r := n & 63; r != 0 {
		s[len(s)-1] = 1<<r - 1
	}
}

// next returns the first member at or after i.
func (s Bitset) next(i uint32) (uint32, bool) {
	w := int(i >> 6)
	if w >= len(s) {
		return 0, false
	}
	x := s[w] >> (i & 63) << (i & 63)
	for x == 0 {
		if w++; w == len(s) {
			return 0, false
		}
		x = s[w]
	}
	return uint32(w<<6 + bits.TrailingZeros64(x)), true
}

// nextBefore returns the first member i with from <= i < end, which is at most the
// set's size.
func (s Bitset) nextBefore(from, end uint32) (uint32, bool) {
	for from < end {
		w := from >> 6
		if x := s[w] >> (from & 63); x != 0 {
			i := from + uint32(bits.TrailingZeros64(x))
			return i, i < end
		}
		from = (w + 1) << 6
	}
	return 0, false
}

// nextBoth returns the first member of both s and t at or after i.
func (s Bitset) nextBoth(t Bitset, i uint32) (uint32, bool) {
	w := int(i >> 6)
	if w >= len(s) {
		return 0, false
	}
	x := (s[w] & t[w]) >> (i & 63) << (i & 63)
	for x == 0 {
		if w++; w == len(s) {
			return 0, false
		}
		x = s[w] & t[w]
	}
	return uint32(w<<6 + bits.TrailingZeros64(x)), true
}

// count returns how many members there are.
func (s Bitset) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// countBoth returns the size of the intersection of s and t.
func (s Bitset) countBoth(t Bitset) (n int) {
	for i, w := range s {
		n += bits.OnesCount64(w & t[i])
	}
	return n
}

var errBitfield = errors.New("bitfield: wrong length or spare bits set")

// parseBitfield reads a bitfield as it is on the wire (BEP 3: piece 0 is the
// high bit of the first byte, spare bits are zero) and returns the set and its
// size.
func parseBitfield(b []byte, n int) (Bitset, int, error) {
	if len(b) != (n+7)/8 || n&7 != 0 && b[len(b)-1]<<(n&7) != 0 {
		return nil, 0, errBitfield
	}
	s := NewBitset(n)
	for i := range s {
		s[i] = bits.Reverse64(wireWord(b[i*8:]))
	}
	return s, s.countBoth(s), nil
}

// wireWord loads up to eight bytes, big-endian, zeros after the end.
func wireWord(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	var t [8]byte
	copy(t[:], b)
	return binary.BigEndian.Uint64(t[:])
}

// appendWire appends the set of n bits as it is on the wire.
func (s Bitset) appendWire(dst []byte, n int) []byte {
	end := len(dst) + (n+7)/8
	for _, w := range s {
		dst = binary.BigEndian.AppendUint64(dst, bits.Reverse64(w))
	}
	return dst[:end]
}
