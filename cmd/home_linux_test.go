package cmd

import (
	"encoding/hex"
	"io/fs"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gotor/torrent/metainfo"
)

// This file shows that a gotor of a test talks to its own machine only: that all
// of them are started with what stayHome sets, and what a gotor asks of the
// kernel then. The interop tests, which have networks of their own, catch packets
// besides.

// TestHomeSockets watches the system calls of a seeder and of those who get from
// it what a link leads to.
func TestHomeSockets(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err == nil {
		err = exec.Command(strace, "-o", "/dev/null", "true").Run()
	}
	if err != nil {
		t.Skipf("strace: %v", err)
	}
	dir := t.TempDir()
	data, file := filepath.Join(dir, "disk.img"), filepath.Join(dir, "x.torrent")
	noErr(t, os.WriteFile(data, make([]byte, 300_000), 0o666))
	tracker := httptest.NewServer(&fakeTracker{mode: "ok"})
	defer tracker.Close()
	raw, err := metainfo.Create(t.Context(), data, metainfo.CreateOptions{Trackers: [][]string{{tracker.URL + "/announce"}}})
	noErr(t, err)
	noErr(t, os.WriteFile(file, raw, 0o666))
	m, err := metainfo.Parse(raw)
	noErr(t, err)

	gotor := func(log string, args ...string) *exec.Cmd {
		// -D: the process that we start, and may interrupt, is gotor itself.
		argv := append([]string{"-D", "-f", "-qq", "-e", "trace=network", "-o", filepath.Join(dir, log), "gotor"}, args...)
		c := exec.Command(strace, argv...)
		c.Dir = t.TempDir()
		c.Env = append(os.Environ(), "XDG_STATE_HOME="+c.Dir, "XDG_CACHE_HOME="+c.Dir)
		return c
	}
	seed := gotor("seed", "seed", "--progress", "none", file, data)
	link, err := seed.StdoutPipe()
	noErr(t, err)
	noErr(t, seed.Start())
	defer func() {
		seed.Process.Signal(os.Interrupt)
		seed.Wait()
	}()
	if _, err := link.Read(make([]byte, 1000)); err != nil { // the link: it listens
		t.Fatal(err)
	}
	sockets(t, dir, "seed", 3)
	seeder := listener(t, filepath.Join(dir, "seed"))
	magnet := "magnet:?xt=urn:btih:" + hex.EncodeToString(m.InfoHash[:]) + "&x.pe=" + seeder.String()
	for log, args := range map[string][]string{
		"get a file":  {"get", "--timeout", "2m", "--peer", seeder.String(), file},
		"get a link":  {"get", "--timeout", "2m", magnet},
		"magnet":      {"magnet", "-o", "y.torrent", magnet},
		"dht":         {"dht", "ping", "--timeout", "1s", seeder.String()},
		"get nothing": {"get", "--timeout", "2s", "magnet:?xt=urn:btih:" + strings.Repeat("00", 20)},
	} {
		out, err := gotor(log, args...).CombinedOutput()
		// Whether the seeder's node has begun when it is pinged is of no interest here.
		if want := log == "get nothing"; (err != nil) != want && log != "dht" {
			t.Errorf("%s: %v: %s", log, err, out)
		}
		sockets(t, dir, log, 1)
	}
}

// sockets fails the test for each address in the log of a run that is not this
// machine's own, and when there are fewer than so many that are.
func sockets(t *testing.T, dir, log string, least int) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, log))
	noErr(t, err)
	own := 0
	for line := range strings.Lines(string(b)) {
		a, ok := abroad(line)
		if ok {
			t.Errorf("%s: %s", log, line)
		}
		if a.IsValid() {
			own++
		}
	}
	if own < least {
		t.Errorf("%s: strace saw %d addresses:\n%s", log, own, b)
	}
}

var (
	socketCall = regexp.MustCompile(`\b(connect|bind|sendto|sendmsg|sendmmsg|setsockopt)\(`)
	socketAddr = regexp.MustCompile(`(?:htons\((\d+)\).*)inet_(?:addr\(|pton\(AF_INET6, )"([^"]+)"`)
)

// abroad says whether a line of strace is a packet or connection to another
// machine, or joins a group. A socket may listen on all addresses. at is the
// address in the line, if there is one.
func abroad(line string) (at netip.AddrPort, is bool) {
	call := socketCall.FindStringSubmatch(line)
	if call == nil {
		return at, false
	}
	if call[1] == "setsockopt" {
		return at, strings.Contains(line, "_MEMBERSHIP") || strings.Contains(line, "JOIN_GROUP")
	}
	found := socketAddr.FindStringSubmatch(line)
	if found == nil {
		return at, false
	}
	at, err := netip.ParseAddrPort("[" + found[2] + "]:" + found[1])
	if strings.Contains(found[2], ".") && !strings.Contains(found[2], ":") {
		at, err = netip.ParseAddrPort(found[2] + ":" + found[1])
	}
	ip := at.Addr().Unmap()
	return at, err != nil || !ip.IsLoopback() && (call[1] != "bind" || !ip.IsUnspecified())
}

// listener is the TCP address that the gotor with this log listens at, on
// loopback.
func listener(t *testing.T, log string) netip.AddrPort {
	t.Helper()
	b, err := os.ReadFile(log)
	noErr(t, err)
	port, ok := listening(string(b))
	if !ok {
		t.Fatalf("no socket listens:\n%s", b)
	}
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
}

var descriptor = regexp.MustCompile(`\b(bind|listen)\((\d+),`)

// listening finds the port of the first socket that listens. One that could not
// be bound, because another program has the port, does not come to that.
func listening(log string) (port uint16, ok bool) {
	bound := make(map[string]uint16)
	for line := range strings.Lines(log) {
		call := descriptor.FindStringSubmatch(line)
		if call == nil {
			continue
		}
		if call[1] == "listen" {
			if port, ok := bound[call[2]]; ok {
				return port, true
			}
			continue
		}
		if a, _ := abroad(line); a.Addr().IsUnspecified() && a.Port() != 0 {
			bound[call[2]] = a.Port()
		}
	}
	return 0, false
}

func TestListening(t *testing.T) {
	const bind = `, {sa_family=AF_INET, sin_port=htons(6881), sin_addr=inet_addr("0.0.0.0")}, 16`
	for log, want := range map[string]uint16{
		"7 bind(3" + bind + ") = 0\n7 listen(3, 4096) = 0\n":                                                                            6881,
		"7 bind(3" + bind + " <unfinished ...>\n8 socket(1) = 4\n7 <... bind resumed>) = 0\n7 listen(3, 4096 <unfinished ...>\n":        6881,
		"7 bind(3" + bind + ") = -1 EADDRINUSE\n7 bind(3" + strings.Replace(bind, "6881", "6882", 1) + ") = 0\n7 listen(3, 4096) = 0\n": 6882,
		"7 bind(3" + bind + ") = 0\n7 bind(4" + strings.Replace(bind, "6881", "6882", 1) + ") = 0\n7 listen(4, 4096) = 0\n":             6882,
		"7 bind(3" + bind + ") = -1 EADDRINUSE\n":                                                                                       0,
	} {
		if got, ok := listening(log); got != want || ok != (want != 0) {
			t.Errorf("%s\nport %d, want %d", log, got, want)
		}
	}
}

func TestAbroad(t *testing.T) {
	for line, want := range map[string]bool{
		`7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`:                                                                                        false,
		`7 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.255.0.1")}, 16) = -1 ENETUNREACH`:                                                                          true,
		`7 connect(3, {sa_family=AF_UNIX, sun_path="/run/nscd/socket"}, 110) = -1 ENOENT`:                                                                                                       false,
		`7 sendto(3, "d1:ad2:id20:x", 9, 0, {sa_family=AF_INET6, sin6_port=htons(6881), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 9`:      true,
		`7 sendto(3, "d1:ad2:id20:x", 9, 0, {sa_family=AF_INET6, sin6_port=htons(6881), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr), sin6_scope_id=0}, 28) = 9`: false,
		`7 bind(3, {sa_family=AF_INET6, sin6_port=htons(6881), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0`:                                        false,
		`7 bind(3, {sa_family=AF_INET, sin_port=htons(6771), sin_addr=inet_addr("239.192.152.143")}, 16) = 0`:                                                                                   true,
		`7 setsockopt(3, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr("239.192.152.143"), imr_interface=inet_addr("0.0.0.0")}, 8) = 0`:                                                   true,
		`7 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0`:                                                                                                                                 false,
		`7 accept4(3, {sa_family=AF_INET, sin_port=htons(4000), sin_addr=inet_addr("192.0.2.1")}, [16], SOCK_CLOEXEC) = 5`:                                                                      false,
	} {
		if a, got := abroad(line); got != want {
			t.Errorf("%s: %v, address %v", line, got, a)
		}
	}
}

// Every test or demo that starts a gotor gives it what keeps it at home: those of
// this package get it from TestMain, as long as none replaces the environment.
func TestHomeEnvironment(t *testing.T) {
	starts := regexp.MustCompile(`exec\.Command(Context)?\(.*"gotor"|argv\[0\]`)
	builds := regexp.MustCompile(`"go", "build"`)
	replaces := regexp.MustCompile(`\bEnv\s*=\s*`)
	seen := 0
	noErr(t, fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "testdata/") || !strings.HasSuffix(path, ".go") {
			return err
		}
		b, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			return err
		}
		text := string(b)
		keeps := strings.Contains(text, `"GOTOR_DHT_BOOTSTRAP=none", "GOTOR_NO_LSD=true"`) || strings.Contains(text, "stayHome(")
		for line := range strings.Lines(text) {
			if starts.MatchString(line) && !builds.MatchString(line) {
				seen++
				if !keeps && !strings.HasPrefix(path, "cmd/") {
					t.Errorf("%s starts a gotor and does not keep it at home: %s", path, line)
				}
			}
			if !keeps && strings.HasPrefix(path, "cmd/") && replaces.MatchString(line) && !strings.Contains(line, "os.Environ()") && !strings.Contains(line, "append(c.Env,") {
				t.Errorf("%s replaces the environment: %s", path, line)
			}
		}
		return nil
	}))
	if seen < 3 {
		t.Errorf("found %d places that start a gotor", seen)
	}
	for name, want := range map[string]string{"GOTOR_DHT_BOOTSTRAP": "none", "GOTOR_NO_LSD": "true"} {
		if got := os.Getenv(name); got != want {
			t.Errorf("tests run with %s=%q, want %q", name, got, want)
		}
	}
}
