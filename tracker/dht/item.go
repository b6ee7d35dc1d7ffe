package dht

import (
	"crypto/ed25519"
	"crypto/sha1"
	"crypto/subtle"
	"errors"
	"fmt"

	"gotor/bencode"
)

// Limits of items (BEP 44).
const (
	maxValue = 1000 // bytes of an encoded value
	maxSalt  = 64
)

// Item is a value stored in the network (BEP 44). An immutable one lies under
// the hash of its value, a mutable one under the hash of a public key and a
// salt, and is signed: whoever has the private key may replace it.
type Item struct {
	Value []byte // one bencoded value in canonical form, at most 1,000 bytes

	Mutable bool // the fields below count
	Key     [32]byte
	Salt    []byte // at most 64 bytes
	Seq     int64  // a higher one replaces a lower one; not negative
	Sig     [64]byte
}

// SignItem makes a mutable item. The value is bencoded.
func SignItem(key ed25519.PrivateKey, salt, value []byte, seq int64) (Item, error) {
	it := Item{Value: value, Mutable: true, Salt: salt, Seq: seq}
	if len(key) != ed25519.PrivateKeySize {
		return it, fmt.Errorf("the private key has %d bytes, not %d", len(key), ed25519.PrivateKeySize)
	}
	copy(it.Key[:], key.Public().(ed25519.PublicKey))
	if err := it.checkForm(); err != nil {
		return it, err
	}
	copy(it.Sig[:], ed25519.Sign(key, it.signed()))
	return it, nil
}

// MutableTarget returns where a key's items with a salt lie. The salt may be
// empty. For magnet links with xs=urn:btpk: (BEP 46), Key is what follows, and
// s= the salt.
func MutableTarget(key [32]byte, salt []byte) ID {
	var buf [32 + maxSalt]byte
	copy(buf[:], key[:])
	return sha1.Sum(append(buf[:32], salt...))
}

// Target returns the point of the space under which the item lies.
func (it *Item) Target() ID {
	if it.Mutable {
		return MutableTarget(it.Key, it.Salt)
	}
	return sha1.Sum(it.Value)
}

// Check returns an error if the item breaks a limit, if its value is not
// canonical bencode, or if its signature is not right.
func (it *Item) Check() error {
	if err := it.checkForm(); err != nil {
		return err
	}
	if it.Mutable && !ed25519.Verify(it.Key[:], it.signed(), it.Sig[:]) {
		return errSignature
	}
	return nil
}

var (
	errValueTooBig = errors.New("the value has more than 1000 bytes: store less, or a hash of it")
	errSaltTooBig  = errors.New("the salt has more than 64 bytes")
	errNegativeSeq = errors.New("the sequence number is negative")
	errSignature   = errors.New("the signature does not fit key, salt, sequence number and value")
	errUnsorted    = errors.New("the keys of a dictionary in the value are not in order")
)

func (it *Item) checkForm() error {
	if len(it.Value) > maxValue {
		return errValueTooBig
	}
	if it.Mutable && len(it.Salt) > maxSalt {
		return errSaltTooBig
	}
	if it.Mutable && it.Seq < 0 {
		return errNegativeSeq
	}
	v, err := bencode.Parse(it.Value, bencode.Limits{Size: maxValue, Depth: 16})
	if err != nil {
		return fmt.Errorf("the value is not bencoded: %w", err)
	}
	if !v.Sorted() {
		return errUnsorted
	}
	return nil
}

// signed returns the bytes that the signature is for (BEP 44, "Signature
// Verification"). Each part is encoded by itself.
func (it *Item) signed() []byte {
	b := make([]byte, 0, len(it.Value)+len(it.Salt)+64)
	if len(it.Salt) > 0 {
		b = bencode.AppendKeyString(b, "salt", it.Salt)
	}
	b = bencode.AppendKeyInt(b, "seq", it.Seq)
	return append(bencode.AppendKey(b, "v"), it.Value...)
}

// Torrent returns the info-hash that the item points to: its value is a
// dictionary with the 20 bytes "ih" (BEP 46).
func (it *Item) Torrent() (infoHash ID, ok bool) {
	v, err := bencode.Parse(it.Value, bencode.Limits{Size: maxValue, Depth: 16})
	if err != nil {
		return infoHash, false
	}
	return idOf(v.Get("ih"))
}

// itemOf reads an item from the arguments of a put or the body of an answer to
// a get. The item has its own memory. Nothing is checked but types and sizes
// that cannot be held.
func itemOf(body bencode.Value, salt []byte) (it Item, ok bool) {
	v := body.Get("v")
	if v.Kind() == bencode.Invalid || len(v.Raw()) > maxPacket {
		return it, false
	}
	it.Value = append([]byte(nil), v.Raw()...)
	k, isKey := body.Get("k").Str()
	if !isKey {
		return it, true
	}
	sig, _ := body.Get("sig").Str()
	seq, isSeq := body.Get("seq").Int()
	if len(k) != len(it.Key) || len(sig) != len(it.Sig) || !isSeq {
		return it, false
	}
	it.Mutable, it.Key, it.Sig, it.Seq = true, [32]byte(k), [64]byte(sig), seq
	it.Salt = append([]byte(nil), salt...)
	return it, true
}

// sameValue reports whether two items have the same signed content.
func (it *Item) sameValue(o *Item) bool {
	return it.Seq == o.Seq && subtle.ConstantTimeCompare(it.Value, o.Value) == 1
}
