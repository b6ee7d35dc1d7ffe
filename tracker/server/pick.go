package server

import (
	"encoding/binary"
	"net/netip"

	"gotor/tracker"
)

// place returns where an announcer is listed; false: nowhere.
//
// That is where the announce came from. The address that it names in ip= counts
// only when both are those of a local network: a peer there may know better
// under which address the others reach it, but anybody else could name a
// victim, and have a swarm connect to it. Only the tracker's own machine may
// name a loopback address, for the same reason.
func (a *announce) place() (endpoint, bool) {
	addr := a.from
	if a.named.IsValid() && local(a.from) && local(a.named) && (a.from.IsLoopback() || !a.named.IsLoopback()) {
		addr = a.named
	}
	return endpoint{addr.As16(), a.port}, a.port != 0 && listable(addr)
}

// local reports whether an address is of this machine or a private network.
func local(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() }

// listable reports whether an address means the same peer to everybody who may
// be told of it. A link-local one needs a zone, which has no place in an answer.
func listable(a netip.Addr) bool {
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return false
	}
	return !a.Is4() || a.As4()[0] != 0 && a.As4()[0] < 240 // this network, and the reserved ones
}

// kind is what the address alone decides.
func (p endpoint) kind() kind {
	addr := netip.AddrFrom16(p.addr).Unmap()
	k := kind(0)
	if addr.Is6() {
		k |= v6
	}
	if addr.IsLoopback() {
		k |= loopback
	}
	return k
}

// source is whom a peer is counted for: its IPv4 address, or the /64 of its
// IPv6 address, of which one machine can use any.
func (p endpoint) source() uint64 {
	if addr := netip.AddrFrom16(p.addr); addr.Is4In6() {
		return 0xffff<<32 | uint64(binary.BigEndian.Uint32(p.addr[12:]))
	}
	return binary.BigEndian.Uint64(p.addr[:])
}

// maxOwn bounds how many entries with the announcer's own id are passed over for
// one answer: somebody may have announced thousands.
const maxOwn = 16

// pick appends to dst up to a.want peers for an announcer: each of those that it
// may be told of with the same chance. It draws without replacement, by moving
// what is drawn to the front of its list, so that it costs nothing to leave the
// rest of a large swarm alone.
func (b *book) pick(t *torrent, a *announce, dst []contact) []contact {
	if t == nil {
		return dst
	}
	var rest [kinds]int // peers of each kind that are not drawn yet
	total := 0
	for k := range rest {
		if a.mayKnow(kind(k)) {
			rest[k] = len(t.lists[k])
			total += rest[k]
		}
	}
	most := a.want + maxOwn // draws
	for want := len(dst) + a.want; total > 0 && len(dst) < want && most > 0; total-- {
		most--
		n, k := b.rng.IntN(total), 0
		for ; n >= rest[k]; k++ {
			n -= rest[k]
		}
		l := t.lists[k]
		drawn := len(l) - rest[k]
		b.swap(l, drawn, drawn+n)
		rest[k]--
		if e := &b.entries[l[drawn]]; e.id != a.id {
			dst = append(dst, contact{a.view(e), e.id})
		}
	}
	return dst
}

// mayKnow reports whether an announcer is told of a kind of peers.
func (a *announce) mayKnow(k kind) bool {
	switch {
	case a.seed && k&seeding != 0 && a.event != tracker.EventStarted:
		// But at its start: aria2 says that nothing is left when it has but a
		// magnet link, and would find no seed to learn the rest from.
		return false
	case a.family == 4 && k&v6 != 0, a.family == 6 && k&v6 == 0:
		return false
	case k&loopback != 0 && !a.from.IsLoopback():
		return a.reaches(k&v6 != 0)
	}
	return true
}

// reaches reports whether an announcer from elsewhere has come to an address of
// this machine under which it also reaches the peers here.
func (a *announce) reaches(six bool) bool {
	return listable(a.local) && !a.local.IsLoopback() && a.local.Is6() == six
}

// view is a peer's address as an announcer sees it. A peer that has announced
// itself by a loopback address runs on the tracker's machine, which others know
// by the address that they have reached the tracker under.
func (a *announce) view(e *entry) netip.AddrPort {
	if e.kind&loopback != 0 && !a.from.IsLoopback() {
		return netip.AddrPortFrom(a.local, e.at.port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(e.at.addr).Unmap(), e.at.port)
}
