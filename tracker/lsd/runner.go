package lsd

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	runnerQueue = 32                     // packets that wait; more are dropped
	errorPause  = 100 * time.Millisecond // after a read that failed
)

// Runner owns a Node and its sockets, with the clock of the system. Its methods
// may be called from any goroutine.
type Runner struct {
	conns   []net.PacketConn
	packets chan datagram
	wake    chan struct{} // capacity 1
	closing chan struct{}
	once    sync.Once
	all     sync.WaitGroup

	mu      sync.Mutex
	changes []change // not handed to the Node yet
	stats   Stats    // as of the last turn of the loop
}

type datagram struct {
	packet []byte
	from   netip.AddrPort
}

// change is an Announce (on) or a Remove.
type change struct {
	infoHash [20]byte
	on       bool
}

// NewRunner starts a Runner, which owns the sockets from now on. Those with an IPv4
// address of their own send to the group of IPv4, the others to that of IPv6.
// Config.Found is called from the Runner's goroutine; it may call Announce and
// Remove, but not Close.
func NewRunner(cfg Config, conns ...net.PacketConn) *Runner {
	r := &Runner{
		conns: conns, packets: make(chan datagram, runnerQueue),
		wake: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	cfg.Send = r.send
	n := New(cfg)
	guarded := func(f func()) {
		r.all.Go(func() {
			if cfg.Bug != nil {
				defer func() {
					if v := recover(); v != nil {
						cfg.Bug(v)
					}
				}()
			}
			f()
		})
	}
	guarded(func() { r.run(n) })
	for _, c := range conns {
		guarded(func() { r.read(c) })
	}
	return r
}

// Announce is Node.Announce, and does not wait.
func (r *Runner) Announce(infoHash [20]byte) { r.change(change{infoHash, true}) }

// Remove is Node.Remove, and does not wait: peers may be reported shortly after.
func (r *Runner) Remove(infoHash [20]byte) { r.change(change{infoHash, false}) }

// Stats returns the Node's counters.
func (r *Runner) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// Close closes the sockets, stops all goroutines and waits for them.
func (r *Runner) Close() {
	r.once.Do(func() {
		close(r.closing)
		for _, c := range r.conns {
			c.Close()
		}
	})
	r.all.Wait()
}

func (r *Runner) change(c change) {
	r.mu.Lock()
	r.changes = append(r.changes, c)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run is the loop that calls the Node.
func (r *Runner) run(n *Node) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var d datagram
		select {
		case d = <-r.packets:
		case <-r.wake:
		case <-timer.C:
		case <-r.closing:
			return
		}
		now := time.Now()
		r.apply(n, now) // before what came after it
		if d.packet != nil {
			n.Receive(now, d.packet, d.from)
		}
		next := n.Tick(now)
		r.publish(n.Stats())
		if next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(0, next.Sub(now)))
		}
	}
}

// apply hands the changes to the Node.
func (r *Runner) apply(n *Node, now time.Time) {
	r.mu.Lock()
	changes := r.changes
	r.changes = nil
	r.mu.Unlock()
	for _, c := range changes {
		if c.on {
			n.Announce(now, c.infoHash)
		} else {
			n.Remove(c.infoHash)
		}
	}
}

func (r *Runner) publish(s Stats) {
	r.mu.Lock()
	r.stats = s
	r.mu.Unlock()
}

// read hands the packets of one socket to the loop until it is closed.
func (r *Runner) read(c net.PacketConn) {
	buf := make([]byte, maxRead+1)
	for {
		size, from, err := c.ReadFrom(buf)
		if err != nil {
			if !r.pause() {
				return
			}
			continue
		}
		udp, ok := from.(*net.UDPAddr)
		if !ok || size > maxRead {
			continue
		}
		select {
		case r.packets <- datagram{bytes.Clone(buf[:size]), udp.AddrPort()}:
		default: // the loop is behind: a flood
		}
	}
}

// pause waits a while after an error, which an interface may cause that is down for
// the moment. It reports false when the Runner is closed.
func (r *Runner) pause() bool {
	timer := time.NewTimer(errorPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.closing:
		return false
	}
}

// send sends a packet through all sockets of a family. What fails is the
// network's business: the next announce is in five minutes.
func (r *Runner) send(packet []byte, v6 bool) {
	to := net.UDPAddrFromAddrPort(group(v6))
	for _, c := range r.conns {
		if isV6(c) == v6 {
			_, _ = c.WriteTo(packet, to)
		}
	}
}

// group is where announces of a family go.
func group(v6 bool) netip.AddrPort {
	if v6 {
		return netip.MustParseAddrPort(host6)
	}
	return netip.MustParseAddrPort(host4)
}

func isV6(c net.PacketConn) bool {
	udp, ok := c.LocalAddr().(*net.UDPAddr)
	return ok && udp.IP.To4() == nil
}
