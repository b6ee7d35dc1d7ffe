package tracker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// namesBody is an answer with peers by name.
func namesBody(hosts ...string) string {
	var b strings.Builder
	b.WriteString("d5:peersl")
	for _, h := range hosts {
		fmt.Fprintf(&b, "d2:ip%d:%s4:porti6881ee", len(h), h)
	}
	return b.String() + "ee"
}

// "ip: [...] the IP address or dns name this peer is at" (BEP 3).
func TestPeersByName(t *testing.T) {
	u := httpServer(t, answerWith(namesBody("a.example", "1.2.3.4", "nobody.example", "bad name", "evil\x00.example", "300", "0x7f", "")))
	var asked []string
	c := newClient(t, Config{LookupNetIP: func(_ context.Context, _, host string) ([]netip.Addr, error) {
		asked = append(asked, host)
		switch host {
		case "a.example":
			return addrs("192.0.2.1", "2001:db8::1", "224.0.0.1"), nil
		case "0x7f":
			return addrs("127.0.0.1"), nil
		}
		return nil, errors.New("no such host")
	}})
	r, err := c.Announce(t.Context(), nil, u+"/announce", testRequest())
	if err != nil {
		t.Fatal(err)
	}
	want := addrPorts("1.2.3.4:6881", "192.0.2.1:6881", "[2001:db8::1]:6881", "127.0.0.1:6881")
	if d := cmp.Diff(want, r.Peers, cmpAddrs); d != "" {
		t.Error(d)
	}
	asked = slices.DeleteFunc(asked, func(h string) bool { return h == "127.0.0.1" }) // the tracker's
	if d := cmp.Diff([]string{"a.example", "nobody.example", "0x7f"}, asked); d != "" {
		t.Error(d)
	}
}

// A flood of names costs a few questions; names nobody answers for, little time.
func TestManyNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		var hosts []string
		for i := range 1000 {
			hosts = append(hosts, fmt.Sprintf("h%d.example", i))
		}
		n := 0
		cfg := s.n.config()
		cfg.LookupNetIP = func(ctx context.Context, _, host string) ([]netip.Addr, error) {
			if strings.HasPrefix(host, "h") {
				n++
				<-ctx.Done()
			}
			return nil, errors.New("no answer")
		}
		u := s.tracker(1, namesBody(append(hosts, "1.2.3.4")...))
		start := time.Now()
		r, err := newClient(t, cfg).Announce(t.Context(), nil, u, testRequest())
		if took := time.Since(start); err != nil || len(r.Peers) != 1 || n > maxNamed || took != nameTimeout {
			t.Errorf("%d peers, %v; %d names asked for in %v", len(r.Peers), err, n, took)
		}
	})
}
