package server

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// maxFailures is how many reads in a row may fail before the socket is taken
// for broken. Single failures are news of former answers that did not arrive.
const maxFailures = 100

// udpServer answers datagrams. It is confined to the goroutine of serve.
type udpServer struct {
	*Server
	tokens *tokens
	local  netip.Addr // that datagrams come to; invalid: not known
	b      scratch
}

// serveUDP answers on pc until ctx is done.
func (s *Server) serveUDP(ctx context.Context, pc net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { pc.Close() })
	defer func() {
		stop()
		pc.Close()
	}()
	u := s.newUDP(addrOf(pc.LocalAddr()))
	return u.serve(newSocket(pc, u.local))
}

func (s *Server) newUDP(bound netip.Addr) *udpServer {
	u := &udpServer{Server: s, tokens: newTokens(), b: scratch{peers: make([]contact, 0, maxWant), out: make([]byte, 0, 2048)}}
	if bound.IsValid() && !bound.IsUnspecified() {
		u.local = bound
	}
	return u
}

// serve reads until the socket is closed.
func (u *udpServer) serve(s *socket) error {
	packet := make([]byte, 64<<10) // some systems make an error of a longer one
	for failures := 0; failures < maxFailures; {
		n, from, err := s.read(packet)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			failures++
			continue
		}
		failures = 0
		u.local = s.local
		source := from.Addr().Unmap().WithZone("")
		if answer := u.answer(time.Now(), packet[:n], source); len(answer) > 0 {
			s.write(answer, from) // what is lost is asked for again
		}
	}
	return errors.New("the UDP socket fails to read")
}

// answer returns what to send back, valid until the next call; nothing to what
// is not of the protocol. Before the sender has shown, by a connection id, that
// it receives at its address, it gets 16 bytes for at least 16 and no more.
func (u *udpServer) answer(now time.Time, packet []byte, from netip.Addr) []byte {
	h, ok := parseHeader(packet)
	if !ok || !from.IsValid() {
		return nil
	}
	out := u.b.out[:0]
	if h.action == actConnect && h.connection == protocolID {
		return appendConnect(out, h.transaction, u.tokens.make(now, from))
	}
	if !u.tokens.good(now, from, h.connection) {
		return nil
	}
	var err error
	switch h.action {
	case actAnnounce:
		out, err = u.announced(out, h, packet, from)
	case actScrape:
		out, err = u.scraped(out, h, packet)
	default:
		err = errAction
	}
	if err != nil {
		u.refused.Add(1)
		return appendError(u.b.out[:0], h.transaction, err)
	}
	return out
}

func (u *udpServer) announced(out []byte, h header, packet []byte, from netip.Addr) ([]byte, error) {
	a, err := parseUDPAnnounce(packet, from)
	if err != nil {
		return nil, err
	}
	a.local = u.local
	got, err := u.announce(&a, u.b.peers[:0])
	if err != nil {
		return nil, err
	}
	return appendUDPAnnounce(out, h.transaction, &got, a.family), nil
}

func (u *udpServer) scraped(out []byte, h header, packet []byte) (_ []byte, err error) {
	if u.b.hashes, err = parseUDPScrape(packet, u.b.hashes); err != nil {
		return nil, err
	}
	u.b.torrents = u.scrape(u.b.hashes, u.b.torrents[:0])
	out = appendHeader(out, actScrape, h.transaction)
	for i := range u.b.torrents {
		out = appendUDPScrape(out, u.b.torrents[i].counts)
	}
	return out, nil
}
