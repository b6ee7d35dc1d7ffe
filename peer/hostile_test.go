package peer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// prefix is a length and an id with nothing behind them.
func prefix(n uint32, id wire.ID) []byte {
	return append(binary.BigEndian.AppendUint32(nil, n), byte(id))
}

// TestViolations covers wire framing. Each of these
// closes the connection, and the error names the message.
func TestViolations(t *testing.T) {
	msg := func(m wire.Message) []byte { return wire.Append(nil, m) }
	for name, c := range map[string]struct {
		o    options
		send []byte
		want string
	}{
		"giant length":        {send: prefix(1<<32-1, wire.Piece), want: "piece"},
		"giant unknown":       {send: prefix(1<<31, 77), want: "unknown message 77"},
		"giant extended":      {send: prefix(1<<20+1, wire.Extended), want: "extended"},
		"block too long":      {send: prefix(9+16<<10+1, wire.Piece), want: "piece"},
		"block without begin": {send: prefix(8, wire.Piece), want: "piece"},
		"empty block":         {send: msg(wire.Message{ID: wire.Piece}), want: "piece"},
		"long choke":          {send: prefix(2, wire.Choke), want: "choke"},
		"short have":          {send: prefix(4, wire.Have), want: "have"},
		"long have":           {send: prefix(6, wire.Have), want: "have"},
		"short request":       {send: prefix(12, wire.Request), want: "request"},
		"long cancel":         {send: prefix(14, wire.Cancel), want: "cancel"},
		"short port":          {send: prefix(2, wire.Port), want: "port"},
		"empty extended":      {send: prefix(1, wire.Extended), want: "extended"},
		"short bitfield":      {o: options{pieces: 9}, send: prefix(2, wire.Bitfield), want: "bitfield"},
		"long bitfield":       {o: options{pieces: 9}, send: prefix(4, wire.Bitfield), want: "bitfield"},
		"flood of bitfields":  {send: append(msg(wire.Message{ID: wire.HaveAll}), bytes.Repeat(msg(wire.Message{ID: wire.Bitfield, Payload: []byte{0x80}}), lateFieldBurst+1)...), want: "bitfield"},
		"flood of have alls":  {send: bytes.Repeat(msg(wire.Message{ID: wire.HaveAll}), lateFieldBurst+2), want: "have all"},
		"flood of have nones": {send: append(msg(wire.Message{ID: wire.Have, Index: 0}), bytes.Repeat(msg(wire.Message{ID: wire.HaveNone}), lateFieldBurst+2)...), want: "have none"},

		"have out of range":     {send: msg(wire.Message{ID: wire.Have, Index: 8}), want: "have"},
		"have far out":          {send: msg(wire.Message{ID: wire.Have, Index: 1<<32 - 1}), want: "have"},
		"donthave out of range": {send: wire.AppendDontHave(nil, localDontHave, 8), want: "donthave"},
		"donthave of 3 bytes":   {send: msg(wire.Message{ID: wire.Extended, Ext: localDontHave, Payload: []byte{0, 0, 1}}), want: "donthave"},

		"block of no piece":    {send: msg(wire.Message{ID: wire.Piece, Index: 9, Payload: make([]byte, 100)}), want: "piece"},
		"block past the piece": {send: msg(wire.Message{ID: wire.Piece, Begin: 64 << 10, Payload: make([]byte, 100)}), want: "piece"},
		"block never asked":    {send: msg(wire.Message{ID: wire.Piece, Index: 0, Payload: make([]byte, 100)}), want: "piece"},

		"flood of extension handshakes": {send: bytes.Repeat(msg(wire.Message{ID: wire.Extended, Payload: []byte("garbage")}), maxExtHandshakes+1), want: "extended"},
		"flood without BEP 10":          {o: options{noExt: true}, send: bytes.Repeat(msg(wire.Message{ID: wire.Extended}), maxUnknown+1), want: "extended"},

		// "When the fast extension is disabled, if a peer receives a [...]
		// message, the peer MUST close the connection" (BEP 6, five times).
		"have all without BEP 6":     {o: options{noFast: true}, send: msg(wire.Message{ID: wire.HaveAll}), want: "have all"},
		"have none without BEP 6":    {o: options{noFast: true}, send: msg(wire.Message{ID: wire.HaveNone}), want: "have none"},
		"suggest without BEP 6":      {o: options{noFast: true}, send: msg(wire.Message{ID: wire.Suggest}), want: "suggest"},
		"reject without BEP 6":       {o: options{noFast: true}, send: msg(wire.Message{ID: wire.Reject, Length: 1}), want: "reject"},
		"allowed fast without BEP 6": {o: options{noFast: true}, send: msg(wire.Message{ID: wire.AllowedFast}), want: "allowed fast"},
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, c.o, func(tc *testConn) {
				tc.sendRaw(c.send)
				tc.wantClosed(ErrProtocol, c.want)
			})
		})
	}
}

// What is odd and yet no violation.
func TestTolerated(t *testing.T) {
	for name, send := range map[string][]byte{
		"keep-alives":                   make([]byte, 4000),
		"unknown messages":              append(prefix(1, 77), append(prefix(5, 200), 1, 2, 3, 4)...),
		"v2 hash reject":                append(prefix(49, wire.HashReject), make([]byte, 48)...),
		"bitfield after have":           wire.Append(wire.Append(nil, wire.Message{ID: wire.Have, Index: 1}), wire.Message{ID: wire.Bitfield, Payload: []byte{0xff}}),
		"unchoke before bitfield":       wire.Append(wire.Append(nil, wire.Message{ID: wire.Unchoke}), wire.Message{ID: wire.HaveAll}),
		"cancel of nothing":             wire.Append(nil, wire.Message{ID: wire.Cancel, Length: 1}),
		"choke and unchoke, repeatedly": append(prefix(1, wire.Choke), append(prefix(1, wire.Choke), append(prefix(1, wire.Unchoke), prefix(1, wire.Unchoke)...)...)...),
		"unknown extension":             wire.Append(nil, wire.Message{ID: wire.Extended, Ext: 200, Payload: make([]byte, 1000)}),
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, options{}, func(tc *testConn) {
				tc.sendRaw(send)
				tc.advance(time.Second)
				tc.wantOpen()
			})
		})
	}
}

// "If a peer receives a piece that was never requested, the peer MUST close the
// connection" (BEP 6). A few are forgiven, since requests and chokes cross;
// a flood is not.
func TestUnaskedBlocks(t *testing.T) {
	for name, plain := range map[string]bool{"fast": false, "plain BEP 3": true} {
		t.Run(name, func(t *testing.T) {
			converse(t, options{pieceLength: 1 << 20, plain: plain}, func(tc *testConn) {
				block := wire.Message{ID: wire.Piece, Payload: make([]byte, piece.BlockSize)}
				for i := range uint32(maxUnasked) {
					block.Begin = i * piece.BlockSize
					tc.send(block)
				}
				tc.wantOpen()
				if w := tc.manager.Stats().Wasted; w != maxUnasked*piece.BlockSize {
					t.Errorf("%d bytes wasted", w)
				}
				tc.send(block)
				tc.wantClosed(ErrProtocol, "piece", "17 answers to 0 requests")
			})
		})
	}
}

// The same block again and again, which was asked for once.
func TestRepeatedBlock(t *testing.T) {
	converse(t, options{pieces: 1}, func(tc *testConn) {
		tc.seedSays()
		reqs := tc.wantRequests(4)
		for range maxUnasked + len(reqs) {
			tc.give(reqs[0])
		}
		tc.wantOpen()
		tc.give(reqs[0])
		tc.wantClosed(ErrProtocol, "piece")
	})
}

// "If a peer receives a reject for a request that was never sent then the peer
// SHOULD close the connection" (BEP 6).
func TestUnaskedRejects(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		for range maxUnasked {
			tc.send(wire.Message{ID: wire.Reject, Length: 100})
		}
		tc.wantOpen()
		tc.send(wire.Message{ID: wire.Reject, Length: 100})
		tc.wantClosed(ErrProtocol, "reject")
	})
}

func TestUnknownFlood(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		for range maxUnknown {
			tc.sendRaw(prefix(1, 99))
		}
		tc.wantOpen()
		tc.sendRaw(prefix(1, 99))
		tc.wantClosed(ErrProtocol, "unknown")
	})
}

func TestExtensionHandshakeFlood(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		for i := range maxExtHandshakes {
			tc.sendExt(wire.ExtHandshake{M: map[string]byte{fmt.Sprintf("x%d", i): 1, fmt.Sprintf("y%d", i): 1}})
		}
		tc.wantOpen()
		if n := len(tc.out.remote.ids); n > maxRemoteIDs {
			t.Errorf("%d extension names are kept", n)
		}
		tc.sendExt(wire.ExtHandshake{})
		tc.wantClosed(ErrProtocol, "handshakes")
	})
}

// Announcing much and sending little costs us next to nothing.
func TestPromisedBytesCostNothing(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		tc.sendRaw(append(prefix(1<<20, wire.Extended), make([]byte, 5000)...))
		tc.settle()
		if n := tc.mem.grown.Load(); n > 64<<10 {
			t.Errorf("%d bytes of buffers for 5,000 that came", n)
		}
		tc.wantOpen()
	})
}

// A remote that drips a message byte by byte is nothing special.
func TestDrip(t *testing.T) {
	converse(t, options{}, func(tc *testConn) {
		var b []byte
		b = wire.AppendExtHandshake(b, wire.ExtHandshake{Client: "slow"})
		b = wire.Append(b, wire.Message{ID: wire.HaveAll})
		for i := range b {
			tc.sendRaw(b[i : i+1])
			tc.advance(time.Second)
		}
		tc.want(wire.Message{ID: wire.Interested})
		if tc.Stats().Client != "slow" {
			t.Error("extension handshake not seen")
		}
	})
}
