package network

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What a System cannot do it refuses, instead of sending another way.
func TestSystemFailsClosed(t *testing.T) {
	for name, s := range map[string]System{"interface": {Interface: "lo"}, "proxy": {Proxy: &url.URL{Scheme: "socks5", Host: "127.0.0.1:1"}}} {
		ctx := t.Context()
		_, dial := s.DialContext(ctx, "udp", "127.0.0.1:9")
		_, listen := s.Listen(ctx, "tcp", "127.0.0.1:0")
		_, packet := s.ListenPacket(ctx, "udp", "127.0.0.1:0")
		_, lookUp := s.LookupNetIP(ctx, "ip", "127.0.0.1")
		for i, err := range []error{dial, listen, packet, lookUp} {
			if err == nil {
				t.Errorf("%s: method %d works as if it were not set", name, i)
			}
		}
	}
}

func TestSystem(t *testing.T) {
	n := OfFamily(System{}, "4")
	l, err := n.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := n.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	pc, err := n.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pc.Close()
	if ips, err := n.LookupNetIP(t.Context(), "ip", "127.0.0.1"); err != nil || len(ips) != 1 {
		t.Errorf("%v, %v", ips, err)
	}
}

// The environment is read once in a process: this test runs itself in another.
func TestHTTPProxy(t *testing.T) {
	const mark = "GOTOR_TEST_ASK"
	if u := os.Getenv(mark); u != "" {
		c := &http.Client{Transport: &http.Transport{Proxy: HTTPProxy}}
		if _, err := c.Get(u); err != nil {
			t.Error(err)
		}
		return
	}
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.Host }))
	defer proxy.Close()
	ask := func(by string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHTTPProxy$")
		cmd.Env = append(os.Environ(), "HTTP_PROXY="+by, "http_proxy="+by, "NO_PROXY=", "no_proxy=", mark+"=http://tracker.invalid/announce")
		return cmd.CombinedOutput()
	}
	if out, err := ask(proxy.URL); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := <-asked; got != "tracker.invalid" {
		t.Errorf("the proxy was asked for %s", got)
	}
	if out, err := ask("http://me:geheim@["); err == nil || strings.Contains(string(out), "geheim") {
		t.Errorf("a bad proxy: %v\n%s", err, out)
	}
}

// The name of this machine needs nobody to be asked.
func TestLocalhost(t *testing.T) {
	v4, v6 := "127.0.0.1", "::1"
	for _, tt := range []struct {
		network, host string
		want          []string
	}{
		{"ip", "localhost", []string{v4, v6}},
		{"ip4", "LocalHost.", []string{v4}},
		{"ip6", "a.localhost", []string{v6}},
		{"ip", "notlocalhost", nil},
		{"ip", "localhost.example", nil},
	} {
		var got []string
		for _, a := range localhost(tt.network, tt.host) {
			got = append(got, a.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s %s: %v, want %v", tt.network, tt.host, got, tt.want)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel() // so that whoever asked a name server would fail
	if got, err := (System{}).LookupNetIP(over, "ip4", "localhost"); err != nil || len(got) != 1 || !got[0].IsLoopback() {
		t.Errorf("%v, %v", got, err)
	}
}
