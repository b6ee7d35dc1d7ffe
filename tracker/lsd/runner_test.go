package lsd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lan is a network that delivers what is sent to a group to all sockets of its
// family, the sender's included.
type lan struct {
	mu    sync.Mutex
	socks []*sock
}

// sock is a socket of a lan, as net.PacketConn.
type sock struct {
	net.PacketConn // for the methods that nobody calls
	lan            *lan
	addr           *net.UDPAddr
	inbox          chan datagram
	errs           chan error
	closed         chan struct{}
	once           sync.Once
}

func (l *lan) socket(addr string) *sock {
	s := &sock{
		lan: l, addr: net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)),
		inbox: make(chan datagram, 256), errs: make(chan error), closed: make(chan struct{}),
	}
	l.mu.Lock()
	l.socks = append(l.socks, s)
	l.mu.Unlock()
	return s
}

func (s *sock) LocalAddr() net.Addr { return s.addr }

func (s *sock) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func (s *sock) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-s.inbox:
		return copy(b, d.packet), net.UDPAddrFromAddrPort(d.from), nil
	case err := <-s.errs:
		return 0, nil, err
	case <-s.closed:
		return 0, nil, net.ErrClosed
	}
}

func (s *sock) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-s.closed:
		return 0, net.ErrClosed
	default:
	}
	v6 := isV6(s)
	if to.String() != group(v6).String() {
		return 0, fmt.Errorf("%v sends to %v", s.addr, to)
	}
	s.lan.mu.Lock()
	defer s.lan.mu.Unlock()
	for _, other := range s.lan.socks {
		if isV6(other) == v6 {
			other.deliver(b, s.addr.AddrPort())
		}
	}
	return len(b), nil
}

func (s *sock) deliver(b []byte, from netip.AddrPort) {
	select {
	case s.inbox <- datagram{slices.Clone(b), from}:
	default:
	}
}

// finder collects what a Runner finds.
type finder struct {
	mu    sync.Mutex
	found []string
}

func (f *finder) note(h [20]byte, peer netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found = append(f.found, fmt.Sprintf("%x %v", h[0], peer))
}

// take returns what was found since the last time, sorted.
func (f *finder) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := f.found
	f.found = nil
	slices.Sort(found)
	return found
}

func TestRunnersFindEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lan
		var a, b finder
		ra := NewRunner(Config{Port: 7001, Found: a.note}, l.socket("192.168.0.1:6771"), l.socket("[fd00::1]:6771"))
		rb := NewRunner(Config{Port: 7002, Found: b.note}, l.socket("192.168.0.2:6771"), l.socket("[fd00::2]:6771"))
		defer ra.Close()
		defer rb.Close()
		ra.Announce(hash(1))
		ra.Announce(hash(2))
		synctest.Wait()
		if found := slices.Concat(a.take(), b.take()); len(found) != 0 {
			t.Errorf("found %v", found)
		}
		rb.Announce(hash(1))
		synctest.Wait()
		both := func(i int, port int) []string {
			return []string{fmt.Sprintf("1 192.168.0.%d:%d", i, port), fmt.Sprintf("1 [fd00::%d]:%d", i, port)}
		}
		if got := a.take(); !slices.Equal(got, both(2, 7002)) {
			t.Errorf("the first found %v", got)
		}
		// The first has spoken a moment ago. Now it knows of a newcomer and speaks again.
		time.Sleep(answerWait)
		synctest.Wait()
		got := b.take()
		for _, want := range both(1, 7001) {
			if !slices.Contains(got, want) {
				t.Errorf("the second found %v", got)
			}
		}
		if s := ra.Stats(); s.Found == 0 || s.Sent < 4 {
			t.Errorf("%+v", s)
		}
		ra.Remove(hash(1))
		synctest.Wait()
		a.take()
		time.Sleep(2 * announceEvery)
		synctest.Wait()
		if got := a.take(); len(got) != 0 {
			t.Errorf("after its end the torrent has %v", got)
		}
	})
}

// Found may announce and remove: the loop does not wait for itself.
func TestFoundMayCallRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lan
		s := l.socket("10.0.0.1:6771")
		made := make(chan *Runner, 1)
		found := 0
		r := NewRunner(Config{Found: func(h [20]byte, _ netip.AddrPort) {
			r := <-made
			r.Remove(h)
			r.Announce(hash(2))
			made <- r
			found++
		}}, s)
		made <- r
		r.Announce(hash(1))
		synctest.Wait()
		for range 2 {
			s.deliver(appendMessage(nil, message{port: 1, hashes: [][20]byte{hash(1), hash(2)}}, host4), netip.MustParseAddrPort("10.0.0.2:6771"))
			synctest.Wait()
		}
		r.Close()
		if found != 2 {
			t.Errorf("found %d", found)
		}
	})
}

// Errors of a socket are waited out, and packets that are too long are left out.
func TestRunnerSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lan
		var f finder
		s, other := l.socket("10.0.0.1:6771"), l.socket("10.0.0.2:6771")
		r := NewRunner(Config{Port: 1, Found: f.note}, s)
		defer r.Close()
		r.Announce(hash(1))
		began := time.Now()
		for range 10 {
			s.errs <- errors.New("the network is down")
		}
		if d := time.Since(began); d < 9*errorPause {
			t.Errorf("ten errors took %v: the reader spins", d)
		}
		good := appendMessage(nil, message{port: 9, hashes: [][20]byte{hash(1)}}, host4)
		s.deliver(append(good, make([]byte, maxRead)...), other.addr.AddrPort())
		time.Sleep(errorPause)
		synctest.Wait()
		if got := f.take(); len(got) != 0 {
			t.Errorf("found %v", got)
		}
		s.deliver(good, other.addr.AddrPort())
		synctest.Wait()
		if got := f.take(); !slices.Equal(got, []string{"1 10.0.0.2:9"}) {
			t.Errorf("found %v", got)
		}
		if n := r.Stats().Received; n != 2 { // its own, and the good one
			t.Errorf("received %d", n)
		}
	})
}

// Close ends everything, in any state, and may be called twice; what is called
// after it does nothing. (The bubble fails if a goroutine is left.)
func TestRunnerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lan
		s, failing := l.socket("10.0.0.1:6771"), l.socket("10.0.0.2:6771")
		r := NewRunner(Config{Port: 1, Found: new(finder).note}, s, failing)
		failing.errs <- errors.New("the network is down")
		for range 100 {
			s.deliver([]byte("BT-SEARCH"), failing.addr.AddrPort())
		}
		r.Close()
		r.Close()
		sent := r.Stats().Sent
		r.Announce(hash(1))
		r.Remove(hash(1))
		time.Sleep(time.Hour)
		if n := r.Stats().Sent; n != sent {
			t.Errorf("%d packets were sent after the end", n-sent)
		}
		for _, c := range []*sock{s, failing} {
			if _, err := c.WriteTo(nil, nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v is not closed", c.addr)
			}
		}
	})
}

// A panic in a Runner is told, and the process goes on.
func TestRunnerBug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lan
		s, other := l.socket("10.0.0.1:6771"), l.socket("10.0.0.2:6771")
		told := make(chan any, 1)
		r := NewRunner(Config{
			Port: 1, Bug: func(v any) { told <- v },
			Found: func([20]byte, netip.AddrPort) { panic("oops") },
		}, s)
		r.Announce(hash(1))
		s.deliver(appendMessage(nil, message{port: 9, hashes: [][20]byte{hash(1)}}, host4), other.addr.AddrPort())
		if v := <-told; v != "oops" {
			t.Errorf("told of %v", v)
		}
		r.Announce(hash(2))
		r.Close()
	})
}
