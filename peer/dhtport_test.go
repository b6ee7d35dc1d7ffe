package peer

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/peer/wire"
)

// A peer that receives "a handshake indicating the remote peer supports the DHT
// should send a PORT message" (BEP 5), and nobody else is sent one.
func TestPortSent(t *testing.T) {
	const withDHT = wire.FeatureFast | wire.FeatureExtended | wire.FeatureDHT
	told := []wire.Message{{ID: wire.Port, Port: 6889}}
	for name, c := range map[string]struct {
		o      options
		remote wire.Features
		port   uint16
		opens  []wire.Message
		want   []wire.Message
	}{
		"behind have none":      {remote: withDHT, port: 6889, want: told},
		"behind have all":       {o: options{haveAll: true}, remote: withDHT, port: 6889, want: told},
		"behind a bitfield":     {o: options{have: []int{3}}, remote: withDHT, port: 6889, want: told},
		"without BEP 6 and 10":  {o: options{plain: true}, remote: wire.FeatureDHT, port: 6889, want: told},
		"it has no node":        {remote: wire.FeatureFast | wire.FeatureExtended, port: 6889},
		"we have no node":       {remote: withDHT},
		"we have no node, seed": {o: options{haveAll: true}, remote: withDHT},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.config = func(cfg *Config) { cfg.Remote.Features, cfg.DHTPort = c.remote, c.port }
			converse(t, c.o, func(tc *testConn) {
				tc.want(c.want...)
				tc.wantIdle(time.Second)
			})
		})
	}
}

// What arrives is told at most once a minute, since each makes the owner ping
// an address of the remote's choice of port; port 0 is nobody's.
func TestPortsTold(t *testing.T) {
	var got []uint16
	o := options{config: func(c *Config) {
		c.Events.Port = func(port uint16) { got = append(got, port) }
	}}
	converse(t, o, func(tc *testConn) {
		port := func(n uint16) wire.Message { return wire.Message{ID: wire.Port, Port: n} }
		tc.send(port(0), port(1), port(2), port(3))
		tc.advance(portEvery - time.Second)
		tc.send(port(4))
		tc.advance(2 * time.Second)
		tc.send(port(0), port(5), port(6))
		tc.settle()
		if diff := cmp.Diff([]uint16{1, 5}, got); diff != "" {
			t.Error(diff)
		}
		tc.wantOpen()
	})
}

// A Prelude tells its port and is told the remote's; the Conn that follows says
// it again only if it is another one.
func TestPreludePort(t *testing.T) {
	for name, c := range map[string]struct{ before, after uint16 }{
		"the same":  {6889, 6889},
		"a new one": {0, 6890},
		"no more":   {6889, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var theirs, ours []uint16
			info := metadataOf(100)
			o := giving(info)
			o.config = func(cfg *Config) {
				cfg.Metadata, cfg.Extensions, cfg.DHTPort = info, []string{wire.ExtMetadata, wire.ExtPEX}, 7001
				cfg.Local.Features |= wire.FeatureDHT
				cfg.Remote.Features |= wire.FeatureDHT
				cfg.Events.Port = func(port uint16) { theirs = append(theirs, port) }
			}
			connect(t, o, func(tc *testConn) {
				p := tc.prelude(info, func(cfg *PreludeConfig) {
					cfg.DHTPort = c.before
					cfg.Port = func(_ *Prelude, port uint16) { ours = append(ours, port) }
				})
				p.Fetch()
				if r := <-p.start(tc.Context()); r.err != nil {
					t.Fatal(r.err)
				}
				tc.advance(portEvery)
				tc.continued(p, func(cfg *Config) { cfg.DHTPort = c.after })
				want := []uint16{c.before}
				if c.before == 0 {
					want[0] = c.after
				}
				if diff := cmp.Diff(want, theirs); diff != "" {
					t.Error("the remote was told:", diff)
				}
				if diff := cmp.Diff([]uint16{7001}, ours); diff != "" {
					t.Error("the prelude was told:", diff)
				}
			})
		})
	}
}

// A Prelude is held to the limits of a Conn, and keeps nothing of the messages.
func TestPreludePortFlood(t *testing.T) {
	connect(t, options{plain: true}, func(tc *testConn) {
		var got []uint16
		near := tc.dial(options{})
		p := NewPrelude(PreludeConfig{Conn: near, Addr: netip.AddrPortFrom(theirAddr, 1),
			Local: wire.Handshake{Features: wire.FeatureExtended}, Remote: wire.Handshake{Features: wire.FeatureExtended},
			Extensions: []string{wire.ExtMetadata},
			Port:       func(_ *Prelude, port uint16) { got = append(got, port) }})
		done := p.start(tc.Context())
		for i := range 10_000 {
			tc.send(wire.Message{ID: wire.Port, Port: uint16(i)})
		}
		tc.advance(time.Second)
		p.Handover()
		if r := <-done; r.err != nil || len(p.replay) > 0 {
			t.Errorf("%v, %d bytes kept", r.err, len(p.replay))
		}
		if diff := cmp.Diff([]uint16{1}, got); diff != "" {
			t.Error(diff)
		}
		near.Close()
	})
}
