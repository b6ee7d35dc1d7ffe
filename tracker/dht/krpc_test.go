package dht

import (
	"net/netip"
	"strings"
	"testing"
)

// golden are the packets in the text of BEP 5, and of the BEPs on top of it.
var golden = map[string]string{
	"ping":             "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe",
	"pong":             "d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re",
	"find_node":        "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe",
	"get_peers":        "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe",
	"values":           "d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re",
	"announce_peer":    "d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe",
	"error":            "d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee",
	"want, read-only":  "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:wantl2:n42:n6ee1:q9:find_node2:roi1e1:t4:\x00\x01\x02\x031:v4:GT011:y1:qe",
	"scrape":           "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234566:noseedi1e6:scrapei1ee1:q9:get_peers1:t4:\x00\x01\x02\x031:y1:qe",
	"announce a seed":  "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti6881e4:seedi1e5:token8:aoeusnthe1:q13:announce_peer1:t4:\x00\x01\x02\x031:y1:qe",
	"put immutable":    "d1:ad2:id20:abcdefghij01234567895:token8:aoeusnth1:v12:Hello World!e1:q3:put1:t4:\x00\x01\x02\x031:y1:qe",
	"unsorted, spaces": "d1:y1:q1:q4:ping1:t2:aa1:ad2:id20:abcdefghij0123456789ee",
}

var (
	idA = ID([]byte("abcdefghij0123456789"))
	idM = ID([]byte("mnopqrstuvwxyz123456"))
)

func TestQueryGolden(t *testing.T) {
	const tid = 0x00010203
	for name, q := range map[string]query{
		"ping":            {method: "ping"},
		"find_node":       {method: "find_node", target: idM},
		"get_peers":       {method: "get_peers", target: idM},
		"announce_peer":   {method: "announce_peer", target: idM, port: 6881, implied: true, token: []byte("aoeusnth")},
		"scrape":          {method: "get_peers", target: idM, scrape: true, noSeed: true},
		"announce a seed": {method: "announce_peer", target: idM, port: 6881, seed: true, token: []byte("aoeusnth")},
		"put immutable":   {method: "put", token: []byte("aoeusnth"), item: &Item{Value: []byte("12:Hello World!")}},
	} {
		q.own = idA
		want := strings.Replace(golden[name], "1:t2:aa", "1:t4:\x00\x01\x02\x03", 1)
		if got := string(q.append(nil, tid, false, "")); got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, want)
		}
	}
	q := query{method: "find_node", own: idA, target: idM, both: true}
	if got := string(q.append(nil, tid, true, "GT01")); got != golden["want, read-only"] {
		t.Errorf("read-only:\ngot  %q\nwant %q", got, golden["want, read-only"])
	}
}

func TestReplyGolden(t *testing.T) {
	r := reply{own: idM, tid: []byte("aa")}
	if got := string(r.append(nil)); got != golden["pong"] {
		t.Errorf("ping: got %q", got)
	}
	peers := []netip.AddrPort{netip.MustParseAddrPort("97.120.106.101:11893"), netip.MustParseAddrPort("105.100.104.116:28269")}
	r = reply{own: idA, tid: []byte("aa"), token: []byte("aoeusnth"), values: peers}
	if got := string(r.append(nil)); got != golden["values"] {
		t.Errorf("values: got %q", got)
	}
	if got := string(appendError(nil, []byte("aa"), "", 201, "A Generic Error Ocurred")); got != golden["error"] {
		t.Errorf("error: got %q", got)
	}
}

func TestParseGolden(t *testing.T) {
	for name, packet := range golden {
		m, ok := parse([]byte(packet))
		if !ok {
			t.Errorf("%s is not understood", name)
			continue
		}
		if m.kind != 'e' && m.id != idA && m.id != idM {
			t.Errorf("%s: the id is %v", name, m.id)
		}
		if m.readOnly != strings.Contains(packet, "2:roi1e") {
			t.Errorf("%s: read-only is %v", name, m.readOnly)
		}
		if m.kind == 'q' && !strings.Contains(packet, string(m.method)) {
			t.Errorf("%s: the method is %q", name, m.method)
		}
	}
	m, _ := parse([]byte(golden["error"]))
	if e := m.remoteError(); e.Code != 201 || e.Text != "A Generic Error Ocurred" {
		t.Errorf("the error is %+v", e)
	}
	m, _ = parse([]byte(golden["want, read-only"]))
	if want4, want6 := m.wants(false); !want4 || !want6 {
		t.Errorf("wants %v, %v", want4, want6)
	}
	m, _ = parse([]byte(golden["ping"]))
	if want4, want6 := m.wants(true); want4 || !want6 {
		t.Errorf("a query over IPv6 without want: %v, %v", want4, want6)
	}
}

// hostilePackets are no messages, or messages with something wrong in them
// that is as if it were not there. Named after the defect.
var hostilePackets = []struct {
	name, packet string
	ok           bool
}{
	{"empty", "", false},
	{"one byte", "d", false},
	{"uTP", "\x01\x00\x12\x34\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00", false},
	{"a list", "l1:y1:q1:t2:aae", false},
	{"cut off", "d1:ad2:id20:abcdefghij01234567", false},
	{"trailing bytes", golden["ping"] + "x", true},
	{"no y", "d1:t2:aae", false},
	{"y is a number", "d1:t2:aa1:yi1ee", false},
	{"y is long", "d1:t2:aa1:y2:qqe", false},
	{"y is unknown", "d1:t2:aa1:y1:xe", false},
	{"no t", "d1:y1:qe", false},
	{"t is a number", "d1:ti1e1:y1:qe", false},
	{"t is too long to echo", "d1:t17:aaaaaaaaaaaaaaaaa1:y1:qe", false},
	{"too long", "d1:t2:aa1:x1480:" + strings.Repeat("x", 1480) + "1:y1:qe", false},
	{"deep", "d1:a" + strings.Repeat("l", 40) + strings.Repeat("e", 40) + "1:t2:aa1:y1:qe", false},
	{"too many tokens", "d1:al" + strings.Repeat("le", 700) + "e1:t2:aa1:y1:qe", false},
	{"length over the end", "d1:t99999999999999999999:aa1:y1:qe", false},
	{"negative length", "d1:t-2:aa1:y1:qe", false},
	{"key twice", "d1:t2:aa1:t2:aa1:y1:qe", true},
	{"empty t", "d1:t0:1:y1:qe", true},
	{"no arguments", "d1:q4:ping1:t2:aa1:y1:qe", true},
	{"arguments are a list", "d1:ale1:q4:ping1:t2:aa1:y1:qe", true},
	{"id is short", "d1:ad2:id19:abcdefghij012345678e1:q4:ping1:t2:aa1:y1:qe", true},
	{"id is a number", "d1:ad2:idi20ee1:q4:ping1:t2:aa1:y1:qe", true},
	{"q is a number", "d1:ad2:id20:abcdefghij0123456789e1:qi1e1:t2:aa1:y1:qe", true},
	{"target is short", "d1:ad2:id20:abcdefghij01234567896:target19:mnopqrstuvwxyz12345e1:q9:find_node1:t2:aa1:y1:qe", true},
	{"ip of odd length", "d2:ip5:abcde1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re", true},
	{"nodes of odd length", "d1:rd2:id20:mnopqrstuvwxyz1234565:nodes27:mnopqrstuvwxyz123456abcdefge1:t2:aa1:y1:re", true},
	{"values of odd lengths", "d1:rd2:id20:mnopqrstuvwxyz1234566:valuesl0:5:abcde7:abcdefg18:abcdefghijklmnopqri1elee1:t2:aae1:t2:aa1:y1:re", true},
	{"values are a string", "d1:rd2:id20:mnopqrstuvwxyz1234566:values6:abcdefe1:t2:aa1:y1:re", true},
	{"error is a string", "d1:e5:wrong1:t2:aa1:y1:ee", true},
	{"error is empty", "d1:ele1:t2:aa1:y1:ee", true},
	{"error code is huge", "d1:eli99999999999999999999999ee1:t2:aa1:y1:ee", true},
	{"error swapped", "d1:el5:wrongi201ee1:t2:aa1:y1:ee", true},
	{"want is a string", "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:want2:n6e1:q9:find_node1:t2:aa1:y1:qe", true},
	{"want has other things", "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:wantli1e2:zzlee1:t2:aae1:q9:find_node1:t2:aa1:y1:qe", true},
	{"port is huge", "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti4294967377e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe", true},
	{"port is negative", "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti-1e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe", true},
	{"put without a value", "d1:ad2:id20:abcdefghij01234567895:token8:aoeusnthe1:q3:put1:t2:aa1:y1:qe", true},
	{"put with a short key", "d1:ad2:id20:abcdefghij01234567891:k3:abc3:seqi1e3:sig3:abc5:token8:aoeusnth1:vi1ee1:q3:put1:t2:aa1:y1:qe", true},
}

func TestParseHostile(t *testing.T) {
	for _, tt := range hostilePackets {
		m, ok := parse([]byte(tt.packet))
		if ok != tt.ok {
			t.Errorf("%s: understood is %v, want %v", tt.name, ok, tt.ok)
		}
		if e := m.remoteError(); m.kind == 'e' && (e.Code == 0 || len(e.Text) > 128) {
			t.Errorf("%s: the error is %+v", tt.name, e)
		}
	}
}

func TestRemoteErrorIsBoundedAndQuoted(t *testing.T) {
	m, ok := parse([]byte("d1:eli203e300:" + strings.Repeat("\x1b", 300) + "e1:t2:aa1:y1:ee"))
	if !ok {
		t.Fatal("not understood")
	}
	e := m.remoteError()
	if len(e.Text) != 128 || strings.ContainsRune(e.Error(), 0x1b) {
		t.Errorf("%d bytes of text, message %s", len(e.Text), e)
	}
}

func TestNodesOf(t *testing.T) {
	one := string(idM[:]) + "\x01\x02\x03\x04\x1a\xe1"
	for _, tt := range []struct {
		name, nodes string
		want        int
	}{
		{"none", "", 0}, {"one", one, 1}, {"one and a piece", one + one[:20], 1}, {"more than are taken", strings.Repeat(one, 20), 8},
	} {
		r := "d1:rd2:id20:mnopqrstuvwxyz1234565:nodes" + itoa(len(tt.nodes)) + ":" + tt.nodes + "e1:t2:aa1:y1:re"
		m, ok := parse([]byte(r))
		if !ok {
			t.Fatalf("%s: not understood", tt.name)
		}
		got := nodesOf(nil, m.body.Get("nodes"), shortNode, maxNamed)
		if len(got) != tt.want {
			t.Errorf("%s: %d nodes, want %d", tt.name, len(got), tt.want)
		}
		if want := (Contact{idM, netip.MustParseAddrPort("1.2.3.4:6881")}); len(got) > 0 && got[0] != want {
			t.Errorf("%s: %v", tt.name, got[0])
		}
	}
}

func TestReplyRoundTrip(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("1.2.3.4:5"), netip.MustParseAddrPort("[2001:db8::7]:8")
	r := reply{
		own: idA, tid: []byte("tttt"), asker: v6, version: "GT01", token: []byte("token"),
		has4: true, nodes: []Contact{{idM, v4}}, has6: true, nodes6: []Contact{{idA, v6}, {idM, v6}},
		values: []netip.AddrPort{v6}, isSample: true, sample: []ID{idA, idM}, stored: 9, interval: 300,
		seeds: new(bloom), peers: new(bloom),
	}
	packet := r.append(nil)
	m, ok := parse(packet)
	if !ok || m.kind != 'r' || m.id != idA || m.ip != v6.Addr() || string(m.tid) != "tttt" {
		t.Fatalf("read %+v", m)
	}
	if !m.body.Sorted() {
		t.Error("the keys are not in order")
	}
	if got := nodesOf(nil, m.body.Get("nodes6"), longNode, 8); len(got) != 2 || got[0] != r.nodes6[0] {
		t.Errorf("nodes6 are %v", got)
	}
	if got := nodesOf(nil, m.body.Get("nodes"), shortNode, 8); len(got) != 1 || got[0] != r.nodes[0] {
		t.Errorf("nodes are %v", got)
	}
	if s, _ := m.body.Get("samples").Str(); string(s) != string(idA[:])+string(idM[:]) {
		t.Errorf("samples are %q", s)
	}
}
