package torrent

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// dialler is the addresses of a torrent's peers, and what of them is dialled.
type dialler struct {
	book    *swarm.Book
	dials   *rate.Limiter
	dialing int
	tried   int // dials that have ended
}

func newDialler(rng *rand.Rand) dialler {
	return dialler{book: swarm.NewBook(rng, hosts), dials: rate.NewLimiter(dialRate, dialBurst)}
}

// room is how many connections there may be that we dial: while we leech or look for
// the metainfo as many as there may be at all. A seed dials too, or one behind a NAT
// would be of no use to others behind one, but leaves half of the room to those who
// come by themselves.
func (p *peers) room() int {
	most := p.core.client.peerLimit()
	switch p.rest.state() {
	case StateMetadata:
		return most - p.rest.waiters()
	case StateDownloading:
	case StateSeeding:
		most /= 2
	default:
		return 0
	}
	if p.data.mgr == nil {
		return 0
	}
	return most - len(p.members)
}

// mayDial reports whether more outgoing connections are wanted at all.
func (p *peers) mayDial() bool {
	return !p.core.over && p.dialing < p.core.client.limits.dialing && p.core.client.mayDialMore() && p.dialing < p.room()
}

// dialSome dials what the book, the limits and the rate allow.
func (p *peers) dialSome(now time.Time) {
	limit := p.core.client.limits.dialing
	for p.mayDial() && p.dials.TokensAt(now) >= 1 {
		addr, ok := p.book.Next(now, p.rest.state() == StateSeeding, dialShare(limit))
		if !ok {
			return
		}
		patience := dialTimeout
		if p.book.Waiting() > limit {
			patience = dialHurry
		}
		p.dials.AllowN(now, 1)
		p.dialing++
		p.core.client.dialing.Add(1)
		policy := p.core.policy
		if p.book.Trusted(addr) {
			policy = p.core.client.user
		}
		p.core.spawn(func() { p.dial(addr, policy, patience) })
	}
}

// nextDial is when dialSome may find something to do; zero: when something is
// posted.
func (p *peers) nextDial(now time.Time) time.Time {
	if !p.mayDial() {
		if p.core.client.underPressure() {
			return now.Add(pressTime)
		}
		return time.Time{}
	}
	at := p.book.WakeAt(p.rest.state() == StateSeeding, dialShare(p.core.client.limits.dialing))
	if at.IsZero() {
		return at
	}
	if short := 1 - p.dials.TokensAt(now); short > 0 {
		at = maxTime(at, now.Add(time.Duration(short/dialRate*float64(time.Second))+time.Millisecond))
	}
	return maxTime(at, now.Add(time.Millisecond))
}

// dial makes one outgoing connection, up to the handshake, if the policy of whoever
// named the address still allows it. It waits patience for the connection, and
// dialTimeout for both.
func (p *peers) dial(addr netip.AddrPort, by *network.Policy, patience time.Duration) {
	conn, hs, err := p.core.reachOut(addr, by, patience)
	p.core.client.dialEnded()
	posted := p.core.post(func(now time.Time) {
		p.dialing--
		p.book.Dialled(addr)
		p.tried++
		if err != nil {
			p.core.failed(addr, err)
			p.core.tell(EventUnreachable, addr.String(), "%s", plainDialError(err))
			if errors.Is(err, network.ErrForbidden) {
				p.book.Forget(addr) // the policy has changed, and gets no laxer
			}
			p.book.Release(addr, swarm.GaveNothing, now)
			return
		}
		p.join(conn, addr, hs, false, now)
	})
	if !posted && err == nil {
		conn.Close()
	}
}

// reachOut connects and does the handshake.
func (k *core) reachOut(addr netip.AddrPort, by *network.Policy, patience time.Duration) (conn net.Conn, hs wire.Handshake, err error) {
	ctx, cancel := context.WithTimeout(k.ctx, dialTimeout)
	defer cancel()
	first, enough := context.WithTimeout(ctx, patience)
	conn, err = by.Through(k.client.net).DialContext(first, "tcp", addr.String())
	enough()
	if err != nil {
		return nil, hs, err
	}
	if hs, err = peer.Handshake(ctx, conn, k.client.handshake(k.hash)); err != nil {
		conn.Close()
		return nil, hs, err
	}
	return conn, hs, nil
}

// plainDialError leaves out of a dial error what the reader knows already.
func plainDialError(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}
