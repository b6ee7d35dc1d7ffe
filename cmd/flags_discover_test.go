package cmd

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/tracker/dht"
)

func TestBootstrapNodes(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   []string
		bad    bool
	}{
		{values: nil, want: dht.Routers()},
		{values: []string{"none"}, want: []string{}},
		{values: []string{"10.0.0.1:6881"}, want: []string{"10.0.0.1:6881"}},
		{values: []string{"a.example:1, [::1]:2", "b:3"}, want: []string{"a.example:1", "[::1]:2", "b:3"}},
		{values: []string{"none", "b:3"}, want: []string{"b:3"}},
		{values: []string{"b"}, bad: true},
		{values: []string{"b:0"}, bad: true},
		{values: []string{":1"}, bad: true},
		{values: []string{"b:70000"}, bad: true},
	} {
		o := dhtOptions{bootstrap: c.values}
		got, err := o.nodes()
		if (err != nil) != c.bad || err != nil && record.CodeOf(err) != record.ExitUsage {
			t.Errorf("%q: %v", c.values, err)
		}
		if err == nil && !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.values, got, c.want)
		}
	}
}

func TestDiscoveryFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want func(cfg *torrent.Config) bool
	}{
		"defaults": {nil, func(cfg *torrent.Config) bool {
			return cfg.DHT != nil && cfg.DHT.ReadOnly && cfg.LSD && !cfg.NoPEX && !cfg.IPv4Only && !cfg.IPv6Only && len(cfg.DHT.Bootstrap) == 0
		}},
		"nothing": {[]string{"--no-dht", "--no-pex", "--no-lsd"}, func(cfg *torrent.Config) bool {
			return cfg.DHT == nil && !cfg.LSD && cfg.NoPEX
		}},
		"seeds answer": {[]string{"--seed"}, func(cfg *torrent.Config) bool { return cfg.DHT != nil && !cfg.DHT.ReadOnly }},
		"a node":       {[]string{"--dht-bootstrap", "h:1"}, func(cfg *torrent.Config) bool { return slices.Equal(cfg.DHT.Bootstrap, []string{"h:1"}) }},
		"IPv4":         {[]string{"--ipv4-only"}, func(cfg *torrent.Config) bool { return cfg.IPv4Only && !cfg.IPv6Only }},
		"IPv6":         {[]string{"--ipv6-only"}, func(cfg *torrent.Config) bool { return cfg.IPv6Only && !cfg.IPv4Only }},
	} {
		o, err := captureGet(t, nil, append(c.args, "x.torrent")...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(o.bootstrap) == 0 {
			o.bootstrap = []string{"none"} // as the environment of all tests says
		}
		f := newFake("")
		var cfg torrent.Config
		if err := o.discoverOptions.configure(&cfg, f.streams, o.seeding()); err != nil || !c.want(&cfg) {
			t.Errorf("%s: %+v, %v", name, cfg, err)
		}
	}
	if _, err := captureGet(t, nil, "--ipv4-only", "--ipv6-only", "x.torrent"); record.CodeOf(err) != record.ExitUsage {
		t.Errorf("both families only: %v", err)
	}
	if _, err := captureGet(t, nil, "--dht-bootstrap", "h", "x.torrent"); record.CodeOf(err) != record.ExitUsage {
		t.Errorf("a node without a port: %v", err)
	}
}

func TestCacheFolder(t *testing.T) {
	abs, err := filepath.Abs("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		goos string
		env  map[string]string
		want string
	}{
		{"linux", map[string]string{"XDG_CACHE_HOME": abs, "HOME": "/h"}, filepath.Join(abs, "gotor")},
		{"linux", map[string]string{"XDG_CACHE_HOME": "relative", "HOME": abs}, filepath.Join(abs, ".cache", "gotor")},
		{"darwin", map[string]string{"HOME": abs}, filepath.Join(abs, "Library", "Caches", "gotor")},
		{"windows", map[string]string{"LocalAppData": abs}, filepath.Join(abs, "gotor", "cache")},
		{"linux", nil, ""},
	} {
		getenv := func(k string) (string, bool) { v, ok := c.env[k]; return v, ok }
		if got := job.CacheDir(c.goos, getenv); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.goos, c.env, got, c.want)
		}
	}
}

// Each network that is named has a file of its own, whatever the order.
func TestDHTStateFile(t *testing.T) {
	f := newFake("")
	f.env["XDG_CACHE_HOME"] = t.TempDir()
	name := func(bootstrap ...string) string {
		o := dhtOptions{bootstrap: bootstrap}
		return filepath.Base(o.state(f.streams))
	}
	if got := name(); got != "dht" {
		t.Errorf("the public network's is %s", got)
	}
	if got := (&dhtOptions{bootstrap: []string{"none"}}).state(f.streams); got != "" {
		t.Errorf("nobody's is %s", got)
	}
	one := name("10.0.0.1:1", "10.0.0.2:1")
	if one == "dht" || !strings.HasPrefix(one, "dht-") || one != name("10.0.0.2:1,10.0.0.1:1") || one == name("10.0.0.1:1") {
		t.Errorf("%s", one)
	}
}
