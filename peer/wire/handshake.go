package wire

import (
	"encoding/binary"
	"errors"
)

// HandshakeLen is the size of a handshake in bytes (BEP 3): the protocol
// string with its length, eight reserved bytes, info-hash and peer id.
const HandshakeLen = 20 + 8 + 20 + 20

// protocol is what every handshake starts with; its first byte counts the rest.
const protocol = "\x13BitTorrent protocol"

// ErrNotBitTorrent reports bytes that do not start a BEP 3 handshake. The
// other side may speak message stream encryption, or something else entirely.
var ErrNotBitTorrent = errors.New("not a BitTorrent handshake")

// Features are the eight reserved bytes of a handshake, the first one in the
// highest bits. Bits that have no name here are kept as they came.
type Features uint64

// The features that gotor knows.
const (
	FeatureExtended Features = 0x10 << 16 // BEP 10: reserved_byte[5] & 0x10
	FeatureV2       Features = 0x10       // BEP 52: "the 4th most significant bit in the last byte"
	FeatureFast     Features = 0x04       // BEP 6: reserved[7] |= 0x04
	FeatureDHT      Features = 0x01       // BEP 5: the last bit of the eight bytes
)

// Has reports whether all bits of want are set.
func (f Features) Has(want Features) bool { return f&want == want }

// Handshake is what both sides send first.
type Handshake struct {
	Features Features
	InfoHash [20]byte // v1, or the first 20 bytes of a v2 info-hash
	PeerID   [20]byte
}

// AppendHandshake appends the 68 bytes of h.
func AppendHandshake(dst []byte, h Handshake) []byte {
	dst = append(dst, protocol...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.Features))
	dst = append(dst, h.InfoHash[:]...)
	return append(dst, h.PeerID[:]...)
}

// ParseHandshake reads a handshake from the first [HandshakeLen] bytes of b.
// Fewer bytes, or other bytes in front, are [ErrNotBitTorrent].
func ParseHandshake(b []byte) (Handshake, error) {
	if len(b) < HandshakeLen || !IsHandshake(b) {
		return Handshake{}, ErrNotBitTorrent
	}
	return Handshake{
		Features: Features(binary.BigEndian.Uint64(b[20:28])),
		InfoHash: [20]byte(b[28:48]),
		PeerID:   [20]byte(b[48:68]),
	}, nil
}

// IsHandshake reports whether b, which may be as short as one byte, can be the
// start of a handshake. It lets a reader turn away a stranger after the first
// bytes.
func IsHandshake(b []byte) bool {
	n := min(len(b), len(protocol))
	return string(b[:n]) == protocol[:n]
}
