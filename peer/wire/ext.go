package wire

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"

	"gotor/bencode"
)

// ExtHandshakeID is the extended message id of the extension handshake; the
// others are what each side chose in its own handshake (BEP 10).
const ExtHandshakeID = 0

// Names of extensions, as the m dictionary has them.
const (
	ExtDontHave = "lt_donthave" // BEP 54
)

// Bounds of an extension handshake. Honest ones are a few hundred bytes.
const (
	maxExtHandshake = 64 << 10 // encoded bytes
	maxExtTokens    = 4096
	maxExtDepth     = 16
	maxExtensions   = 64  // entries of m that are kept
	maxExtName      = 64  // bytes of a name in m; longer ones are nothing we know
	maxClient       = 100 // bytes of v that are kept
)

// ExtHandshake is the dictionary of an extension handshake (BEP 10). Every
// field is optional; the zero value of a field means that it is absent.
type ExtHandshake struct {
	// M maps names of extensions to the ids under which the sender of this
	// handshake wants to get them. Zero switches an extension off. In later
	// handshakes it holds only changes.
	M            map[string]byte
	Client       string // v: name and version; raw bytes of the remote, at most 100
	Port         uint16 // p: TCP listen port
	ReqQ         int    // reqq: requests that the sender queues without dropping any
	YourIP       netip.Addr
	IPv4, IPv6   netip.Addr
	MetadataSize int64 // metadata_size (BEP 9): bytes of the info dictionary; unchecked, allocate nothing on it
	UploadOnly   bool  // upload_only (BEP 21): wants to download nothing
}

// AppendExtHandshake appends a whole extended message holding h. Extensions
// appear in the order of their names.
func AppendExtHandshake(dst []byte, h ExtHandshake) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0, byte(Extended), ExtHandshakeID)
	dst = appendExtDict(dst, h)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func appendExtDict(dst []byte, h ExtHandshake) []byte {
	dst = append(dst, 'd')
	dst = appendAddr(dst, "ipv4", h.IPv4)
	dst = appendAddr(dst, "ipv6", h.IPv6)
	dst = bencode.AppendKey(dst, "m")
	dst = append(dst, 'd')
	for _, name := range slices.Sorted(maps.Keys(h.M)) {
		dst = bencode.AppendKeyInt(dst, name, int64(h.M[name]))
	}
	dst = append(dst, 'e')
	dst = appendPositive(dst, "metadata_size", h.MetadataSize)
	dst = appendPositive(dst, "p", int64(h.Port))
	dst = appendPositive(dst, "reqq", int64(h.ReqQ))
	if h.UploadOnly {
		dst = bencode.AppendKeyInt(dst, "upload_only", 1)
	}
	if h.Client != "" {
		dst = bencode.AppendKeyString(dst, "v", h.Client)
	}
	dst = appendAddr(dst, "yourip", h.YourIP)
	return append(dst, 'e')
}

func appendPositive(dst []byte, key string, n int64) []byte {
	if n <= 0 {
		return dst
	}
	return bencode.AppendKeyInt(dst, key, n)
}

func appendAddr(dst []byte, key string, a netip.Addr) []byte {
	if !a.IsValid() {
		return dst
	}
	return bencode.AppendKeyString(dst, key, a.Unmap().AsSlice())
}

// ParseExtHandshake reads the dictionary of an extension handshake, which is
// the payload of an extended message with id [ExtHandshakeID]. Bytes that are
// not one dictionary are an error. Keys of the wrong type or with values out
// of range count as absent, unknown ones are ignored. Nothing in the result
// aliases b.
func ParseExtHandshake(b []byte) (ExtHandshake, error) {
	v, err := bencode.Parse(b, bencode.Limits{Size: maxExtHandshake, Depth: maxExtDepth, Tokens: maxExtTokens})
	if err != nil {
		return ExtHandshake{}, fmt.Errorf("extension handshake: %w", err)
	}
	if v.Kind() != bencode.Dict {
		return ExtHandshake{}, fmt.Errorf("extension handshake: %v instead of a dictionary", v.Kind())
	}
	var h ExtHandshake
	for key, val := range v.Entries() {
		h.set(key, val)
	}
	return h, nil
}

// set stores one entry of the dictionary.
func (h *ExtHandshake) set(key []byte, v bencode.Value) {
	switch string(key) {
	case "m":
		h.M = parseExtensions(v)
	case "v":
		s, _ := v.Str()
		h.Client = string(s[:min(len(s), maxClient)])
	case "p":
		h.Port = uint16(intIn(v, math.MaxUint16))
	case "reqq":
		h.ReqQ = int(intIn(v, math.MaxInt32))
	case "metadata_size":
		h.MetadataSize = intIn(v, math.MaxInt64)
	case "upload_only":
		h.UploadOnly = intIn(v, math.MaxInt64) > 0
	case "yourip":
		h.YourIP = parseAddr(v, 0)
	case "ipv4":
		h.IPv4 = parseAddr(v, 4)
	case "ipv6":
		h.IPv6 = parseAddr(v, 16)
	}
}

// parseExtensions keeps the first entries of m that can mean something to
// anybody: a remote cannot make us hold more than a few kilobytes of names.
func parseExtensions(v bencode.Value) map[string]byte {
	var m map[string]byte
	for name, id := range v.Entries() {
		n, ok := id.Int()
		if !ok || n < 0 || n > math.MaxUint8 || len(name) == 0 || len(name) > maxExtName {
			continue
		}
		if m == nil {
			m = make(map[string]byte)
		}
		if m[string(name)] = byte(n); len(m) == maxExtensions {
			break
		}
	}
	return m
}

// intIn returns the integer in v, 0 if it is none or not in 0..hi.
func intIn(v bencode.Value, hi int64) int64 {
	n, _ := v.Int()
	if n < 0 || n > hi {
		return 0
	}
	return n
}

// parseAddr reads a compact address of size bytes; 0 means 4 or 16.
func parseAddr(v bencode.Value, size int) netip.Addr {
	s, _ := v.Str()
	if size != 0 && len(s) != size {
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(s)
	return a.Unmap()
}

// AppendDontHave appends a DontHave message (BEP 54) for the extension id that
// the receiver chose.
func AppendDontHave(dst []byte, ext byte, index uint32) []byte {
	dst = append(dst, 0, 0, 0, 6, byte(Extended), ext)
	return binary.BigEndian.AppendUint32(dst, index)
}

// ParseDontHave reads the payload of a DontHave message.
func ParseDontHave(payload []byte) (index uint32, err error) {
	if len(payload) != 4 {
		return 0, fmt.Errorf("%s message of %d bytes", ExtDontHave, len(payload)+2)
	}
	return binary.BigEndian.Uint32(payload), nil
}
