package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// small is a torrent that costs next to nothing to make: a fuzzer makes thousands
// a second.
func small(o options) options {
	o.pieces, o.pieceLength = 6, piece.BlockSize
	return o
}

// FuzzConn feeds a connection whatever comes: it may end, but neither panic
// nor hang nor grow.
func FuzzConn(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add(wire.Append(nil, wire.Message{ID: wire.HaveAll}), false)
	f.Add(wire.AppendExtHandshake(nil, wire.ExtHandshake{ReqQ: 1}), false)
	var all []byte
	for id := range wire.ID(24) {
		all = wire.Append(all, wire.Message{ID: id, Length: 100})
	}
	f.Add(all, false)
	f.Add(all, true)
	unchoked := wire.Append(wire.Append(nil, wire.Message{ID: wire.HaveAll}), wire.Message{ID: wire.Unchoke})
	f.Add(append(unchoked, all...), false)
	f.Add(wire.Append(unchoked, wire.Message{ID: wire.Piece, Payload: make([]byte, piece.BlockSize)}), false)
	f.Fuzz(func(t *testing.T, b []byte, plain bool) {
		connect(t, small(options{plain: plain, have: []int{0, 3}}), func(tc *testConn) {
			tc.Choke(false)
			tc.far.SetWriteDeadline(time.Now().Add(time.Minute))
			tc.far.Write(b)
			tc.advance(time.Second)
			if n := tc.mem.grown.Load(); n > 1<<20 {
				t.Errorf("%d bytes of buffers", n)
			}
		})
	})
}

// script is what a fuzzer has a remote do, byte by byte; zeros when it is over.
type script struct{ b []byte }

func (s *script) take() (c byte) {
	if len(s.b) > 0 {
		c, s.b = s.b[0], s.b[1:]
	}
	return c
}

// talk is a remote that keeps to the protocol, whatever it says.
type talk struct {
	*testConn
	script
	begun bool // a bitfield and the like may come first only

	mu    sync.Mutex
	asked []wire.Message // guarded by mu; requests of the Conn not answered yet
	wrong string         // guarded by mu; what the Conn said that it must not say
}

// FuzzConversation has a remote say valid messages in any order, right and wrong
// blocks, at any time. That is never a violation, and what the Conn says makes
// sense all the while.
func FuzzConversation(f *testing.F) {
	f.Add([]byte{9, 1, 7, 7, 7, 7, 7, 7}, false)         // a seed that serves
	f.Add([]byte{5, 0xfc, 1, 8, 7, 0, 1, 7, 7}, false)   // one wrong block, a choke
	f.Add([]byte{9, 1, 10, 10, 13, 200, 11, 4, 7}, true) // rejects that BEP 3 has not
	f.Add([]byte{2, 6, 0, 6, 3, 12, 0, 3, 6, 3}, false)  // a leecher
	f.Add([]byte{14, 1, 15, 16, 17, 3, 18, 13, 255, 13, 255}, false)
	f.Fuzz(func(t *testing.T, b []byte, plain bool) {
		if len(b) > 400 {
			return
		}
		o := small(options{plain: plain, have: []int{0, 3}})
		o.config = func(c *Config) { c.Extensions = []string{wire.ExtMetadata, wire.ExtPEX} }
		connect(t, o, func(tc *testConn) {
			r := &talk{testConn: tc, script: script{b}}
			var reader sync.WaitGroup
			reader.Go(r.listen)
			tc.Choke(false)
			for len(r.b) > 0 {
				r.step()
				tc.settle()
			}
			r.judge()
			tc.far.Close()
			reader.Wait()
		})
	})
}

// judge checks how it went.
func (r *talk) judge() {
	select {
	case <-r.ended:
		if errors.Is(r.err, ErrProtocol) {
			r.Errorf("a remote that kept to the protocol: %v", r.err)
		}
	default:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong != "" {
		r.Error(r.wrong)
	}
	for i := range r.layout.Pieces() {
		if r.manager.Have(i) && !bytes.Equal(r.store.data[r.layout.Offset(i):][:r.layout.PieceLen(i)], r.pieceData(i)) {
			r.Errorf("piece %d has wrong bytes", i)
		}
	}
	if n := r.mem.grown.Load(); n > 1<<20 {
		r.Errorf("%d bytes of buffers", n)
	}
}

// listen reads what the Conn says.
func (r *talk) listen() {
	for {
		m, ok, err := r.message()
		if err != nil {
			return
		}
		r.mu.Lock()
		if ok {
			r.hear(m)
		}
		r.mu.Unlock()
	}
}

// hear takes a message of the Conn.
func (r *talk) hear(m wire.Message) {
	switch m.ID {
	case wire.Request:
		if _, ok := r.layout.Block(m.Index, m.Begin, m.Length); !ok {
			r.wrong = "it asked for what there is not"
		}
		r.asked = append(r.asked, m)
	case wire.Cancel:
		if i := r.find(m); i >= 0 && r.cfg.Remote.Features.Has(wire.FeatureFast) {
			return // BEP 6: it is answered all the same
		} else if i >= 0 {
			r.asked = slices.Delete(r.asked, i, i+1)
		}
	case wire.Piece:
		off := r.layout.Offset(int(m.Index)) + int64(m.Begin)
		if !bytes.Equal(m.Payload, r.data[off:off+int64(len(m.Payload))]) {
			r.wrong = "it sent wrong bytes"
		}
	}
}

func (r *talk) find(m wire.Message) int {
	return slices.IndexFunc(r.asked, func(q wire.Message) bool {
		return q.Index == m.Index && q.Begin == m.Begin && q.Length == m.Length
	})
}

// pop takes a request of the Conn to answer.
func (r *talk) pop() (m wire.Message, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asked) == 0 {
		return m, false
	}
	i := int(r.take()) % len(r.asked)
	m = r.asked[i]
	r.asked = slices.Delete(r.asked, i, i+1)
	return m, true
}

// step does what the next byte of the script says.
func (r *talk) step() {
	op := r.take() % 19
	fast := r.cfg.Remote.Features.Has(wire.FeatureFast)
	index := func() uint32 { return uint32(r.take()) % uint32(r.layout.Pieces()) }
	first := !r.begun
	if op != 13 && op != 19 {
		r.begun = true
	}
	switch op {
	case 0, 1, 2, 3:
		r.say(wire.Message{ID: wire.ID(op)}) // choke, unchoke, interested, not interested
	case 4:
		r.say(wire.Message{ID: wire.Have, Index: index()})
	case 5:
		if c := r.take(); first {
			r.say(wire.Message{ID: wire.Bitfield, Payload: []byte{c & 0xfc}})
		}
	case 6, 12:
		id := wire.Request
		if op == 12 {
			id = wire.Cancel
		}
		r.say(wire.Message{ID: id, Index: index(), Length: piece.BlockSize})
	case 7, 8:
		r.answer(op == 7)
	case 9:
		if first && fast {
			r.say(wire.Message{ID: wire.HaveAll})
		}
	case 10:
		if m, ok := r.pop(); ok && fast {
			m.ID = wire.Reject
			r.say(m)
		}
	case 11:
		if m := (wire.Message{ID: wire.AllowedFast, Index: index()}); fast {
			r.say(m)
		}
	default:
		r.stepFurther(op, index)
	}
}

// stepFurther does what has nothing to do with blocks.
func (r *talk) stepFurther(op byte, index func() uint32) {
	both := r.cfg.Remote.Features
	switch {
	case op == 13:
		r.advance(time.Duration(r.take()) * time.Second / 4)
	case op == 14 && both.Has(wire.FeatureFast):
		r.say(wire.Message{ID: wire.Suggest, Index: index()})
	case op == 15 && both.Has(wire.FeatureExtended):
		c := r.take()
		r.write(wire.AppendExtHandshake(nil, wire.ExtHandshake{ReqQ: int(c), MetadataSize: int64(c) << 8, UploadOnly: c&1 > 0,
			M: map[string]byte{wire.ExtPEX: c & 3, wire.ExtMetadata: c >> 2 & 3, wire.ExtDontHave: c >> 4 & 3}}))
	case op == 16 && both.Has(wire.FeatureExtended):
		r.say(wire.Message{ID: wire.Extended, Ext: localDontHave + 1,
			Payload: wire.AppendMetadata(nil, wire.MetadataMessage{Type: wire.MetadataRequest, Piece: int(r.take())})})
	case op == 17 && both.Has(wire.FeatureExtended):
		r.write(wire.AppendDontHave(nil, localDontHave, index()))
	case op == 18:
		r.say(wire.Message{ID: wire.Port, Port: binary.BigEndian.Uint16([]byte{r.take(), r.take()})})
	}
}

// answer gives a block that was asked for.
func (r *talk) answer(right bool) {
	m, ok := r.pop()
	if !ok {
		return
	}
	a := r.answerTo(m)
	if !right {
		a.Payload = bytes.Clone(a.Payload)
		a.Payload[0] ^= 1
	}
	r.say(a)
}

func (r *talk) say(m wire.Message) { r.write(wire.Append(nil, m)) }

// write may fail: the Conn may end, if not for a violation.
func (r *talk) write(b []byte) {
	r.far.SetWriteDeadline(time.Now().Add(time.Minute))
	r.far.Write(b)
}

// FuzzPrelude gives whatever comes to a connection whose metadata is not known,
// in pieces, and has it go on as a Conn, which hears the same as if it had been
// one from the start.
func FuzzPrelude(f *testing.F) {
	hello := wire.AppendExtHandshake(nil, wire.ExtHandshake{MetadataSize: 3, Client: "x", M: map[string]byte{wire.ExtMetadata: 3}})
	block := wire.Append(nil, wire.Message{ID: wire.Extended, Ext: localDontHave + 1,
		Payload: wire.AppendMetadata(nil, wire.MetadataMessage{Type: wire.MetadataData, Total: 3, Data: []byte("abc")})})
	have := wire.Append(nil, wire.Message{ID: wire.HaveAll})
	f.Add(slices.Concat(have, hello, block), uint16(5), true)
	f.Add(slices.Concat(hello, have, block[:10]), uint16(40), false)
	f.Add(slices.Concat(have, prefix(9+16<<10, wire.Piece), make([]byte, 300)), uint16(100), false)
	f.Add(slices.Concat(wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: []byte{0xfc}}), wire.Append(nil, wire.Message{ID: wire.Unchoke})), uint16(7), false)
	f.Add(prefix(1<<20, wire.Extended), uint16(0), true)
	f.Fuzz(func(t *testing.T, b []byte, at uint16, fetch bool) {
		cut := min(int(at), len(b))
		o := small(options{config: func(c *Config) { c.Extensions = []string{wire.ExtMetadata, wire.ExtPEX} }})
		connect(t, o, func(tc *testConn) {
			tc.far.SetWriteDeadline(time.Now().Add(time.Minute))
			go io.Copy(io.Discard, tc.far)
			tc.far.Write(b)
			tc.advance(time.Second)
			tc.far.Close()
			raw := tc.dial(o)
			defer raw.Close()
			go io.Copy(io.Discard, raw)
			if c := tc.overPrelude(raw, b[:cut], b[cut:], fetch); c != nil {
				tc.compare(c)
			}
		})
	})
}

// overPrelude has a Prelude at tc.far hear first, and the Conn that is made of it
// rest. It returns that Conn when it is alive at the end.
func (tc *testConn) overPrelude(raw net.Conn, first, rest []byte, fetch bool) *Conn {
	raw.SetWriteDeadline(time.Now().Add(time.Minute))
	p := tc.prelude([]byte("abc"), nil)
	done := p.start(tc.Context())
	raw.Write(first)
	if fetch {
		p.Fetch()
		tc.settle()
	}
	p.Handover()
	r := <-done
	if errors.Is(r.err, ErrBug) || r.info != nil && string(r.info) != "abc" {
		tc.Fatalf("%v, metadata %q", r.err, r.info)
	}
	if r.err != nil {
		return nil
	}
	cfg := tc.cfg
	cfg.Conn, cfg.Continue, cfg.Local, cfg.Remote = tc.far, p, p.cfg.Local, p.cfg.Remote
	c := New(cfg)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(tc.Context()) }()
	raw.Write(rest)
	tc.advance(time.Second)
	select {
	case err := <-ended:
		if errors.Is(err, ErrBug) {
			tc.Fatal(err)
		}
		return nil
	default:
	}
	tc.Cleanup(func() {
		c.Close(nil)
		<-ended
	})
	return c
}

// compare checks that two Conns have heard the same of what a remote has.
func (tc *testConn) compare(c *Conn) {
	select {
	case <-tc.ended: // for what a Prelude need not mind
	default:
		if got, want := c.AppendRemote(nil), tc.AppendRemote(nil); !bytes.Equal(got, want) {
			tc.Errorf("after a Prelude the remote has %x, else %x", got, want)
		}
	}
}
