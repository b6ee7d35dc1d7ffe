package peer

import (
	"crypto/sha1"
	"encoding/binary"
	"net/netip"
	"slices"
)

// AppendAllowedFast appends the first k pieces of the allowed fast set of the
// peer at addr, in the canonical order of BEP 6, for a torrent of pieces
// pieces. All pieces if there are no more than k; nothing for IPv6 addresses,
// for which BEP 6 has no provision.
func AppendAllowedFast(dst []uint32, k, pieces int, infoHash [20]byte, addr netip.Addr) []uint32 {
	addr = addr.Unmap()
	if !addr.Is4() || pieces <= 0 {
		return dst
	}
	k = min(k, pieces)
	ip := addr.As4()
	ip[3] = 0 // "0xFFFFFF00 & ip"
	x := append(ip[:], infoHash[:]...)
	for set := len(dst); len(dst)-set < k; {
		sum := sha1.Sum(x)
		x = append(x[:0], sum[:]...)
		for j := 0; j < len(sum) && len(dst)-set < k; j += 4 {
			index := binary.BigEndian.Uint32(sum[j:]) % uint32(pieces)
			if !slices.Contains(dst[set:], index) {
				dst = append(dst, index)
			}
		}
	}
	return dst
}
