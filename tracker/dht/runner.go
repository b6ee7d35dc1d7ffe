package dht

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

const (
	runnerQueue = 256 // packets that wait; more are dropped
	largePacket = 2048
)

// Runner owns a Node in one goroutine, with the clock of the system. All its
// methods may be called from any goroutine, but those that wait for the Node
// must not be called from its callbacks.
type Runner struct {
	packets  chan datagram
	free     chan []byte // buffers of packets that have been handled
	commands chan func(time.Time, *Node)
	closing  chan struct{}
	once     sync.Once
	done     chan struct{}
}

// datagram is a packet with its sender. The buffer belongs to the Runner.
type datagram struct {
	packet []byte
	from   netip.AddrPort
}

// NewRunner starts a Runner. state is what an earlier one's State returned, or
// nil; one that is damaged is as good as none. Config.Send is called from the
// Runner's goroutine.
func NewRunner(cfg Config, state []byte) *Runner {
	r := &Runner{
		packets: make(chan datagram, runnerQueue), free: make(chan []byte, runnerQueue),
		commands: make(chan func(time.Time, *Node)), closing: make(chan struct{}), done: make(chan struct{}),
	}
	n := New(cfg)
	if state != nil {
		// An error leaves the node without nodes: it bootstraps instead.
		_ = n.LoadState(state)
	}
	go r.guard(cfg.Bug, func() { r.run(n) })
	return r
}

// guard runs f. What a panic left is told to bug, if that is not nil; then the
// Runner is as good as closed.
func (r *Runner) guard(bug func(recovered any), f func()) {
	if bug != nil {
		defer func() {
			if v := recover(); v != nil {
				bug(v)
			}
		}()
	}
	f()
}

func (r *Runner) run(n *Node) {
	defer close(r.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case d := <-r.packets:
			n.Receive(time.Now(), d.packet, d.from)
			r.recycle(d.packet)
		case f := <-r.commands:
			f(time.Now(), n)
		case <-timer.C:
		case <-r.closing:
			n.Close(time.Now())
			return
		}
		now := time.Now()
		if next := n.Tick(now); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(0, next.Sub(now)))
		}
	}
}

// Deliver hands over a packet, which is copied. It never waits: it returns
// false when too many packets wait, or when the packet is too long for any
// message, and drops it.
func (r *Runner) Deliver(packet []byte, from netip.AddrPort) bool {
	if len(packet) > largePacket {
		return false
	}
	var buf []byte
	select {
	case buf = <-r.free:
	default:
		buf = make([]byte, 0, largePacket)
	}
	select {
	case r.packets <- datagram{append(buf[:0], packet...), from}:
		return true
	default:
		r.recycle(buf)
		return false
	}
}

func (r *Runner) recycle(buf []byte) {
	select {
	case r.free <- buf:
	default:
	}
}

// Do runs f on the Runner's goroutine, where it may call the Node. It returns
// when f is about to run, or with false when the Runner is closed.
func (r *Runner) Do(f func(now time.Time, n *Node)) bool {
	select {
	case <-r.closing:
		return false
	default:
	}
	select {
	case r.commands <- f:
		return true
	case <-r.done:
		return false
	}
}

// Close ends all lookups with ErrClosed, stops the goroutine and waits for it.
// No packet is sent after it.
func (r *Runner) Close() {
	r.once.Do(func() { close(r.closing) })
	<-r.done
}

// wait runs a lookup and waits for its end. When the context ends the lookup
// is cancelled.
func (r *Runner) wait(ctx context.Context, start func(time.Time, *Node, func(Result)) *Lookup) Result {
	results := make(chan Result, 1)
	var l *Lookup // of the Runner's goroutine
	if !r.Do(func(now time.Time, n *Node) {
		l = start(now, n, func(res Result) { results <- res })
	}) {
		return Result{Err: ErrClosed}
	}
	select {
	case res := <-results:
		return res
	case <-ctx.Done():
		r.Do(func(now time.Time, _ *Node) { l.Cancel(now) })
	case <-r.done:
	}
	select {
	case res := <-results: // Close ends lookups too
		return res
	case <-r.done: // but a panic does not
	}
	select {
	case res := <-results:
		return res
	default:
		return Result{Err: ErrClosed}
	}
}

// GetPeers is Node.GetPeers and waits for the end. onPeers is called from the
// Runner's goroutine; it must not wait for anything.
func (r *Runner) GetPeers(ctx context.Context, infoHash ID, o PeersOptions, onPeers func([]netip.AddrPort)) Result {
	return r.wait(ctx, func(now time.Time, n *Node, done func(Result)) *Lookup {
		return n.GetPeers(now, infoHash, o, onPeers, done)
	})
}

// FindNode is Node.FindNode and waits for the end.
func (r *Runner) FindNode(ctx context.Context, target ID) Result {
	return r.wait(ctx, func(now time.Time, n *Node, done func(Result)) *Lookup {
		return n.FindNode(now, target, done)
	})
}

// Get is Node.Get and waits for the end.
func (r *Runner) Get(ctx context.Context, target ID, salt []byte) Result {
	return r.wait(ctx, func(now time.Time, n *Node, done func(Result)) *Lookup {
		return n.Get(now, target, salt, done)
	})
}

// Put is Node.Put and waits for the end.
func (r *Runner) Put(ctx context.Context, it Item, cas *int64) Result {
	return r.wait(ctx, func(now time.Time, n *Node, done func(Result)) *Lookup {
		return n.Put(now, it, cas, done)
	})
}

// Ping is Node.Ping and waits for the answer, or until the context ends.
func (r *Runner) Ping(ctx context.Context, addr netip.AddrPort) (Pong, error) {
	type answer struct {
		pong Pong
		err  error
	}
	answers := make(chan answer, 1)
	if !r.Do(func(now time.Time, n *Node) {
		n.Ping(now, addr, func(p Pong, err error) { answers <- answer{p, err} })
	}) {
		return Pong{}, ErrClosed
	}
	select {
	case a := <-answers:
		return a.pong, a.err
	case <-r.done:
		return Pong{}, ErrClosed
	case <-ctx.Done():
		return Pong{}, context.Cause(ctx)
	}
}

// Bootstrap is Node.Bootstrap.
func (r *Runner) Bootstrap(addrs []netip.AddrPort) {
	r.Do(func(now time.Time, n *Node) { n.Bootstrap(now, addrs) })
}

// Stats returns the Node's figures; zero ones after Close.
func (r *Runner) Stats() Stats {
	return ask(r, func(now time.Time, n *Node) Stats { return n.Stats(now) })
}

// State returns what NewRunner takes to go on from here; nil after Close.
func (r *Runner) State() []byte {
	return ask(r, func(now time.Time, n *Node) []byte { return n.AppendState(now, nil) })
}

// ask returns what f says on the Runner's goroutine; the zero value after Close.
func ask[T any](r *Runner, f func(time.Time, *Node) T) (answer T) {
	answers := make(chan T, 1)
	if r.Do(func(now time.Time, n *Node) { answers <- f(now, n) }) {
		select {
		case answer = <-answers:
		case <-r.done: // before it could be answered, or right after
			select {
			case answer = <-answers:
			default:
			}
		}
	}
	return answer
}
