package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/tracker/dht"
)

const aHash = "0123456789abcdef0123456789abcdef01234567"

// dhtNode is a gotor dht node in this process.
type dhtNode struct {
	*fake
	addr string
	stop func() int // as Ctrl-C does; returns the exit code
}

// startDHTNode starts a node that enters through others, or through nobody.
func startDHTNode(t *testing.T, f *fake, args []string, through ...string) *dhtNode {
	t.Helper()
	n := &dhtNode{fake: f}
	told, code := make(chan struct{}, 10), make(chan int, 1)
	n.out = firstWrite{&n.stdout, told}
	for _, a := range through {
		args = append(args, "--dht-bootstrap", a)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { code <- run(ctx, append([]string{"dht", "node", "--json"}, args...), n.streams) }()
	n.stop = func() int {
		cancel(interrupted{syscall.SIGINT})
		c := <-code
		code <- c
		return c
	}
	select {
	case <-told:
	case c := <-code:
		t.Fatalf("exit code %d: %s", c, n.stderr.String())
	}
	t.Cleanup(func() { n.stop() })
	var rec record.DHTStatus
	if err := json.Unmarshal([]byte(n.stdout.String()), &rec); err != nil || rec.Event != "listening" || len(rec.Addresses) == 0 {
		t.Fatalf("%v: %s", err, n.stdout.String())
	}
	n.addr = "127.0.0.1:" + strconv.Itoa(rec.Port)
	return n
}

// privateDHT is a network of two nodes; the first is to enter by.
func privateDHT(t *testing.T) string {
	t.Helper()
	first := startDHTNode(t, newFake(""), nil)
	second := startDHTNode(t, newFake(""), nil, first.addr)
	until(t, "the nodes know each other", func() bool {
		f := newFake("")
		f.gotor(t, dhtLine(first.addr, "lookup", aHash)...)
		return strings.Contains(f.stdout.String(), second.addr)
	})
	return first.addr
}

// until waits for something that other goroutines do.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	end := time.After(30 * time.Second)
	for !cond() {
		select {
		case <-again.C:
		case <-end:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// askDHT runs a command of dht in the network of a node; it must succeed.
func askDHT(t *testing.T, node string, args ...string) string {
	t.Helper()
	f := newFake("")
	if code := f.gotor(t, dhtLine(node, args...)...); code != 0 {
		t.Fatalf("gotor dht %q: exit code %d: %s", args, code, f.stderr.String())
	}
	return f.stdout.String()
}

func dhtLine(node string, args ...string) []string {
	return append([]string{"dht", args[0], "--dht-bootstrap", node}, args[1:]...)
}

// announce tells the network that there is a peer.
func announce(t *testing.T, node string, hash dht.ID, port uint16, seed bool) {
	t.Helper()
	c, err := openDHT(dhtSetup{boot: []string{node}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	res, err := c.find(t.Context(), func(ctx context.Context) dht.Result {
		return c.node.GetPeers(ctx, hash, dht.PeersOptions{Announce: true, Port: port, Seed: seed}, nil)
	})
	if err != nil || res.Stored == 0 {
		t.Fatalf("announced: %+v, %v", res, err)
	}
}

func unmarshal[T any](t *testing.T, line string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	return v
}

func TestDHTPing(t *testing.T) {
	n := startDHTNode(t, newFake(""), nil)
	f := newFake("")
	if code := f.gotor(t, "dht", "ping", n.addr); code != 0 {
		t.Fatal(f.stderr.String())
	}
	fields := strings.Fields(f.stdout.String())
	if len(fields) != 4 || fields[3] != "Gt-0001" || fields[0] != n.addr || !isHex(fields[1]) {
		t.Errorf("%q", f.stdout.String())
	}
	g := newFake("")
	// Of a host's addresses one that answers is enough.
	_, port, _ := strings.Cut(n.addr, ":")
	if code := g.gotor(t, "dht", "ping", "--json", "localhost:"+port); code != 0 {
		t.Fatal(g.stderr.String())
	}
	if rec := unmarshal[record.DHTPing](t, g.stdout.String()); rec.V != 1 || rec.Version != "Gt-0001" || rec.Seconds <= 0 || len(rec.ID) != 40 || !strings.HasSuffix(rec.Address, ":"+port) {
		t.Errorf("%+v", rec)
	}
	if code := n.stop(); code != 0 {
		t.Errorf("the node ends with code %d", code)
	}
}

func TestDHTProgram(t *testing.T) {
	for version, want := range map[string]string{"": "", "LT\x01\x02": "LT-0102", "LT": "4c54", "\x1b[m": "1b5b6d", "U\x07ab": "55076162"} {
		if got := programOf(version); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}

func TestDHTLookup(t *testing.T) {
	node := privateDHT(t)
	lines := strings.Split(strings.TrimSpace(askDHT(t, node, "lookup", aHash)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%q", lines)
	}
	rec := unmarshal[record.DHTLookup](t, askDHT(t, node, "lookup", "--json", aHash))
	if rec.Target != aHash || len(rec.Nodes) != 2 || rec.Asked != 2 || rec.Answered != 2 || rec.Hops < 1 {
		t.Fatalf("%+v", rec)
	}
	for i, n := range rec.Nodes {
		if lines[i] != n.ID+" "+n.Address {
			t.Errorf("%q, want %+v", lines[i], n)
		}
	}
}

func TestDHTGetPeers(t *testing.T) {
	node := privateDHT(t)
	f := newFake("")
	if code := f.gotor(t, dhtLine(node, "get-peers", aHash)...); code != record.ExitNoPeers || f.stdout.String() != "" ||
		!strings.HasPrefix(f.stderr.String(), "gotor: the DHT knows no peers of "+aHash+" (2 nodes asked, 2 answered, ") {
		t.Errorf("nobody: exit code %d, %q, %q", code, f.stdout.String(), f.stderr.String())
	}
	hash, err := parseTarget(aHash)
	if err != nil {
		t.Fatal(err)
	}
	announce(t, node, hash, 7001, false)
	announce(t, node, hash, 7002, true)
	for _, form := range []string{aHash, strings.ToUpper(aHash), "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH", "magnet:?xt=urn:btih:" + aHash + "&dn=x"} {
		f := newFake("")
		if code := f.gotor(t, dhtLine(node, "get-peers", form)...); code != 0 {
			t.Fatal(f.stderr.String())
		}
		if out := f.stdout.String(); !strings.Contains(out, "127.0.0.1:7001\n") || !strings.Contains(out, "127.0.0.1:7002\n") || strings.Count(out, "\n") != 2 {
			t.Errorf("%s: %q", form, out)
		}
		if !strings.HasPrefix(f.stderr.String(), "2 peers; 2 nodes asked, 2 answered, ") {
			t.Errorf("%q", f.stderr.String())
		}
	}
	lines := strings.SplitAfter(askDHT(t, node, "get-peers", "--json", aHash), "\n")
	if len(lines) != 4 {
		t.Fatalf("%q", lines)
	}
	if rec := unmarshal[record.DHTPeer](t, lines[0]); rec.Event != "peer" || !strings.HasPrefix(rec.Peer, "127.0.0.1:700") {
		t.Errorf("%+v", rec)
	}
	if rec := unmarshal[record.DHTPeers](t, lines[2]); rec.Event != "peers" || rec.Peers != 2 || rec.InfoHash != aHash || rec.Answered != 2 {
		t.Errorf("%+v", rec)
	}
	// Who reads us has seen enough, and goes.
	g := newFake("")
	g.out = goneWriter{}
	if code := g.gotor(t, dhtLine(node, "get-peers", aHash)...); code != record.ExitPipe {
		t.Errorf("without a reader: exit code %d: %s", code, g.stderr.String())
	}
}

// muteNode is an address that takes packets and never answers.
func muteNode(t *testing.T) (addr string, got <-chan struct{}) {
	t.Helper()
	return answeringNode(t, func([]byte) []byte { return nil })
}

// answeringNode answers each packet with what reply makes of it.
func answeringNode(t *testing.T, reply func([]byte) []byte) (addr string, got <-chan struct{}) {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended, told := make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(ended)
		buf := make([]byte, 2048)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if b := reply(buf[:n]); b != nil {
				pc.WriteTo(b, from)
			}
			select {
			case told <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() {
		pc.Close()
		<-ended
	})
	return pc.LocalAddr().String(), told
}

// Nobody there is code 5, and says what to do; Ctrl-C ends the waiting.
func TestDHTNobodyAnswers(t *testing.T) {
	mute, got := muteNode(t)
	for _, args := range [][]string{
		{"lookup", aHash}, {"get-peers", aHash}, {"get", aHash}, {"put", "x"},
	} {
		f := newFake("")
		code := f.gotor(t, append([]string{"dht"}, args...)...)
		if want := "gotor: no node of the DHT is known: name one with --dht-bootstrap HOST:PORT\n"; code != record.ExitNoPeers || f.stderr.String() != want || f.stdout.String() != "" {
			t.Errorf("%q: exit code %d, %q", args, code, f.stderr.String())
		}
		g := newFake("")
		code = g.gotor(t, append(dhtLine(mute, args...), "--timeout", "300ms")...)
		if code != record.ExitNoPeers || !strings.Contains(g.stderr.String(), "no node of the DHT answers: check the network") || strings.Count(g.stderr.String(), "\n") != 1 {
			t.Errorf("%q: exit code %d, %q", args, code, g.stderr.String())
		}
		<-got
		h := newFake("")
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, dhtLine(mute, args...), h.streams) }()
		<-got
		cancel(interrupted{syscall.SIGINT})
		if code := <-ended; code != record.ExitInt || h.stderr.String() != "gotor: interrupted\n" {
			t.Errorf("%q: exit code %d, %q", args, code, h.stderr.String())
		}
		select { // what came after the first packet
		case <-got:
		default:
		}
	}
	f := newFake("")
	if code := f.gotor(t, "dht", "ping", "--timeout", "200ms", mute); code != record.ExitNoPeers || !strings.Contains(f.stderr.String(), "does not answer") {
		t.Errorf("ping: exit code %d, %q", code, f.stderr.String())
	}
}

// What a node says is printed without what a terminal would act upon.
func TestDHTErrorsAreSafe(t *testing.T) {
	rude, _ := answeringNode(t, func(q []byte) []byte {
		_, tid, _ := strings.Cut(string(q), "1:t4:")
		return []byte("d1:eli202e13:\x1b[31mgo\naway\x07e1:t4:" + tid[:4] + "1:y1:ee")
	})
	f := newFake("")
	if code := f.gotor(t, "dht", "ping", rude); code != record.ExitOther || !strings.Contains(f.stderr.String(), "202") {
		t.Errorf("exit code %d, %q", code, f.stderr.String())
	}
	checkOutput(t, "a rude node", f.stderr.String())
	if strings.Count(f.stderr.String(), "\n") != 1 {
		t.Errorf("%q", f.stderr.String())
	}
}

func TestDHTUsage(t *testing.T) {
	for line, want := range map[string]string{
		"":                             "no command given; see gotor dht --help",
		"pong 127.0.0.1:1":             "did you mean gotor dht ping?",
		"frobnicate":                   `unknown command "frobnicate"; see gotor dht --help`,
		"ping":                         "gotor dht ping needs one HOST:PORT",
		"ping a b":                     "takes one HOST:PORT, not 2",
		"ping nowhere":                 "write HOST:PORT",
		"ping 127.0.0.1:0":             "write HOST:PORT",
		"ping --ipv6-only 127.0.0.1:1": "no address of the family",
		"ping --ipv4-only [::1]:1":     "no address of the family",
		"ping --ipv4-only --ipv6-only 10.0.0.1:1": "leave nothing to use",
		"lookup":                               "needs one ID",
		"lookup xyz":                           "is no info-hash",
		"lookup --dht-bootstrap here " + aHash: "HOST:PORT",
		"get-peers":                            "needs one INFOHASH",
		"get-peers \x1b[m":                     "is no info-hash",
		"get-peers --port 70000 " + aHash:      "not a port",
		"get-peers magnet:?xs=urn:btpk:" + strings.Repeat("ab", 32): "gotor dht get tells",
		"get":                     "either a TARGET or --key",
		"get --key abcd":          "64 hexadecimal digits",
		"get --key abcd " + aHash: "either a TARGET or --key",
		"get nonsense":            "is no info-hash",
		"get --salt " + strings.Repeat("s", 65) + " --key " + strings.Repeat("ab", 32): "at most 64 bytes",
		"put":                                   "needs a VALUE",
		"put a b":                               "takes at most one VALUE",
		"put --salt s a":                        "give --key or --new-key",
		"put --seq 1 a":                         "give --key or --new-key",
		"put --torrent " + aHash:                "give --key or --new-key",
		"put --key k --seq -7 a":                "must not be negative",
		"put --key k --new-key l a":             "are two keys",
		"put --key k --torrent x":               "version 1",
		"put --key k --torrent " + aHash + " a": "goes with neither",
		"put --bencoded hello":                  "not bencoded",
		"put --bencoded d1:bi1e1:ai1ee":         "not in order",
		"put " + strings.Repeat("x", 1000):      "more than 1000 bytes",
		"put --new-key k --salt " + strings.Repeat("s", 65) + " a": "salt has more than 64 bytes",
		"node x":                  "takes no arguments",
		"node --port none":        "nothing to listen on",
		"node --dht-bootstrap :1": "HOST:PORT",
	} {
		f := newFake("")
		if code := f.gotor(t, append([]string{"dht"}, strings.Fields(line)...)...); code != record.ExitUsage {
			t.Errorf("gotor dht %s: exit code %d", line, code)
		}
		if got := f.stderr.String(); !strings.HasPrefix(got, "gotor: ") || !strings.Contains(got, want) || strings.Count(got, "\n") != 1 || f.stdout.String() != "" {
			t.Errorf("gotor dht %s: %q, want %q", line, got, want)
		}
		checkOutput(t, line, f.stderr.String())
	}
	f := newFake("")
	if code := f.gotor(t, "dht", "get-peers", "magnet:?xt=urn:btih:xyz"); code != record.ExitMalformed {
		t.Errorf("a malformed link: exit code %d: %s", code, f.stderr.String())
	}
}

func TestDHTPort(t *testing.T) {
	pc, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	port := strconv.Itoa(pc.LocalAddr().(*net.UDPAddr).Port)
	f := newFake("")
	if code := f.gotor(t, "dht", "node", "--port", port); code != record.ExitOther || !strings.Contains(f.stderr.String(), "UDP port "+port+" is taken: choose another with --port") {
		t.Errorf("exit code %d, %q", code, f.stderr.String())
	}
	// It is where our packets come from; none is needed to ask.
	n := startDHTNode(t, newFake(""), nil)
	pc.Close()
	askDHT(t, n.addr, "lookup", "--port", port, aHash)
	askDHT(t, n.addr, "lookup", "--port", "none", aHash)
}

func TestDHTFamilies(t *testing.T) {
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, s := range list {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	none, lan4, wan6, ula6 := prefixes(), prefixes("10.0.0.5/8"), prefixes("2001:db8::5/64"), prefixes("fd00::5/64")
	for _, c := range []struct {
		name   string
		only   job.Family
		own    []netip.Prefix
		named  []string
		v4, v6 bool
	}{
		{"no address at all", job.Family{}, none, nil, true, false},
		{"IPv4", job.Family{}, lan4, nil, true, false},
		{"IPv6", job.Family{}, wan6, nil, false, true},
		{"IPv6 that leads nowhere", job.Family{}, append(lan4, ula6...), nil, true, false},
		{"both", job.Family{}, append(lan4, wan6...), nil, true, true},
		{"a node named by its IPv6 address", job.Family{}, lan4, []string{"[fd00::1]:1", "host:1"}, true, true},
		{"a node named by its IPv4 address", job.Family{}, wan6, []string{"127.0.0.1:1"}, true, true},
		{"an IPv4 address in IPv6 clothes", job.Family{}, none, []string{"[::ffff:127.0.0.1]:1"}, true, false},
		{"only IPv4", job.Family{IPv4Only: true}, wan6, []string{"[::1]:1"}, true, false},
		{"only IPv6", job.Family{IPv6Only: true}, lan4, []string{"127.0.0.1:1"}, false, true},
	} {
		o := dhtSocket{familyOptions: familyOptions{c.only}}
		if v4, v6 := o.families(c.own, literals(c.named)); v4 != c.v4 || v6 != c.v6 {
			t.Errorf("%s: %v, %v", c.name, v4, v6)
		}
	}
	for want, f := range map[string][2]bool{"udp": {true, true}, "udp4": {true, false}, "udp6": {false, true}} {
		if got := udpNetwork(f[0], f[1]); got != want {
			t.Errorf("%v: %s", f, got)
		}
	}
}

// IPv6 alone is enough for a network.
func TestDHTOverIPv6(t *testing.T) {
	if pc, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 here: %v", err)
	} else {
		pc.Close()
	}
	n := startDHTNode(t, newFake(""), []string{"--ipv6-only"})
	node := strings.Replace(n.addr, "127.0.0.1", "[::1]", 1)
	target := strings.TrimSpace(askDHT(t, node, "put", "--ipv6-only", "six"))
	if got := askDHT(t, node, "get", target); got != "six" {
		t.Errorf("%q", got)
	}
}

func TestDHTTally(t *testing.T) {
	res := dht.Result{Queried: 7, Answered: 1, Elapsed: 1234567890}
	if got := tally(res); got != "7 nodes asked, 1 answered, 1.235s" {
		t.Error(got)
	}
	res.Err = dht.ErrCancelled
	if got := tally(res); got != "7 nodes asked, 1 answered, 1.235s, then time was up" {
		t.Error(got)
	}
}

// The commands below dht tell what they do as all others do.
func TestDHTHelp(t *testing.T) {
	for _, c := range newDHTCmd(newFake("").streams).Commands() {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 60 || c.Args == nil || !c.DisableFlagsInUseLine {
			t.Errorf("%s: %q", c.Name(), c.Short)
		}
		for _, args := range [][]string{{"help", "dht", c.Name()}, {"dht", c.Name(), "--help"}} {
			f := newFake("")
			if code := f.gotor(t, args...); code != 0 || !strings.HasPrefix(f.stdout.String(), fillProse(c.Long, helpWidth)) || f.stderr.String() != "" {
				t.Errorf("gotor %q: exit code %d, %.40q, %q", args, code, f.stdout.String(), f.stderr.String())
			}
		}
	}
}

// stubResolver knows some names.
type stubResolver struct {
	names map[string]string
	asked func(name string) error // before each answer
}

func (r stubResolver) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	if err := r.asked(host); err != nil {
		return nil, err
	}
	if ip, ok := r.names[host]; ok {
		return []netip.Addr{netip.MustParseAddr(ip)}, nil
	}
	<-ctx.Done() // a name server that is silent
	return nil, ctx.Err()
}

// One bootstrap node that answers is enough, whatever becomes of the others.
// sentTo is a socket that notes where packets go.
type sentTo struct {
	net.PacketConn
	to []string
}

func (s *sentTo) WriteTo(p []byte, a net.Addr) (int, error) {
	s.to = append(s.to, a.String())
	return len(p), nil
}

// Nodes far away lead nobody into private networks, however they write an address.
func TestDHTSendsWhere(t *testing.T) {
	sock := &sentTo{}
	c := &dhtClient{conn: sock}
	tell := func() {
		for _, a := range []string{"8.8.8.8:1", "[2a00::1]:1", "127.0.0.1:1", "10.0.0.1:1", "100.64.0.1:1", "192.0.0.8:1", "169.254.169.254:80",
			"[64:ff9b::a00:1]:1", "[2002:7f00:1::]:1", "[fd00::1]:1"} {
			c.send([]byte("x"), netip.MustParseAddrPort(a))
		}
	}
	tell()
	if diff := cmp.Diff([]string{"8.8.8.8:1", "[2a00::1]:1"}, sock.to); diff != "" {
		t.Error(diff)
	}
	sock.to = nil
	c.trust(netip.MustParseAddr("9.9.9.9"))
	c.trust(netip.MustParseAddr("169.254.169.254"))
	if c.local.Load() {
		t.Error("a public node, or nobody, is trusted with private addresses")
	}
	c.trust(netip.MustParseAddr("192.168.1.1"))
	if tell(); len(sock.to) != 9 {
		t.Errorf("beside a node of ours: %v", sock.to)
	}
}

func TestDHTEnter(t *testing.T) {
	n := startDHTNode(t, newFake(""), nil)
	_, port, _ := strings.Cut(n.addr, ":")
	mute, _ := muteNode(t)
	c, err := openDHT(dhtSetup{boot: []string{"silent:1", mute, "good:" + port, "bad:1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	r := stubResolver{map[string]string{"good": "127.0.0.1"}, func(name string) error {
		if name == "bad" {
			return errors.New("no such host")
		}
		return nil
	}}
	if err := c.enter(t.Context(), r); err != nil {
		t.Error(err)
	}
	if s := c.node.Stats(); s.Good4 != 1 {
		t.Errorf("%+v", s)
	}
}

// A name that cannot be looked up when a node starts is tried again.
func TestDHTIntroduce(t *testing.T) {
	n := startDHTNode(t, newFake(""), nil)
	_, port, _ := strings.Cut(n.addr, ":")
	c, err := openDHT(dhtSetup{boot: []string{"late:" + port}, answer: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	tries := 0
	c.introduce(t.Context(), stubResolver{map[string]string{"late": "127.0.0.1"}, func(string) error {
		if tries++; tries < 3 {
			return errors.New("the network is not there yet")
		}
		return nil
	}}, time.Millisecond)
	res := c.node.FindNode(t.Context(), dht.ID{1})
	if tries != 3 || len(res.Closest) != 1 || res.Closest[0].Addr.String() != n.addr {
		t.Errorf("after %d tries: %+v", tries, res)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.introduce(ctx, stubResolver{nil, func(string) error { return errors.New("never") }}, time.Hour)
}
