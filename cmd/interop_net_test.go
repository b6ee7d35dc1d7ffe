//go:build interop && linux

package cmd_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// netPrefix begins the name of every namespace made here; the id of the
// process that made it follows.
const netPrefix = "gti-"

// netCount numbers the networks of this process.
var netCount atomic.Int32

// network is an Ethernet of hosts. Several clients take no peer with a
// loopback address, or none with their own, so each program gets a namespace
// with an address in 10.88/16.
type network struct {
	tag   string
	hosts int
}

// host is one machine of a network.
type host struct {
	ns  string
	ip  netip.Addr
	ip6 netip.Addr // only that of a station
}

// newNet makes a network for one test, without hosts.
func newNet(t *testing.T) *network {
	t.Helper()
	n := &network{tag: fmt.Sprintf("%s%d-%d", netPrefix, os.Getpid(), netCount.Add(1))}
	n.addNS(t, n.tag+"-br")
	run(t, "ip", "-n", n.tag+"-br", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
	run(t, "ip", "-n", n.tag+"-br", "link", "set", "br0", "up")
	return n
}

// addNS makes a namespace that the test's end removes.
func (n *network) addNS(t *testing.T, name string) {
	t.Helper()
	run(t, "ip", "netns", "add", name)
	t.Cleanup(func() { removeNS(t, name) })
	run(t, "ip", "-n", name, "link", "set", "lo", "up")
}

// host adds a machine with the next address, 10.88.0.1 and up.
func (n *network) host(t *testing.T) *host {
	t.Helper()
	n.hosts++
	h := &host{
		ns: fmt.Sprintf("%s-%d", n.tag, n.hosts),
		ip: netip.AddrFrom4([4]byte{10, 88, 0, byte(n.hosts)}),
	}
	n.addNS(t, h.ns)
	br, port := n.tag+"-br", fmt.Sprintf("p%d", n.hosts)
	run(t, "ip", "link", "add", "eth0", "netns", h.ns, "type", "veth", "peer", "name", port, "netns", br)
	run(t, "ip", "-n", br, "link", "set", port, "master", "br0", "up")
	run(t, "ip", "-n", h.ns, "addr", "add", h.ip.String()+"/16", "dev", "eth0")
	run(t, "ip", "-n", h.ns, "link", "set", "eth0", "up")
	return h
}

// station adds a machine that has an IPv6 address too, fd00:88::1 and up, and
// whose multicast goes to the network.
func (n *network) station(t *testing.T) *host {
	t.Helper()
	h := n.host(t)
	h.ip6 = netip.MustParseAddr(fmt.Sprintf("fd00:88::%x", n.hosts))
	// nodad: the address can be used at once.
	run(t, "ip", "-n", h.ns, "-6", "addr", "add", h.ip6.String()+"/64", "dev", "eth0", "nodad")
	run(t, "ip", "-n", h.ns, "route", "add", "224.0.0.0/4", "dev", "eth0")
	return h
}

// alias gives a station one more IPv4 address.
func (h *host) alias(t *testing.T, i int) netip.Addr {
	t.Helper()
	a := h.ip.As4()
	a[2] = byte(i + 1)
	run(t, "ip", "-n", h.ns, "addr", "add", netip.AddrFrom4(a).String()+"/16", "dev", "eth0")
	return netip.AddrFrom4(a)
}

// at is the host's address of a family with a port.
func (h *host) at(v6 bool, port uint16) netip.AddrPort {
	if v6 {
		return netip.AddrPortFrom(h.ip6, port)
	}
	return netip.AddrPortFrom(h.ip, port)
}

// addr is the host's address with a port, as text.
func (h *host) addr(port int) string { return net.JoinHostPort(h.ip.String(), strconv.Itoa(port)) }

// dial connects from inside the host's namespace. A socket stays in the
// namespace it was made in, so only the call itself runs there.
func (h *host) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + h.ns)
	if err != nil {
		return nil, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	// The thread goes back to the scheduler, and must not run others there.
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		panic(err)
	}
	return c, err
}

// client is an HTTP client on the host.
func (h *host) client() *http.Client {
	return &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{DialContext: h.dial, DisableKeepAlives: true},
	}
}

// listening says whether something accepts TCP connections on a port of the
// host.
func (h *host) listening(port int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := h.dial(ctx, "tcp", h.addr(port))
	if err == nil {
		c.Close()
	}
	return err == nil
}

// removeStaleNets removes the namespaces of processes that are gone.
func removeStaleNets(t *testing.T) {
	t.Helper()
	names, _ := filepath.Glob("/run/netns/" + netPrefix + "*")
	for _, f := range names {
		name := filepath.Base(f)
		pid, _, _ := strings.Cut(strings.TrimPrefix(name, netPrefix), "-")
		if _, err := os.Stat("/proc/" + pid); os.IsNotExist(err) {
			t.Logf("removing %s, left over from process %s", name, pid)
			removeNS(t, name)
		}
	}
}

// removeNS removes a namespace and ends what still runs there: children of the
// programs that were started.
func removeNS(t *testing.T, name string) {
	t.Helper()
	for pid := range strings.FieldsSeq(run(t, "ip", "netns", "pids", name)) {
		if n, err := strconv.Atoi(pid); err == nil {
			unix.Kill(n, unix.SIGKILL)
		}
	}
	run(t, "ip", "netns", "del", name)
}

// run runs a command that must succeed, and returns what it printed.
func run(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}
