package torrent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// dialler dials the addresses in the book of a torrent, as many at a time as the
// limits and the rate allow. It belongs to the run goroutine.
type dialler struct {
	core    *core
	book    *swarm.Book
	room    func() int  // how many connections there may be that we dial
	seeding func() bool // we look for leechers only
	// joined is told of each that was made, its handshake done.
	joined func(conn net.Conn, addr netip.AddrPort, hs wire.Handshake, incoming bool, now time.Time)

	rate  *rate.Limiter
	going int // dials that have not ended
	tried int // and that have
}

// may reports whether more outgoing connections are wanted at all.
func (d *dialler) may() bool {
	return !d.core.over && d.book.Size() > 0 && d.going < d.core.client.limits.dialing && d.placed() && d.going < d.room()
}

// placed reports whether the Client has a place for a dial; if not, the loop is woken
// when it has.
func (d *dialler) placed() bool {
	if d.core.client.mayDialMore() {
		return true
	}
	d.core.blocked.Store(true)
	return d.core.client.mayDialMore() // since
}

// step dials what the book, the limits and the rate allow.
func (d *dialler) step(now time.Time) {
	limit := d.core.client.limits.dialing
	for d.may() && d.rate.TokensAt(now) >= 1 {
		addr, ok := d.book.Next(now, d.seeding(), dialShare(limit))
		if !ok {
			return
		}
		if end := d.core.client.bans.until(addr.Addr(), now); !end.IsZero() {
			d.book.Dialled(addr)
			d.book.Release(addr, swarm.GaveNothing, now)
			d.book.Delay(addr, end)
			continue
		}
		patience := dialTimeout
		if d.book.Waiting() > limit {
			patience = dialHurry
		}
		d.rate.AllowN(now, 1)
		d.going++
		d.core.client.dialing.Add(1)
		policy := d.core.policy
		if d.book.Trusted(addr) {
			policy = d.core.client.user
		}
		d.core.spawn(func() { d.dial(addr, policy, patience) })
	}
}

// next is when step may find something to do; zero: when something is
// posted.
func (d *dialler) next(now time.Time) time.Time {
	if !d.may() {
		if d.core.client.underPressure() {
			return now.Add(pressTime)
		}
		return time.Time{}
	}
	at := d.book.WakeAt(d.seeding(), dialShare(d.core.client.limits.dialing))
	if at.IsZero() {
		return at
	}
	if short := 1 - d.rate.TokensAt(now); short > 0 {
		at = maxTime(at, now.Add(time.Duration(short/dialRate*float64(time.Second))+time.Millisecond))
	}
	return maxTime(at, now.Add(time.Millisecond))
}

// dial makes one outgoing connection, up to the handshake, if the policy of whoever
// named the address still allows it. It waits patience for the connection, and
// dialTimeout for both.
func (d *dialler) dial(addr netip.AddrPort, by *network.Policy, patience time.Duration) {
	conn, hs, err := d.core.reachOut(addr, by, patience)
	d.core.client.dialEnded()
	d.core.client.totals.dialled(err)
	posted := d.core.post(func(now time.Time) {
		d.going--
		d.book.Dialled(addr)
		d.tried++
		if err != nil {
			d.core.failed(addr, err)
			d.core.tell(EventUnreachable, addr.String(), "%s", plainDialError(err))
			if errors.Is(err, network.ErrForbidden) {
				d.book.Forget(addr) // the policy has changed, and gets no laxer
			}
			d.book.Release(addr, swarm.GaveNothing, now)
			return
		}
		d.joined(conn, addr, hs, false, now)
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
