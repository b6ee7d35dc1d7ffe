package piece

import (
	"crypto/sha1"
	"hash"
)

// Digest is what the bytes of a piece must hash to. The zero value is one that
// is not known yet: nothing matches it, and the piece is not asked of anybody
// until Manager.Learn.
type Digest struct {
	kind digestKind
	sum  [maxDigest]byte // the first bytes count, as many as the kind has
}

// digestKind is a way to hash a piece.
type digestKind uint8

const (
	digestUnknown digestKind = iota
	digestSHA1               // of all bytes (BEP 3, "pieces")
	digestKinds              // how many there are
)

// maxDigest is the length of the longest kind in bytes.
const maxDigest = sha1.Size

// SHA1 returns the digest of a piece whose bytes have that SHA-1 (BEP 3).
func SHA1(sum [sha1.Size]byte) (d Digest) {
	d.kind = digestSHA1
	copy(d.sum[:], sum[:])
	return d
}

// Known reports whether the piece can be verified.
func (d Digest) Known() bool { return d.kind != digestUnknown }

// newHash returns what computes digests of a kind that is known.
func (k digestKind) newHash() hash.Hash {
	if k != digestSHA1 {
		panic("piece: no such kind of digest")
	}
	return sha1.New()
}

// hasher compares pieces with their digests, one after the other. It belongs to
// one goroutine and keeps a hash of each kind that it has met.
type hasher struct {
	want Digest
	hash hash.Hash // of want; nil: not known
	kept [digestKinds]hash.Hash
	sum  [maxDigest]byte
}

// begin starts a piece with digest d.
func (h *hasher) begin(d Digest) {
	h.want, h.hash = d, nil
	if !d.Known() {
		return
	}
	if h.kept[d.kind] == nil {
		h.kept[d.kind] = d.kind.newHash()
	}
	h.hash = h.kept[d.kind]
	h.hash.Reset()
}

// write takes the next bytes of the piece.
func (h *hasher) write(p []byte) {
	if h.hash != nil {
		h.hash.Write(p)
	}
}

// good reports whether the bytes since begin are those of the piece.
func (h *hasher) good() bool {
	if h.hash == nil {
		return false
	}
	n := len(h.hash.Sum(h.sum[:0]))
	return [maxDigest]byte(h.sum[:n]) == h.want.sum
}
