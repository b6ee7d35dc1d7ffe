package tracker

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Times of BEP 15. The ninth and last wait ends 2 h 7 min after the start;
// callers have a context that ends sooner.
const (
	udpWait       = 15 * time.Second // for the first answer, doubled each time
	udpDoublings  = 8
	connectionAge = time.Minute // a connection id may be used that long
)

// udpTarget is a UDP tracker at its addresses of one family.
type udpTarget struct {
	addrs   []netip.AddrPort
	urlData string // path and query of the URL
	by      Judge
}

func (t udpTarget) judge() Judge { return t.by }

func newUDPTarget(u *url.URL, addrs []netip.Addr, judge Judge) udpTarget {
	t := udpTarget{urlData: u.EscapedPath(), by: judge}
	if u.RawQuery != "" {
		t.urlData += "?" + u.RawQuery
	}
	port, _ := strconv.ParseUint(u.Port(), 10, 16) // was checked
	for _, a := range addrs {
		t.addrs = append(t.addrs, netip.AddrPortFrom(a, uint16(port)))
	}
	return t
}

func (t udpTarget) announce(ctx context.Context, c *Client, r Request) (Response, error) {
	b, err := t.exchange(ctx, c, actAnnounce, func(b []byte) []byte {
		if r.sent != nil {
			r.sent()
		}
		return appendUDPAnnounce(b, r, t.urlData)
	})
	if err != nil {
		return Response{}, err
	}
	return parseUDPAnnounce(b, t.addrs[0].Addr().Is6())
}

func (t udpTarget) scrape(ctx context.Context, c *Client, hashes [][20]byte) ([]ScrapeResult, error) {
	b, err := t.exchange(ctx, c, actScrape, func(b []byte) []byte {
		for _, h := range hashes {
			b = append(b, h[:]...)
		}
		return b
	})
	if err != nil {
		return nil, err
	}
	return parseUDPScrape(b, len(hashes))
}

// exchange asks until there is an answer: for a connection id if there is
// none fresh enough, then what build appends to the header. Each time that
// nothing came, it waits twice as long and turns to the next address.
func (t udpTarget) exchange(ctx context.Context, c *Client, action uint32, build func([]byte) []byte) ([]byte, error) {
	s, err := c.socket(ctx, t.addrs[0].Addr())
	if err != nil {
		return nil, networkError(ctx, err)
	}
	stale := false // a cached connection id was refused already
	for n := 0; n <= udpDoublings; {
		to, wait := t.addrs[n%len(t.addrs)], udpWait<<n
		id, cached := s.connection(to, time.Now())
		if !cached {
			if id, cached, err = s.connect(ctx, to, wait); err == errLost {
				n++
				continue
			} else if err != nil {
				return nil, err
			}
		}
		b, err := s.roundTrip(ctx, to, wait, id, action, build)
		switch refused := (*Failure)(nil); {
		case err == errLost:
			n++
		case errors.As(err, &refused) && cached && !stale:
			s.forget(to, id) // the tracker was started anew, perhaps
			stale = true
		default:
			return b, err
		}
	}
	return nil, &unreachable{errSilent}
}

// udpSocket is the socket that all UDP trackers of one family are asked
// through, and its reader.
type udpSocket struct {
	pc net.PacketConn

	mu       sync.Mutex
	dead     bool // the reader has ended
	waiting  map[question]chan<- []byte
	ids      map[netip.AddrPort]connection
	connects map[netip.AddrPort]*connecting
}

// question is what an answer must match: where it comes from and 32 random
// bits that nobody else has seen (BEP 15; against spoofed answers).
type question struct {
	from        netip.AddrPort
	transaction uint32
}

// connection is a connection id with the end of its use.
type connection struct {
	id  uint64
	end time.Time
}

// socket returns the socket of addr's family, opened if there is none.
func (c *Client) socket(ctx context.Context, addr netip.Addr) (*udpSocket, error) {
	i, network, local := 0, "udp4", "0.0.0.0:0"
	if addr.Is6() {
		i, network, local = 1, "udp6", "[::]:0"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, net.ErrClosed
	}
	if s := c.udp[i]; s != nil && !s.isDead() {
		return s, nil
	}
	pc, err := c.cfg.ListenPacket(ctx, network, local)
	if err != nil {
		return nil, err
	}
	s := &udpSocket{pc: pc, waiting: map[question]chan<- []byte{}, ids: map[netip.AddrPort]connection{}, connects: map[netip.AddrPort]*connecting{}}
	c.udp[i] = s
	c.wg.Go(s.read)
	return s, nil
}

func (s *udpSocket) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// read hands answers to those who wait for them, until the socket is closed.
// Some systems report on it what befell packets sent; a socket with nothing
// but errors is given up, and the next exchange opens another.
func (s *udpSocket) read() {
	b := make([]byte, maxPacket)
	for failed := 0; failed < 100; {
		n, from, err := s.pc.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil {
			failed++
			continue
		}
		failed = 0
		s.deliver(addrPort(from), b[:n])
	}
	s.pc.Close()
	s.mu.Lock()
	s.dead = true
	s.mu.Unlock()
}

// addrPort returns the address of a packet.
func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	if u, ok := a.(*net.UDPAddr); ok {
		ap = u.AddrPort()
	} else if a != nil {
		ap, _ = netip.ParseAddrPort(a.String())
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// deliver hands a copy of the packet to who asked for it, if anybody did.
func (s *udpSocket) deliver(from netip.AddrPort, b []byte) {
	_, transaction, ok := parseHeader(b)
	if !ok {
		return
	}
	q := question{from, transaction}
	s.mu.Lock()
	answer := s.waiting[q]
	delete(s.waiting, q) // one answer is all it gets
	s.mu.Unlock()
	if answer != nil {
		answer <- append([]byte(nil), b...)
	}
}

// connecting is a connect under way, for all who want a connection id of a tracker.
type connecting struct {
	done   chan struct{} // closed when it has ended
	id     uint64
	err    error
	gaveUp bool // whoever made it had no more time, which says nothing about the tracker
}

// connect gets a connection id. Who wants one meanwhile waits for that: a tracker
// may know only the last that it gave an address. shared: others have asked for it.
func (s *udpSocket) connect(ctx context.Context, to netip.AddrPort, wait time.Duration) (id uint64, shared bool, err error) {
	for {
		s.mu.Lock()
		c := s.connects[to]
		if c == nil {
			c = &connecting{done: make(chan struct{}), err: errLost}
			s.connects[to] = c
			s.mu.Unlock()
			id, err = s.ask(ctx, to, wait, c)
			return id, false, err
		}
		s.mu.Unlock()
		select {
		case <-c.done:
		case <-ctx.Done():
			return 0, true, networkError(ctx, ctx.Err())
		}
		if !c.gaveUp {
			return c.id, true, c.err
		}
	}
}

// ask makes a connect.
func (s *udpSocket) ask(ctx context.Context, to netip.AddrPort, wait time.Duration, c *connecting) (uint64, error) {
	defer func() {
		s.mu.Lock()
		delete(s.connects, to)
		s.mu.Unlock()
		close(c.done)
	}()
	c.id, c.err = s.newID(ctx, to, wait)
	c.gaveUp = ctx.Err() != nil
	return c.id, c.err
}

// newID asks for a connection id and keeps it.
func (s *udpSocket) newID(ctx context.Context, to netip.AddrPort, wait time.Duration) (uint64, error) {
	b, err := s.roundTrip(ctx, to, wait, protocolID, actConnect, nil)
	if err != nil {
		return 0, err
	}
	id, err := parseConnect(b)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for a, c := range s.ids { // there are as many as trackers asked this minute
		if !now.Before(c.end) {
			delete(s.ids, a)
		}
	}
	s.ids[to] = connection{id, now.Add(connectionAge)}
	return id, nil
}

// connection returns the id kept for a tracker, if it may still be used.
func (s *udpSocket) connection(to netip.AddrPort, now time.Time) (id uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.ids[to]
	return c.id, ok && now.Before(c.end)
}

// forget drops the id of a tracker, unless it has another one by now.
func (s *udpSocket) forget(to netip.AddrPort, id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids[to].id == id {
		delete(s.ids, to)
	}
}

// errLost is the lack of an answer to one packet.
var errLost = errors.New("packet lost")

// roundTrip sends one request and returns what comes back, errLost if nothing
// does in the given time.
func (s *udpSocket) roundTrip(ctx context.Context, to netip.AddrPort, wait time.Duration,
	id uint64, action uint32, build func([]byte) []byte) ([]byte, error) {
	answer := make(chan []byte, 1)
	q := s.expect(to, answer)
	defer func() {
		s.mu.Lock()
		delete(s.waiting, q)
		s.mu.Unlock()
	}()
	b := appendHeader(make([]byte, 0, 128), id, action, q.transaction)
	if build != nil {
		b = build(b)
	}
	if _, err := s.pc.WriteTo(b, net.UDPAddrFromAddrPort(to)); err != nil {
		return nil, networkError(ctx, err)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case b := <-answer:
		return b, checkAnswer(b, action, 8)
	case <-timer.C:
		return nil, errLost
	case <-ctx.Done():
		return nil, networkError(ctx, ctx.Err())
	}
}

// expect registers a new question.
func (s *udpSocket) expect(from netip.AddrPort, answer chan<- []byte) question {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		var random [4]byte
		rand.Read(random[:]) // never fails
		q := question{from, binary.BigEndian.Uint32(random[:])}
		if s.waiting[q] == nil {
			s.waiting[q] = answer
			return q
		}
	}
}
