package wire

import (
	"errors"
	"fmt"
)

// The longest messages that are accepted, in bytes behind the length prefix. A
// length is the cheapest weapon there is: four bytes that make a careless
// reader allocate gigabytes.
const (
	// MaxExtended bounds an extended message. The largest honest one is a
	// 16 KiB metadata block with a small dictionary before it.
	MaxExtended = 1 << 20
	// MaxUnknown bounds a message of a type that is not known. Such messages
	// are skipped, so this is bandwidth rather than memory.
	MaxUnknown = 64 << 10
	// MaxPieces is the largest number of pieces of any torrent; it bounds a
	// bitfield that comes before the number is known.
	MaxPieces = 2 << 20
	// MaxHashes bounds a hashes message (BEP 52): its 48 bytes of numbers, the
	// 512 hashes that may be asked for at once and a proof of 32 layers.
	MaxHashes = 1 + 48 + 32*(512+32)
)

// Limits are the sizes that depend on the torrent and on what was asked for.
type Limits struct {
	Pieces int // of the torrent; 0 while unknown
	Block  int // the longest block that was requested, in bytes
}

var errEmpty = errors.New("message without an id")

func sizeError(id ID, n uint32) error {
	return fmt.Errorf("%v message of %d bytes", id, n)
}

// Check reports whether a message of type id may have n bytes, counted behind
// the length prefix and with the id, as the prefix itself counts.
func (l Limits) Check(id ID, n uint32) error {
	lo, hi := l.bounds(id)
	if n < lo || n > hi {
		return sizeError(id, n)
	}
	return nil
}

// bounds returns the least and the greatest length of a message.
func (l Limits) bounds(id ID) (lo, hi uint32) {
	switch s := id.shape(); {
	case !s.opaque():
		n := uint32(1 + s.size())
		return n, n
	case id == Piece:
		return 9, uint32(9 + l.Block)
	case id == Extended:
		return 2, MaxExtended
	case id == Bitfield && l.Pieces > 0:
		n := uint32(1 + (l.Pieces+7)/8)
		return n, n
	case id == Bitfield:
		return 1, 1 + MaxPieces/8
	case id == HashRequest || id == HashReject:
		return 49, 49
	case id == Hashes:
		return 49, MaxHashes
	}
	return 1, MaxUnknown
}
