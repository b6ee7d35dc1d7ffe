//go:build interop

package dht

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// theirs is libtorrent's node, told what to do by lines on its standard input.
// It answers each with a line of JSON.
const theirs = `
import sys, json, time, binascii
import libtorrent as lt
addr = sys.argv[1]
ses = lt.session({'listen_interfaces': addr, 'enable_dht': True, 'enable_lsd': False, 'enable_upnp': False,
  'enable_natpmp': False, 'dht_bootstrap_nodes': '', 'dht_ignore_dark_internet': False, 'dht_restrict_routing_ips': False,
  'dht_restrict_search_ips': False, 'alert_mask': lt.alert.category_t.all_categories})
h = lambda s: lt.sha1_hash(binascii.unhexlify(s))
def wait(kind, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        ses.wait_for_alert(200)
        for a in ses.pop_alerts():
            if type(a).__name__ == kind:
                return a
for line in sys.stdin:
    w = line.split()
    out = {}
    if w[0] == 'node':
        ses.add_dht_node((w[1], int(w[2])))
        end = time.time() + 20
        while time.time() < end and ses.status().dht_nodes < 1:
            time.sleep(0.05)
        out['nodes'] = ses.status().dht_nodes
    elif w[0] == 'get_peers':
        ses.pop_alerts()
        ses.dht_get_peers(h(w[1]))
        a = wait('dht_get_peers_reply_alert')
        out['peers'] = ['%s %d' % p for p in a.peers()] if a else []
    elif w[0] == 'announce':
        p = lt.parse_magnet_uri('magnet:?xt=urn:btih:' + w[1])
        p.save_path = '.'
        t = ses.add_torrent(p)
        t.force_dht_announce()
    elif w[0] == 'put':
        out['target'] = str(ses.dht_put_immutable_item(w[1]))
        a = wait('dht_put_alert')
        out['stored'] = a.num_success if a else -1
    elif w[0] == 'get':
        ses.dht_get_immutable_item(h(w[1]))
        a = wait('dht_immutable_item_alert')
        out['item'] = str(a.item) if a else ''
    elif w[0] == 'put_mutable':
        ses.dht_put_mutable_item(binascii.unhexlify(w[1]), binascii.unhexlify(w[2]), w[3].encode(), w[4].encode())
        a = wait('dht_put_alert')
        out['stored'] = a.num_success if a else -1
    print(json.dumps(out), flush=True)
`

// ownNetwork moves the test into a network namespace of its own, with the
// addresses on its loopback device: libtorrent does not talk to 127.0.0.1.
func ownNetwork(t *testing.T, addrs ...string) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		skipOrFail(t, "a network namespace needs root: %v", err)
	}
	commands := [][]string{{"link", "set", "lo", "up"}}
	for _, a := range addrs {
		commands = append(commands, []string{"addr", "add", a, "dev", "lo", "nodad"})
	}
	for _, c := range commands {
		if out, err := exec.Command("ip", c...).CombinedOutput(); err != nil {
			skipOrFail(t, "ip %v: %v %s", c, err, out)
		}
	}
}

func skipOrFail(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("GOTOR_INTEROP") == "require" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

type libtorrent struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func startLibtorrent(t *testing.T, listen string) *libtorrent {
	const python = "/usr/bin/python3" // Debian's, which has the module
	if err := exec.Command(python, "-c", "import libtorrent").Run(); err != nil {
		skipOrFail(t, "python3-libtorrent is not installed: %v", err)
	}
	cmd := exec.Command(python, "-W", "ignore", "-c", theirs, listen)
	cmd.Dir, cmd.Stderr = t.TempDir(), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &libtorrent{t, in, bufio.NewScanner(out)}
}

type theirAnswer struct {
	Nodes, Stored int
	Peers         []string
	Target, Item  string
}

func (l *libtorrent) do(format string, args ...any) (a theirAnswer) {
	l.t.Helper()
	fmt.Fprintf(l.in, format+"\n", args...)
	if !l.out.Scan() {
		l.t.Fatalf("libtorrent ended: %v", l.out.Err())
	}
	if err := json.Unmarshal(l.out.Bytes(), &a); err != nil {
		l.t.Fatal(err)
	}
	return a
}

// startOurs runs a node on a real socket.
func startOurs(t *testing.T, listen string) *Runner {
	addr := netip.MustParseAddrPort(listen)
	sock, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	r := NewRunner(Config{IPv4: addr.Addr().Is4(), IPv6: addr.Addr().Is6(), Version: "GT01", Send: func(p []byte, to netip.AddrPort) {
		sock.WriteToUDPAddrPort(p, to)
	}}, nil)
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 2048)
		for {
			n, from, err := sock.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			r.Deliver(buf[:n], from)
		}
	}()
	t.Cleanup(func() { r.Close(); sock.Close(); <-read })
	return r
}

func TestLibtorrentIPv4(t *testing.T) {
	ownNetwork(t, "10.88.0.1/24", "10.88.0.2/24")
	testLibtorrent(t, "10.88.0.1", "10.88.0.2", "10.88.0.1:7000", "10.88.0.2:7001")
}

func TestLibtorrentIPv6(t *testing.T) {
	ownNetwork(t, "fd88::1/64", "fd88::2/64")
	testLibtorrent(t, "fd88::1", "fd88::2", "[fd88::1]:7000", "[fd88::2]:7001")
}

// testLibtorrent lets a node of ours and one of libtorrent serve each other:
// peers and items go both ways.
func testLibtorrent(t *testing.T, ourIP, theirIP, ourAddr, theirAddr string) {
	ours, lt := startOurs(t, ourAddr), startLibtorrent(t, theirAddr)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if a := lt.do("node %s 7000", ourIP); a.Nodes < 1 {
		t.Fatal("libtorrent did not take our node into its table")
	}
	ours.Bootstrap([]netip.AddrPort{netip.MustParseAddrPort(theirAddr)})
	pong, err := ours.Ping(ctx, netip.MustParseAddrPort(theirAddr))
	if err != nil {
		t.Fatal(err)
	}
	if r := ours.FindNode(ctx, pong.ID); len(r.Closest) != 1 || r.Closest[0].ID != pong.ID {
		t.Errorf("we found %+v", r)
	}

	if r := ours.GetPeers(ctx, idM, PeersOptions{Announce: true, Port: 6881}, nil); r.Stored != 1 {
		t.Errorf("libtorrent did not take our announce: %+v", r)
	}
	// Our own announce lies there now: another lookup of ours finds it.
	if r := ours.GetPeers(ctx, idM, PeersOptions{}, nil); r.Peers != 1 {
		t.Errorf("libtorrent gave back %+v", r)
	}
	if r := ours.GetPeers(ctx, idM, PeersOptions{Scrape: true}, nil); r.Leechers != 1 || r.Seeds != 0 {
		t.Errorf("libtorrent counted %+v", r)
	}
	lt.do("announce %s", hex.EncodeToString(idA[:]))
	var found []netip.AddrPort
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(found) == 0 && ctx.Err() == nil { // it announces when its own search has ended
		<-tick.C
		ours.Do(func(now time.Time, n *Node) {
			if w := n.peers.get(now, idA); w != nil {
				found = w.pick(nil, !netip.MustParseAddr(theirIP).Is4(), 1, false, n.rand)
			}
		})
		ours.Stats() // waits for the above
	}
	if len(found) != 1 || found[0].Addr().String() != theirIP || found[0].Port() != 7001 {
		t.Errorf("libtorrent announced %v to us", found)
	}
	if a := lt.do("get_peers %v", hex.EncodeToString(idA[:])); len(a.Peers) != 1 || a.Peers[0] != theirIP+" 7001" {
		t.Errorf("libtorrent found %v at our node", a.Peers)
	}
	testTheirItems(t, ctx, ours, lt)
}

func testTheirItems(t *testing.T, ctx context.Context, ours *Runner, lt *libtorrent) {
	it := Item{Value: []byte("5:ours")}
	if r := ours.Put(ctx, it, nil); r.Err == nil {
		t.Error("a broken value was put")
	}
	it.Value = []byte("5:ours1")
	if r := ours.Put(ctx, it, nil); r.Stored != 1 {
		t.Errorf("libtorrent did not take our item: %+v", r)
	}
	a := lt.do("put theirs")
	if a.Stored != 1 {
		t.Errorf("we did not take libtorrent's item: %+v", a)
	}
	if a := lt.do("get %s", a.Target); !strings.Contains(a.Item, "theirs") {
		t.Errorf("libtorrent got %+v", a)
	}
	// An item that we store and sign, and one that it signs, with a salt.
	signed := mustSign(t, "salt", "2:v1", 1)
	if r := ours.Put(ctx, signed, nil); r.Stored != 1 {
		t.Errorf("libtorrent did not take our signed item: %+v", r)
	}
	if r := ours.Get(ctx, signed.Target(), []byte("salt")); r.Item == nil || string(r.Item.Value) != "2:v1" {
		t.Errorf("libtorrent gave back %+v", r)
	}
	seed := testKey(2).Seed()
	key := ed25519.NewKeyFromSeed(seed)
	if a := lt.do("put_mutable %x %x value salty", expandedKey(seed), key.Public()); a.Stored != 1 {
		t.Errorf("we did not take libtorrent's signed item: %+v", a)
	}
	if s := ours.Stats(); s.Items != 2 {
		t.Errorf("%d items are stored with us, want 2", s.Items)
	}
}

// expandedKey is libtorrent's form of a private key: the clamped hash of the
// seed (RFC 8032, 5.1.5).
func expandedKey(seed []byte) []byte {
	sum := sha512.Sum512(seed)
	sum[0] &= 248
	sum[31] &= 63
	sum[31] |= 64
	return sum[:]
}
