package peer

import (
	"crypto/sha1"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gotor/peer/wire"
)

// helloOf is an extension handshake as it stands.
func helloOf(dict string) wire.Message {
	return wire.Message{ID: wire.Extended, Ext: wire.ExtHandshakeID, Payload: []byte(dict)}
}

// Seeds that begin oddly, all taken by libtorrent 2.0.8, are seeds all the same.
func TestOddFirstMessages(t *testing.T) {
	all := wire.Message{ID: wire.Bitfield, Payload: []byte{0xff, 0x80}}
	haveAll := wire.Message{ID: wire.HaveAll}
	for name, says := range map[string][]wire.Message{
		"hello with bytes behind it":    {helloOf("d1:v1:xe\x00\x00"), all},
		"empty hello":                   {helloOf(""), all},
		"hello is garbage":              {helloOf("\x1b[31mhello\n"), all},
		"hello is a list":               {helloOf("le"), all},
		"hello with a leading zero":     {helloOf("d1:pi06881ee"), all},
		"hello with keys twice":         {helloOf("d1:md1:ai1e1:ai2ee1:pi1e1:pi2ee"), all},
		"hello of 100 KB":               {helloOf("d1:v100000:" + strings.Repeat("x", 100000) + "e"), all},
		"bitfield, then have all":       {all, haveAll},
		"have all, then a bitfield":     {haveAll, all},
		"have all twice":                {haveAll, haveAll},
		"have none, then have all":      {{ID: wire.HaveNone}, haveAll},
		"a have, then have all":         {{ID: wire.Have, Index: 8}, haveAll},
		"spare bits set":                {{ID: wire.Bitfield, Payload: []byte{0xff, 0xff}}},
		"suggest of no piece":           {haveAll, {ID: wire.Suggest, Index: 9}},
		"allowed fast of no piece":      {haveAll, {ID: wire.AllowedFast, Index: 1<<32 - 1}},
		"an extension before its hello": {{ID: wire.Extended, Ext: 2, Payload: []byte("x")}, haveAll},
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, options{pieces: 9}, func(tc *testConn) {
				tc.send(says...)
				tc.advance(time.Second)
				tc.wantOpen()
				if s := tc.Stats(); !s.Seed || s.Have != 9 {
					t.Errorf("it counts as %+v", s)
				}
			})
		})
	}
}

// What a remote says last about its pieces counts, also when it is less.
func TestLastFieldCounts(t *testing.T) {
	converse(t, options{pieces: 9}, func(tc *testConn) {
		tc.send(wire.Message{ID: wire.HaveAll}, wire.Message{ID: wire.HaveNone}, wire.Message{ID: wire.Have, Index: 3})
		tc.advance(time.Second)
		tc.wantOpen()
		for i := range 9 {
			if has := tc.manager.RemoteHas(tc.rd.peer, i); has != (i == 3) {
				t.Errorf("piece %d: has it %v", i, has)
			}
		}
		if s := tc.Stats(); s.Seed || s.Have != 1 {
			t.Errorf("it counts as %+v", s)
		}
	})
}

// Messages of extensions that were not negotiated are skipped.
func TestExtendedWithoutNegotiation(t *testing.T) {
	converse(t, options{noExt: true}, func(tc *testConn) {
		tc.send(helloOf("d1:v1:xe"), wire.Message{ID: wire.HaveAll})
		tc.advance(time.Second)
		tc.wantOpen()
	})
}

// Before the metadata is known, an odd hello is taken as well.
func TestPreludeOddHello(t *testing.T) {
	info := metadataOf(100)
	for name, hellos := range map[string][]string{
		"bytes behind":             {"d1:md11:ut_metadatai9ee13:metadata_sizei100ee\x00\x00"},
		"leading zeros":            {"d1:md11:ut_metadatai09ee13:metadata_sizei0100ee"},
		"garbage, then a good one": {"", "garbage", "d1:md11:ut_metadatai9ee13:metadata_sizei100ee"},
	} {
		t.Run(name, func(t *testing.T) {
			connect(t, options{plain: true}, func(tc *testConn) {
				near := tc.dial(options{})
				p := NewPrelude(PreludeConfig{Conn: near, Addr: netip.AddrPortFrom(theirAddr, 1),
					Local:  wire.Handshake{Features: wire.FeatureExtended, InfoHash: sha1.Sum(info)},
					Remote: wire.Handshake{Features: wire.FeatureExtended}, Extensions: []string{wire.ExtMetadata}})
				p.Fetch()
				done := p.start(tc.Context())
				for _, h := range hellos {
					tc.far.Write(wire.Append(nil, helloOf(h)))
				}
				tc.advance(time.Second)
				tc.far.Write(wire.Append(nil, wire.Message{ID: wire.Extended, Ext: localDontHave + 1,
					Payload: append([]byte("d8:msg_typei1e5:piecei0e10:total_sizei100ee"), info...)}))
				if r := <-done; r.err != nil || string(r.info) != string(info) {
					t.Errorf("ended with %v and %d bytes", r.err, len(r.info))
				}
			})
		})
	}
}
