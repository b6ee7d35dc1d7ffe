package peer

import (
	"slices"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// hiding runs f with a seed that super-seeds; what it says first is checked.
func hiding(t *testing.T, o options, f func(tc *testConn)) {
	t.Helper()
	o.haveAll = true
	o.config = func(c *Config) { c.Hidden, c.UploadOnly = true, true }
	connect(t, o, func(tc *testConn) {
		if tc.ext {
			m := tc.next()
			h, err := wire.ParseExtHandshake(m.Payload)
			if m.ID != wire.Extended || err != nil || h.UploadOnly {
				t.Fatalf("%v %+v %v", m.ID, h, err)
			}
		}
		if tc.fast { // "masquerades as a normal client with no data" (BEP 16)
			tc.want(wire.Message{ID: wire.HaveNone})
		}
		f(tc)
	})
}

// have is a have message.
func have(i int) wire.Message { return wire.Message{ID: wire.Have, Index: uint32(i)} }

// "The client will not have access to any of the other pieces of the seed"
// (BEP 16).
func TestReveal(t *testing.T) {
	for name, plain := range map[string]bool{"fast": false, "plain BEP 3": true} {
		t.Run(name, func(t *testing.T) {
			hiding(t, options{plain: plain}, func(tc *testConn) {
				tc.unchoked()
				tc.wantIdle(time.Minute)
				a, b := requestFor(3, 0, 100), requestFor(4, 0, 100)
				tc.send(a)
				tc.settle()
				if !plain {
					tc.want(rejectOf(a))
				}
				tc.Reveal(3)
				tc.Reveal(3)  // told already
				tc.Have(5)    // hidden still
				tc.Reveal(-1) // there is no such piece
				tc.Reveal(8)
				tc.want(have(3))
				tc.send(b, a)
				if !plain {
					tc.want(rejectOf(b))
				}
				tc.want(tc.answerTo(a))
				tc.wantIdle(time.Minute)
			})
		})
	}
}

// Afterwards the remote has heard of every piece once, except of those it has.
func TestRevealAll(t *testing.T) {
	hiding(t, options{}, func(tc *testConn) {
		tc.unchoked()
		tc.Reveal(3)
		tc.want(have(3))
		tc.send(have(0), have(6))
		tc.settle()
		tc.RevealAll()
		tc.RevealAll()
		tc.Reveal(7)
		m := tc.next()
		if h, err := wire.ParseExtHandshake(m.Payload); m.ID != wire.Extended || err != nil || !h.UploadOnly {
			t.Fatalf("%v %+v %v", m.ID, h, err)
		}
		tc.want(have(1), have(2), have(4), have(5), have(7))
		r := requestFor(6, 0, 100)
		tc.send(r)
		tc.want(tc.answerTo(r))
		tc.wantIdle(time.Minute)
	})
}

// Telling of very many pieces does not pile up for a remote that does not read,
// and does not end the connection.
func TestRevealAllIsPaced(t *testing.T) {
	const pieces = 30_000
	hiding(t, options{pieces: pieces, pieceLength: 16, window: 16 << 10}, func(tc *testConn) {
		tc.RevealAll()
		tc.advance(10 * time.Second)
		tc.out.mu.Lock()
		waiting, told := tc.out.msgs.size(), tc.out.veil.next
		tc.out.mu.Unlock()
		if waiting > 64<<10 || told > pieces/4 {
			t.Errorf("%d bytes wait, %d pieces were told of to nobody", waiting, told)
		}
		tc.next() // the extension handshake
		for i := range pieces {
			tc.want(have(i))
		}
		tc.wantOpen()
	})
}

// Pieces that the remote was not told of need no lt_donthave.
func TestDontHaveWhileHidden(t *testing.T) {
	hiding(t, options{}, func(tc *testConn) {
		tc.sendExt(wire.ExtHandshake{M: map[string]byte{wire.ExtDontHave: 9}})
		tc.settle()
		tc.Reveal(1)
		tc.want(have(1))
		tc.DontHave(0)
		tc.DontHave(1)
		m := tc.next()
		if i, err := wire.ParseDontHave(m.Payload); m.Ext != 9 || err != nil || i != 1 {
			t.Errorf("%+v, want donthave of 1", m)
		}
		tc.wantIdle(time.Second)
	})
}

// gains records what Events say of the remote's pieces.
type gains struct {
	got   [][2]int
	seeds int
}

func (g *gains) config(c *Config) {
	c.Events.Gained = func(piece, have int) { g.got = append(g.got, [2]int{piece, have}) }
	c.Events.Seed = func() { g.seeds++ }
}

// want checks what was told since the last call.
func (g *gains) want(tc *testConn, seeds int, want ...[2]int) {
	tc.Helper()
	tc.settle()
	if !slices.Equal(g.got, want) || g.seeds != seeds {
		tc.Errorf("told %v and %d times of a seed, want %v and %d", g.got, g.seeds, want, seeds)
	}
	g.got = nil
}

// The owner hears of each piece once, and once of a seed, whatever is repeated.
func TestGained(t *testing.T) {
	var g gains
	converse(t, options{config: g.config}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.Bitfield, Payload: []byte{0xf0}})
		g.want(tc, 0, [2]int{-1, 4})
		tc.send(have(4), have(0), have(4), have(5))
		g.want(tc, 0, [2]int{4, 5}, [2]int{5, 6})
		tc.sendRaw(wire.AppendDontHave(nil, localDontHave, 5))
		tc.sendRaw(wire.AppendDontHave(nil, localDontHave, 5))
		g.want(tc, 0)
		if s := tc.Stats(); s.Have != 5 || s.Seed {
			t.Errorf("%+v", s)
		}
		tc.send(have(5), have(6), have(7), have(7))
		g.want(tc, 1, [2]int{5, 6}, [2]int{6, 7}, [2]int{7, 8})
		if s := tc.Stats(); s.Have != 8 || !s.Seed {
			t.Errorf("%+v", s)
		}
		tc.sendRaw(wire.AppendDontHave(nil, localDontHave, 1))
		tc.send(have(1))
		g.want(tc, 1, [2]int{1, 8})
	})
	var all gains
	converse(t, options{pieces: 9, config: all.config}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveAll})
		all.want(tc, 1, [2]int{-1, 9})
	})
	var none gains
	converse(t, options{pieceLength: piece.BlockSize, config: none.config}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveNone})
		none.want(tc, 0)
	})
}

// A partial seed says so when it becomes one (BEP 21).
func TestSetUploadOnly(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		for _, on := range []bool{true, false} {
			tc.SetUploadOnly(on)
			tc.SetUploadOnly(on) // is no news
			m := tc.next()
			h, err := wire.ParseExtHandshake(m.Payload)
			if m.ID != wire.Extended || m.Ext != wire.ExtHandshakeID || err != nil || h.UploadOnly != on {
				t.Errorf("%v %+v %v", m.ID, h, err)
			}
			tc.wantIdle(time.Second)
		}
	})
	converse(t, options{noExt: true}, func(tc *testConn) {
		tc.SetUploadOnly(true)
		tc.wantIdle(time.Second)
	})
}
