package cmd

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/tracker"
)

// captureTracker runs a command line and returns the options that tracker would
// have worked with.
func captureTracker(t *testing.T, env map[string]string, args ...string) (*trackerOptions, error) {
	t.Helper()
	f := newFake("")
	f.env = env
	var got *trackerOptions
	root := newRootCmd(f.streams)
	old, _, err := root.Find([]string{"tracker"})
	if err != nil {
		t.Fatal(err)
	}
	root.RemoveCommand(old)
	root.AddCommand(newTrackerCmd(f.streams, func(_ context.Context, o *trackerOptions, _ *streams) error {
		got = o
		return nil
	}))
	root.SetArgs(append([]string{"tracker"}, args...))
	return got, func() error { err := root.ExecuteContext(t.Context()); return err }()
}

func TestTrackerFlags(t *testing.T) {
	for _, c := range []struct {
		args string
		env  map[string]string
		ok   func(o *trackerOptions) bool
	}{
		{"", nil, func(o *trackerOptions) bool {
			return o.listen == ":6969" && !o.interval.set && o.allow == nil && o.maxTorrents == 10_000 && o.maxTracked == 100_000
		}},
		{"--listen [::1]:0 --interval 30s", nil, func(o *trackerOptions) bool { return o.listen == "[::1]:0" && o.interval.d == 30*time.Second }},
		{"--allow x --allow y --max-torrents 5 --max-tracked 50", nil, func(o *trackerOptions) bool {
			return len(o.allow) == 2 && o.maxTorrents == 5 && o.maxTracked == 50
		}},
		{"", map[string]string{"GOTOR_LISTEN": ":7000", "GOTOR_INTERVAL": "1h", "GOTOR_ALLOW": "a\nb", "GOTOR_MAX_PEERS": "1"}, func(o *trackerOptions) bool {
			return o.listen == ":7000" && o.interval.d == time.Hour && len(o.allow) == 2 && o.maxTracked == 100_000
		}},
	} {
		got := new(trackerOptions)
		o, err := captureTracker(t, c.env, strings.Fields(c.args)...)
		if err == nil && o != nil {
			got = o
		}
		if err != nil || !c.ok(got) {
			t.Errorf("tracker %s: %v, %+v", c.args, err, got)
		}
	}
	for _, args := range []string{"x", "--listen x", "--listen 6969", "--listen :http", "--listen :65536", "--listen ::1:5", "--interval 9s", "--interval 61m",
		"--interval 0", "--max-torrents 0", "--max-tracked -1", "--max-tracked x"} {
		if _, err := captureTracker(t, nil, strings.Fields(args)...); record.CodeOf(err) != record.ExitUsage {
			t.Errorf("tracker %s: %v, exit code %d", args, err, record.CodeOf(err))
		}
	}
}

// started is a gotor tracker in this process.
type started struct {
	*fake
	urls []string
	stop func() int // as Ctrl-C does; returns the exit code
}

// firstWrite passes on what is written, and tells once that it was.
type firstWrite struct {
	*syncBuffer
	told chan<- struct{}
}

func (w firstWrite) Write(p []byte) (int, error) {
	defer func() { w.told <- struct{}{} }()
	return w.syncBuffer.Write(p)
}

func startTracker(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{fake: newFake("")}
	told, code := make(chan struct{}, 10), make(chan int, 1)
	s.out = firstWrite{&s.stdout, told}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { code <- run(ctx, append([]string{"tracker"}, args...), s.streams) }()
	select {
	case <-told:
	case c := <-code:
		t.Fatalf("exit code %d: %s", c, s.stderr.String())
	}
	s.urls = strings.Fields(s.stdout.String())
	s.stop = func() int {
		cancel(interrupted{syscall.SIGINT})
		c := <-code
		code <- c
		return c
	}
	t.Cleanup(func() { s.stop() })
	return s
}

func TestTrackerRuns(t *testing.T) {
	s := startTracker(t, "--listen", "127.0.0.1:0", "--interval", "5m")
	if len(s.urls) != 2 || !strings.HasPrefix(s.urls[0], "http://127.0.0.1:") || s.urls[1] != strings.Replace(s.urls[0], "http", "udp", 1) {
		t.Fatalf("%q", s.urls)
	}
	c := tracker.New(scrapeConfig(new(scrapeOptions)))
	defer c.Close()
	for i, u := range s.urls {
		got, err := c.Announce(t.Context(), nil, u, tracker.Request{InfoHash: [20]byte{1}, PeerID: [20]byte{byte(i)}, Port: uint16(i + 1), Event: tracker.EventStarted, Left: 1})
		if err != nil || got.Interval != 5*time.Minute || len(got.Peers) != i {
			t.Errorf("%s: %+v, %v", u, got, err)
		}
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got, want := s.stderr.String(), "tracker: 2 announces, 0 scrapes, 0 refused; 2 peers of 1 torrent were known at the end\n"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
	if _, err := c.Announce(t.Context(), nil, s.urls[0], tracker.Request{}); err == nil {
		t.Error("it still answers")
	}
}

func TestTrackerAllow(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("x.torrent", tinyTorrent(), 0o666); err != nil {
		t.Fatal(err)
	}
	v1, v2 := strings.Repeat("ab", 20), strings.Repeat("CD", 32)
	s := startTracker(t, "--listen", "127.0.0.1:0", "--allow", v1, "--allow", v2, "--allow", "x.torrent")
	src, err := s.loader(job.Family{}).Load(t.Context(), "x.torrent")
	if err != nil {
		t.Fatal(err)
	}
	c := tracker.New(scrapeConfig(new(scrapeOptions)))
	defer c.Close()
	for hash, ok := range map[[20]byte]bool{[20]byte([]byte(strings.Repeat("\xab", 20))): true, [20]byte([]byte(strings.Repeat("\xcd", 20))): true,
		src.Meta.InfoHash: true, {1}: false} {
		_, err := c.Announce(t.Context(), nil, s.urls[0], tracker.Request{InfoHash: hash, Port: 1})
		if ok != (err == nil) || !ok && !errors.As(err, new(*tracker.Failure)) {
			t.Errorf("%x: %v", hash, err)
		}
	}
	for arg, code := range map[string]int{"missing.torrent": record.ExitFile, dir: record.ExitFile, strings.Repeat("ab", 19): record.ExitMalformed} {
		f := newFake("")
		if got := f.gotor(t, "tracker", "--listen", "127.0.0.1:0", "--allow", arg); got != code || strings.Count(f.stderr.String(), "\n") != 1 {
			t.Errorf("--allow %s: exit code %d, %q", arg, got, f.stderr.String())
		}
	}
}

// Either half of the port may be taken.
func TestTrackerPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	for _, addr := range []string{l.Addr().String(), pc.LocalAddr().String()} {
		f := newFake("")
		code := f.gotor(t, "tracker", "--listen", addr)
		want := "gotor: cannot listen on " + addr + ": another program does; choose another port with --listen, or stop it\n"
		if code != record.ExitOther || f.stderr.String() != want || f.stdout.String() != "" {
			t.Errorf("exit code %d, stdout %q, stderr %q, want %q", code, f.stdout.String(), f.stderr.String(), want)
		}
	}
	f := newFake("")
	if code := f.gotor(t, "tracker", "--listen", "192.0.2.77:0"); code != record.ExitOther || !strings.Contains(f.stderr.String(), "choose another address with --listen: ") {
		t.Errorf("exit code %d, %q", code, f.stderr.String())
	}
}

// Whoever reads the URLs may go away before they are printed.
func TestTrackerStdoutGone(t *testing.T) {
	f := newFake("")
	f.out = goneWriter{}
	if code := f.gotor(t, "tracker", "--listen", "127.0.0.1:0"); code != record.ExitPipe || f.stderr.String() != "" {
		t.Errorf("exit code %d, %q", code, f.stderr.String())
	}
}

func TestAnnounceURLs(t *testing.T) {
	both := []netip.Prefix{netip.MustParsePrefix("10.0.0.5/24"), netip.MustParsePrefix("fd00::5/64")}
	for _, c := range []struct {
		at   string
		own  []netip.Prefix
		want string
	}{
		{"0.0.0.0:1", both, "http://10.0.0.5:1 udp://10.0.0.5:1"},
		{"[::]:1", both, "http://10.0.0.5:1 udp://10.0.0.5:1 http://[fd00::5]:1 udp://[fd00::5]:1"},
		{"[::]:1", nil, "http://127.0.0.1:1 udp://127.0.0.1:1"},
		{"0.0.0.0:1", both[1:], "http://127.0.0.1:1 udp://127.0.0.1:1"},
		{"127.0.0.2:1", both, "http://127.0.0.2:1 udp://127.0.0.2:1"},
		{"[::1]:1", both, "http://[::1]:1 udp://[::1]:1"},
		{"[::ffff:10.0.0.5]:1", both, "http://10.0.0.5:1 udp://10.0.0.5:1"},
	} {
		want := strings.ReplaceAll(c.want, " ", "/announce\n") + "/announce\n"
		if got := announceURLs(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.at)), c.own); got != want {
			t.Errorf("%s: %q, want %q", c.at, got, want)
		}
	}
}

// Addresses of this machine are such that others can use.
func TestMachineAddrs(t *testing.T) {
	six := false
	for _, p := range machineAddrs() {
		a := p.Addr()
		if a.IsLoopback() || a.IsLinkLocalUnicast() || six && a.Is4() {
			t.Errorf("%v in %v", a, machineAddrs())
		}
		six = six || a.Is6()
	}
}

// A free port is one for both transports.
func TestListenBoth(t *testing.T) {
	l, pc, err := listenBoth(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	defer pc.Close()
	if a, b := l.Addr().String(), pc.LocalAddr().String(); a != b || strings.HasSuffix(a, ":"+strconv.Itoa(0)) {
		t.Errorf("%s and %s", a, b)
	}
}
