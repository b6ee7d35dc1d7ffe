package tracker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// next separates the answers of a server in the input of FuzzHTTPExchange.
var next = []byte("\n--next--\n")

// rawServer answers each request at addr with the next of some answers, as they
// are, and closes the connection. Behind the last there is silence.
func (n *fakeNet) rawServer(addr string, answers [][]byte) (stop func()) {
	l := &fakeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	n.mu.Lock()
	n.tcp[addr] = l
	n.mu.Unlock()
	var wg sync.WaitGroup
	serve := func(c net.Conn, answer []byte, silent bool) {
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		c.Write(answer)
		if silent {
			io.Copy(io.Discard, c)
		}
	}
	wg.Go(func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var answer []byte
			if i < len(answers) {
				answer = answers[i]
			}
			wg.Go(func() { serve(c, answer, i >= len(answers)) })
		}
	})
	return func() {
		l.Close()
		wg.Wait()
	}
}

// FuzzHTTPExchange gives a client answers as they come from the wire: status
// lines, headers, chunks, compression, redirects. Whatever they are, the exchange
// ends in its time, brings no more than its bounds, and leads to nobody but the
// hosts that were named.
func FuzzHTTPExchange(f *testing.F) {
	const ok = "HTTP/1.1 200 OK\r\n"
	const body = "d8:intervali1800e5:peers6:\x01\x02\x03\x04\x00\x05e"
	for _, s := range []string{
		ok + "Content-Length: 36\r\n\r\n" + body,
		ok + "\r\n" + body,
		ok + "Transfer-Encoding: chunked\r\n\r\n24\r\n" + body + "\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + body,
		ok + "Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00",
		ok + "Content-Length: 99999999999\r\n\r\n" + body,
		"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n" + string(next) + ok + "\r\n" + body,
		"HTTP/1.1 301 Moved\r\nLocation: http://other.example/announce?x\r\n\r\n" + string(next) + ok + "\r\n" + body,
		"HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n",
		"HTTP/1.1 307 X\r\nLocation: http://user:pw@t.example:99999/\r\nLocation: //\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n" + ok + "\r\nd14:failure reason3:\x1b[1e",
		"HTTP/1.1 404 \xff\x1b[31m\r\nX: " + "y\r\n z\r\n\r\n",
		"HTTP/9.9 -1\r\n\r\n", "d8:intervali1800ee", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		synctest.Test(t, func(t *testing.T) {
			n := newFakeNet()
			answers := bytes.Split(raw, next)
			n.names["t.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.8")}
			n.names["other.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.9")}
			defer n.rawServer("192.0.2.8:80", answers)()
			defer n.rawServer("192.0.2.9:80", answers[min(1, len(answers)):])()
			c := New(n.config())
			defer c.Close()
			begin := time.Now()
			got, err := c.Announce(t.Context(), nil, "http://t.example/announce", Request{Left: 1})
			if time.Since(begin) > 2*httpTimeout {
				t.Errorf("it took %v", time.Since(begin))
			}
			wantBounded(t, got, err)
			if len(n.dialed()) > maxRedirects+2 {
				t.Errorf("it dialled %q", n.dialed())
			}
		})
	})
}

// wantBounded checks what an announce brings, whatever was answered.
func wantBounded(t *testing.T, got Response, err error) {
	t.Helper()
	if err != nil {
		if n := len(err.Error()); n > 4096 {
			t.Errorf("an error of %d bytes", n)
		}
		return
	}
	if got.Interval < minInterval*time.Second || got.Interval > maxInterval*time.Second || got.MinInterval > got.Interval ||
		len(got.Peers) > maxPeers || len(got.Warning) > maxText || len(got.TrackerID) > maxTrackerID {
		t.Errorf("%+v", got)
	}
	if i := slices.IndexFunc(got.Peers, func(p netip.AddrPort) bool { return p.Port() == 0 || !p.Addr().IsValid() }); i >= 0 {
		t.Errorf("a peer at %v", got.Peers[i])
	}
}

// stranger is who has to be a liar when an announce tells of it.
var stranger = netip.MustParseAddrPort("6.6.6.6:666")

// udpScript is a UDP tracker, and somebody who sends in its name, as the bytes of
// a fuzzer have it.
type udpScript struct {
	udpTracker
	addr netip.AddrPort
	b    []byte
}

func (u *udpScript) take() (c byte) {
	if len(u.b) > 0 {
		c, u.b = u.b[0], u.b[1:]
	}
	return c
}

// text takes so many bytes as the next one says, or as are left.
func (u *udpScript) text() (b []byte) {
	n := int(u.take())
	n = min(n, len(u.b))
	b, u.b = u.b[:n], u.b[n:]
	return b
}

// packets returns what comes back for a packet of the client.
func (u *udpScript) packets(b []byte) (out []packet) {
	right := u.answer(b)
	lie := appendPeersCompact(append(append(binary.BigEndian.AppendUint32(nil, actAnnounce), b[12:16]...), make([]byte, 12)...), []netip.AddrPort{stranger})
	for range 1 + u.take()%3 {
		switch u.take() % 8 {
		case 0, 1:
			out = append(out, packet{u.addr, right})
		case 2: // from another port, and from another host
			out = append(out, packet{netip.AddrPortFrom(u.addr.Addr(), 1), lie}, packet{netip.MustParseAddrPort("192.0.2.66:80"), lie})
		case 3: // who guesses the transaction
			other := bytes.Clone(lie)
			other[4+u.take()%4] ^= 1 + u.take()
			if !bytes.Equal(other, lie) {
				out = append(out, packet{u.addr, other})
			}
		case 4: // too short
			out = append(out, packet{u.addr, right[:int(u.take())%(len(right)+1)]})
		case 5: // an error with any text
			head := append(binary.BigEndian.AppendUint32(nil, actError), b[12:16]...)
			out = append(out, packet{u.addr, append(head, u.text()...)})
		case 6: // anything behind a right header
			head := append(binary.BigEndian.AppendUint32(nil, uint32(u.take()%4)), b[12:16]...)
			out = append(out, packet{u.addr, append(head, u.text()...)})
		}
	}
	return out
}

// FuzzUDPExchange has lost, forged, short and odd packets in any order. The
// exchange ends, within its bounds, and believes nobody but the tracker.
func FuzzUDPExchange(f *testing.F) {
	for _, s := range []string{"\x00\x00\x00\x00", "\x00\x02\x00\x00\x00\x02\x00\x00", "\x02\x07\x03\x01\x02\x00\x02\x03\x00\x00\x00",
		"\x00\x00\x00\x05\x03bad", "\x01\x04\x07\x00\x00\x06\x0c\x01\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\x00\x00", "\x00\x07\x00\x07\x00\x07"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		synctest.Test(t, func(t *testing.T) {
			n := newFakeNet()
			u := &udpScript{addr: netip.MustParseAddrPort("192.0.2.8:80"), b: b}
			u.peers = addrPorts("1.2.3.4:5")
			n.udp[u.addr] = func(_ netip.AddrPort, b []byte) []packet { return u.packets(b) }
			c := New(n.config())
			defer c.Close()
			for range 2 { // the second may have a connection id
				odd := bytes.Contains(b, []byte{6, 6, 6, 6}) // it may be the tracker's own word
				got, err := c.Announce(t.Context(), nil, "udp://192.0.2.8:80/announce", Request{Left: 1})
				wantBounded(t, got, err)
				if slices.Contains(got.Peers, stranger) && !odd {
					t.Errorf("it believes a stranger: %v", got.Peers)
				}
				if errors.Is(err, errLost) {
					t.Error("the loss of one packet ended it")
				}
			}
		})
	})
}
