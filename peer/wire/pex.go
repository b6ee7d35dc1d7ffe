package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"gotor/bencode"
)

// PEXFlags say what is known of a peer (BEP 11).
type PEXFlags uint8

// The flags of BEP 11.
const (
	PEXEncrypts  PEXFlags = 1 << iota // prefers encryption
	PEXSeed                           // seed or upload_only
	PEXuTP                            // speaks uTP
	PEXHolepunch                      // knows ut_holepunch
	PEXReachable                      // we dialled it
)

// MaxPEX is how many added or dropped peers a message may have (BEP 11); more
// are not read (threat: PEX floods). The first message of a connection may be
// longer elsewhere; ours is not.
const MaxPEX = 50

// PEXPeer is a peer that somebody else is connected to.
type PEXPeer struct {
	Addr  netip.AddrPort
	Flags PEXFlags
}

// PEX is one message of ut_pex.
type PEX struct {
	Added   []PEXPeer
	Dropped []netip.AddrPort
}

// AppendPEX appends the payload of m, at most MaxPEX of each kind.
func AppendPEX(dst []byte, m PEX) []byte {
	var added, flags, dropped [2][]byte // IPv4, IPv6
	for _, p := range m.Added[:min(len(m.Added), MaxPEX)] {
		f := family(p.Addr)
		added[f] = appendCompact(added[f], p.Addr)
		flags[f] = append(flags[f], byte(p.Flags))
	}
	for _, a := range m.Dropped[:min(len(m.Dropped), MaxPEX)] {
		f := family(a)
		dropped[f] = appendCompact(dropped[f], a)
	}
	put := func(key string, value []byte) {
		dst = bencode.AppendString(bencode.AppendString(dst, key), string(value))
	}
	dst = append(dst, 'd')
	put("added", added[0])
	put("added.f", flags[0])
	put("added6", added[1])
	put("added6.f", flags[1])
	put("dropped", dropped[0])
	put("dropped6", dropped[1])
	return append(dst, 'e')
}

// family is 0 for IPv4 and 1 for IPv6.
func family(a netip.AddrPort) int {
	if a.Addr().Unmap().Is4() {
		return 0
	}
	return 1
}

func appendCompact(dst []byte, a netip.AddrPort) []byte {
	dst = append(dst, a.Addr().Unmap().AsSlice()...)
	return binary.BigEndian.AppendUint16(dst, a.Port())
}

// ParsePEX reads the payload of a ut_pex message. Of each kind the first MaxPEX
// are taken; entries that nobody can be reached at (port 0) are left out.
// Lengths that do not fit are an error.
func ParsePEX(payload []byte) (m PEX, err error) {
	v, err := bencode.Parse(payload, bencode.Limits{Size: MaxExtended, Tokens: 64, Lenient: true})
	if err != nil {
		return m, fmt.Errorf("%s: %w", ExtPEX, err)
	}
	for f, suffix := range []string{"", "6"} {
		list, err := compactList(v, "added"+suffix, f)
		if err != nil {
			return PEX{}, err
		}
		flags, _ := v.Get("added" + suffix + ".f").Str()
		for i, a := range list {
			p := PEXPeer{Addr: a}
			if i < len(flags) {
				p.Flags = PEXFlags(flags[i])
			}
			if a.Port() != 0 && len(m.Added) < MaxPEX {
				m.Added = append(m.Added, p)
			}
		}
		if list, err = compactList(v, "dropped"+suffix, f); err != nil {
			return PEX{}, err
		}
		m.Dropped = append(m.Dropped, list[:min(len(list), MaxPEX-len(m.Dropped))]...)
	}
	return m, nil
}

// compactList reads addresses of one family, at most MaxPEX.
func compactList(v bencode.Value, key string, family int) ([]netip.AddrPort, error) {
	s, _ := v.Get(key).Str()
	size := [2]int{6, 18}[family]
	if len(s)%size != 0 {
		return nil, fmt.Errorf("%s: %s has %d bytes, no multiple of %d", ExtPEX, key, len(s), size)
	}
	var list []netip.AddrPort
	for ; len(s) > 0 && len(list) < MaxPEX; s = s[size:] {
		ip, _ := netip.AddrFromSlice(s[:size-2])
		list = append(list, netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(s[size-2:])))
	}
	return list, nil
}
