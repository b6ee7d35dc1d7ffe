package job

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent"
)

func TestParsePeers(t *testing.T) {
	for _, c := range []struct {
		values string
		want   string
		code   int
	}{
		{"10.0.0.7:6881", "[10.0.0.7:6881] []", 0},
		{"[fd00::1]:1", "[[fd00::1]:1] []", 0},
		{"[::ffff:10.0.0.1]:1", "[10.0.0.1:1] []", 0},
		{"one:5|two:6", "[] [one:5 two:6]", 0},
		{"10.0.0.7:1,10.0.0.8:2, one:3", "[10.0.0.7:1 10.0.0.8:2] [one:3]", 0},
		{"10.0.0.7", "", record.ExitUsage},
		{"10.0.0.7:0", "", record.ExitUsage},
		{"10.0.0.7:65536", "", record.ExitUsage},
		{"one:http", "", record.ExitUsage},
		{"one:auto", "", record.ExitUsage},
		{"one:none", "", record.ExitUsage},
		{":6881", "", record.ExitUsage},
		{"fd00::1", "", record.ExitUsage},
	} {
		var both Family
		got, err := both.ParsePeers(strings.Split(c.values, "|"), func(text string) { t.Error(text) })
		if record.CodeOf(err) != c.code || err == nil && fmt.Sprint(got.addrs, got.names) != c.want {
			t.Errorf("--peer %s: %v, %v; want %s", c.values, got, err, c.want)
		}
	}
}

// A peer of a family that is switched off is left out, and not in silence.
func TestParsePeersOfFamily(t *testing.T) {
	v4, v6 := Family{IPv4Only: true}, Family{IPv6Only: true}
	for _, c := range []struct {
		only   Family
		values string
		want   string
		warned string
	}{
		{v4, "10.0.0.7:1", "[10.0.0.7:1]", ""},
		{v4, "[::ffff:10.0.0.1]:1", "[10.0.0.1:1]", ""},
		{v4, "[fd00::1]:1,10.0.0.1:5", "[10.0.0.1:5]", "--peer [fd00::1]:1 is not used: it has no IPv4 address (--ipv4-only)\n"},
		{v6, "10.0.0.7:1", "[]", "--peer 10.0.0.7:1 is not used: it has no IPv6 address (--ipv6-only)\n"},
	} {
		var warned strings.Builder
		got, err := c.only.ParsePeers(strings.Split(c.values, "|"), func(text string) { warned.WriteString(text + "\n") })
		if err != nil || fmt.Sprint(got.addrs) != c.want || warned.String() != c.warned {
			t.Errorf("%+v, --peer %s: %v, %v, warned %q", c.only, c.values, got, err, warned.String())
		}
	}
}

// Several torrents of a run look the same name up; one warning is enough. What an
// earlier run has left is kept, and not doubled.
func TestPeersOfTwoRuns(t *testing.T) {
	var warned []string
	p, err := Family{}.ParsePeers([]string{"one:1 10.0.0.1:1 10.0.0.2:2"}, func(text string) { warned = append(warned, text) })
	if err != nil {
		t.Fatal(err)
	}
	src := torrent.Source{Peers: p.addrs[:1], PeerNames: []string{"zero:0", "one:1"}}
	p.Apply(&src)
	if fmt.Sprint(src.Peers, src.PeerNames) != "[10.0.0.1:1 10.0.0.2:2] [zero:0 one:1]" {
		t.Errorf("%v, %v", src.Peers, src.PeerNames)
	}
	p.Failed("one:1", errors.New("no such host"))
	p.Failed("one:1", errors.New("no such host"))
	if len(warned) != 1 || warned[0] != "--peer one:1: no such host; its name is looked up again" {
		t.Errorf("%q", warned)
	}
}
