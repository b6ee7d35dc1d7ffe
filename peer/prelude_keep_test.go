package peer

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gotor/peer/wire"
)

// prompter lets a test be the remote of many Preludes over pipes, which hold no
// bytes themselves.
type prompter struct {
	*testing.T
	mem   *Buffers
	ctx   context.Context
	ended sync.WaitGroup
}

func newPrompter(t *testing.T) *prompter {
	ctx, cancel := context.WithCancel(t.Context())
	x := &prompter{T: t, mem: new(Buffers), ctx: ctx}
	t.Cleanup(func() { cancel(); x.ended.Wait() })
	return x
}

// prelude starts one, reads its greeting and says what is to be said, until it
// is no longer listened to.
func (x *prompter) prelude(says []byte) *Prelude {
	x.Helper()
	near, far := net.Pipe()
	h := wire.Handshake{Features: wire.FeatureExtended | wire.FeatureFast}
	p := NewPrelude(PreludeConfig{Conn: near, Addr: netip.AddrPortFrom(theirAddr, 1), Local: h, Remote: h, Buffers: x.mem,
		Extensions: []string{wire.ExtMetadata, wire.ExtPEX}, Message: func(*Prelude, string, []byte) {}})
	x.ended.Go(func() { p.Run(x.ctx) })
	far.SetDeadline(time.Now().Add(time.Minute))
	for got := 0; got < 5 || p.fast && got < 60; {
		n, err := far.Read(make([]byte, 1000))
		if got += n; err != nil {
			x.Fatal(err)
		}
	}
	for len(says) > 0 {
		n, err := far.Write(says[:min(len(says), 10_000)])
		if says = says[n:]; err != nil {
			break
		}
	}
	return p
}

// Before the metadata is known there is no memory limit of a torrent yet: eighty
// remotes that say as much as they can are held to little.
func TestPreludeMemory(t *testing.T) {
	const waiters = 80
	for name, says := range map[string][]byte{
		"half of a large extended message": append(prefix(1<<20, wire.Extended), bytes.Repeat([]byte{200}, 1<<20-10)...),
		"half of a large handshake":        append(prefix(1<<20, wire.Extended), make([]byte, 1<<20-10)...),
		"half of large peer exchange":      append(prefix(1<<20, wire.Extended), bytes.Repeat([]byte{localDontHave + 2}, 1<<20-10)...),
		"half of an unknown message":       append(prefix(wire.MaxUnknown, 99), make([]byte, wire.MaxUnknown-10)...),
		"unknown messages":                 bytes.Repeat(append(prefix(30_000, wire.Extended), bytes.Repeat([]byte{99}, 29_999)...), 50),
		"bitfields":                        bytes.Repeat(wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: make([]byte, 80_000)}), 3),
		"the longest bitfield":             wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: make([]byte, wire.MaxPieces/8)}),
		"haves":                            bytes.Repeat(wire.Append(nil, wire.Message{ID: wire.Have}), maxKept/9),
		"requests":                         bytes.Repeat(wire.Append(nil, requestFor(1, 2, 3)), 20_000),
		"long handshakes": bytes.Repeat(wire.AppendExtHandshake(nil,
			wire.ExtHandshake{Client: "x", M: map[string]byte{string(make([]byte, 15_000)): 3}}), 17),
	} {
		t.Run(name, func(t *testing.T) {
			x := newPrompter(t)
			before := memoryInUse()
			for range waiters {
				x.prelude(says)
			}
			all := memoryInUse() - before
			// What is looked at, what is kept, and 16 KiB for a goroutine and a pipe.
			if most := int64(waiters*(maxWhole+4<<10+freeKeep+16<<10) + keepBudget); all > most && !raceDetector {
				t.Errorf("%d bytes, want at most %d", all, most)
			}
			if n := x.mem.kept.Load(); n > keepBudget {
				t.Errorf("%d bytes drawn of %d", n, keepBudget)
			}
			t.Logf("%d KiB for a waiter", all/waiters>>10)
		})
	}
}

// What an honest remote says is kept as it came: the longest bitfield there can
// be and a thousand haves, each with other messages between them that are not.
func TestPreludeKeeps(t *testing.T) {
	x := newPrompter(t)
	hello := wire.AppendExtHandshake(nil, wire.ExtHandshake{Client: "honest"})
	keeps := append(bytes.Clone(hello), wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: bytes.Repeat([]byte{0xa5}, wire.MaxPieces/8)})...)
	says := bytes.Clone(keeps)
	for i := range uint32(1000) {
		for _, m := range []wire.Message{{ID: wire.Have, Index: i}, {ID: wire.Unchoke}, {ID: wire.Suggest, Index: i}} {
			says, keeps = wire.Append(says, m), wire.Append(keeps, m)
		}
		if i%2 == 0 {
			says = wire.Append(says, wire.Message{ID: wire.Extended, Ext: 99, Payload: make([]byte, i)})
		} else {
			says = wire.Append(says, wire.Message{ID: wire.Port, Port: 1})
		}
		says = wire.AppendKeepAlive(says)
	}
	p := x.prelude(says)
	p.Handover()
	x.ended.Wait()
	if p.lost || !bytes.Equal(p.replay, keeps) {
		t.Errorf("%d bytes kept, want %d", len(p.replay), len(keeps))
	}
	if x.mem.kept.Load() == 0 {
		t.Error("a large bitfield costs nothing")
	}
	p.Close(nil)
	if n := x.mem.kept.Load(); n != 0 {
		t.Errorf("%d bytes of the budget were not given back", n)
	}
}

// The budget comes back whatever the end.
func TestPreludeGivesBudgetBack(t *testing.T) {
	field := wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: make([]byte, 100_000)})
	for name, end := range map[string]func(p *Prelude){
		"closed":          func(p *Prelude) { p.Close(errors.New("enough")) },
		"remote violates": func(p *Prelude) { p.cfg.Conn.Close() },
	} {
		x := newPrompter(t)
		for range 10 {
			end(x.prelude(field))
		}
		x.ended.Wait()
		if n := x.mem.kept.Load(); n != 0 {
			t.Errorf("%s: %d bytes were not given back", name, n)
		}
	}
}

// A Conn goes on wherever in the stream it was handed over: in the middle of a
// message that is kept, that is dropped, or that nobody has looked at yet.
func TestPreludeHandoverAnywhere(t *testing.T) {
	info := metadataOf(100)
	field := wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: []byte{0xf0}})
	dropped := wire.Append(nil, wire.Message{ID: wire.Extended, Ext: 99, Payload: make([]byte, 500)})
	long := wire.Append(nil, wire.Message{ID: wire.Extended, Ext: 99, Payload: make([]byte, 100_000)})
	hello := wire.AppendExtHandshake(nil, wire.ExtHandshake{Client: "halves"})
	stream := bytes.Join([][]byte{field, dropped, hello, long, wire.Append(nil, wire.Message{ID: wire.Have, Index: 7})}, nil)
	for _, cut := range []int{1, 4, 5, 6, len(field), len(field) + 5, len(field) + 100, len(field) + len(dropped) + 10,
		len(stream) - 50_000, len(stream) - 9, len(stream) - 1, len(stream)} {
		connect(t, options{plain: true, config: func(c *Config) {
			c.Local.Features, c.Remote.Features = wire.FeatureExtended, wire.FeatureExtended
		}}, func(tc *testConn) {
			near := tc.dial(options{})
			h := wire.Handshake{Features: wire.FeatureExtended, InfoHash: sha1.Sum(info)}
			p := NewPrelude(PreludeConfig{Conn: near, Addr: netip.AddrPortFrom(theirAddr, 1), Local: h, Remote: h,
				Extensions: []string{wire.ExtMetadata}})
			done := p.start(tc.Context())
			tc.sendRaw(stream[:cut])
			tc.settle()
			p.Handover()
			if r := <-done; r.err != nil {
				t.Fatal(cut, r.err)
			}
			c := New(Config{Conn: near, Addr: p.cfg.Addr, Local: h, Remote: h, Manager: tc.manager, Layout: tc.layout,
				Store: tc.store, Extensions: p.cfg.Extensions, Continue: p})
			ended := make(chan error, 1)
			go func() { ended <- c.Run(tc.Context()) }()
			tc.settle()
			tc.sendRaw(stream[cut:])
			tc.settle()
			if s := c.Stats(); s.Have != 5 || s.Client != "halves" {
				t.Errorf("cut after %d bytes: %d pieces, client %q (%v)", cut, s.Have, s.Client, c.cause)
			}
			c.Close(nil)
			<-ended
		})
	}
}

// When the budget is spent a remote still gives the metadata; the connection ends
// after that, without blame.
func TestPreludeWithoutBudget(t *testing.T) {
	info := metadataOf(40_000)
	o := giving(info)
	o.pieces = 8 * freeKeep * 3
	o.pieceLength = 64
	o.have = []int{1}
	o.haveAll = false
	connect(t, o, func(tc *testConn) {
		mem := new(Buffers)
		mem.kept.Store(keepBudget)
		p := tc.prelude(info, func(cfg *PreludeConfig) { cfg.Buffers = mem })
		p.Fetch()
		if r := <-p.start(tc.Context()); r.err != nil || !bytes.Equal(r.info, info) {
			t.Fatal(r.err)
		}
		c := New(Config{Conn: p.cfg.Conn, Addr: p.cfg.Addr, Local: p.cfg.Local, Remote: p.cfg.Remote, Manager: tc.manager,
			Layout: tc.layout, Store: tc.store, Extensions: p.cfg.Extensions, Continue: p})
		if err := c.Run(tc.Context()); !errors.Is(err, errForgotten) || errors.Is(err, ErrProtocol) {
			t.Error(err)
		}
		if n := mem.kept.Load(); n != keepBudget {
			t.Errorf("%d bytes drawn", n-keepBudget)
		}
	})
}
