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
	maxExtTokens  = 4096
	maxExtensions = 64  // entries of m that are kept
	maxExtName    = 64  // bytes of a name in m; longer ones are nothing we know
	maxClient     = 100 // bytes of v that are kept
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
// the payload of an extended message with id [ExtHandshakeID]. What does not
// begin with a dictionary is an error. Keys of the wrong type or with values out
// of range count as absent, of a key that comes twice the first counts, unknown
// ones are ignored. Nothing in the result aliases b.
func ParseExtHandshake(b []byte) (ExtHandshake, error) {
	v, err := bencode.Parse(b, bencode.Limits{Size: MaxExtended, Tokens: maxExtTokens, Lenient: true})
	if err != nil {
		return ExtHandshake{}, fmt.Errorf("extension handshake: %w", err)
	}
	if v.Kind() != bencode.Dict {
		return ExtHandshake{}, fmt.Errorf("extension handshake: %v instead of a dictionary", v.Kind())
	}
	client, _ := v.Get("v").Str()
	return ExtHandshake{
		M:            parseExtensions(v.Get("m")),
		Client:       string(client[:min(len(client), maxClient)]),
		Port:         uint16(intIn(v.Get("p"), math.MaxUint16)),
		ReqQ:         int(intIn(v.Get("reqq"), math.MaxInt32)),
		MetadataSize: intIn(v.Get("metadata_size"), math.MaxInt64),
		UploadOnly:   intIn(v.Get("upload_only"), math.MaxInt64) > 0,
		YourIP:       parseAddr(v.Get("yourip"), 0),
		IPv4:         parseAddr(v.Get("ipv4"), 4),
		IPv6:         parseAddr(v.Get("ipv6"), 16),
	}, nil
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
		if _, twice := m[string(name)]; twice {
			continue
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
