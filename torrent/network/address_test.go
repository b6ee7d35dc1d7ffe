package network

import (
	"net/netip"
	"testing"
)

func TestClassify(t *testing.T) {
	for class, addrs := range map[Class][]string{
		Public: {
			"198.51.100.7", "::ffff:198.51.100.7", "2001:db8::1", "100.63.255.255", "100.128.0.0", "172.32.0.1",
			"64:ff9b::c633:6407",                 // NAT64 of 198.51.100.7
			"64:ff9b:1::c633:6407",               // the same of a local prefix, 96 bits long
			"64:ff9b:1:c633:64:700::",            // 48 bits long
			"2002:c633:6407::1",                  // 6to4
			"2001:0:c633:6401::39cc:9bf8",        // Teredo
			"2001:1::1",                          // next to Teredo
			"64:ff9b:2::7f00:1", "2003:7f00:1::", // next to others
		},
		Private: {
			"10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "127.255.255.254", "100.64.0.1", "192.0.0.170", "240.0.0.1",
			"::ffff:10.1.2.3", "::ffff:127.0.0.1",
			"::1", "fe80::1", "fe80::1%eth0", "fd00::1", "fec0::1", "fec0::1%eth0", "feff::1",
			"::7f00:1", "::10.0.0.1", "::ffff:0:7f00:1",
			"64:ff9b::7f00:1", "64:ff9b::7f00:1%lo", "64:ff9b::a00:1",
			"64:ff9b:1::7f00:1", "64:ff9b:1:7f00:0:100::", "64:ff9b:1:7f:0:1::", "64:ff9b:1:0:7f:0:100:0", "64:ff9b:1:7f00:0:100:0:5",
			"2002:7f00:1::", "2002:c0a8:101::1",
			"2001:0:c633:6401::80ff:fffe", // Teredo client 127.0.0.1
			"2001:0:a00:1::39cc:9bf8",     // Teredo server 10.0.0.1
		},
		Nowhere: {
			"0.0.0.0", "0.1.2.3", "::", "255.255.255.255", "224.0.0.1", "239.1.2.3", "ff02::1", "ff02::1%eth0",
			"169.254.169.254", "::ffff:169.254.169.254", "::169.254.169.254", "fd00:ec2::254", "fd20:ce::254",
			"64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "2002:a9fe:a9fe::", "2001:0:c633:6401::5601:5601",
			"64:ff9b::", "64:ff9b:1::", "::ffff:0:0:0",
		},
	} {
		for _, s := range addrs {
			if got := Classify(netip.MustParseAddr(s)); got != class {
				t.Errorf("%s: %d, want %d", s, got, class)
			}
		}
	}
	if Classify(netip.Addr{}) != Nowhere {
		t.Error("no address is somewhere")
	}
}

// FuzzClassify: an address in disguise is never taken for better than it is.
func FuzzClassify(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{169, 254, 169, 254})
	f.Add([]byte{8, 8, 8, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 4 {
			return
		}
		v4 := netip.AddrFrom4([4]byte(b))
		want := Classify(v4)
		for _, at := range [][]byte{{0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, {0x00, 0x64, 0xff, 0x9b, 0, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}} {
			ip, _ := netip.AddrFromSlice(append(at[:12:12], b...))
			if got := Classify(ip); got > want {
				t.Errorf("%v: %d, but %v: %d", ip, got, v4, want)
			}
		}
		six := netip.AddrFrom16([16]byte{0x20, 0x02, b[0], b[1], b[2], b[3]})
		if got := Classify(six); got > want {
			t.Errorf("%v: %d, but %v: %d", six, got, v4, want)
		}
	})
}

func TestLoopback(t *testing.T) {
	for s, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "::1%lo": true, "::ffff:127.9.9.9": true, "64:ff9b::7f00:1": true, "2002:7f00:1::": true,
		"10.0.0.1": false, "::": false, "fe80::1": false, "64:ff9b::a00:1": false,
	} {
		if got := Loopback(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestLiteral(t *testing.T) {
	for host, want := range map[string]string{
		"10.0.0.1": "10.0.0.1", "10.0.0.1.": "10.0.0.1", "fe80::1%eth0": "fe80::1%eth0", "::ffff:1.2.3.4": "1.2.3.4",
		"localhost": "::1", "LocalHost.": "::1", "a.localhost": "::1", "ip6-localhost": "::1",
		"2852039166": "169.254.169.254", "0xa9fea9fe": "169.254.169.254", "169.16689662": "169.254.169.254", "0251.0376.0251.0376": "169.254.169.254",
		"169.254.43518": "169.254.169.254", "127.1": "127.0.0.1", "0": "0.0.0.0",
		"tracker.example": "", "1.2.3.example": "", "4294967296": "", "256.1.1.1": "", "1.2.3.4.5": "", "1..2": "", "": "", "1_0": "", "0x": "",
	} {
		got, ok := literal(host)
		if ok != (want != "") || ok && got != netip.MustParseAddr(want) {
			t.Errorf("%q: %v, %v, want %q", host, got, ok, want)
		}
	}
}
