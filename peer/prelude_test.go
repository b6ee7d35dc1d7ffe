package peer

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"net/netip"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

func metadataOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

// prelude returns one on the far end of a testConn, for the given metadata.
func (tc *testConn) prelude(info []byte, change func(*PreludeConfig)) *Prelude {
	cfg := PreludeConfig{
		Conn: tc.far, Addr: netip.AddrPortFrom(ourAddr, 1), Incoming: true,
		Local:  wire.Handshake{Features: tc.cfg.Remote.Features, InfoHash: sha1.Sum(info), PeerID: tc.cfg.Remote.PeerID},
		Remote: tc.cfg.Local, Extensions: []string{wire.ExtMetadata, wire.ExtPEX},
	}
	if change != nil {
		change(&cfg)
	}
	return NewPrelude(cfg)
}

type preludeResult struct {
	info []byte
	err  error
}

func (p *Prelude) start(ctx context.Context) <-chan preludeResult {
	done := make(chan preludeResult, 1)
	go func() {
		info, err := p.Run(ctx)
		done <- preludeResult{info, err}
	}()
	return done
}

// giving makes the Conn under test a seed that has the metadata.
func giving(info []byte) options {
	return options{haveAll: true, latency: 10 * time.Millisecond, config: func(c *Config) {
		c.Metadata, c.Extensions = info, []string{wire.ExtMetadata, wire.ExtPEX}
	}}
}

func TestPreludeFetch(t *testing.T) {
	for _, size := range []int{1, 100, wire.MetadataBlock, wire.MetadataBlock + 1, 50*wire.MetadataBlock + 5, 300 * wire.MetadataBlock} {
		info := metadataOf(size)
		connect(t, giving(info), func(tc *testConn) {
			p := tc.prelude(info, nil)
			done := p.start(tc.Context())
			tc.advance(time.Second)
			if p.Size() != int64(size) || p.Got() != 0 {
				t.Errorf("size %d, %d bytes fetched before it was told to", p.Size(), p.Got())
			}
			p.Fetch()
			r := <-done
			if r.err != nil || !bytes.Equal(r.info, info) {
				t.Errorf("%d bytes: %v, got %d", size, r.err, len(r.info))
			}
			tc.wantOpen()
		})
	}
}

// What the remote said before goes to the Conn, which downloads from it.
func TestPreludeContinue(t *testing.T) {
	for name, handover := range map[string]bool{"with the metadata": false, "handed over": true} {
		t.Run(name, func(t *testing.T) {
			info := metadataOf(40_000)
			connect(t, giving(info), func(tc *testConn) {
				p := tc.prelude(info, nil)
				done := p.start(tc.Context())
				if handover {
					tc.advance(time.Second)
					tc.Choke(false) // half a minute before anybody looks
					tc.advance(time.Second)
					p.Handover()
				} else {
					p.Fetch()
				}
				if r := <-done; r.err != nil {
					t.Fatal(r.err)
				}
				tc.advance(30 * time.Second)
				tc.continued(p)
			})
		})
	}
}

// A Conn keeps its Prelude, so a source that lost the race for the metadata must
// not leave its part of that there, however it ends.
func TestPreludeLetsGoOfBlocks(t *testing.T) {
	errEnough := errors.New("enough")
	for name, end := range map[string]struct {
		how  func(p *Prelude)
		want error
	}{
		"handed over": {(*Prelude).Handover, nil},
		"closed":      {func(p *Prelude) { p.Close(errEnough) }, errEnough},
	} {
		t.Run(name, func(t *testing.T) {
			info := metadataOf(1000 * wire.MetadataBlock)
			connect(t, giving(info), func(tc *testConn) {
				p := tc.prelude(info, nil)
				done := p.start(tc.Context())
				p.Fetch()
				for p.Got() < 50*wire.MetadataBlock {
					tc.advance(10 * time.Millisecond)
				}
				end.how(p)
				if r := <-done; r.err != end.want || r.info != nil {
					t.Fatal(r.err)
				}
				if p.Got() >= int64(len(info)) || p.src != nil || p.cfg.Assembly != nil {
					t.Errorf("%d of %d bytes came, or the blocks are still held", p.Got(), len(info))
				}
			})
		})
	}
}

// continued downloads everything through a Conn that was a Prelude.
func (tc *testConn) continued(p *Prelude, change ...func(*Config)) {
	tc.Helper()
	store := &memStore{data: make([]byte, len(tc.data))}
	workers := piece.NewWorkers(1)
	defer workers.Close()
	got := make(chan piece.Result, 100)
	m := piece.NewManager(piece.Config{Layout: tc.layout, Store: store, Workers: workers, Pool: piece.NewPool(64 << 20),
		Digest:  func(i int) piece.Digest { return piece.SHA1(sha1.Sum(tc.pieceData(i))) },
		OnPiece: func(r piece.Result) { got <- r }})
	defer m.Close()
	cfg := Config{Conn: p.cfg.Conn, Addr: p.cfg.Addr, Incoming: true, Local: p.cfg.Local, Remote: p.cfg.Remote,
		Manager: m, Layout: tc.layout, Store: store, Extensions: p.cfg.Extensions, Continue: p}
	for _, f := range change {
		f(&cfg)
	}
	c := New(cfg)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(tc.Context()) }()
	tc.Choke(false)
	for range tc.layout.Pieces() {
		if r := <-got; !r.OK {
			tc.Fatalf("piece %d: %v", r.Piece, r.Err)
		}
	}
	if !bytes.Equal(store.data, tc.data) {
		tc.Error("the data differs")
	}
	s := c.Stats()
	if !s.Seed || s.Client == "" {
		tc.Errorf("the Conn does not know what the Prelude was told: %+v", s)
	}
	c.Close(nil)
	<-ended
}

// hostile plays a remote by hand: it says what it likes to a Prelude that
// fetches.
func TestPreludeHostile(t *testing.T) {
	info := metadataOf(3 * wire.MetadataBlock)
	block := func(i int, change byte) []byte {
		b := bytes.Clone(info[i*wire.MetadataBlock:][:wire.MetadataBlock])
		b[0] ^= change
		return b
	}
	const id = localDontHave + 1
	data := func(i int, total int64, b []byte) wire.Message {
		return wire.Message{ID: wire.Extended, Ext: id,
			Payload: wire.AppendMetadata(nil, wire.MetadataMessage{Type: wire.MetadataData, Piece: i, Total: total, Data: b})}
	}
	size := int64(len(info))
	for name, c := range map[string]struct {
		says []wire.Message
		size int64
		want error
	}{
		"wrong metadata": {size: size, want: ErrLiar,
			says: []wire.Message{data(0, size, block(0, 0)), data(1, size, block(1, 1)), data(2, size, block(2, 0))}},
		"reject":          {size: size, want: ErrNoMetadata, says: []wire.Message{{ID: wire.Extended, Ext: id, Payload: []byte("d8:msg_typei2e5:piecei0ee")}}},
		"another size":    {size: size, want: ErrProtocol, says: []wire.Message{data(0, size+1, block(0, 0))}},
		"a block twice":   {size: size, want: ErrProtocol, says: []wire.Message{data(0, size, block(0, 0)), data(0, size, block(0, 0))}},
		"nothing":         {size: size, want: ErrNoMetadata},
		"half of it":      {size: size, want: ErrNoMetadata, says: []wire.Message{data(0, size, block(0, 0))}},
		"garbage":         {size: size, want: ErrProtocol, says: []wire.Message{{ID: wire.Extended, Ext: id, Payload: []byte("x")}}},
		"no size":         {want: ErrSilent},
		"a bomb":          {size: wire.MaxMetadata + 1, want: ErrSilent},
		"unasked":         {want: ErrProtocol, says: []wire.Message{data(0, size, block(0, 0))}},
		"flood of haves":  {want: ErrFlooded, says: flood(wire.Message{ID: wire.Have}, maxKept/9+1)},
		"flood of hellos": {want: ErrProtocol, says: flood(wire.Message{ID: wire.Extended, Payload: []byte("de")}, maxExtHandshakes+1)},
		"a piece":         {want: ErrProtocol, says: []wire.Message{{ID: wire.Piece, Payload: []byte{1}}}},
		"giant bitfield":  {want: ErrProtocol, says: []wire.Message{{ID: wire.Bitfield, Payload: make([]byte, wire.MaxPieces/8+1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			connect(t, options{plain: true}, func(tc *testConn) {
				near := tc.dial(options{}) // a fresh pair: tc.far is the remote now
				p := NewPrelude(PreludeConfig{Conn: near, Addr: netip.AddrPortFrom(theirAddr, 1),
					Local:  wire.Handshake{Features: wire.FeatureExtended, InfoHash: sha1.Sum(info)},
					Remote: wire.Handshake{Features: wire.FeatureExtended}, Extensions: []string{wire.ExtMetadata}})
				p.Fetch()
				done := p.start(tc.Context())
				go func() {
					b := make([]byte, 4096)
					for {
						if _, err := tc.far.Read(b); err != nil {
							return
						}
					}
				}()
				tc.sendExt(wire.ExtHandshake{M: map[string]byte{wire.ExtMetadata: 9}, MetadataSize: c.size})
				tc.advance(time.Second)
				for _, m := range c.says {
					if _, err := tc.far.Write(wire.Append(nil, m)); err != nil {
						break
					}
				}
				if r := <-done; !errors.Is(r.err, c.want) || r.info != nil {
					t.Errorf("ended with %v, want %v", r.err, c.want)
				}
			})
		})
	}
}

func flood(m wire.Message, n int) []wire.Message {
	all := make([]wire.Message, n)
	for i := range all {
		all[i] = m
	}
	return all
}

// A remote that asks us for metadata is told no before we have it, and given it
// after; requests beyond the end or without end are rejected.
func TestMetadataOffered(t *testing.T) {
	info := metadataOf(wire.MetadataBlock + 10)
	o := giving(info)
	o.haveAll = false
	converse(t, o, func(tc *testConn) {
		tc.sendExt(wire.ExtHandshake{M: map[string]byte{wire.ExtMetadata: 77}})
		ask := func(piece int) wire.Message {
			return wire.Message{ID: wire.Extended, Ext: localDontHave + 1,
				Payload: wire.AppendMetadata(nil, wire.MetadataMessage{Piece: piece})}
		}
		wantAnswer := func(want wire.MetadataMessage) {
			t.Helper()
			m := tc.next()
			got, ok, err := wire.ParseMetadata(m.Payload)
			if m.ID != wire.Extended || m.Ext != 77 || !ok || err != nil {
				t.Fatalf("got %v %d, %v", m.ID, m.Ext, err)
			}
			if got.Type != want.Type || got.Piece != want.Piece || got.Total != want.Total || !bytes.Equal(got.Data, want.Data) {
				t.Errorf("got type %d, piece %d of %d bytes, %d bytes", got.Type, got.Piece, got.Total, len(got.Data))
			}
		}
		total := int64(len(info))
		tc.send(ask(0), ask(1))
		wantAnswer(wire.MetadataMessage{Type: wire.MetadataData, Total: total, Data: info[:wire.MetadataBlock]})
		wantAnswer(wire.MetadataMessage{Type: wire.MetadataData, Piece: 1, Total: total, Data: info[wire.MetadataBlock:]})
		tc.send(ask(2))
		wantAnswer(wire.MetadataMessage{Type: wire.MetadataReject, Piece: 2})
		tc.send(wire.Message{ID: wire.Extended, Ext: localDontHave + 1, Payload: []byte("d8:msg_typei7e5:piecei0ee")})
		tc.wantIdle(testPatience)
	})
}

func TestMetadataRequestFlood(t *testing.T) {
	o := giving(metadataOf(2 * wire.MetadataBlock))
	o.window = 32 << 10
	converse(t, o, func(tc *testConn) {
		tc.sendExt(wire.ExtHandshake{M: map[string]byte{wire.ExtMetadata: 77}})
		ask := wire.Message{ID: wire.Extended, Ext: localDontHave + 1, Payload: wire.AppendMetadata(nil, wire.MetadataMessage{})}
		go func() { // it reads nothing
			for range 100_000 {
				if _, err := tc.far.Write(wire.Append(nil, ask)); err != nil {
					return
				}
			}
		}()
		tc.advance(10 * time.Second)
		tc.out.mu.Lock()
		n := len(tc.out.offers.queue)
		tc.out.mu.Unlock()
		if n > maxOffers {
			t.Errorf("%d requests wait, at most %d may", n, maxOffers)
		}
		tc.wantClosed(ErrFlooded)
	})
}
