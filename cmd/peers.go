package cmd

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"gotor/cmd/record"
	"gotor/torrent"
)

// namedPeers are the peers of --peer.
type namedPeers struct {
	addrs []netip.AddrPort
	names []string // HOST:PORT, which the engine looks up
	warn  func(string)
	told  sync.Map // names of which a failure was told, by any torrent of the run
}

// parsePeers reads the values of --peer: HOST:PORT, several separated by commas
// or spaces. warn is told of each address that is of a family not to be used, and
// later, from any goroutine, of each name that leads nowhere.
func (o *familyOptions) parsePeers(values []string, warn func(string)) (*namedPeers, error) {
	p := &namedPeers{warn: warn}
	for _, v := range values {
		for _, item := range strings.FieldsFunc(v, func(c rune) bool { return c == ',' || c == ' ' }) {
			addr, err := parsePeer(item)
			switch {
			case err != nil:
				return nil, err
			case !addr.IsValid():
				p.names = append(p.names, item)
			case o.uses(addr.Addr()):
				p.addrs = append(p.addrs, addr)
			default:
				warn(fmt.Sprintf("--peer %s is not used: it has no IPv%s address (--ipv%s-only)", item, o.suffix(), o.suffix()))
			}
		}
	}
	return p, nil
}

// uses reports whether an address is of a family to use.
func (o *familyOptions) uses(ip netip.Addr) bool {
	return !(o.ipv4Only && ip.Is6() || o.ipv6Only && ip.Is4())
}

// parsePeer reads one HOST:PORT; the address is not valid when HOST is a name. An
// IPv4 address in IPv6 clothes is undressed, so that the engine does not take it
// for a second peer.
func parsePeer(item string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddrPort(item); err == nil && a.Port() != 0 {
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
	}
	host, text, err := net.SplitHostPort(item)
	var port portValue
	if err != nil || host == "" || port.Set(text) != nil || port <= 0 {
		return netip.AddrPort{}, record.Usagef("--peer %q: write it as HOST:PORT, or [ADDRESS]:PORT for IPv6", item)
	}
	return netip.AddrPort{}, nil
}

// apply adds them to a torrent's own, which an earlier run may have left.
func (p *namedPeers) apply(src *torrent.Source) {
	src.Peers = appendNew(src.Peers, p.addrs)
	src.PeerNames = appendNew(src.PeerNames, p.names)
}

// failed warns of a name that leads nowhere so far, once in a run.
func (p *namedPeers) failed(host string, err error) {
	if _, before := p.told.LoadOrStore(host, true); !before {
		p.warn(fmt.Sprintf("--peer %s: %v; its name is looked up again", host, err))
	}
}

// appendNew appends what is not in the list yet, to a copy.
func appendNew[T comparable](list, more []T) []T {
	list = slices.Clone(list)
	for _, v := range more {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}
