package peer

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer/wire"
	"gotor/piece"
)

func requestFor(index, begin, length uint32) wire.Message {
	return wire.Message{ID: wire.Request, Index: index, Begin: begin, Length: length}
}

// unchoked starts a test in which the remote may ask for everything.
func (tc *testConn) unchoked() {
	tc.Helper()
	tc.Choke(false)
	tc.want(wire.Message{ID: wire.Unchoke})
}

func TestUpload(t *testing.T) {
	for name, o := range map[string]options{
		"full":        {haveAll: true, cut: 20000},
		"plain BEP 3": {haveAll: true, cut: 20000, plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, o, func(tc *testConn) {
				tc.unchoked()
				for i := range tc.layout.Pieces() {
					var asked []wire.Message
					for at := int64(0); at < tc.layout.PieceLen(i); at += piece.BlockSize {
						n := min(piece.BlockSize, tc.layout.PieceLen(i)-at)
						asked = append(asked, requestFor(uint32(i), uint32(at), uint32(n)))
					}
					tc.send(asked...)
					for _, a := range asked {
						tc.want(tc.answerTo(a))
					}
				}
				tc.settle() // it counts after the write
				if s := tc.Stats(); s.Uploaded != tc.layout.Total() || s.Queued != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// The owner is told when all that was asked for is on its way, whether it was sent
// or taken back, and not before.
func TestServed(t *testing.T) {
	var told, early int
	var conn *Conn
	o := options{haveAll: true, config: func(c *Config) {
		c.UpLimit = fixed(rate.NewLimiter(2*piece.BlockSize, piece.BlockSize))
		c.Events.Served = func() {
			if told++; conn.Serving() {
				early++
			}
		}
	}}
	converse(t, o, func(tc *testConn) {
		conn = tc.Conn
		tc.unchoked()
		check := func(want int, serving bool) {
			t.Helper()
			if tc.settle(); told != want || early != 0 || tc.Serving() != serving {
				t.Fatalf("told %d times, %d too early, serving %v; want %d, 0, %v", told, early, tc.Serving(), want, serving)
			}
		}
		a, b := requestFor(0, 0, piece.BlockSize), requestFor(3, 0, piece.BlockSize)
		tc.send(a, b)
		tc.want(tc.answerTo(a))
		check(0, true)
		tc.want(tc.answerTo(b))
		check(1, false)
		tc.send(a)
		tc.settle()
		cancel := a
		cancel.ID = wire.Cancel
		tc.send(cancel)
		tc.want(rejectOf(a))
		check(2, false)
		tc.send(b)
		tc.settle()
		tc.Choke(true)
		tc.want(wire.Message{ID: wire.Choke}, rejectOf(b))
		check(3, false)
	})
}

// Ranges need not be blocks: any up to 128 KiB within a piece is answered.
func TestUploadOddRanges(t *testing.T) {
	converse(t, options{haveAll: true, pieceLength: 256 << 10}, func(tc *testConn) {
		tc.unchoked()
		for _, r := range []wire.Message{
			requestFor(1, 1, 1), requestFor(0, 100, 128<<10), requestFor(7, 256<<10-3, 3), requestFor(2, 5000, 20000),
		} {
			tc.send(r, r) // "every request is guaranteed to result in exactly one response"
			tc.want(tc.answerTo(r), tc.answerTo(r))
		}
	})
}

func TestRequestWhileChoked(t *testing.T) {
	r := requestFor(0, 0, piece.BlockSize)
	converse(t, options{haveAll: true}, func(tc *testConn) {
		// "If a peer receives a request from a peer its choking, the peer
		// receiving the request SHOULD send a reject" (BEP 6).
		tc.send(r)
		tc.want(rejectOf(r))
	})
	converse(t, options{haveAll: true, plain: true}, func(tc *testConn) {
		tc.send(r)
		tc.wantIdle(time.Second)
		tc.wantOpen()
	})
}

func TestRequestForMissingPiece(t *testing.T) {
	converse(t, options{have: []int{1}}, func(tc *testConn) {
		tc.unchoked()
		tc.send(requestFor(0, 0, 100), requestFor(1, 0, 100))
		tc.want(rejectOf(requestFor(0, 0, 100)), tc.answerTo(requestFor(1, 0, 100)))
	})
}

// "If a peer sends a choke, it MUST reject all requests from the peer to whom
// the choke was sent [...] choke first and then reject" (BEP 6).
func TestChokeRejectsQueue(t *testing.T) {
	// The limit keeps all but the first batch in the queue.
	o := options{haveAll: true, config: func(c *Config) { c.UpLimit = fixed(rate.NewLimiter(1000, 16<<10)) }}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		reqs := []wire.Message{requestFor(0, 0, 16<<10), requestFor(0, 16<<10, 16<<10), requestFor(0, 32<<10, 16<<10)}
		tc.send(reqs...)
		tc.want(tc.answerTo(reqs[0]))
		tc.Choke(true)
		tc.Choke(true) // no second message
		tc.want(wire.Message{ID: wire.Choke}, rejectOf(reqs[1]), rejectOf(reqs[2]))
		tc.wantIdle(time.Minute)
	})
}

// "So they can all be thrown out when a choke happens" (BEP 3).
func TestChokeForgetsQueuePlain(t *testing.T) {
	o := options{haveAll: true, plain: true, config: func(c *Config) { c.UpLimit = fixed(rate.NewLimiter(1000, 16<<10)) }}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		tc.send(requestFor(0, 0, 16<<10), requestFor(0, 16<<10, 16<<10))
		tc.want(tc.answerTo(requestFor(0, 0, 16<<10)))
		tc.Choke(true)
		tc.want(wire.Message{ID: wire.Choke})
		tc.wantIdle(time.Minute)
	})
}

// "The peer receiving the cancel should respond with either the corresponding
// reject or the corresponding piece" (BEP 6).
func TestCancelIsHonoured(t *testing.T) {
	for name, plain := range map[string]bool{"fast": false, "plain BEP 3": true} {
		t.Run(name, func(t *testing.T) {
			o := options{haveAll: true, plain: plain, config: func(c *Config) { c.UpLimit = fixed(rate.NewLimiter(16<<10, 16<<10)) }}
			converse(t, o, func(tc *testConn) {
				tc.unchoked()
				a, b, d := requestFor(0, 0, 16<<10), requestFor(0, 16<<10, 16<<10), requestFor(0, 32<<10, 16<<10)
				tc.send(a, b, d)
				tc.want(tc.answerTo(a))
				b.ID = wire.Cancel
				tc.send(b)
				if !plain {
					tc.want(rejectOf(b))
				}
				tc.advance(2 * time.Second)
				tc.want(tc.answerTo(d))
				tc.send(b) // answered already
				tc.wantIdle(time.Second)
			})
		})
	}
}

// Threats row 11: the queue is bounded, "reject over".
func TestRequestFlood(t *testing.T) {
	o := options{haveAll: true, config: func(c *Config) {
		c.ReqQ = 10
		c.UpLimit = fixed(rate.NewLimiter(1, 16<<10))
	}}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		first := requestFor(0, 0, 16<<10)
		tc.send(first)
		tc.want(tc.answerTo(first))
		r := requestFor(1, 0, 100)
		for range 15 {
			tc.send(r)
		}
		for range 5 {
			tc.want(rejectOf(r))
		}
		tc.wantIdle(time.Second)
		if q := tc.Stats().Queued; q != 10 {
			t.Errorf("%d requests queued, want 10", q)
		}
	})
}

// A remote that floods and does not read the answers is dropped.
func TestRequestFloodUnread(t *testing.T) {
	converse(t, options{haveAll: true, window: 64 << 10}, func(tc *testConn) {
		var flood []byte
		for range 1000 {
			flood = wire.Append(flood, requestFor(0, 0, 100))
		}
		for range 100 { // rejects that nobody reads
			if _, err := tc.far.Write(flood); err != nil {
				break
			}
		}
		tc.wantEnded(ErrFlooded)
		if n := cap(tc.out.msgs.ctl); n > 2*maxControl {
			t.Errorf("%d bytes of answers were kept", n)
		}
	})
}

// Threats row 11, unread sockets: the write deadline.
func TestUploadToRemoteThatDoesNotRead(t *testing.T) {
	converse(t, options{haveAll: true, window: 64 << 10, pieceLength: 1 << 20}, func(tc *testConn) {
		tc.Choke(false)
		for i := range uint32(64) {
			tc.send(requestFor(0, i*piece.BlockSize, piece.BlockSize))
		}
		tc.advance(writeTimeout / 3)
		tc.wantOpen()
		tc.advance(2 * writeTimeout)
		tc.wantEnded(ErrSilent)
	})
}

// One that reads slowly is served at its pace.
func TestUploadToSlowReader(t *testing.T) {
	converse(t, options{haveAll: true, window: 16 << 10, pieceLength: 1 << 20}, func(tc *testConn) {
		tc.unchoked()
		r := requestFor(0, 0, 128<<10)
		tc.send(r)
		want := wire.Append(nil, tc.answerTo(r))
		got := make([]byte, len(want))
		for at := 0; at < len(got); at += 4 << 10 {
			tc.advance(5 * time.Second)
			tc.sendRaw(wire.AppendKeepAlive(nil))
			tc.far.SetReadDeadline(time.Time{})
			if _, err := io.ReadFull(tc.far, got[at:min(at+4<<10, len(got))]); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Error("wrong bytes")
		}
		tc.wantOpen()
	})
}

// Requests and control messages go out before payload.
func TestControlBeforePayload(t *testing.T) {
	converse(t, options{have: []int{0}, pieceLength: 1 << 20, window: 256 << 10}, func(tc *testConn) {
		tc.unchoked()
		var asked []wire.Message
		for i := range uint32(60) {
			asked = append(asked, requestFor(0, i*piece.BlockSize, piece.BlockSize))
		}
		tc.send(asked...)
		tc.settle() // the writer is stuck in a batch now
		tc.send(wire.Message{ID: wire.Have, Index: 1}, wire.Message{ID: wire.Unchoke})
		tc.settle()
		blocks := 0
		for m := tc.next(); m.ID != wire.Request; m = tc.next() {
			if m.ID == wire.Piece {
				blocks++
			}
		}
		if most := (256<<10 + maxBatch) / piece.BlockSize; blocks > most {
			t.Errorf("%d blocks before the first request, want at most %d", blocks, most)
		}
	})
}

func TestUploadLimit(t *testing.T) {
	o := options{haveAll: true, pieceLength: 256 << 10, config: func(c *Config) { c.UpLimit = fixed(rate.NewLimiter(100_000, 16<<10)) }}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		start := time.Now()
		for i := range uint32(8) {
			for at := uint32(0); at < 256<<10; at += piece.BlockSize {
				tc.send(requestFor(i, at, piece.BlockSize))
			}
		}
		for i := range uint32(8) {
			for at := uint32(0); at < 256<<10; at += piece.BlockSize {
				tc.want(tc.answerTo(requestFor(i, at, piece.BlockSize)))
			}
		}
		want := time.Duration(float64(tc.layout.Total()-16<<10) / 100_000 * float64(time.Second))
		if took := time.Since(start); took < want-time.Second || took > want+time.Second {
			t.Errorf("took %v, want about %v", took, want)
		}
	})
}

// Messages of the protocol are never held back by a limit.
func TestUploadLimitSparesControl(t *testing.T) {
	o := options{have: []int{0}, config: func(c *Config) { c.UpLimit = fixed(rate.NewLimiter(0, 0)) }}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		tc.send(requestFor(0, 0, 100), wire.Message{ID: wire.Have, Index: 1}, wire.Message{ID: wire.Unchoke})
		tc.want(wire.Message{ID: wire.Interested})
		tc.wantRequests(4)
		tc.wantIdle(time.Second)
	})
}

// A piece that was streamed away after it was asked for is not ours to give.
func TestUploadOfForgottenPiece(t *testing.T) {
	o := options{haveAll: true, config: func(c *Config) { c.UpLimit = fixed(rate.NewLimiter(16<<10, 16<<10)) }}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		a, b := requestFor(0, 0, 16<<10), requestFor(1, 0, 16<<10)
		tc.send(a, b)
		tc.want(tc.answerTo(a))
		tc.manager.Forget(1)
		tc.advance(2 * time.Second)
		tc.want(rejectOf(b))
	})
}

func TestReadFailure(t *testing.T) {
	broken := errors.New("disk on fire")
	var told error
	var which []int
	o := options{haveAll: true, config: func(c *Config) {
		c.Events.ReadFailed = func(piece int, err error) { which, told = append(which, piece), err }
	}}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		tc.store.mu.Lock()
		tc.store.fail = broken
		tc.store.mu.Unlock()
		r := requestFor(3, 0, 100)
		tc.send(r)
		tc.want(rejectOf(r))
		if !errors.Is(told, broken) || len(which) != 1 || which[0] != 3 {
			t.Errorf("told %v of %v", told, which)
		}
		tc.wantOpen()
	})
}

// wantEnded checks that the connection has ended for one of some reasons,
// without reading what it sent.
func (tc *testConn) wantEnded(reasons ...error) {
	tc.Helper()
	tc.settle()
	select {
	case <-tc.ended:
	default:
		tc.Fatal("the connection is still open")
	}
	for _, r := range reasons {
		if errors.Is(tc.err, r) {
			return
		}
	}
	tc.Errorf("ended with %v", tc.err)
}

// recorder is a net.Conn that keeps what is written, at most some bytes a call.
type recorder struct {
	net.Conn
	got    bytes.Buffer
	most   int
	writes int
}

func (r *recorder) Write(p []byte) (int, error) {
	r.writes++
	if len(p) > r.most {
		r.got.Write(p[:r.most])
		return r.most, io.ErrShortWrite
	}
	return r.got.Write(p)
}

// A vector becomes few writes, and goes on where an error stopped it.
func TestVectorOverPlainConn(t *testing.T) {
	var want bytes.Buffer
	u := &uploader{link: &link{mem: new(Buffers)}}
	for i := range 40 {
		b := bytes.Repeat([]byte{byte(i)}, 13+i*1000)
		want.Write(b)
		u.bufs = append(u.bufs, b)
	}
	whole := &recorder{most: 1 << 30}
	u.left = append(u.left[:0], u.bufs...)
	u.cfg.Conn = whole
	if n, err := u.write(); err != nil || int(n) != want.Len() {
		t.Fatal(n, err)
	}
	if most := want.Len()/bufferSizes[largeBuffer] + 1; whole.writes > most {
		t.Errorf("%d writes, want at most %d", whole.writes, most)
	}
	parts := &recorder{most: 30_000}
	u.left = append(u.left[:0], u.bufs...)
	u.cfg.Conn = parts
	for len(u.left) > 0 {
		u.write()
	}
	for _, r := range []*recorder{whole, parts} {
		if !bytes.Equal(r.got.Bytes(), want.Bytes()) {
			t.Error("wrong bytes")
		}
	}
}

func TestSuggest(t *testing.T) {
	converse(t, options{haveAll: true}, func(tc *testConn) {
		tc.Suggest(3)
		tc.want(wire.Message{ID: wire.Suggest, Index: 3})
		tc.Suggest(-1)
		tc.Suggest(1 << 20)
		tc.wantIdle(testPatience)
	})
	converse(t, options{haveAll: true, noFast: true}, func(tc *testConn) {
		tc.Suggest(3) // BEP 6 only
		tc.wantIdle(testPatience)
	})
}
