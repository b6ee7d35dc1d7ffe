package dht

import (
	"net/netip"
	"strconv"

	"gotor/bencode"
)

// query is a question to a node. Which fields count depends on the method.
type query struct {
	method string
	own    ID
	target ID // of find_node and get; the info-hash of get_peers and announce_peer
	both   bool

	scrape, noSeed bool // get_peers (BEP 33)

	token         []byte // announce_peer, put
	port          uint16
	implied, seed bool

	item   *Item // put (BEP 44)
	cas    int64
	hasCAS bool
}

// append encodes the query with its keys in order.
func (q *query) append(dst []byte, tid uint32, readOnly bool, version string) []byte {
	dst = append(dst, "d1:ad"...)
	switch q.method {
	case "put":
		dst = q.appendPut(dst)
	case "announce_peer":
		dst = q.appendAnnounce(dst)
	default:
		dst = q.appendSearch(dst)
	}
	dst = append(dst, 'e')
	dst = bencode.AppendKeyString(dst, "q", q.method)
	if readOnly {
		dst = bencode.AppendKeyInt(dst, "ro", 1)
	}
	t := [4]byte{byte(tid >> 24), byte(tid >> 16), byte(tid >> 8), byte(tid)}
	dst = bencode.AppendKeyString(dst, "t", t[:])
	if version != "" {
		dst = bencode.AppendKeyString(dst, "v", version)
	}
	return append(dst, "1:y1:qe"...)
}

// getPadding makes a get long enough for the longest answer: nodes such as ours
// answer strangers with a small multiple of what they send (Config.Amplify).
const getPadding = "................................................................................" // 80 bytes

// appendSearch encodes the arguments of ping, find_node, get_peers and get.
func (q *query) appendSearch(dst []byte) []byte {
	dst = bencode.AppendKeyString(dst, "id", q.own[:])
	switch q.method {
	case "ping":
		return dst
	case "get_peers":
		dst = bencode.AppendKeyString(dst, "info_hash", q.target[:])
	}
	dst = appendFlag(dst, "noseed", q.noSeed)
	dst = appendFlag(dst, "scrape", q.scrape)
	if q.method == "get" {
		dst = bencode.AppendKeyString(dst, "pad", getPadding)
	}
	if q.method != "get_peers" {
		dst = bencode.AppendKeyString(dst, "target", q.target[:])
	}
	if q.both {
		dst = append(dst, "4:wantl2:n42:n6e"...)
	}
	return dst
}

// appendAnnounce encodes the arguments of announce_peer. The port is there even
// when it is implied, for nodes that do not know implied_port.
func (q *query) appendAnnounce(dst []byte) []byte {
	dst = bencode.AppendKeyString(dst, "id", q.own[:])
	dst = appendFlag(dst, "implied_port", q.implied)
	dst = bencode.AppendKeyString(dst, "info_hash", q.target[:])
	dst = bencode.AppendKeyInt(dst, "port", int64(q.port))
	dst = appendFlag(dst, "seed", q.seed)
	return bencode.AppendKeyString(dst, "token", q.token)
}

// appendPut encodes the arguments of put. The value goes in as it is, as it was
// signed.
func (q *query) appendPut(dst []byte) []byte {
	if q.hasCAS {
		dst = bencode.AppendKeyInt(dst, "cas", q.cas)
	}
	dst = bencode.AppendKeyString(dst, "id", q.own[:])
	if it := q.item; it.Mutable {
		dst = bencode.AppendKeyString(dst, "k", it.Key[:])
		if len(it.Salt) > 0 {
			dst = bencode.AppendKeyString(dst, "salt", it.Salt)
		}
		dst = bencode.AppendKeyInt(dst, "seq", it.Seq)
		dst = bencode.AppendKeyString(dst, "sig", it.Sig[:])
	}
	dst = bencode.AppendKeyString(dst, "token", q.token)
	dst = bencode.AppendKey(dst, "v")
	return append(dst, q.item.Value...)
}

// appendFlag encodes an argument that is 1, or nothing.
func appendFlag(dst []byte, key string, set bool) []byte {
	if !set {
		return dst
	}
	return bencode.AppendKeyInt(dst, key, 1)
}

// reply is an answer to a query. Nil and zero fields are left out.
type reply struct {
	own           ID
	asker         netip.AddrPort // told where we see it (BEP 42), if valid
	nodes, nodes6 []Contact
	has4, has6    bool // the key is there even when there are no nodes
	token         []byte
	values        []netip.AddrPort
	seeds, peers  *bloom
	item          *Item // found item; its value is left out if bare
	bare          bool
	sample        []ID
	stored        int // of a sample: all info-hashes
	interval      int // of a sample: seconds
	isSample      bool
	tid           []byte
	version       string
}

// append encodes the reply with its keys in order.
func (r *reply) append(dst []byte) []byte {
	dst = append(dst, 'd')
	if r.asker.IsValid() {
		dst = bencode.AppendKey(dst, "ip")
		dst = appendPeer(dst, r.asker)
	}
	dst = append(dst, "1:rd"...)
	if r.seeds != nil {
		dst = bencode.AppendKeyString(dst, "BFpe", r.peers[:])
		dst = bencode.AppendKeyString(dst, "BFsd", r.seeds[:])
	}
	dst = bencode.AppendKeyString(dst, "id", r.own[:])
	if r.isSample {
		dst = bencode.AppendKeyInt(dst, "interval", int64(r.interval))
	}
	signed := r.item != nil && r.item.Mutable
	if signed && !r.bare {
		dst = bencode.AppendKeyString(dst, "k", r.item.Key[:])
	}
	if r.has4 {
		dst = appendNodes(dst, "nodes", r.nodes, shortNode)
	}
	if r.has6 {
		dst = appendNodes(dst, "nodes6", r.nodes6, longNode)
	}
	if r.isSample {
		dst = r.appendSample(dst)
	}
	if signed {
		dst = bencode.AppendKeyInt(dst, "seq", r.item.Seq)
		if !r.bare {
			dst = bencode.AppendKeyString(dst, "sig", r.item.Sig[:])
		}
	}
	dst = r.appendRest(dst)
	return appendEnd(append(dst, 'e'), r.tid, r.version, 'r')
}

// appendRest encodes the keys from "token" on.
func (r *reply) appendRest(dst []byte) []byte {
	if r.token != nil {
		dst = bencode.AppendKeyString(dst, "token", r.token)
	}
	if r.item != nil && !r.bare {
		dst = bencode.AppendKey(dst, "v")
		dst = append(dst, r.item.Value...)
	}
	if len(r.values) == 0 {
		return dst
	}
	dst = append(bencode.AppendKey(dst, "values"), 'l')
	for _, p := range r.values {
		dst = appendPeer(dst, p)
	}
	return append(dst, 'e')
}

// appendSample encodes the two keys of a sample that stand side by side.
func (r *reply) appendSample(dst []byte) []byte {
	dst = bencode.AppendKeyInt(dst, "num", int64(r.stored))
	dst = bencode.AppendKey(dst, "samples")
	dst = append(strconv.AppendInt(dst, int64(20*len(r.sample)), 10), ':')
	for _, id := range r.sample {
		dst = append(dst, id[:]...)
	}
	return dst
}

// appendError encodes an error message (BEP 5).
func appendError(dst, tid []byte, version string, code int, text string) []byte {
	dst = append(dst, "d1:el"...)
	dst = bencode.AppendInt(dst, int64(code))
	dst = bencode.AppendString(dst, text)
	return appendEnd(append(dst, 'e'), tid, version, 'e')
}

// appendEnd encodes the keys that follow after the body of every message.
func appendEnd(dst, tid []byte, version string, kind byte) []byte {
	dst = bencode.AppendKeyString(dst, "t", tid)
	if version != "" {
		dst = bencode.AppendKeyString(dst, "v", version)
	}
	return append(dst, '1', ':', 'y', '1', ':', kind, 'e')
}

// appendNodes encodes compact nodes; all must be of the family of the size.
func appendNodes(dst []byte, key string, nodes []Contact, size int) []byte {
	dst = bencode.AppendKey(dst, key)
	dst = append(strconv.AppendInt(dst, int64(size*len(nodes)), 10), ':')
	for i := range nodes {
		dst = appendNode(dst, &nodes[i])
	}
	return dst
}

// appendNode encodes compact node info: id, address, port.
func appendNode(dst []byte, c *Contact) []byte {
	return appendCompact(append(dst, c.ID[:]...), c.Addr)
}

// appendPeer encodes a compact peer as a string.
func appendPeer(dst []byte, p netip.AddrPort) []byte {
	if p.Addr().Is4() {
		return appendCompact(append(dst, "6:"...), p)
	}
	return appendCompact(append(dst, "18:"...), p)
}

// appendCompact encodes an address and port in 6 or 18 bytes.
func appendCompact(dst []byte, p netip.AddrPort) []byte {
	if ip := p.Addr(); ip.Is4() {
		a := ip.As4()
		dst = append(dst, a[:]...)
	} else {
		a := ip.As16()
		dst = append(dst, a[:]...)
	}
	return append(dst, byte(p.Port()>>8), byte(p.Port()))
}
