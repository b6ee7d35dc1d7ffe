package dht

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"gotor/bencode"
)

// Limits of the saved state.
const (
	maxSaved     = 200 // nodes of a family
	maxStateSize = 64 << 10
)

var errStateVersion = errors.New("the saved DHT state is of another version")

// AppendState appends our ids and nodes, so that the next start needs no
// bootstrap: at most 13 KB. Good nodes come first.
func (n *Node) AppendState(now time.Time, dst []byte) []byte {
	dst = append(dst, 'd')
	for i, f := range n.fams {
		if f != nil {
			dst = bencode.AppendKeyString(dst, [2]string{"id4", "id6"}[i], f.own[:])
		}
	}
	for i, f := range n.fams {
		if f != nil && f.external.IsValid() {
			dst = bencode.AppendKeyString(dst, [2]string{"ip4", "ip6"}[i], f.external.AsSlice())
		}
	}
	for i, f := range n.fams {
		if f != nil {
			dst = appendNodes(dst, [2]string{"nodes4", "nodes6"}[i], f.saved(now), [2]int{shortNode, longNode}[i])
		}
	}
	dst = bencode.AppendKeyInt(dst, "version", 1)
	return append(dst, 'e')
}

// saved returns the nodes worth saving: the good ones, then the others that
// have ever answered and are not bad.
func (f *family) saved(now time.Time) []Contact {
	nodes := f.table.closest(nil, &f.own, maxSaved, func(e *entry) bool { return e.good(now) })
	rest := f.table.closest(nil, &f.own, maxSaved-len(nodes), func(e *entry) bool {
		return !e.good(now) && e.fails < maxFails
	})
	return append(nodes, rest...)
}

// LoadState takes what AppendState has made, before anything else is done with
// the node. The nodes are taken into the table as unproven; we join the
// network through them with the first Tick. Config.External goes before the
// saved address. After an error the node is as it was.
func (n *Node) LoadState(b []byte) error {
	v, err := bencode.Parse(b, bencode.Limits{Size: maxStateSize, Depth: 4, Tokens: 100})
	if err != nil {
		return fmt.Errorf("the saved DHT state is damaged: %w", err)
	}
	if version, _ := v.Get("version").Int(); version != 1 {
		return errStateVersion
	}
	for i, f := range n.fams {
		if f != nil {
			f.load(n, v, i)
		}
	}
	return nil
}

func (f *family) load(n *Node, v bencode.Value, i int) {
	external := f.external
	if s, _ := v.Get([2]string{"ip4", "ip6"}[i]).Str(); !external.IsValid() && len(s) == [2]int{4, 16}[i] {
		external = addrOf(s)
	}
	id, ok := idOf(v.Get([2]string{"id4", "id6"}[i]))
	if n.cfg.FreshID {
		id, ok = n.randomID(), true
	}
	if ok && external.IsValid() && !belongs(&id, external) {
		id = addressID(external, id)
	}
	if ok {
		f.setID(n, external, id)
	}
	nodes := nodesOf(nil, v.Get([2]string{"nodes4", "nodes6"}[i]), [2]int{shortNode, longNode}[i], maxSaved)
	for _, c := range nodes {
		if usable(c.Addr, netip.IPv6Loopback()) && n.family(c.Addr.Addr()) == f {
			f.table.insert(time.Time{}, entry{Contact: c})
		}
	}
	if len(nodes) > 0 {
		f.joinAt = time.Unix(0, 1) // at once
	}
}
