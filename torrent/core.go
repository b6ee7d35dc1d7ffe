package torrent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gotor/torrent/network"
)

// core is what all parts of one torrent have in common: who they are, the way
// onto the loop, the life of their goroutines, and where they tell what happens.
// A part holds it, and no other part.
type core struct {
	// Immutable.
	client *Client
	hash   [20]byte // what it goes by
	ids    ids      // all that it answers to
	policy *network.Policy
	box    *mailbox
	ctx    context.Context // ends when the torrent has nothing more to do
	cancel context.CancelFunc
	crash  func(err error) // ends the torrent, from any goroutine

	down, up throttle // of this torrent alone, under the Client's

	wg sync.WaitGroup // the goroutines of spawn

	blocked atomic.Bool // it would dial, if the Client had a place for it

	// Confined to the run goroutine.
	over     bool        // the loop ends
	name     string      // what events call the torrent
	failures []PeerError // the newest, see note
}

// newCore makes the core of a torrent; crash ends that torrent, and may be called
// from any goroutine.
func newCore(c *Client, src *Source, crash func(error)) *core {
	k := &core{client: c, hash: src.InfoHash(), ids: ids{v1: src.InfoHash()}, box: newMailbox(), crash: crash, name: src.name(),
		policy: network.ByTorrent(src.Local, c.cfg.family())}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// door is the way to what the torrent names.
func (k *core) door() network.Door { return k.policy.Through(k.client.net) }

// post runs f on the run goroutine, soon. It reports false when that has ended.
func (k *core) post(f func(now time.Time)) bool { return k.box.put(f) }

// nudge has the loop look at what it may do now.
func (k *core) nudge() { k.post(func(time.Time) {}) }

// ask has f run on the run goroutine and returns what it does. It reports false when
// that has ended, and over is closed.
func ask[T any](k *core, over <-chan struct{}, f func(now time.Time) T) (v T, ok bool) {
	answer := make(chan T, 1)
	if !k.post(func(now time.Time) { answer <- f(now) }) {
		return v, false
	}
	select {
	case v = <-answer:
		return v, true
	case <-over:
	}
	select {
	case v = <-answer: // it has ended since
		return v, true
	default: // after a panic only
		return v, false
	}
}

// now has f run on the run goroutine and returns its error, or why that has ended.
func (k *core) now(o *outcome, f func(now time.Time) error) error {
	err, ok := ask(k, o.stopped, f)
	if !ok {
		return o.ended()
	}
	return err
}

// drain runs what was posted; the loop is over.
func (k *core) drain() { k.runAll(k.box.take(nil)) }

func (k *core) runAll(posted []func(time.Time)) {
	for _, f := range posted {
		k.handle(f, time.Now())
	}
}

// spawn starts a goroutine that the run goroutine waits for at its end.
func (k *core) spawn(f func()) {
	k.wg.Add(1)
	go func() {
		defer k.wg.Done()
		k.guard(f)
	}()
}

// guard runs f. A panic in it ends the torrent, and not the process.
func (k *core) guard(f func()) {
	defer k.caught()
	f()
}

// handle runs what was posted, as guard does.
func (k *core) handle(f func(now time.Time), now time.Time) {
	defer k.caught()
	f(now)
}

// caught is deferred where a panic ends the torrent.
func (k *core) caught() {
	if v := recover(); v != nil {
		k.crash(bugError(v))
	}
}

// bug is what others call with what they have recovered, deferred.
func (k *core) bug(v any) { k.crash(bugError(v)) }

// tell hands an event to whoever wants to know. It belongs to the loop, because
// of the name.
func (k *core) tell(kind EventKind, addr, format string, args ...any) {
	if k.client.cfg.Trace != nil {
		k.tellAs(k.name, kind, addr, fmt.Sprintf(format, args...))
	}
}

// tellAs is tell for any goroutine, which knows the name.
func (k *core) tellAs(name string, kind EventKind, addr, text string) {
	if len(text) > maxEventText {
		text = text[:maxEventText] + "..."
	}
	k.client.cfg.Trace(Event{Time: time.Now(), Name: name, InfoHash: fmt.Sprintf("%x", k.hash), Kind: kind, Addr: addr, Text: text})
}

// maxFailures is how many failed connections are kept to be told.
const maxFailures = 5

// failed keeps a reason to tell when nothing comes of the download. That we are
// connected to the peer already is none.
func (k *core) failed(addr netip.AddrPort, err error) {
	if k.ctx.Err() != nil || errors.Is(err, errDuplicate) || errors.Is(err, errReselect) {
		return
	}
	k.note(PeerError{addr.String(), plainDialError(err)})
}

// note keeps the newest reason of each peer, so that one that is tried again and
// again does not push out what the others said.
func (k *core) note(e PeerError) {
	k.failures = slices.DeleteFunc(k.failures, func(o PeerError) bool { return o.Addr == e.Addr })
	if len(k.failures) >= maxFailures {
		k.failures = append(k.failures[:0], k.failures[1:]...)
	}
	k.failures = append(k.failures, e)
}
