package torrent

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"

	"gotor/peer/simnet"
	"gotor/peer/wire"
)

// oddPeer is a remote whose behaviour a test writes down: it takes connections,
// says hello, and does what answer makes of each message.
type oddPeer struct {
	addr     netip.AddrPort
	infoHash [20]byte
	id       [20]byte
	features wire.Features
	hello    []byte // what follows the handshake
	// answer returns what is sent because of a message, nothing if nil, and
	// whether the connection goes on. Each connection has a goroutine.
	answer func(m wire.Message) (out []byte, on bool)
	// onMessage is the same for one that writes by itself.
	onMessage func(c net.Conn, m wire.Message) (on bool)

	mu    sync.Mutex
	conns int // handshakes done
}

// oddPeer adds a host with an oddPeer, until the test ends.
func (l *lab) oddPeer(p *oddPeer) *oddPeer {
	l.Helper()
	a, h := l.host()
	return l.oddPeerAt(p, h, netip.AddrPortFrom(a, 6881))
}

// oddPeerAt makes an oddPeer listen on a host that is there.
func (l *lab) oddPeerAt(p *oddPeer, h *simnet.Host, at netip.AddrPort) *oddPeer {
	l.Helper()
	p.addr = at
	if p.id == [20]byte{} {
		p.id = wire.NewPeerID("-OD0001-")
	}
	ln, err := h.Listen(l.Context(), "tcp", at.String())
	if err != nil {
		l.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() { p.talk(c) })
		}
	})
	l.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return p
}

// met returns how many handshakes were done.
func (p *oddPeer) met() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns
}

func (p *oddPeer) talk(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	if _, err := io.ReadFull(in, make([]byte, 68)); err != nil {
		return
	}
	p.mu.Lock()
	p.conns++
	p.mu.Unlock()
	out := wire.AppendHandshake(nil, wire.Handshake{Features: p.features, InfoHash: p.infoHash, PeerID: p.id})
	c.Write(append(out, p.hello...))
	for {
		var n [4]byte
		if _, err := io.ReadFull(in, n[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(n[:]))
		if _, err := io.ReadFull(in, body); err != nil || len(body) == 0 {
			continue
		}
		m, err := wire.Parse(body)
		if err != nil {
			continue
		}
		if !p.hear(c, m) {
			return
		}
	}
}

func (p *oddPeer) hear(c net.Conn, m wire.Message) (on bool) {
	if p.onMessage != nil {
		return p.onMessage(c, m)
	}
	out, on := p.answer(m)
	if len(out) > 0 {
		c.Write(out)
	}
	return on
}
