package dht

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

var (
	alice = contact("8.1.1.1:1111", 1)
	bob   = contact("9.1.1.1:2222", 2)
	carol = contact("11.1.1.1:3333", 3)
	eve   = netip.MustParseAddrPort("12.1.1.1:4444")
)

func TestAnswersPing(t *testing.T) {
	l := newLab(t, Config{Version: "GT01"})
	l.receive(strings.Replace(golden["ping"], "1:y", "1:v4:XX011:y", 1), eve)
	m := l.want('r', eve)
	if string(m.tid) != "aa" || m.id != l.n.ID(false) {
		t.Errorf("answered %+v", m)
	}
	// BEP 42: all DHT responses SHOULD include a top-level field called ip.
	if m.ip != eve.Addr() {
		t.Errorf("the asker is told that it is %v", m.ip)
	}
}

func TestFindNodeNamesGoodNodes(t *testing.T) {
	l := newLab(t, Config{})
	l.prove(alice)
	l.receive(golden["find_node"], eve)
	got := nodesOf(nil, l.want('r', eve).body.Get("nodes"), shortNode, 8)
	if len(got) != 1 || got[0] != alice {
		t.Errorf("named %v, want %v", got, alice)
	}
	// "After 15 minutes of inactivity, a node becomes questionable."
	l.now = l.now.Add(16 * time.Minute)
	l.receive(golden["find_node"], eve)
	m := l.want('r', eve)
	if s, ok := m.body.Get("nodes").Str(); !ok || len(s) != 0 {
		t.Errorf("named %q after 16 minutes", s)
	}
	// "A node is also good if it has ever responded to one of our queries and
	// has sent us a query within the last 15 minutes."
	l.n.fams[0].table.find(alice).fails = 0 // of the lookup that she did not answer
	l.receive(question("ping", alice.ID), alice.Addr)
	l.take()
	l.receive(golden["find_node"], eve)
	if got := nodesOf(nil, l.want('r', eve).body.Get("nodes"), shortNode, 8); len(got) != 1 {
		t.Errorf("named %v after a query", got)
	}
}

func TestWantBothFamilies(t *testing.T) {
	l := newLab(t, Config{})
	six := contact("[2001:db8:1::1]:5", 6)
	l.prove(alice)
	l.prove(six)
	l.receive(question("find_node", idA, "target", bstr(string(idM[:])), "want", "l2:n42:n6e"), eve)
	m := l.want('r', eve)
	if got := nodesOf(nil, m.body.Get("nodes6"), longNode, 8); len(got) != 1 || got[0] != six {
		t.Errorf("nodes6 are %v", got)
	}
	if got := nodesOf(nil, m.body.Get("nodes"), shortNode, 8); len(got) != 1 || got[0] != alice {
		t.Errorf("nodes are %v", got)
	}
	from6 := netip.MustParseAddrPort("[2001:db8:9::9]:9")
	l.receive(golden["find_node"], from6)
	m = l.want('r', from6)
	if got := nodesOf(nil, m.body.Get("nodes6"), longNode, 8); len(got) != 1 || m.body.Get("nodes").Kind() != 0 {
		t.Errorf("over IPv6: nodes6 %v, nodes %#v", got, m.body.Get("nodes"))
	}
}

func TestPrivateNodesStayPrivate(t *testing.T) {
	l := newLab(t, Config{})
	home := contact("192.168.1.7:7", 7)
	l.prove(home)
	l.receive(golden["find_node"], eve)
	if got := nodesOf(nil, l.want('r', eve).body.Get("nodes"), shortNode, 8); len(got) != 0 {
		t.Errorf("a stranger was told %v", got)
	}
	neighbour := netip.MustParseAddrPort("192.168.1.8:8")
	l.receive(golden["find_node"], neighbour)
	if got := nodesOf(nil, l.want('r', neighbour).body.Get("nodes"), shortNode, 8); len(got) != 1 {
		t.Errorf("a neighbour was told %v", got)
	}
}

// token asks for the peers of a hash and returns the token that came.
func (l *lab) token(method, key string, target ID, from netip.AddrPort) string {
	l.t.Helper()
	l.receive(question(method, idA, key, bstr(string(target[:]))), from)
	token, ok := l.want('r', from).body.Get("token").Str()
	if !ok {
		l.t.Fatal("no token")
	}
	return string(token)
}

func (l *lab) announce(from netip.AddrPort, token string, more ...string) {
	args := append([]string{"info_hash", bstr(string(idM[:])), "port", "i6881e", "token", bstr(token)}, more...)
	l.receive(question("announce_peer", idA, args...), from)
}

func TestAnnounceAndGetPeers(t *testing.T) {
	l := newLab(t, Config{})
	l.announce(alice.Addr, l.token("get_peers", "info_hash", idM, alice.Addr))
	l.want('r', alice.Addr)
	l.announce(bob.Addr, l.token("get_peers", "info_hash", idM, bob.Addr), "implied_port", "i1e", "seed", "i1e")
	l.want('r', bob.Addr)

	l.receive(golden["get_peers"], eve)
	m := l.want('r', eve)
	got := map[netip.AddrPort]bool{}
	for v := range m.body.Get("values").Items() {
		s, _ := v.Str()
		p, _ := peerOf(s)
		got[p] = true
	}
	if len(got) != 2 || !got[netip.AddrPortFrom(alice.Addr.Addr(), 6881)] || !got[bob.Addr] {
		t.Errorf("the peers are %v", got)
	}
	// BEP 32: values are of the family of the query.
	from6 := netip.MustParseAddrPort("[2001:db8:9::9]:9")
	l.receive(golden["get_peers"], from6)
	if m := l.want('r', from6); m.body.Get("values").Kind() != 0 {
		t.Errorf("over IPv6 the values are %#v", m.body.Get("values"))
	}
	// BEP 33: noseed leaves the seeds to the end, scrape gives filters.
	l.receive(golden["scrape"], alice.Addr)
	m = l.want('r', alice.Addr)
	for key, p := range map[string]netip.Addr{"BFsd": bob.Addr.Addr(), "BFpe": alice.Addr.Addr()} {
		s, _ := m.body.Get(key).Str()
		var f, want bloom
		want.insert(p)
		if len(s) != len(f) {
			t.Fatalf("%s has %d bytes", key, len(s))
		}
		if f.unite(s); f != want {
			t.Errorf("%s does not have %v and nothing else", key, p)
		}
	}
}

func TestTokens(t *testing.T) {
	l := newLab(t, Config{})
	token := l.token("get_peers", "info_hash", idM, alice.Addr)
	l.announce(eve, token)
	l.wantError(codeProtocol, eve) // of another address
	l.receive(question("announce_peer", idA, "info_hash", bstr(string(idA[:])), "port", "i1e", "token", bstr(token)), alice.Addr)
	l.wantError(codeProtocol, alice.Addr) // for another torrent
	for _, bad := range []string{"", "x", token[:7], token + "x", strings.Repeat("x", 300)} {
		l.announce(alice.Addr, bad)
		l.wantError(codeProtocol, alice.Addr)
	}
	l.now = l.now.Add(9 * time.Minute)
	l.announce(netip.AddrPortFrom(alice.Addr.Addr(), 9), token) // another port is fine: NATs change it
	l.want('r', netip.AddrPortFrom(alice.Addr.Addr(), 9))
	l.now = l.now.Add(2 * time.Minute)
	l.announce(alice.Addr, token)
	l.wantError(codeProtocol, alice.Addr) // "tokens up to ten minutes old are accepted"
}

func TestAnnouncePorts(t *testing.T) {
	l := newLab(t, Config{})
	token := bstr(l.token("get_peers", "info_hash", idM, alice.Addr))
	hash := bstr(string(idM[:]))
	for _, port := range []string{"i0e", "i-1e", "i65536e", "i4294967377e", "2:80"} {
		l.receive(question("announce_peer", idA, "info_hash", hash, "port", port, "token", token), alice.Addr)
		l.wantError(codeProtocol, alice.Addr)
	}
	l.now = l.now.Add(time.Minute)
	l.receive(question("announce_peer", idA, "info_hash", hash, "token", token, "implied_port", "i1e"), alice.Addr)
	l.want('r', alice.Addr)
}

func TestMalformedQueriesAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, packet string
		code         int64
	}{
		{"no id", "d1:ade1:q4:ping1:t2:aa1:y1:qe" + "", codeProtocol},
		{"no target", question("find_node", idA), codeProtocol},
		{"no info_hash", question("get_peers", idA), codeProtocol},
		{"get without target", question("get", idA), codeProtocol},
		{"sample without target", question("sample_infohashes", idA), codeProtocol},
		{"unknown method", question("dance", idA), codeUnknown},
		{"put without value", question("put", idA, "token", "1:x"), codeProtocol},
	} {
		l := newLab(t, Config{})
		l.prove(alice) // else the answer might be longer than the question
		l.receive(tt.packet, alice.Addr)
		t.Log(tt.name)
		l.wantError(tt.code, alice.Addr)
	}
	l := newLab(t, Config{})
	l.receive(question("dance", idA, "target", bstr(string(idM[:]))), eve)
	if l.want('r', eve).body.Get("nodes").Kind() == 0 {
		t.Error("an unknown method with a target is not answered as find_node")
	}
}

func TestStoresItems(t *testing.T) {
	l := newLab(t, Config{})
	it := Item{Value: []byte("12:Hello World!")}
	target := it.Target()
	token := bstr(l.token("get", "target", target, alice.Addr))
	l.receive(question("put", idA, "token", token, "v", "12:Hello World!"), alice.Addr)
	l.want('r', alice.Addr)
	l.receive(question("get", idA, "target", bstr(string(target[:]))), eve)
	m := l.want('r', eve)
	if got := string(m.body.Get("v").Raw()); got != "12:Hello World!" {
		t.Errorf("the value is %q", got)
	}
	if _, ok := m.body.Get("token").Str(); !ok {
		t.Error("no token")
	}
	// "these items MAY expire in 2 hours"
	l.now = l.now.Add(2*time.Hour + time.Second)
	l.receive(question("get", idA, "target", bstr(string(target[:]))), eve)
	if m := l.want('r', eve); m.body.Get("v").Kind() != 0 {
		t.Error("the item is still there after 2 hours")
	}
}

// putArgs are the arguments of a put of a mutable item.
func putArgs(it Item, token string, more ...string) []string {
	args := []string{"k", bstr(string(it.Key[:])), "sig", bstr(string(it.Sig[:])), "seq", "i" + itoa(int(it.Seq)) + "e",
		"token", bstr(token), "v", string(it.Value)}
	if len(it.Salt) > 0 {
		args = append(args, "salt", bstr(string(it.Salt)))
	}
	return append(args, more...)
}

func mustSign(t testing.TB, salt, value string, seq int64) Item {
	t.Helper()
	it, err := SignItem(testKey(1), []byte(salt), []byte(value), seq)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func TestMutableItemRules(t *testing.T) {
	l := newLab(t, Config{StrictLocal: true})
	one := mustSign(t, "", "3:one", 5)
	token := l.token("get", "target", one.Target(), alice.Addr)
	put := func(it Item, more ...string) {
		l.now = l.now.Add(time.Second) // within the rate
		l.receive(question("put", idA, putArgs(it, token, more...)...), alice.Addr)
	}
	put(one)
	l.want('r', alice.Addr)
	put(one) // the same again only keeps it alive
	l.want('r', alice.Addr)

	put(mustSign(t, "", "3:two", 4))
	l.wantError(codeOldSeq, alice.Addr)
	put(mustSign(t, "", "3:two", 5))
	l.wantError(codeOldSeq, alice.Addr)
	put(mustSign(t, "", "3:two", 6), "cas", "i4e")
	l.wantError(codeCAS, alice.Addr)
	forged := mustSign(t, "", "3:two", 6)
	forged.Value = []byte("3:bad")
	put(forged)
	l.wantError(codeSignature, alice.Addr)
	big := mustSign(t, "", "3:two", 6)
	big.Value = []byte("997:" + strings.Repeat("x", 997))
	put(big)
	l.wantError(codeTooBig, alice.Addr)
	put(mustSign(t, "", "3:two", 6), "cas", "i5e")
	l.want('r', alice.Addr)

	hash := one.Target()
	l.receive(question("get", idA, "target", bstr(string(hash[:]))), alice.Addr)
	m := l.want('r', alice.Addr)
	got, ok := itemOf(m.body, nil)
	if !ok || string(got.Value) != "3:two" || got.Seq != 6 || got.Check() != nil {
		t.Errorf("stored %+v", got)
	}
	// "The optional seq field specifies that an item's value should only be
	// sent if its sequence number is greater than the given value."
	l.receive(question("get", idA, "target", bstr(string(hash[:])), "seq", "i6e"), alice.Addr)
	m = l.want('r', alice.Addr)
	if seq, _ := m.body.Get("seq").Int(); seq != 6 || m.body.Get("v").Kind() != 0 || m.body.Get("k").Kind() != 0 {
		t.Errorf("answered %#v", m.body)
	}
}

func TestItemFormIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name, salt, value string
		code              int64
	}{
		{"unsorted", "", "d1:bi1e1:ai1ee", codeProtocol},
		{"salt too big", strings.Repeat("s", 65), "i1e", codeSaltTooBig},
	} {
		l := newLab(t, Config{})
		it := Item{Value: []byte(tt.value), Mutable: true, Salt: []byte(tt.salt), Seq: 1}
		token := l.token("get", "target", it.Target(), alice.Addr)
		l.receive(question("put", idA, putArgs(it, token)...), alice.Addr)
		t.Log(tt.name)
		l.wantError(tt.code, alice.Addr)
	}
}

func TestSampleInfohashes(t *testing.T) {
	l := newLab(t, Config{})
	l.receive(question("sample_infohashes", idA, "target", bstr(string(idM[:]))), eve)
	m := l.want('r', eve)
	// "always include the samples field in the response, even when it is zero-length"
	if s, ok := m.body.Get("samples").Str(); !ok || len(s) != 0 {
		t.Errorf("samples are %q, %v", s, ok)
	}
	for i := range 50 {
		var id ID
		id[0] = byte(i)
		l.n.peers.announce(l.now, id, peer{addr: bob.Addr})
	}
	ask := func() (string, int64, int64) {
		l.receive(question("sample_infohashes", idA, "target", bstr(string(idM[:]))), eve)
		m := l.want('r', eve)
		s, _ := m.body.Get("samples").Str()
		num, _ := m.body.Get("num").Int()
		interval, _ := m.body.Get("interval").Int()
		return string(s), num, interval
	}
	s, num, interval := ask()
	if len(s) != sampleSize*20 || num != 50 || interval != 300 {
		t.Errorf("%d bytes of samples, num %d, interval %d", len(s), num, interval)
	}
	l.now = l.now.Add(100 * time.Second)
	if again, _, interval := ask(); again != s || interval != 200 {
		t.Errorf("the sample changed before its interval was over (%d left)", interval)
	}
	l.now = l.now.Add(201 * time.Second)
	if again, _, _ := ask(); again == s {
		t.Error("the sample is the same after its interval")
	}
}

// BEP 43: a read-only node no longer responds to queries, and says so in its own.
func TestReadOnly(t *testing.T) {
	l := newLab(t, Config{ReadOnly: true})
	l.receive(golden["ping"], eve)
	l.receive(golden["get_peers"], eve)
	l.receive(golden["want, read-only"], eve)
	l.wantNone("a read-only node")
	l.n.AddNode(l.now, alice.Addr)
	if q := l.want('q', alice.Addr); !q.readOnly {
		t.Error("the query has no ro flag")
	}
}

// BEP 43: "the node should not add the message sender to its routing table".
func TestReadOnlyAskerIsNotAdded(t *testing.T) {
	l := newLab(t, Config{})
	l.receive(strings.Replace(question("ping", alice.ID), "1:t2", "2:roi1e1:t2", 1), alice.Addr)
	for _, p := range l.take() {
		if m, _ := parse(p.data); m.kind == 'q' {
			t.Errorf("a read-only node was asked %q", p.data)
		}
	}
	// One that is not is pinged, and taken in when it answers.
	l.receive(question("ping", bob.ID), bob.Addr)
	sent := l.take()
	if len(sent) != 2 {
		t.Fatalf("%d packets were sent, want an answer and a ping", len(sent))
	}
	q, _ := parse(sent[1].data)
	if string(q.method) != "ping" || l.n.Stats(l.now).Nodes4 != 0 {
		t.Fatalf("sent %q", sent[1].data)
	}
	l.pong(&q, bob)
	if s := l.n.Stats(l.now); s.Nodes4 != 1 || s.Good4 != 1 {
		t.Errorf("the table has %d nodes, %d good", s.Nodes4, s.Good4)
	}
	l.receive(question("ping", bob.ID), bob.Addr)
	for _, p := range l.take() {
		if m, _ := parse(p.data); m.kind == 'q' && string(m.method) == "ping" {
			t.Error("a node of the table is pinged again")
		}
	}
}

// A swarm that is full gives no tokens (BEP 33), and takes nobody in who has
// one from before.
func TestFullSwarm(t *testing.T) {
	l := newLab(t, Config{})
	token := l.token("get_peers", "info_hash", idM, alice.Addr)
	for i := range maxSwarm {
		l.n.peers.announce(l.now, idM, peerAt(i))
	}
	l.receive(golden["get_peers"], bob.Addr)
	if m := l.want('r', bob.Addr); m.body.Get("token").Kind() != 0 || m.body.Get("values").Kind() == 0 {
		t.Errorf("a full swarm is answered with %#v", m.body)
	}
	l.announce(alice.Addr, token)
	l.wantError(codeServer, alice.Addr)
}
