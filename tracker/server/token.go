package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/netip"
	"time"
)

// tokenSlot is the grain of a token's age. A token is good in the slot that it
// was made in and the next two, so for 2 to 3 minutes; BEP 15 wants 2.
const tokenSlot = time.Minute

// tokens makes and checks the connection ids of BEP 15. An id is a MAC over the
// address it was sent to, so that it need not be remembered: a flood of connect
// requests costs no memory, and who does not receive at an address cannot
// announce from it. For one goroutine.
type tokens struct {
	mac hash.Hash // keyed with what no one else knows
	buf [sha256.Size]byte
	in  [24]byte
}

func newTokens() *tokens {
	var secret [32]byte
	rand.Read(secret[:]) // never fails
	return &tokens{mac: hmac.New(sha256.New, secret[:])}
}

// make returns the id for an address: the last byte of the slot, so that it is
// checked with one MAC, and 56 bits that nobody can guess.
func (t *tokens) make(now time.Time, addr netip.Addr) uint64 { return t.sign(slotOf(now), addr) }

// good reports whether an id was made for an address, not long ago.
func (t *tokens) good(now time.Time, addr netip.Addr, id uint64) bool {
	slot := slotOf(now)
	age := uint64(uint8(slot) - uint8(id>>56))
	return age <= 2 && t.sign(slot-age, addr) == id
}

func slotOf(now time.Time) uint64 { return uint64(now.Unix() / int64(tokenSlot/time.Second)) }

func (t *tokens) sign(slot uint64, addr netip.Addr) uint64 {
	addr16 := addr.As16()
	copy(t.in[:], addr16[:])
	binary.BigEndian.PutUint64(t.in[16:], slot)
	t.mac.Reset()
	t.mac.Write(t.in[:])
	sum := binary.BigEndian.Uint64(t.mac.Sum(t.buf[:0]))
	return slot<<56 | sum>>8
}
