package peer

import (
	"fmt"
	"sync"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// outbox is what both goroutines of a connection, the Manager and the owner share:
// what waits to be written, what was asked for, and what both sides have said. It is
// a monitor: every method but those that say otherwise takes the lock, for a moment,
// and calls nothing of others under it. Nobody who puts something in ever waits.
type outbox struct {
	*link

	mu     sync.Mutex // guards the rest
	peer   *piece.Peer
	msgs   messages
	reqs   requests // of the remote
	offers offers
	veil   veil
	grants grants
	ask    asker // what we ask for
	remote remote
	rates  rates
}

// remote is what is known of the other side and both sides' flags.
type remote struct {
	amInterested, peerInterested bool
	amChoking                    bool
	ids                          map[string]byte // extension ids it chose
	client                       string
	uploadOnly                   bool
	have                         int  // pieces it has
	seed                         bool // that is all of them
}

// init makes an outbox that has nothing in it.
func (o *outbox) init(l *link) {
	o.link = l
	o.ask = asker{link: l, mu: &o.mu, pipe: newPipeline(), choking: true}
	o.veil = veil{hidden: l.cfg.Hidden, uploadOnly: l.cfg.UploadOnly, next: l.cfg.Layout.Pieces()}
	o.remote = remote{amChoking: true, client: wire.ClientOf(l.cfg.Remote.PeerID)}
	if l.cfg.Continue != nil { // it said that we have nothing
		o.veil.next = 0
	}
}

// join tells whom the Manager knows the remote as.
func (o *outbox) join(p *piece.Peer) {
	o.mu.Lock()
	o.peer = p
	o.mu.Unlock()
}

// member returns what join was given, nil before that.
func (o *outbox) member() *piece.Peer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.peer
}

// posted ends a change of the outbox that began with o.mu.Lock: it unlocks and
// wakes the writer. It is to be deferred, as every unlocking of o.mu behind which
// more is done than to read or set a field: a panic must not leave the lock to
// hang the owner. Too much in the box ends the connection: the writer may be
// stuck with a remote that reads nothing and goes on asking.
func (o *outbox) posted() {
	size := o.msgs.size()
	o.mu.Unlock()
	if size > maxControl {
		o.close(fmt.Errorf("%w: %d bytes of messages wait", ErrFlooded, size))
	}
	o.wakeWriter()
}

// cancel is Hooks.Cancel.
func (o *outbox) cancel(b piece.Block) {
	o.mu.Lock()
	defer o.posted()
	o.ask.pipe.settle(1)
	o.msgs.add(blockMessage(wire.Cancel, b))
}

// interest is Hooks.Interest.
func (o *outbox) interest(on bool) {
	id := wire.NotInterested
	if on {
		id = wire.Interested
	}
	o.mu.Lock()
	defer o.posted()
	o.remote.amInterested = on
	o.msgs.add(wire.Message{ID: id})
}

// choke is Conn.Choke.
func (o *outbox) choke(choke bool) {
	now := time.Now()
	o.mu.Lock()
	defer o.posted()
	if o.remote.amChoking == choke {
		return
	}
	o.remote.amChoking = choke
	if choke {
		o.msgs.add(wire.Message{ID: wire.Choke})
		o.reqs.keep(o.grantFast, o.rejectFast)
	} else {
		o.msgs.add(wire.Message{ID: wire.Unchoke})
	}
	o.starves(now)
}

// have is Conn.Have.
func (o *outbox) have(i int) {
	now := time.Now()
	known := o.knows(i)
	urgent := false
	o.mu.Lock()
	defer func() {
		if urgent {
			o.posted()
		} else {
			o.mu.Unlock()
		}
	}()
	if !o.veil.hidden {
		urgent = o.msgs.have(i, !known && !o.remote.uploadOnly, now)
	}
}

// knows reports whether the remote has piece i itself.
func (o *outbox) knows(i int) bool {
	o.mu.Lock()
	p, none, all := o.peer, o.remote.have == 0, o.remote.seed
	o.mu.Unlock()
	return all || p != nil && !none && o.cfg.Manager.RemoteHas(p, i)
}

// suggest is Conn.Suggest.
func (o *outbox) suggest(i int) {
	o.mu.Lock()
	defer o.posted()
	if o.fast && i >= 0 && i < o.cfg.Layout.Pieces() {
		o.msgs.add(wire.Message{ID: wire.Suggest, Index: uint32(i)})
	}
}

// dontHave is Conn.DontHave.
func (o *outbox) dontHave(i int) {
	o.mu.Lock()
	defer o.posted()
	id := o.remote.ids[wire.ExtDontHave]
	if id != 0 && o.veil.shows(i) { // behind the have messages, one of which may be for i
		o.msgs.push()
		o.msgs.ctl = wire.AppendDontHave(o.msgs.ctl, id, uint32(i))
	}
}

// rejectFast rejects a request where there are rejects (BEP 6). Under o.mu.
func (o *outbox) rejectFast(b piece.Block) {
	if o.fast {
		o.msgs.reject(b)
	}
}

// takeControl moves the messages to dst; see messages.take.
func (o *outbox) takeControl(dst []byte, now time.Time) (_ []byte, look time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.msgs.take(dst, now)
}

// hello appends the extension handshake, where there are any (BEP 10), and reports
// whether what we have is hidden.
func (o *outbox) hello(dst []byte) (_ []byte, hidden bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ext {
		dst = wire.AppendExtHandshake(dst, o.extHandshake())
	}
	return dst, o.veil.hidden
}

// waiting returns how many bytes the remote asked for and is to get.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reqs.bytes
}

// popBatch moves requests of at most max bytes to dst, and returns how many bytes
// are left.
func (o *outbox) popBatch(dst []piece.Block, max int) (_ []piece.Block, left int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	dst = o.reqs.pop(dst, max)
	return dst, o.reqs.bytes
}

// serving is Conn.Serving.
func (o *outbox) serving() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reqs.owing
}

// settled reports whether serving has just come to its end.
func (o *outbox) settled() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reqs.settled()
}
