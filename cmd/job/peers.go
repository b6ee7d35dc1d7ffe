package job

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gotor/cmd/record"
	"gotor/torrent"
)

// Peers are the peers of --peer.
type Peers struct {
	addrs []netip.AddrPort
	names []string // HOST:PORT, which the engine looks up
	warn  func(string)
	told  sync.Map // names of which a failure was told, by any torrent of the run
}

// ParsePeers reads the values of --peer: HOST:PORT, several separated by commas
// or spaces. warn is told of each address that is of a family not to be used, and
// later, from any goroutine, of each name that leads nowhere.
func (o Family) ParsePeers(values []string, warn func(string)) (*Peers, error) {
	p := &Peers{warn: warn}
	for _, v := range values {
		for _, item := range strings.FieldsFunc(v, func(c rune) bool { return c == ',' || c == ' ' }) {
			addr, err := ParsePeer(item)
			switch {
			case err != nil:
				return nil, err
			case !addr.IsValid():
				p.names = append(p.names, item)
			case o.uses(addr.Addr()):
				p.addrs = append(p.addrs, addr)
			default:
				warn(fmt.Sprintf("--peer %s is not used: it has no IPv%s address (--ipv%s-only)", item, o.Suffix(), o.Suffix()))
			}
		}
	}
	return p, nil
}

// ParsePeer reads one HOST:PORT; the address is not valid when HOST is a name. An
// IPv4 address in IPv6 clothes is undressed, so that the engine does not take it
// for a second peer.
func ParsePeer(item string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddrPort(item); err == nil && a.Port() != 0 {
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
	}
	host, text, err := net.SplitHostPort(item)
	if err != nil || host == "" || !isPort(text) {
		return netip.AddrPort{}, record.Usagef("--peer %q: write it as HOST:PORT, or [ADDRESS]:PORT for IPv6", item)
	}
	return netip.AddrPort{}, nil
}

// isPort reports whether a text is the number of a port.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// Apply adds them to a torrent's own, which an earlier run may have left.
func (p *Peers) Apply(src *torrent.Source) {
	src.Peers = appendNew(src.Peers, p.addrs)
	src.PeerNames = appendNew(src.PeerNames, p.names)
}

// Failed warns of a name that leads nowhere so far, once in a run.
func (p *Peers) Failed(host string, err error) {
	// Each torrent of the run looks the name up for itself, and again later.
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
