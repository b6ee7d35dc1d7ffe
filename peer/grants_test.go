package peer

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer/wire"
	"gotor/piece"
)

// granting are options under which the remote may have k pieces of 40 fast.
func granting(k int, more ...func(*Config)) options {
	return options{pieces: 40, haveAll: true, config: func(c *Config) {
		c.AllowedFast = k
		for _, f := range more {
			f(c)
		}
	}}
}

// fastSet is the allowed fast set that the remote must be offered.
func (tc *testConn) fastSet(k int) []uint32 {
	return AppendAllowedFast(nil, k, tc.layout.Pieces(), tc.cfg.Local.InfoHash, theirAddr)
}

var interested = wire.Message{ID: wire.Interested}

// offered has the remote ask for a slot, get none and be offered its set.
func (tc *testConn) offered(k int) []uint32 {
	tc.Helper()
	tc.send(interested)
	tc.wantIdle(grantAfter - time.Millisecond)
	set := tc.fastSet(k)
	for _, i := range set {
		tc.want(wire.Message{ID: wire.AllowedFast, Index: i})
	}
	return set
}

// wholePiece is what a remote asks for to get a piece of four blocks.
func wholePiece(i uint32) (reqs []wire.Message) {
	for b := range uint32(4) {
		reqs = append(reqs, requestFor(i, b*piece.BlockSize, piece.BlockSize))
	}
	return reqs
}

// "if you ask for this piece, I'll give it to you even if you're choked"
// (BEP 6): but not for ever, and nothing else.
func TestAllowedFastIsServed(t *testing.T) {
	converse(t, granting(3), func(tc *testConn) {
		set := tc.offered(3)
		for range grantCopies {
			for _, i := range set {
				reqs := wholePiece(i)
				tc.send(reqs...)
				for _, r := range reqs {
					tc.want(tc.answerTo(r))
				}
			}
		}
		r := requestFor(set[0], 0, 1)
		tc.send(r)
		tc.want(rejectOf(r))
		other := requestFor(0, 0, piece.BlockSize)
		for slices.Contains(set, other.Index) {
			other.Index++
		}
		tc.send(other)
		tc.want(rejectOf(other))
		tc.wantIdle(time.Minute) // and no second offer
	})
}

// "Our current implementation rejects requests for Allowed Fast messages
// whenever the requesting peer has more than k pieces" (BEP 6).
func TestAllowedFastEnds(t *testing.T) {
	converse(t, granting(2), func(tc *testConn) {
		set := tc.offered(2)
		r := requestFor(set[0], 0, piece.BlockSize)
		tc.send(wire.Message{ID: wire.Have, Index: 0}, wire.Message{ID: wire.Have, Index: 1}, r)
		tc.want(tc.answerTo(r))
		tc.send(wire.Message{ID: wire.Have, Index: 2}, r)
		tc.want(rejectOf(r))
	})
}

// "except it SHOULD NOT reject requests for pieces that are in the allowed fast
// set" (BEP 6, of a choke).
func TestChokeSparesAllowedFast(t *testing.T) {
	o := granting(2, func(c *Config) { c.UpLimit = fixed(rate.NewLimiter(16<<10, 16<<10)) })
	converse(t, o, func(tc *testConn) {
		set := tc.offered(2)
		tc.unchoked()
		first := requestFor(set[0], 0, piece.BlockSize)
		fast := requestFor(set[1], 0, piece.BlockSize)
		other := requestFor(0, 0, piece.BlockSize)
		for slices.Contains(set, other.Index) {
			other.Index++
		}
		tc.send(first, other, fast)
		tc.want(tc.answerTo(first))
		tc.Choke(true)
		tc.want(wire.Message{ID: wire.Choke}, rejectOf(other))
		tc.advance(2 * time.Second)
		tc.want(tc.answerTo(fast))
	})
}

// Only what we have and the remote lacks is offered, and not too much of it.
func TestAllowedFastIsUseful(t *testing.T) {
	o := granting(6)
	set := AppendAllowedFast(nil, 6, 40, [20]byte{}, theirAddr)
	o.haveAll, o.have = false, []int{int(set[1]), int(set[2]), int(set[4])}
	converse(t, o, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.Have, Index: set[4]}, interested)
		tc.advance(grantAfter)
		tc.want(wire.Message{ID: wire.AllowedFast, Index: set[1]}, wire.Message{ID: wire.AllowedFast, Index: set[2]})
		tc.wantIdle(time.Second)
	})
	large := granting(6)
	large.pieceLength, large.pieces = maxGrant/2, 6
	converse(t, large, func(tc *testConn) {
		tc.send(interested)
		tc.advance(grantAfter)
		for _, i := range tc.fastSet(6)[:2] {
			tc.want(wire.Message{ID: wire.AllowedFast, Index: i})
		}
		tc.wantIdle(time.Second)
	})
}

// Nobody is offered anything who gets a slot in time, has enough, does not
// want it, or for whom there is no set; nor by one who hides what it has.
func TestAllowedFastIsNotOffered(t *testing.T) {
	idle := func(tc *testConn) { tc.wantIdle(time.Minute) }
	asks := func(tc *testConn) { tc.send(interested); idle(tc) }
	for name, c := range map[string]struct {
		o options
		f func(*testConn)
	}{
		"off":            {granting(0), asks},
		"not interested": {granting(4), idle},
		"no longer interested": {granting(4), func(tc *testConn) {
			tc.send(interested)
			tc.advance(grantAfter / 2)
			tc.send(wire.Message{ID: wire.NotInterested})
			idle(tc)
		}},
		"unchoked": {granting(4), func(tc *testConn) {
			tc.send(interested)
			tc.advance(grantAfter / 2)
			tc.unchoked()
			idle(tc)
		}},
		"has enough": {granting(4), func(tc *testConn) {
			tc.send(wire.Message{ID: wire.Bitfield, Payload: []byte{0xf8, 0, 0, 0, 0}})
			asks(tc)
		}},
		"hidden": {granting(4, func(c *Config) { c.Hidden = true }), asks},
		"IPv6":   {granting(4, func(c *Config) { c.Addr = netip.MustParseAddrPort("[2001:db8::1]:6881") }), asks},
	} {
		t.Run(name, func(t *testing.T) { connect(t, c.o, func(tc *testConn) { tc.skipHello(); c.f(tc) }) })
	}
	plain := granting(4)
	plain.plain = true
	converse(t, plain, asks)
}

// skipHello reads two messages: the extension handshake, and what we have.
func (tc *testConn) skipHello() {
	tc.Helper()
	tc.next()
	tc.next()
}
