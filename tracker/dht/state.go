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

// The keys of the saved state, by family. They are in order: all ids, all
// addresses, all nodes.
var (
	idKeys   = [2]string{"id4", "id6"}
	ipKeys   = [2]string{"ip4", "ip6"}
	nodeKeys = [2]string{"nodes4", "nodes6"}
	ipSizes  = [2]int{4, 16}
	nodeSize = [2]int{shortNode, longNode}
)

// idle is what was saved of a family that we take no part in: it is handed on to
// the next run, which may. Empty: nothing was.
type idle struct {
	id, ip, nodes string // as in the saved state
}

// AppendState appends our ids and nodes, so that the next start needs no
// bootstrap: at most 13 KB. Good nodes come first. Of a family that we take no
// part in there is what LoadState found.
func (n *Node) AppendState(now time.Time, dst []byte) []byte {
	dst = append(dst, 'd')
	for i, f := range n.fams {
		if f != nil {
			dst = bencode.AppendKeyString(dst, idKeys[i], f.own[:])
		} else {
			dst = appendSaved(dst, idKeys[i], n.idle[i].id)
		}
	}
	for i, f := range n.fams {
		if f == nil {
			dst = appendSaved(dst, ipKeys[i], n.idle[i].ip)
		} else if f.external.IsValid() {
			dst = bencode.AppendKeyString(dst, ipKeys[i], f.external.AsSlice())
		}
	}
	for i, f := range n.fams {
		if f != nil {
			dst = appendNodes(dst, nodeKeys[i], f.saved(now), nodeSize[i])
		} else {
			dst = appendSaved(dst, nodeKeys[i], n.idle[i].nodes)
		}
	}
	dst = bencode.AppendKeyInt(dst, "version", 1)
	return append(dst, 'e')
}

// appendSaved appends a key with what was saved under it, if anything was.
func appendSaved(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return bencode.AppendKeyString(dst, key, s)
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
		} else {
			n.idle[i] = idleOf(v, i)
		}
	}
	return nil
}

// idleOf takes what has the right size, as a copy.
func idleOf(v bencode.Value, i int) (saved idle) {
	if s, _ := v.Get(idKeys[i]).Str(); len(s) == len(ID{}) {
		saved.id = string(s)
	}
	if s, _ := v.Get(ipKeys[i]).Str(); len(s) == ipSizes[i] {
		saved.ip = string(s)
	}
	s, _ := v.Get(nodeKeys[i]).Str()
	whole := min(len(s)/nodeSize[i], maxSaved) * nodeSize[i]
	saved.nodes = string(s[:whole])
	return saved
}

func (f *family) load(n *Node, v bencode.Value, i int) {
	external := f.external
	if s, _ := v.Get(ipKeys[i]).Str(); !external.IsValid() && len(s) == ipSizes[i] {
		external = addrOf(s)
	}
	id, ok := idOf(v.Get(idKeys[i]))
	if n.cfg.FreshID {
		id, ok = n.randomID(), true
	}
	if ok && external.IsValid() && !belongs(&id, external) {
		id = addressID(external, id)
	}
	if ok {
		f.setID(n, external, id)
	}
	nodes := nodesOf(nil, v.Get(nodeKeys[i]), nodeSize[i], maxSaved)
	for _, c := range nodes {
		if usable(c.Addr, netip.IPv6Loopback()) && n.family(c.Addr.Addr()) == f {
			f.table.insert(time.Time{}, entry{Contact: c})
		}
	}
	if len(nodes) > 0 {
		f.joinAt = time.Unix(0, 1) // at once
	}
}
