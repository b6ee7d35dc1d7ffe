//go:build interop && linux

package cmd_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// trap keeps every packet that leaves a host, whoever on it has sent it.
type trap struct {
	host *host
	stop atomic.Bool
	done chan struct{} // closed when the reader has ended

	mu      sync.Mutex
	packets []packet // guarded by mu
}

// packet is one that was caught. What it is about is in to and data.
type packet struct {
	kind string         // "tcp", "udp", "arp", "icmp", "icmp6", or what else it is
	to   netip.AddrPort // port 0 but for tcp and udp; for arp, who is asked for
	data []byte         // what tcp and udp carry; of others all that follows IP's header
}

// trap begins to watch the host's Ethernet.
func (h *host) trap(t *testing.T) *trap {
	t.Helper()
	fd, err := h.packetSocket()
	must(t, err)
	tr := &trap{host: h, done: make(chan struct{})}
	go tr.read(fd)
	t.Cleanup(tr.close)
	return tr
}

// packetSocket opens a socket that sees all frames of the host, those that it
// sends to itself included. See dial for the namespace.
func (h *host) packetSocket() (fd int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return 0, err
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + h.ns)
	if err != nil {
		return 0, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return 0, err
	}
	defer func() {
		if e := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); e != nil {
			panic(e) // the thread must not run others there
		}
	}()
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network order
	if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all); err != nil {
		return 0, err
	}
	// It must not overflow, and must look up now and then whether to end.
	return fd, errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}))
}

func (tr *trap) read(fd int) {
	defer close(tr.done)
	defer unix.Close(fd)
	buf := make([]byte, 1<<17)
	for !tr.stop.Load() {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		link, ok := from.(*unix.SockaddrLinklayer)
		if err != nil || !ok || link.Pkttype != unix.PACKET_OUTGOING || link.Hatype != unix.ARPHRD_ETHER || n < 14 {
			continue
		}
		p := parseFrame(binary.BigEndian.Uint16(buf[12:]), bytes.Clone(buf[14:n]))
		tr.mu.Lock()
		tr.packets = append(tr.packets, p)
		tr.mu.Unlock()
	}
	if s, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err != nil || s.Drops > 0 {
		tr.packets = append(tr.packets, packet{kind: fmt.Sprintf("the trap overflowed: %v, %v", s, err)})
	}
}

func (tr *trap) close() {
	tr.stop.Store(true)
	<-tr.done
}

// caught are the packets so far, but for the first few.
func (tr *trap) caught(after int) []packet {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.packets[after:]
}

func parseFrame(ethertype uint16, b []byte) packet {
	switch {
	case ethertype == unix.ETH_P_ARP && len(b) >= 28:
		return packet{kind: "arp", to: netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[24:28])), 0)}
	case ethertype == unix.ETH_P_IP && len(b) >= 20:
		to, size := netip.AddrFrom4([4]byte(b[16:20])), int(binary.BigEndian.Uint16(b[2:]))
		return parseTransport(b[9], to, b[int(b[0]&15)*4:max(min(size, len(b)), int(b[0]&15)*4)])
	case ethertype == unix.ETH_P_IPV6 && len(b) >= 48:
		next, to, rest := b[6], netip.AddrFrom16([16]byte(b[24:40])), b[40:]
		if next == unix.IPPROTO_HOPOPTS {
			next, rest = rest[0], rest[min(len(rest), int(rest[1])*8+8):]
		}
		return parseTransport(next, to, rest)
	}
	return packet{kind: fmt.Sprintf("ethertype %#x", ethertype)}
}

func parseTransport(protocol byte, to netip.Addr, b []byte) packet {
	port := func() netip.AddrPort { return netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:])) }
	switch {
	case protocol == unix.IPPROTO_TCP && len(b) >= 20:
		return packet{"tcp", port(), b[min(len(b), int(b[12]>>4)*4):]}
	case protocol == unix.IPPROTO_UDP && len(b) >= 8:
		return packet{"udp", port(), b[8:]}
	case protocol == unix.IPPROTO_ICMP && len(b) >= 8:
		return packet{"icmp", netip.AddrPortFrom(to, 0), b}
	case protocol == unix.IPPROTO_ICMPV6:
		return packet{"icmp6", netip.AddrPortFrom(to, 0), b}
	}
	return packet{fmt.Sprintf("IP protocol %d", protocol), netip.AddrPortFrom(to, 0), b}
}

// strange says whether a packet is none that a private torrent needs: TCP to the
// tracker and to the peers that it named, what a host sends to find these on the
// Ethernet, and its answer to their packets for ports that nobody listens at
// (libtorrent tries uTP).
func (p packet) strange(friends map[netip.Addr]bool) bool {
	switch p.kind {
	case "tcp", "arp":
		return !friends[p.to.Addr()]
	case "icmp":
		const unreachable = 3
		return !friends[p.to.Addr()] || p.data[0] != unreachable
	case "icmp6":
		return !neighbourly(p.data, friends)
	}
	return true
}

// neighbourly says whether an ICMPv6 message is the system's own: its search for
// a friend (RFC 4861), or that it listens to a group without which there is no
// IPv6 (RFC 3810).
func neighbourly(b []byte, friends map[netip.Addr]bool) bool {
	const (
		routerSolicitation    = 133
		neighborSolicitation  = 135
		neighborAdvertisement = 136
		listenerReport        = 143
	)
	switch {
	case len(b) < 8:
		return false
	case b[0] == routerSolicitation, b[0] == neighborAdvertisement:
		return true
	case b[0] == neighborSolicitation && len(b) >= 24:
		a := netip.AddrFrom16([16]byte(b[8:24]))
		return friends[a] || a.IsLinkLocalUnicast()
	case b[0] == listenerReport:
		for rest := b[8:]; len(rest) >= 20; rest = rest[20:] {
			if !netip.AddrFrom16([16]byte(rest[4:20])).IsLinkLocalMulticast() {
				return false
			}
		}
		return true
	}
	return false
}

// String is for the log of a failure.
func (p packet) String() string {
	return fmt.Sprintf("%s to %v, %.120q", p.kind, p.to, p.data)
}

// about says whether a packet that is not for a peer or tracker tells of a
// torrent.
func (p packet) about(x hash) bool {
	return p.kind != "tcp" && (bytes.Contains(p.data, x[:]) || strings.Contains(strings.ToLower(string(p.data)), hex.EncodeToString(x[:])))
}
