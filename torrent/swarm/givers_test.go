package swarm

import (
	"net/netip"
	"testing"
)

func TestGiversAreBounded(t *testing.T) {
	var g Givers
	for i := range maxGivers + 10 {
		r := Remote{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), uint16(1+i>>16))}
		for range 2 {
			g.Add(r)
		}
		if got, want := g.Len(), min(i+1, maxGivers); got != want || g.Has(r) != (i < maxGivers) {
			t.Fatalf("%d peers after %d, the last counted: %v", got, i+1, g.Has(r))
		}
	}
}
