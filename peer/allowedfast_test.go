package peer

import (
	"net/netip"
	"slices"
	"testing"
)

// "7 piece allowed fast set for torrent with 1313 pieces and hex infohash
// aaaa... for node with IP 80.4.4.200" and the same with 9 (BEP 6).
func TestAllowedFastVectors(t *testing.T) {
	var hash [20]byte
	for i := range hash {
		hash[i] = 0xaa
	}
	want := []uint32{1059, 431, 808, 1217, 287, 376, 1188, 353, 508}
	for _, k := range []int{7, 9} {
		for _, addr := range []string{"80.4.4.200", "80.4.4.1", "::ffff:80.4.4.200"} {
			got := AppendAllowedFast(nil, k, 1313, hash, netip.MustParseAddr(addr))
			if !slices.Equal(got, want[:k]) {
				t.Errorf("%d for %s: %v, want %v", k, addr, got, want[:k])
			}
		}
	}
}

func TestAllowedFastSmall(t *testing.T) {
	ip := netip.MustParseAddr("80.4.4.200")
	got := AppendAllowedFast([]uint32{3}, 10, 4, [20]byte{}, ip)
	slices.Sort(got[1:])
	if want := []uint32{3, 0, 1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := AppendAllowedFast(nil, 10, 0, [20]byte{}, ip); len(got) != 0 {
		t.Error(got)
	}
	// "We currently have no provisions for IPv6" (BEP 6).
	if got := AppendAllowedFast(nil, 10, 100, [20]byte{}, netip.MustParseAddr("2001:db8::1")); len(got) != 0 {
		t.Error(got)
	}
}
