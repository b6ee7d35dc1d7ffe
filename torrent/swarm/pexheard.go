package swarm

import (
	"net/netip"
	"time"
)

// Limits of what is taken from a peer (BEP 11).
const (
	pexMinute  = time.Minute // in which a source may send one message
	pexBurst   = 2           // messages at once: the network may hold one back
	pexStrikes = 10          // messages beyond that in a row, until it is abuse
	maxPexList = 100         // addresses a source has told of and not taken back (threat: one source fills the book)
	pexRefill  = 20          // new addresses a minute from a source that has given maxPexList
)

// pexTold is an address that a source told of.
type pexTold struct {
	port uint16
	gone bool // taken back
}

// Receive takes a message and returns the addresses in it that the peer had not
// told us of. They are not to be trusted: whether one may be dialled is for the
// policy to say. A message that comes too early is ignored. abuse: there were
// many of those, and the connection should be closed.
func (p *PEXPeer) Receive(m PEXMessage, now time.Time) (fresh []Contact, abuse bool) {
	if !p.letters.take(1/pexMinute.Seconds(), pexBurst, now) {
		p.strikes++
		return nil, p.strikes >= pexStrikes
	}
	p.strikes = max(0, p.strikes-1)
	for _, a := range m.Dropped[:min(len(m.Dropped), MaxPEX)] {
		p.takeBack(Unmapped(a))
	}
	for _, c := range m.Added[:min(len(m.Added), MaxPEX)] {
		c.Addr = Unmapped(c.Addr)
		if dialable(c.Addr) && c.Addr != p.addr && p.hear(c.Addr, now) {
			fresh = append(fresh, c)
		}
	}
	return fresh, false
}

// hear notes an address and reports whether it is new. A public IP has one port for
// as long as the connection lasts (BEP 11; threat: many ports of one victim).
func (p *PEXPeer) hear(a netip.AddrPort, now time.Time) bool {
	key := p.book.hosts.address(a)
	h, known := p.heard[key]
	if known && (h.port != a.Port() || !h.gone) || p.listed >= maxPexList {
		return false
	}
	if !known && !p.fresh.take(pexRefill/pexMinute.Seconds(), maxPexList, now) {
		return false
	}
	if p.heard == nil {
		p.heard = make(map[netip.AddrPort]pexTold)
	}
	if !known && len(p.heard) >= 2*maxPexList {
		p.unhear()
	}
	p.heard[key] = pexTold{port: a.Port()}
	p.listed++
	return !known
}

// unhear forgets an address that was taken back.
func (p *PEXPeer) unhear() {
	for key, h := range p.heard {
		if h.gone {
			delete(p.heard, key)
			return
		}
	}
}

func (p *PEXPeer) takeBack(a netip.AddrPort) {
	if h, known := p.heard[p.book.hosts.address(a)]; known && h.port == a.Port() && !h.gone {
		p.heard[p.book.hosts.address(a)] = pexTold{port: h.port, gone: true}
		p.listed--
	}
}

// bucket is a number of permits that grows with time.
type bucket struct {
	level float64
	at    time.Time
}

// take takes a permit, if there is one. There are perSecond more every second,
// up to most.
func (b *bucket) take(perSecond, most float64, now time.Time) bool {
	b.level = min(most, b.level+max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
