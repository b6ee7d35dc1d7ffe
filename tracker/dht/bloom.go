package dht

import (
	"crypto/sha1"
	"math"
	"math/bits"
	"net/netip"
)

// bloom is a set of addresses that can be counted and united (BEP 33): two
// hash functions, 2,048 bits.
type bloom [256]byte

// mostCounted is how many addresses a filter can count with sense (BEP 33:
// beyond 6,000 nearly everything is contained).
const mostCounted = 6000

// insert adds an address to the set; ports are not part of it.
func (f *bloom) insert(ip netip.Addr) {
	for _, bit := range bloomBits(ip) {
		f[bit/8] |= 1 << (bit % 8)
	}
}

// contains reports whether an address may be in the set.
func (f *bloom) contains(ip netip.Addr) bool {
	for _, bit := range bloomBits(ip) {
		if f[bit/8]&(1<<(bit%8)) == 0 {
			return false
		}
	}
	return true
}

func bloomBits(ip netip.Addr) [2]int {
	sum := sha1.Sum(ip.AsSlice())
	return [2]int{
		(int(sum[0]) | int(sum[1])<<8) % (8 * len(bloom{})),
		(int(sum[2]) | int(sum[3])<<8) % (8 * len(bloom{})),
	}
}

// unite adds the set in the 256 bytes of b.
func (f *bloom) unite(b []byte) {
	for i := range f {
		f[i] |= b[i]
	}
}

// estimate returns how many addresses the set has, about (BEP 33).
func (f *bloom) estimate() float64 {
	const m, k = 8 * len(f), 2
	zeros := m
	for _, b := range f {
		zeros -= bits.OnesCount8(b)
	}
	c := float64(min(m-1, max(zeros, 1)))
	if zeros == m {
		return 0
	}
	return math.Log(c/float64(m)) / (float64(k) * math.Log(1-1/float64(m)))
}
