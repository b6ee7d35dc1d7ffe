//go:build interop && linux

// The interop tests run gotor against the programs that people have: trackers,
// seeders and downloaders of other makers, each on a host of its own in a
// network that the test makes out of network namespaces. They need root and
//
//	apt-get install iproute2 transmission-daemon transmission-cli aria2 \
//	    python3-libtorrent opentracker mktorrent nginx-light curl prometheus \
//	    python3-transmissionrpc libtransmission-client-perl
//
// and are run by
//
//	go test -tags interop -run TestInterop ./cmd
//
// A program that is missing skips the tests that need it; with
// GOTOR_INTEROP=require it fails them.
package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// lab is what all interop tests share: the programs and the gotor under test.
type lab struct {
	gotor string // the binary, built for this run
	state string // its state folder: one user has all the gotors, so each believes what the other has left

	mu    sync.Mutex
	found map[string]string // guarded by mu; program name to path
}

// TestInterop holds all interop tests, so that gotor is built once.
func TestInterop(t *testing.T) {
	l := &lab{found: map[string]string{}, state: t.TempDir()}
	needRoot(t)
	l.need(t, "ip")
	removeStaleNets(t)
	l.build(t)
	for _, s := range []struct {
		name string
		run  func(*testing.T, *lab)
	}{
		{"seeders", testSeeders},
		{"makers", testMakers},
		{"create", testCreate},
		{"trackers", testTrackers},
		{"tracker", testOwnTracker},
		{"swarms", testSwarms},
		{"uploads", testUploads},
		{"seeding", testSeeding},
		{"magnets", testMagnets},
		{"webseeds", testWebSeeds},
		{"dht", testDHT},
		{"lsd", testLSD},
		{"pex", testPEX},
		{"private", testPrivate},
		{"home", testHome},
		{"remote", testRemote},
		{"rpc", testRPCLibraries},
		{"rest", testREST},
		{"proxy", testProxy},
		{"kill", testKill},
		{"interrupt", testInterrupt},
		{"fulldisk", testFullDisk},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			s.run(t, l)
		})
	}
}

// build compiles the module's main package. GOTOR names a binary to use
// instead.
func (l *lab) build(t *testing.T) {
	t.Helper()
	if l.gotor = os.Getenv("GOTOR"); l.gotor != "" {
		return
	}
	l.gotor = filepath.Join(t.TempDir(), "gotor")
	c := exec.Command("go", "build", "-o", l.gotor, "..")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// need finds programs on PATH, or ends the test: skipped, or failed when the
// run requires all of them.
func (l *lab) need(t *testing.T, names ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		if l.found[n] != "" {
			continue
		}
		p, err := find(n)
		if err != nil {
			lacking(t, "%s is not installed: %v", n, err)
		}
		l.found[n] = p
	}
}

// path is where a program is; need has found it.
func (l *lab) path(name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found[name]
}

// find looks a program up. "libtorrent" is Debian's Python binding, which only
// Debian's own python3 can load.
func find(name string) (string, error) {
	switch name {
	case "libtorrent":
		return "/usr/bin/python3", exec.Command("/usr/bin/python3", "-c", "import libtorrent").Run()
	case "python3":
		return exec.LookPath("/usr/bin/python3")
	case "nginx", "ip", "mount":
		// Not on every user's PATH.
		if p, err := exec.LookPath("/usr/sbin/" + name); err == nil {
			return p, nil
		}
	}
	return exec.LookPath(name)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		lacking(t, "network namespaces need root")
	}
}

// lacking skips the test, or fails it when GOTOR_INTEROP=require.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("GOTOR_INTEROP") == "require" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// caseName turns a description into a subtest name.
func caseName(parts ...string) string {
	return strings.ReplaceAll(strings.Join(parts, "-"), " ", "-")
}
