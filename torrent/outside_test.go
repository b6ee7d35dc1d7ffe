package torrent

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

var outsideNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// said is one statement about our address.
type said struct {
	host, addr string
	ago        time.Duration
}

func TestOutside(t *testing.T) {
	const us, other = "203.0.113.7", "203.0.113.8"
	crowd := func(n int, addr string) (list []said) {
		for i := range n {
			list = append(list, said{host: fmt.Sprintf("198.51.%d.1", i), addr: addr})
		}
		return list
	}
	for name, c := range map[string]struct {
		said    []said
		dht     string
		want    string
		private string
	}{
		"nobody":                               {},
		"one host is not enough":               {said: []said{{host: "198.51.100.1", addr: us}}},
		"two agree":                            {said: []said{{host: "198.51.100.1", addr: us}, {host: "198.51.101.1", addr: us}}, want: us},
		"one against one":                      {said: []said{{host: "198.51.100.1", addr: us}, {host: "198.51.101.1", addr: other}}},
		"a liar among three":                   {said: append(crowd(2, us), said{host: "192.0.2.9", addr: other}), want: us},
		"half is no majority":                  {said: append(crowd(2, us), said{host: "192.0.2.9", addr: other}, said{host: "192.0.3.9", addr: other})},
		"one host, many times":                 {said: []said{{host: "192.0.2.9", addr: us}, {host: "192.0.2.9", addr: us}, {host: "::ffff:192.0.2.9", addr: us}}},
		"one network of IPv6":                  {said: []said{{host: "2001:db8::1", addr: "2001:db8:1::7"}, {host: "2001:db8::2", addr: "2001:db8:1::7"}}},
		"only the last word counts":            {said: append(crowd(2, other), append(crowd(2, us), said{host: "192.0.2.9", addr: us})...), want: us},
		"too old":                              {said: []said{{host: "198.51.100.1", addr: us, ago: voteLife}, {host: "198.51.101.1", addr: us}}},
		"of the other family":                  {said: []said{{host: "2001:db8:5::1", addr: us}, {host: "2001:db8:6::1", addr: us}}},
		"nobody's address":                     {said: append(crowd(3, "0.0.0.0"), crowd(3, "224.0.0.1")...)},
		"a cloud's metadata":                   {said: crowd(3, "169.254.169.254")},
		"loopback":                             {said: []said{{host: "127.0.0.1", addr: "127.0.0.1"}, {host: "127.0.0.2", addr: "127.0.0.1"}}},
		"the internet about a private network": {said: crowd(3, "192.168.1.5")},
		"a private network":                    {said: []said{{host: "10.0.0.1", addr: "10.0.0.9"}, {host: "10.0.0.2", addr: "10.0.0.9"}}, private: "10.0.0.9"},
		"both":                                 {said: append(crowd(2, us), said{host: "10.0.0.1", addr: "10.0.0.9"}, said{host: "10.0.0.2", addr: "10.0.0.9"}), want: us, private: "10.0.0.9"},
		"the DHT":                              {dht: us, want: us},
		"the DHT and one liar":                 {dht: us, said: crowd(1, other), want: us},
		"the DHT against two":                  {dht: us, said: crowd(2, other)},
		"the DHT against three":                {dht: us, said: crowd(3, other), want: other},
		"the DHT about nobody":                 {dht: "0.0.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			var o outside
			if c.dht != "" {
				o.agreed(outsideNow, netip.MustParseAddr(c.dht))
			}
			for _, s := range c.said {
				o.heard(outsideNow.Add(-s.ago), netip.MustParseAddr(s.host), netip.MustParseAddr(s.addr))
			}
			if got := o.addr(outsideNow, addrKind{}); text(got) != c.want {
				t.Errorf("%v, want %q", got, c.want)
			}
			if got := o.addr(outsideNow, addrKind{private: true}); text(got) != c.private {
				t.Errorf("in the private network %v, want %q", got, c.private)
			}
			if got := o.addr(outsideNow, addrKind{ipv6: true}); got.IsValid() {
				t.Errorf("IPv6 address %v", got)
			}
		})
	}
}

// text is an address in words, empty when there is none.
func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// What is remembered is bounded, and the newest have the word.
func TestOutsideForgets(t *testing.T) {
	var o outside
	old, now := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8")
	host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(i), 1}) }
	for i := range 200 {
		o.heard(outsideNow, host(i), old)
	}
	if n := len(o.views[addrKind{}]); n != maxVotes {
		t.Errorf("%d votes are kept, want %d", n, maxVotes)
	}
	for i := range maxVotes/2 + 1 {
		if got := o.addr(outsideNow, addrKind{}); got != old && i < maxVotes/2 {
			t.Errorf("after %d of %d new votes: %v", i, maxVotes, got)
		}
		o.heard(outsideNow, host(200+i), now)
	}
	if got := o.addr(outsideNow, addrKind{}); got != now {
		t.Errorf("after the move: %v", got)
	}
	if got := o.addr(outsideNow.Add(voteLife), addrKind{}); got.IsValid() {
		t.Errorf("hours later: %v", got)
	}
}
