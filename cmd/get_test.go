package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

// names is a resolver with two hosts.
type names struct{}

func (names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch host {
	case "one":
		return []netip.Addr{netip.MustParseAddr("::ffff:10.0.0.1")}, nil
	case "two":
		return []netip.Addr{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::2")}, nil
	}
	return nil, errors.New("no such host")
}

func TestParsePeers(t *testing.T) {
	for _, c := range []struct {
		values string
		want   string
		code   int
	}{
		{"10.0.0.7:6881", "[10.0.0.7:6881]", 0},
		{"[fd00::1]:1", "[[fd00::1]:1]", 0},
		{"[::ffff:10.0.0.1]:1", "[10.0.0.1:1]", 0},
		{"one:5|two:6", "[10.0.0.1:5 10.0.0.2:6 [fd00::2]:6]", 0},
		{"10.0.0.7:1,10.0.0.8:2, one:3", "[10.0.0.7:1 10.0.0.8:2 10.0.0.1:3]", 0},
		{"three:1", "", exitNoPeers},
		{"10.0.0.7", "", exitUsage},
		{"10.0.0.7:0", "", exitUsage},
		{"10.0.0.7:65536", "", exitUsage},
		{"one:http", "", exitUsage},
		{"one:auto", "", exitUsage},
		{"one:none", "", exitUsage},
		{":6881", "", exitUsage},
		{"fd00::1", "", exitUsage},
	} {
		var both familyOptions
		got, err := both.parsePeers(t.Context(), strings.Split(c.values, "|"), names{}, func(text string) { t.Error(text) })
		if exitCode(err) != c.code || err == nil && fmt.Sprint(got) != c.want {
			t.Errorf("--peer %s: %v, %v; want %s", c.values, got, err, c.want)
		}
	}
}

// A peer of a family that is switched off is left out, and not in silence.
func TestParsePeersOfFamily(t *testing.T) {
	v4, v6 := familyOptions{ipv4Only: true}, familyOptions{ipv6Only: true}
	for _, c := range []struct {
		only   familyOptions
		values string
		want   string
		warned string
	}{
		{v4, "10.0.0.7:1", "[10.0.0.7:1]", ""},
		{v4, "[::ffff:10.0.0.1]:1", "[10.0.0.1:1]", ""},
		{v4, "[fd00::1]:1,one:5", "[10.0.0.1:5]", "--peer [fd00::1]:1 is not used: it has no IPv4 address (--ipv4-only)\n"},
		{v4, "two:6", "[10.0.0.2:6]", ""},
		{v6, "two:6", "[[fd00::2]:6]", ""},
		{v6, "one:5|10.0.0.7:1", "[]", "--peer one:5 is not used: it has no IPv6 address (--ipv6-only)\n" +
			"--peer 10.0.0.7:1 is not used: it has no IPv6 address (--ipv6-only)\n"},
	} {
		var warned strings.Builder
		got, err := c.only.parsePeers(t.Context(), strings.Split(c.values, "|"), names{}, func(text string) { warned.WriteString(text + "\n") })
		if err != nil || fmt.Sprint(got) != c.want || warned.String() != c.warned {
			t.Errorf("%+v, --peer %s: %v, %v, warned %q", c.only, c.values, got, err, warned.String())
		}
	}
	f := newFake("")
	o := &transferOptions{peers: []string{"[fd00::1]:1"}}
	o.ipv4Only = true
	if r, err := newRunner(t.Context(), o, f.streams, names{}); err != nil || len(r.peers) != 0 || !strings.Contains(f.stderr.String(), "warning: --peer [fd00::1]:1 is not used") {
		t.Errorf("a run: %v, %q", err, f.stderr.String())
	}
}

func TestHook(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	r := &result{arg: "s", Name: "n\x1b[m; touch hacked", Path: "p q", Wanted: 5, Files: make([]resultFile, 2), Seconds: 1.5}
	f := newFake("")
	if err := runHook(t.Context(), f.streams, "", r); err != nil {
		t.Error(err)
	}
	err := runHook(t.Context(), f.streams, `echo "$GOTOR_HOOK_SOURCE,$GOTOR_HOOK_PATH,$GOTOR_HOOK_SIZE,$GOTOR_HOOK_FILES,$GOTOR_HOOK_SECONDS"; echo err >&2`, r)
	if err != nil || f.stdout.String() != "" || f.stderr.String() != "s,p q,5,2,1.500\nerr\n" {
		t.Errorf("%v, stdout %q, stderr %q", err, f.stdout.String(), f.stderr.String())
	}
	for _, command := range []string{"exit 3", "kill -9 $$", "nonsense-command-that-is-not-there"} {
		if err := runHook(t.Context(), newFake("").streams, command, r); exitCode(err) != exitHook {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// A stop is passed on; a command that takes no notice does not keep us.
func TestHookStops(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	for _, c := range []struct {
		command, says string
		grace         time.Duration
	}{
		{"trap 'echo stopped; exit 1' INT; echo ready; while :; do sleep 0.01; done", "stopped", time.Minute},
		{"trap '' INT; echo ready; exec sleep 1000", "", time.Millisecond},
	} {
		f := newFake("")
		ctx, cancel := context.WithCancel(t.Context())
		ready := make(chan struct{}, 10)
		f.console = newConsole(firstWrite{&f.stderr, ready})
		done := make(chan error, 1)
		go func() { done <- runCommand(ctx, f.streams, c.command, &result{}, c.grace) }()
		<-ready
		cancel()
		if err := <-done; exitCode(err) != exitHook || !strings.Contains(f.stderr.String(), c.says) {
			t.Errorf("after a stop: %v, %q", err, f.stderr.String())
		}
	}
}

func TestResultReport(t *testing.T) {
	good := func() *result {
		return &result{V: 1, Event: "result", Source: "s", Path: "out/t", complete: true, OK: true,
			Files: []resultFile{{0, "out/t/a", 1}, {2, "out/t/b", 2}}, Trackers: []trackerEvent{}}
	}
	bad := &result{V: 1, Event: "result", Source: "s", Files: []resultFile{}, Trackers: []trackerEvent{}}
	for _, c := range []struct {
		name           string
		r              *result
		json           bool
		mode           progressMode
		perFile        bool
		streamed       bool
		stdout, stderr string // beginnings; "" is nothing at all
	}{
		{"path", good(), false, "auto", false, false, "out/t\n", ""},
		{"path per file", good(), false, "auto", true, false, "out/t/a\nout/t/b\n", ""},
		{"failed", bad, false, "auto", false, false, "", ""},
		{"json", good(), true, "auto", true, false, `{"v":1,"event":"result"`, ""},
		{"json failed", bad, true, "auto", false, false, `{"v":1,"event":"result"`, ""},
		{"event", good(), false, "json", false, false, "out/t\n", `{"v":1,"event":"result"`},
		{"both", good(), true, "json", false, false, `{"v":1`, `{"v":1`},
		{"streamed", good(), false, "auto", false, true, "", ""},
		{"streamed json", good(), true, "auto", false, true, "", `{"v":1,"event":"result"`},
	} {
		f := newFake("")
		o := &transferOptions{json: c.json}
		o.progress.mode = c.mode
		if err := c.r.report(f.streams, o, c.perFile, c.streamed); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for stream, p := range map[string][2]string{"stdout": {f.stdout.String(), c.stdout}, "stderr": {f.stderr.String(), c.stderr}} {
			if !strings.HasPrefix(p[0], p[1]) || p[1] == "" && p[0] != "" || strings.Count(p[0], "\n") > 2 {
				t.Errorf("%s: %s is %q, want %q", c.name, stream, p[0], p[1])
			}
		}
	}
}
