package dht

import (
	"encoding/hex"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

func mustID(t testing.TB, s string) (id ID) {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		t.Fatalf("%q is no id", s)
	}
	return ID(b)
}

// The test vectors of BEP 42: the address, the last byte of the id, and an id
// of which the first 21 bits and the last byte count.
func TestAddressIDVectors(t *testing.T) {
	for _, tt := range []struct {
		ip, id string
		r      byte
	}{
		{"124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401", 1},
		{"21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256", 86},
		{"65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616", 22},
		{"84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41", 65},
		{"43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a", 90},
	} {
		ip, id := netip.MustParseAddr(tt.ip), mustID(t, tt.id)
		if !belongs(&id, ip) {
			t.Errorf("%s: id %v does not belong to it", tt.ip, id)
		}
		var random ID
		random[19] = tt.r
		got := addressID(ip, random)
		if got[0] != id[0] || got[1] != id[1] || got[2]&0xf8 != id[2]&0xf8 || got[19] != tt.r {
			t.Errorf("%s: made %v, want the first 21 bits and last byte of %v", tt.ip, got, id)
		}
		for _, bit := range []int{0, 8, 20} {
			bad := id
			bad[bit/8] ^= 0x80 >> (bit % 8)
			if belongs(&bad, ip) {
				t.Errorf("%s: id with bit %d turned belongs to it", tt.ip, bit)
			}
		}
		free := id
		free[2] ^= 0x07
		if !belongs(&free, ip) {
			t.Errorf("%s: bits 21 to 23 are not free", tt.ip)
		}
	}
}

func TestAddressIDBelongs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := ID(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "random"))
		n := rapid.SampledFrom([]int{4, 16}).Draw(t, "length")
		ip, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "ip"))
		id := addressID(ip, random)
		if !belongs(&id, ip) {
			t.Fatalf("%v does not belong to %v", id, ip)
		}
		if id[3] != random[3] || id[19] != random[19] {
			t.Fatalf("the free bytes of %v became %v", random, id)
		}
	})
}

func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) ID { return ID(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, name)) }
		target, a, b := draw("target"), draw("a"), draw("b")
		if a != b && closer(&target, &a, &b) == closer(&target, &b, &a) {
			t.Fatal("two ids are equally close")
		}
		if closer(&target, &a, &a) {
			t.Fatal("an id is closer than itself")
		}
		if a != b && !closer(&a, &a, &b) {
			t.Fatal("an id is not closest to itself")
		}
		n := commonBits(&a, &b)
		if n < 160 {
			b[n/8] ^= 0x80 >> (n % 8)
			if commonBits(&a, &b) <= n {
				t.Fatalf("bit %d is not the first that differs", n)
			}
		}
	})
}

func TestUsable(t *testing.T) {
	global, private := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("192.168.1.1")
	for _, tt := range []struct {
		addr       string
		fromGlobal bool
		fromLocal  bool
	}{
		{"1.2.3.4:6881", true, true},
		{"[2001:db8::1]:6881", true, true},
		{"1.2.3.4:0", false, false},
		{"0.0.0.0:1", false, false},
		{"0.1.2.3:1", false, false},
		{"224.0.0.1:1", false, false},
		{"255.255.255.255:1", false, false},
		{"240.0.0.1:1", false, false},
		{"[::]:1", false, false},
		{"[ff02::1]:1", false, false},
		{"[::ffff:1.2.3.4]:1", false, false},
		{"127.0.0.1:1", false, true},
		{"10.0.0.1:1", false, true},
		{"169.254.169.254:80", false, true},
		{"[::1]:1", false, true},
		{"[fc00::1]:1", false, true},
	} {
		addr := netip.MustParseAddrPort(tt.addr)
		if got := usable(addr, global); got != tt.fromGlobal {
			t.Errorf("%s named by a global node: usable %v, want %v", tt.addr, got, tt.fromGlobal)
		}
		if got := usable(addr, private); got != tt.fromLocal {
			t.Errorf("%s named by a local node: usable %v, want %v", tt.addr, got, tt.fromLocal)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, tt := range []struct {
		a, b   string
		strict bool
		same   bool
	}{
		{"1.2.3.4:1", "1.2.3.200:2", false, true},
		{"1.2.3.4:1", "1.2.4.4:1", false, false},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:3::2]:2", false, true},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false, false},
		{"127.0.0.1:1", "127.0.0.1:2", false, false},
		{"127.0.0.1:1", "127.0.0.1:2", true, true},
		{"10.0.0.1:1", "10.0.0.2:1", false, false},
	} {
		r := addressRules{strictLocal: tt.strict}
		a, b := netip.MustParseAddrPort(tt.a), netip.MustParseAddrPort(tt.b)
		if got := r.place(a) == r.place(b); got != tt.same {
			t.Errorf("%s and %s (strict %v): one place: %v, want %v", tt.a, tt.b, tt.strict, got, tt.same)
		}
	}
}
