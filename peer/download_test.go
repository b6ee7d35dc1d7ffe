package peer

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer/wire"
	"gotor/piece"
)

// seedSays is what a seed opens with, towards a peer with BEP 6.
func (tc *testConn) seedSays() {
	tc.Helper()
	tc.send(wire.Message{ID: wire.HaveAll})
	tc.want(wire.Message{ID: wire.Interested})
	tc.send(wire.Message{ID: wire.Unchoke})
}

func TestDownloadEverything(t *testing.T) {
	for name, o := range map[string]options{
		"full":            {cut: 20000},
		"plain BEP 3":     {cut: 20000, plain: true},
		"with latency":    {latency: 100 * time.Millisecond},
		"one short piece": {pieces: 1, pieceLength: 1 << 20, cut: 1<<20 - 1},
		"large":           {pieces: 40, pieceLength: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			connect(t, o, func(tc *testConn) {
				go tc.serve()
				for !tc.manager.Done() {
					tc.advance(50 * time.Millisecond)
					tc.wantOpen()
				}
				if string(tc.store.data) != string(tc.data) {
					t.Error("wrong bytes")
				}
				if s := tc.Stats(); s.Downloaded != tc.layout.Total() || !s.Seed || s.Outstanding != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// serve plays a seed that answers every request at once.
func (tc *testConn) serve() {
	if tc.fast {
		tc.far.Write(wire.Append(nil, wire.Message{ID: wire.HaveAll}))
	} else {
		bits := make([]byte, (tc.layout.Pieces()+7)/8)
		for i := range tc.layout.Pieces() {
			bits[i/8] |= 0x80 >> (i % 8)
		}
		tc.far.Write(wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: bits}))
	}
	tc.far.Write(wire.Append(nil, wire.Message{ID: wire.Unchoke}))
	for {
		m, ok, err := tc.message()
		if err != nil {
			return
		}
		if ok && m.ID == wire.Request {
			tc.far.Write(wire.Append(nil, tc.answerTo(m)))
		}
	}
}

// "Interest state must be kept up to date at all times" (BEP 3).
func TestInterest(t *testing.T) {
	converse(t, options{have: []int{0, 1}, pieces: 4}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.Bitfield, Payload: []byte{0xc0}})
		tc.wantIdle(time.Second) // it has only what we have
		tc.send(wire.Message{ID: wire.Have, Index: 2})
		tc.want(wire.Message{ID: wire.Interested})
		tc.send(wire.Message{ID: wire.Unchoke})
		reqs := tc.wantRequests(4)
		tc.give(reqs...)
		tc.want(wire.Message{ID: wire.NotInterested})
		if s := tc.Stats(); s.AmInterested {
			t.Error("still interested")
		}
	})
}

// "Downloaders should keep several piece requests queued up at once" (BEP 3):
// all that there is to ask for at first, up to the start depth.
func TestPipelineStartsGenerous(t *testing.T) {
	converse(t, options{pieces: 4, pieceLength: 1 << 20}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(startDepth)
		tc.give(reqs[:startDepth/2-1]...)
		tc.wantIdle(time.Millisecond)
		tc.give(reqs[startDepth/2-1]) // now half of it has come
		if more := tc.wantRequests(1); more[0].ID != wire.Request {
			t.Error("no more requests")
		}
	})
}

// reqq is "the number of outstanding request messages this client supports
// without dropping any" (BEP 10).
func TestPipelineRespectsReqQ(t *testing.T) {
	converse(t, options{pieces: 4, pieceLength: 1 << 20}, func(tc *testConn) {
		tc.sendExt(wire.ExtHandshake{ReqQ: 10})
		tc.seedSays()
		reqs := tc.wantRequests(10)
		for range 20 {
			tc.wantIdle(20 * time.Millisecond)
			tc.give(reqs[:5]...)
			reqs = append(reqs[5:], tc.wantRequests(5)...)
		}
	})
}

func TestPipelineGrowsWithDelay(t *testing.T) {
	// 400 ms there and back: 64 blocks at a time would be 2.5 MB/s.
	o := options{pieces: 64, pieceLength: 1 << 20, latency: 200 * time.Millisecond, window: 64 << 20, budget: 1 << 30}
	connect(t, o, func(tc *testConn) {
		tc.sendExt(wire.ExtHandshake{ReqQ: 2000})
		go tc.serve()
		start := time.Now()
		for !tc.manager.Done() {
			tc.advance(50 * time.Millisecond)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("64 MiB over 400 ms took %v", took)
		}
	})
}

// A slow peer must not hoard blocks.
func TestPipelineShrinksForSlowPeers(t *testing.T) {
	converse(t, options{pieces: 64, pieceLength: 1 << 20}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(startDepth)
		for _, r := range reqs { // 16 KiB a second
			tc.give(r)
			tc.advance(time.Second)
		}
		if s := tc.Stats(); s.Depth > 6 {
			t.Errorf("depth %d for a peer that needs a second for a block", s.Depth)
		}
	})
}

// Choke without BEP 6: "they can all be thrown out when a choke happens"
// (BEP 3); we ask again when it ends.
func TestChokePlain(t *testing.T) {
	converse(t, options{plain: true, pieces: 1}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.Bitfield, Payload: []byte{0x80}})
		tc.want(wire.Message{ID: wire.Interested})
		tc.send(wire.Message{ID: wire.Unchoke})
		tc.wantRequests(4)
		tc.send(wire.Message{ID: wire.Choke})
		tc.wantIdle(time.Minute)
		if s := tc.Stats(); s.Outstanding != 0 || !s.PeerChoking {
			t.Errorf("%+v", s)
		}
		tc.send(wire.Message{ID: wire.Unchoke})
		tc.wantRequests(4)
	})
}

// "Choke no longer implicitly rejects all pending requests" (BEP 6).
func TestChokeFast(t *testing.T) {
	converse(t, options{pieces: 1}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(4)
		tc.send(wire.Message{ID: wire.Choke})
		tc.settle()
		if n := tc.manager.Outstanding(tc.rd.peer); n != 4 {
			t.Errorf("%d outstanding after a choke, want 4", n)
		}
		tc.give(reqs[0])
		tc.send(rejectOf(reqs[1]), rejectOf(reqs[2]), rejectOf(reqs[3]))
		tc.wantIdle(10 * time.Second)
		if n := tc.manager.Outstanding(tc.rd.peer); n != 0 {
			t.Errorf("%d outstanding after rejects, want 0", n)
		}
		tc.send(wire.Message{ID: wire.Unchoke})
		tc.give(tc.wantRequests(3)...)
		tc.want(wire.Message{ID: wire.NotInterested})
	})
}

func rejectOf(r wire.Message) wire.Message { r.ID = wire.Reject; return r }

// A peer that rejects everything at once is not asked again at once.
func TestRejectLoopIsHeldBack(t *testing.T) {
	converse(t, options{pieces: 64}, func(tc *testConn) {
		tc.seedSays()
		start, n := time.Now(), 0
		for time.Since(start) < time.Minute {
			tc.far.SetReadDeadline(start.Add(time.Minute))
			m, ok, err := tc.message()
			if err != nil {
				break
			}
			if ok && m.ID == wire.Request {
				n++
				tc.send(rejectOf(m))
			}
		}
		if n > 1000 {
			t.Errorf("%d requests in a minute to a peer that rejects them all", n)
		}
		tc.wantOpen()
	})
}

// "If you ask for this piece, I'll give it to you even if you're choked"
// (BEP 6, allowed fast).
func TestAllowedFast(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveAll})
		tc.want(wire.Message{ID: wire.Interested})
		tc.wantIdle(time.Second)
		tc.send(wire.Message{ID: wire.AllowedFast, Index: 5})
		for _, r := range tc.wantRequests(4) {
			if r.Index != 5 {
				t.Errorf("request for piece %d", r.Index)
			}
			tc.give(r)
		}
		tc.wantIdle(time.Second)
		tc.send(wire.Message{ID: wire.Unchoke})
		tc.wantRequests(28)
	})
}

// "The receiver MUST NOT interpret an Allowed Fast message as meaning that the
// message sender has the piece" (BEP 6).
func TestAllowedFastIsNotHave(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveNone}, wire.Message{ID: wire.AllowedFast, Index: 5})
		tc.wantIdle(time.Second)
		tc.send(wire.Message{ID: wire.Have, Index: 5})
		tc.want(wire.Message{ID: wire.Interested})
		tc.wantRequests(4)
	})
}

func TestSuggestIsFollowed(t *testing.T) {
	converse(t, options{pieces: 100}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveAll}, wire.Message{ID: wire.Suggest, Index: 77})
		tc.want(wire.Message{ID: wire.Interested})
		tc.send(wire.Message{ID: wire.Unchoke})
		if r := tc.wantRequests(1)[0]; r.Index != 77 {
			t.Errorf("first request for piece %d, suggested was 77", r.Index)
		}
	})
}

// Once another peer gave a block, "it sends cancels to everyone else every time
// a piece arrives" (BEP 3).
func TestCancel(t *testing.T) {
	converse(t, options{pieces: 1}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(4)
		tc.advance(time.Second)
		other := tc.manager.Join(netip.MustParseAddrPort("10.0.0.3:1"), piece.Hooks{})
		tc.manager.SetHaveAll(other)
		tc.manager.Unchoked(other)
		got := tc.manager.Pick(other, nil, 1, time.Now())
		if len(got) != 1 {
			t.Fatal("no endgame")
		}
		b := got[0]
		slab, err := tc.manager.Claim(other, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		copy(slab.Bytes(), tc.data[b.Begin():])
		tc.manager.Commit(other, slab, time.Now())
		tc.want(blockMessage(wire.Cancel, b))
		// "Requests that are being processed are allowed to complete" (BEP 6):
		// the late copy is dropped and nobody is blamed.
		tc.give(reqs...)
		tc.want(wire.Message{ID: wire.NotInterested})
		tc.wantOpen()
		if w := tc.manager.Stats().Wasted; w != int64(b.Len()) {
			t.Errorf("%d bytes wasted, want %d", w, b.Len())
		}
	})
}

func TestSnub(t *testing.T) {
	converse(t, options{pieces: 2}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(8)
		tc.advance(snubUnknown - time.Second)
		if tc.Stats().Snubbed {
			t.Error("snubbed too early")
		}
		tc.advance(2 * time.Second)
		if !tc.Stats().Snubbed {
			t.Error("not snubbed")
		}
		// Its blocks may now be asked of others.
		other := tc.manager.Join(netip.MustParseAddrPort("10.0.0.3:1"), piece.Hooks{})
		tc.manager.SetHaveAll(other)
		tc.manager.Unchoked(other)
		if got := tc.manager.Pick(other, nil, 4, time.Now()); len(got) != 4 {
			t.Errorf("another peer gets %d blocks, want 4", len(got))
		}
		tc.give(reqs[7]) // late, and still welcome
		tc.settle()
		if s := tc.Stats(); s.Snubbed || s.Downloaded != piece.BlockSize {
			t.Errorf("%+v", s)
		}
		tc.wantOpen()
	})
}

// A peer that has lost our requests gets a chance now and then.
func TestSnubbedPeerIsProbed(t *testing.T) {
	converse(t, options{pieces: 64, pieceLength: 1 << 20}, func(tc *testConn) {
		tc.seedSays()
		tc.wantRequests(startDepth)
		for i := range 4 {
			tc.advance(snubAgain / 2)
			tc.sendRaw(wire.AppendKeepAlive(nil))
			tc.advance(snubAgain / 2)
			if i > 0 {
				tc.wantRequests(1)
			}
		}
		tc.wantOpen()
	})
}

func TestDownloadLimit(t *testing.T) {
	lim := rate.NewLimiter(100_000, 32<<10)
	o := options{pieces: 8, pieceLength: 256 << 10, config: func(c *Config) { c.DownLimit = fixed(lim) }}
	connect(t, o, func(tc *testConn) {
		start := time.Now()
		go tc.serve()
		for !tc.manager.Done() {
			tc.advance(100 * time.Millisecond)
		}
		took := time.Since(start)
		want := time.Duration(float64(tc.layout.Total()-32<<10) / 100_000 * float64(time.Second))
		if took < want-time.Second || took > want+2*time.Second {
			t.Errorf("took %v, want about %v", took, want)
		}
	})
}

// Back-pressure: without buffers nothing is asked for.
func TestBudgetLimitsRequests(t *testing.T) {
	converse(t, options{pieces: 4, pieceLength: 1 << 20, budget: 16 * piece.BlockSize}, func(tc *testConn) {
		tc.seedSays()
		n := len(tc.requests())
		if n == 0 || n > 16 {
			t.Errorf("%d requests with memory for 16 blocks", n)
		}
	})
}

// requests reads requests until none come for a second.
func (tc *testConn) requests() (reqs []wire.Message) {
	for {
		tc.far.SetReadDeadline(time.Now().Add(time.Second))
		m, ok, err := tc.message()
		if err != nil {
			return reqs
		}
		if ok && m.ID == wire.Request {
			reqs = append(reqs, m)
		}
	}
}

// lt_donthave: "it marks the piece as unavailable at the sending peer" (BEP 54).
func TestDontHave(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveNone}, wire.Message{ID: wire.Have, Index: 3})
		tc.want(wire.Message{ID: wire.Interested})
		tc.sendRaw(wire.AppendDontHave(nil, localDontHave, 3))
		tc.want(wire.Message{ID: wire.NotInterested})
		if tc.manager.RemoteHas(tc.rd.peer, 3) {
			t.Error("the peer still has piece 3")
		}
	})
}
