package dht

import (
	"fmt"
	"net/netip"

	"gotor/bencode"
)

// Limits of packets. Others send 1,024 bytes at most (BEP 32), or a little
// more with an item of 1,000 bytes in them (BEP 44).
const (
	maxPacket = 1500 // longest accepted
	maxTID    = 16   // longest transaction id that is echoed: ours are 4 bytes, all others' 8 or less

	maxVersion = 16 // bytes kept

	shortNode, longNode = 26, 38 // bytes of a node: id, address, port
	shortPeer, longPeer = 6, 18  // bytes of a peer: address, port
)

// Error codes (BEP 5, 44).
const (
	codeGeneric    = 201
	codeServer     = 202
	codeProtocol   = 203
	codeUnknown    = 204
	codeTooBig     = 205
	codeSignature  = 206
	codeSaltTooBig = 207
	codeCAS        = 301
	codeOldSeq     = 302
)

// RemoteError is what a node answered instead of doing what it was asked for.
type RemoteError struct {
	Code int64  // 201 to 207, 301, 302 (BEP 5, 44), or whatever the node sent
	Text string // raw, at most 128 bytes
}

// Error returns code and text; the text is quoted, so that it may be printed.
func (e *RemoteError) Error() string {
	return fmt.Sprintf("the node refused with code %d: %q", e.Code, e.Text)
}

// message is a view of a packet.
type message struct {
	kind     byte          // 'q', 'r' or 'e'
	tid      []byte        // at most maxTID bytes
	method   []byte        // of a query
	body     bencode.Value // the dictionary "a" or "r"
	id       ID            // of the sender
	hasID    bool
	readOnly bool       // BEP 43
	version  []byte     // of the sender's program
	ip       netip.Addr // our address as the sender sees it (BEP 42), or invalid
	fault    bencode.Value
}

// parse views a packet as a message. The message aliases the packet.
func parse(packet []byte) (m message, ok bool) {
	// Garbage that is no dictionary is not worth an error value.
	if len(packet) < 2 || len(packet) > maxPacket || packet[0] != 'd' {
		return m, false
	}
	v, err := bencode.Parse(packet, bencode.Limits{Size: maxPacket, Depth: 16, Tokens: 600, Lenient: true})
	if err != nil {
		return m, false
	}
	for key, v := range v.Entries() {
		m.take(string(key), v)
	}
	if m.kind != 'e' {
		m.id, m.hasID = idOf(m.body.Get("id"))
	}
	return m, m.kind != 0 && m.tid != nil
}

// take notes one entry of the outer dictionary. What has the wrong type is as
// if it were not there.
func (m *message) take(key string, v bencode.Value) {
	switch s, isString := v.Str(); key {
	case "y":
		if isString && len(s) == 1 && (s[0] == 'q' || s[0] == 'r' || s[0] == 'e') {
			m.kind = s[0]
		}
	case "t":
		if isString && len(s) <= maxTID {
			m.tid = s
		}
	case "q":
		m.method = s
	case "a", "r":
		m.body = v
	case "e":
		m.fault = v
	case "ro":
		n, _ := v.Int()
		m.readOnly = n == 1
	case "v":
		m.version = s[:min(len(s), maxVersion)]
	case "ip":
		m.ip = addrOf(s)
	}
}

// remoteError returns what a message of kind 'e' says.
func (m *message) remoteError() *RemoteError {
	e := &RemoteError{Code: codeGeneric}
	i := 0
	for v := range m.fault.Items() {
		if i == 0 {
			if n, ok := v.Int(); ok {
				e.Code = n
			}
		} else if s, ok := v.Str(); ok && i == 1 {
			e.Text = string(s[:min(len(s), 128)])
		}
		i++
	}
	return e
}

func idOf(v bencode.Value) (id ID, ok bool) {
	s, _ := v.Str()
	if len(s) != len(id) {
		return id, false
	}
	return ID(s), true
}

// addrOf reads the address of a compact address with or without a port.
func addrOf(b []byte) netip.Addr {
	switch len(b) {
	case 4, 6:
		return netip.AddrFrom4([4]byte(b[:4]))
	case 16, 18:
		return netip.AddrFrom16([16]byte(b[:16])).Unmap()
	}
	return netip.Addr{}
}

// peerOf reads a compact peer of 6 or 18 bytes.
func peerOf(b []byte) (netip.AddrPort, bool) {
	if len(b) != shortPeer && len(b) != longPeer {
		return netip.AddrPort{}, false
	}
	port := uint16(b[len(b)-2])<<8 | uint16(b[len(b)-1])
	return netip.AddrPortFrom(addrOf(b), port), true
}

// nodesOf reads compact nodes, at most max; a broken end is cut off.
func nodesOf(dst []Contact, v bencode.Value, size, most int) []Contact {
	s, _ := v.Str()
	for ; len(s) >= size && most > 0; s, most = s[size:], most-1 {
		if addr, ok := peerOf(s[20:size]); ok {
			dst = append(dst, Contact{ID: ID(s[:20]), Addr: addr})
		}
	}
	return dst
}

// wants reads the families of nodes that a query asks for (BEP 32): those in
// "want", or that of the packet.
func (m *message) wants(v6 bool) (nodes4, nodes6 bool) {
	for v := range m.body.Get("want").Items() {
		s, _ := v.Str()
		nodes4 = nodes4 || string(s) == "n4"
		nodes6 = nodes6 || string(s) == "n6"
	}
	if !nodes4 && !nodes6 {
		return !v6, v6
	}
	return nodes4, nodes6
}

// flag reads an argument that is 1 or 0.
func (m *message) flag(key string) bool {
	n, _ := m.body.Get(key).Int()
	return n == 1
}
