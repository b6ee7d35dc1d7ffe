package peer

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/peer/wire"
	"gotor/piece"
)

func TestOpening(t *testing.T) {
	for name, c := range map[string]struct {
		o    options
		want []wire.Message
	}{
		// "Exactly one of Have All, Have None, or Have Bitfield MUST appear"
		// (BEP 6).
		"nothing":     {options{noExt: true}, []wire.Message{{ID: wire.HaveNone}}},
		"everything":  {options{noExt: true, haveAll: true}, []wire.Message{{ID: wire.HaveAll}}},
		"some pieces": {options{noExt: true, pieces: 12, have: []int{0, 9}}, []wire.Message{{ID: wire.Bitfield, Payload: []byte{0x80, 0x40}}}},
		// "Downloaders which don't have anything yet may skip the 'bitfield'
		// message" (BEP 3).
		"plain, nothing":    {options{plain: true}, nil},
		"plain, everything": {options{plain: true, haveAll: true}, []wire.Message{{ID: wire.Bitfield, Payload: []byte{0xff}}}},
		"plain, spare bits": {options{plain: true, haveAll: true, pieces: 9}, []wire.Message{{ID: wire.Bitfield, Payload: []byte{0xff, 0x80}}}},
	} {
		t.Run(name, func(t *testing.T) {
			connect(t, c.o, func(tc *testConn) {
				tc.want(c.want...)
				tc.wantIdle(time.Second)
			})
		})
	}
}

// "This message should be sent immediately after the standard bittorrent
// handshake" (BEP 10).
func TestExtensionHandshake(t *testing.T) {
	o := options{config: func(c *Config) {
		c.ListenPort, c.ReqQ, c.Metadata, c.UploadOnly = 6881, 300, make([]byte, 12345), true
		c.Extensions = []string{"ut_pex", "ut_metadata"}
	}}
	connect(t, o, func(tc *testConn) {
		m := tc.next()
		h, err := wire.ParseExtHandshake(m.Payload)
		if err != nil || m.Ext != wire.ExtHandshakeID {
			t.Fatal(m.ID, m.Ext, err)
		}
		want := wire.ExtHandshake{
			M:      map[string]byte{"lt_donthave": 1, "ut_pex": 2, "ut_metadata": 3},
			Client: "gotor/test", Port: 6881, ReqQ: 300, YourIP: theirAddr, MetadataSize: 12345, UploadOnly: true,
		}
		if diff := cmp.Diff(want, h, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
	})
}

// "There is no need for the receiving side of the connection to send this
// extension message, since its port number is already known" (BEP 10, of p).
func TestExtensionHandshakeIncoming(t *testing.T) {
	o := options{config: func(c *Config) { c.ListenPort, c.Incoming = 6881, true }}
	connect(t, o, func(tc *testConn) {
		if h, _ := wire.ParseExtHandshake(tc.next().Payload); h.Port != 0 {
			t.Errorf("port %d", h.Port)
		}
	})
}

func TestEvents(t *testing.T) {
	var got []string
	note := func(s string) { got = append(got, s) }
	o := options{config: func(c *Config) {
		c.Extensions = []string{"ut_test"}
		c.Events = Events{
			Interested: func(on bool) { note(map[bool]string{true: "interested", false: "not interested"}[on]) },
			Extended:   func(h wire.ExtHandshake) { note("handshake of " + h.Client) },
			Message:    func(name string, p []byte) { note(name + " " + string(p)) },
			Port:       func(port uint16) { note("port") },
		}
	}}
	converse(t, o, func(tc *testConn) {
		tc.sendExt(wire.ExtHandshake{Client: "Remote 1.0", ReqQ: 77, UploadOnly: true, M: map[string]byte{"ut_test": 9}})
		tc.send(
			wire.Message{ID: wire.Interested}, wire.Message{ID: wire.Interested}, wire.Message{ID: wire.NotInterested},
			wire.Message{ID: wire.Port, Port: 6881},
			wire.Message{ID: wire.Extended, Ext: 2, Payload: []byte("hello")},
			wire.Message{ID: wire.Extended, Ext: 99, Payload: []byte("what?")},
		)
		tc.settle()
		want := []string{"handshake of Remote 1.0", "interested", "not interested", "port", "ut_test hello"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if s := tc.Stats(); s.Client != "Remote 1.0" || !s.UploadOnly || s.PeerInterested {
			t.Errorf("%+v", s)
		}
		if !tc.SendExtended("ut_test", []byte("back")) || tc.SendExtended("ut_other", nil) {
			t.Error("wrong extensions")
		}
		tc.want(wire.Message{ID: wire.Extended, Ext: 9, Payload: []byte("back")})
		// "The value 0 is used to turn off an extension" (BEP 10).
		tc.sendExt(wire.ExtHandshake{M: map[string]byte{"ut_test": 0}})
		tc.settle()
		if tc.SendExtended("ut_test", []byte("back")) {
			t.Error("the extension is still on")
		}
	})
}

func TestClientFromPeerID(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		if s := tc.Stats().Client; s != "Transmission 4.0.5" {
			t.Errorf("client %q", s)
		}
		if tc.Addr().Addr() != theirAddr || tc.Remote().Features != wire.FeatureFast|wire.FeatureExtended {
			t.Error("wrong remote")
		}
	})
}

// The first have message goes at once, those behind it wait for company.
func TestHaveIsBatched(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		for range 2 {
			tc.advance(haveDelay)
			tc.Have(0)
			tc.settle()
			before := time.Now()
			tc.Have(1)
			tc.Have(2)
			tc.want(wire.Message{ID: wire.Have, Index: 0})
			if d := time.Since(before); d > time.Millisecond {
				t.Errorf("the first have message waited %v", d)
			}
			tc.wantIdle(haveDelay - time.Millisecond)
			tc.want(wire.Message{ID: wire.Have, Index: 1}, wire.Message{ID: wire.Have, Index: 2})
		}
		tc.Have(3)
		tc.Choke(false) // takes them along
		tc.want(wire.Message{ID: wire.Unchoke}, wire.Message{ID: wire.Have, Index: 3})
	})
}

// What the remote has itself is no news to it, and waits like those to a seed.
func TestHaveOfWhatTheRemoteHas(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.Bitfield, Payload: []byte{0xc0}})
		tc.want(wire.Message{ID: wire.Interested})
		tc.settle() // it notes what the remote has after that
		tc.Have(0)
		tc.Have(1)
		tc.wantIdle(time.Minute)
		tc.Have(2)
		tc.want(wire.Message{ID: wire.Have, Index: 0}, wire.Message{ID: wire.Have, Index: 1}, wire.Message{ID: wire.Have, Index: 2})
	})
}

// A seed has no use for have messages; they cost it no packet of their own.
func TestHaveToSeedWaits(t *testing.T) {
	converse(t, options{pieces: 2000, pieceLength: piece.BlockSize}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveAll})
		tc.want(wire.Message{ID: wire.Interested})
		tc.settle() // it notes what the remote has after that
		tc.Have(1)
		tc.wantIdle(time.Minute)
		for i := range maxHaves/9 + 1 {
			tc.Have(i)
		}
		for range maxHaves/9 + 1 {
			if m := tc.next(); m.ID != wire.Have {
				t.Fatalf("%v instead of have", m.ID)
			}
		}
	})
}

// "When the local node discards a piece [...] it sends a DontHave message"
// (BEP 54).
func TestSendDontHave(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.DontHave(1) // not supported yet
		tc.wantIdle(time.Second)
		tc.sendExt(wire.ExtHandshake{M: map[string]byte{wire.ExtDontHave: 7}})
		tc.settle()
		tc.Have(1)
		tc.DontHave(1)
		tc.want(wire.Message{ID: wire.Have, Index: 1},
			wire.Message{ID: wire.Extended, Ext: 7, Payload: []byte{0, 0, 0, 1}})
	})
}

// "Keepalives are generally sent once every two minutes" (BEP 3).
func TestKeepAlive(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		for range 5 {
			tc.wantIdle(keepAliveAfter - time.Second)
			tc.wantKeepAlive(2 * time.Second)
			tc.sendRaw(wire.AppendKeepAlive(nil))
		}
		tc.Choke(false) // any message will do
		tc.want(wire.Message{ID: wire.Unchoke})
		tc.wantIdle(keepAliveAfter - time.Second)
		tc.wantKeepAlive(2 * time.Second)
	})
}

func TestSilentRemoteIsClosed(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.advance(maxSilence - time.Second)
		tc.wantOpen()
		tc.advance(2 * time.Second)
		tc.wantClosed(ErrSilent)
	})
}

func TestRemoteCloses(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.far.Close()
		<-tc.ended
		if !errors.Is(tc.err, io.EOF) {
			t.Error(tc.err)
		}
	})
}

func TestClose(t *testing.T) {
	reason := errors.New("enough")
	converse(t, options{}, func(tc *testConn) {
		tc.Close(reason)
		tc.Close(errors.New("later"))
		tc.wantClosed(reason)
		// All of these must be harmless now.
		tc.Have(1)
		tc.DontHave(1)
		tc.Choke(false)
		tc.SendExtended("x", nil)
		tc.Stats()
	})
	converse(t, options{}, func(tc *testConn) {
		tc.Close(nil)
		tc.wantClosed(net.ErrClosed)
	})
}

func TestContextEndsRun(t *testing.T) {
	reason := errors.New("shutting down")
	converse(t, options{}, func(tc *testConn) {
		tc.stop(reason)
		tc.wantClosed(reason)
	})
	converse(t, options{}, func(tc *testConn) {
		tc.stop(nil)
		tc.wantClosed(context.Canceled)
	})
}

func TestCloseBeforeRun(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	l, err := piece.NewLayout(100, 100)
	if err != nil {
		t.Fatal(err)
	}
	w := piece.NewWorkers(1)
	defer w.Close()
	m := piece.NewManager(piece.Config{Layout: l, Digest: func(int) piece.Digest { return piece.SHA1([20]byte{}) }, Store: voidStore{}, Workers: w, Pool: piece.NewPool(1 << 20)})
	defer m.Close()
	c := New(Config{Conn: near, Manager: m, Layout: l, Store: voidStore{}})
	reason := errors.New("never mind")
	c.Close(reason)
	if err := c.Run(t.Context()); !errors.Is(err, reason) {
		t.Error(err)
	}
}

// What a connection was asked for goes to others when it ends.
func TestEndGivesRequestsBack(t *testing.T) {
	converse(t, options{pieces: 1}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(4)
		tc.sendRaw(wire.Append(nil, tc.answerTo(reqs[0]))[:5000]) // in the middle of a block
		tc.settle()
		tc.far.Close()
		<-tc.ended
		other := tc.manager.Join(netip.MustParseAddrPort("10.0.0.3:1"), piece.Hooks{})
		tc.manager.SetHaveAll(other)
		tc.manager.Unchoked(other)
		if got := tc.manager.Pick(other, nil, 10, time.Now()); len(got) != 4 {
			t.Errorf("%d blocks for another peer, want 4", len(got))
		}
	})
}

// A panic ends one connection, with an error that says so and where.
func TestPanicBecomesError(t *testing.T) {
	o := options{config: func(c *Config) {
		c.Events.Port = func(uint16) { panic("boom\nbang") }
	}}
	converse(t, o, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.Port, Port: 1})
		tc.settle()
		<-tc.ended
		if !errors.Is(tc.err, ErrBug) || !strings.Contains(tc.err.Error(), "conn_test.go:") {
			t.Error(tc.err)
		}
		tc.err = nil
	})
}

func TestStatsRates(t *testing.T) {
	converse(t, options{pieces: 64, pieceLength: 1 << 20}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(startDepth)
		for _, r := range reqs[:40] { // 160 KiB a second
			tc.give(r)
			tc.advance(100 * time.Millisecond)
			tc.Stats()
		}
		if r := tc.Stats().DownRate; r < 140<<10 || r > 180<<10 {
			t.Errorf("rate %d, want about %d", r, 160<<10)
		}
		tc.advance(10 * time.Second)
		tc.Stats()
		tc.advance(6 * time.Second)
		if r := tc.Stats().DownRate; r != 0 {
			t.Errorf("rate %d after a long pause", r)
		}
	})
}

// A panic under the lock of a connection, whatever it was, lets go of it: the
// owner, who asks for its state and closes it, must not wait for ever.
func TestPanicUnderLock(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(tc *testConn)
		say    wire.Message
	}{
		"queue of a request": {func(tc *testConn) { tc.out.reqs.list, tc.out.reqs.next = make([]piece.Block, 0, 5), -3 }, requestFor(0, 0, 100)},
		"queue of a cancel":  {func(tc *testConn) { tc.out.reqs.list, tc.out.reqs.next = make([]piece.Block, 2), -3 }, wire.Message{ID: wire.Cancel, Length: 1}},
		"batch": {func(tc *testConn) {
			tc.out.reqs.list, tc.out.reqs.bytes, tc.out.reqs.next = make([]piece.Block, 2), 10, -3
		}, interested},
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, options{haveAll: true}, func(tc *testConn) {
				tc.unchoked()
				tc.settle()
				tc.out.mu.Lock()
				c.breaks(tc)
				tc.out.mu.Unlock()
				tc.send(c.say)
				tc.wakeWriter()
				tc.settle()
				if !tc.out.mu.TryLock() {
					t.Fatal("the lock is held")
				}
				tc.out.mu.Unlock()
				tc.Stats()
				<-tc.ended
				if !errors.Is(tc.err, ErrBug) {
					t.Error(tc.err)
				}
				tc.err = nil
			})
		})
	}
}

// A slab that was being read into when its reader panicked goes back.
func TestPanicWhileReadingABlock(t *testing.T) {
	converse(t, options{pieces: 1, budget: 1 << 20}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(4)
		block := wire.Append(nil, tc.answerTo(reqs[0]))
		tc.sendRaw(block[:5000])
		tc.settle()
		tc.rd.in.after = func(int) { panic("boom") }
		tc.sendRaw(block[5000:])
		<-tc.ended
		if !errors.Is(tc.err, ErrBug) {
			t.Error(tc.err)
		}
		tc.err = nil
		other := tc.manager.Join(netip.MustParseAddrPort("10.0.0.3:1"), piece.Hooks{})
		tc.manager.SetHaveAll(other)
		tc.manager.Unchoked(other)
		got := tc.manager.Pick(other, nil, 10, time.Now())
		for _, b := range got {
			if _, err := tc.manager.Claim(other, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len())); err != nil {
				t.Error(err)
			}
		}
		if len(got) != 4 {
			t.Errorf("%d blocks for another peer, want 4", len(got))
		}
	})
}
