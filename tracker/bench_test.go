package tracker

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// BenchmarkFirstAnnounce is what finding the first peers costs a process that
// has just started: a new Client, an Announcer, the answer of a tracker on
// loopback, and the word that we stop.
func BenchmarkFirstAnnounce(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, peersBody("1.2.3.4:5")) }))
	defer s.Close()
	udp := &udpTracker{peers: addrPorts("1.2.3.4:5")}
	for name, url := range map[string]string{"http": s.URL, "udp": udp.listen(b, "udp4", "127.0.0.1:0")} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c := New(onMachine(Config{}))
				peers := make(chan struct{}, 1)
				a := NewAnnouncer(AnnouncerConfig{
					Client: c, Trackers: List{Tiers: [][]string{{url}}},
					Request: func(Event) Request { return testRequest() },
					Peers:   func(string, []netip.AddrPort) { peers <- struct{}{} },
				})
				a.Start()
				<-peers
				a.Stop(context.Background())
				c.Close()
			}
		})
	}
}

// BenchmarkParseAnnounce reads answers of 200 peers.
func BenchmarkParseAnnounce(b *testing.B) {
	compact := strings.Repeat("\x01\x02\x03\x04\x00\x05", 200)
	for name, body := range map[string]string{
		"compact": "d8:intervali1800e5:peers1200:" + compact + "e",
		"dicts":   "d8:intervali1800e5:peersl" + strings.Repeat("d2:ip7:1.2.3.47:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti5ee", 200) + "ee",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r, err := readAnnounce(body); err != nil || len(r.Peers) != 200 {
					b.Fatal(err)
				}
			}
		})
	}
}
