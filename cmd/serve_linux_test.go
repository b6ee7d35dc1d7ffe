package cmd

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// The unit of docs/ is closed as far as it can be.
func TestUnitIsHardened(t *testing.T) {
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip(err)
	}
	c := exec.Command(tool, "security", "--offline=true", "--no-pager", "../docs/gotor.service")
	out, err := c.CombinedOutput()
	m := regexp.MustCompile(`Overall exposure level for gotor\.service: ([0-9.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("%v: %s", err, out)
	}
	const most = 2.0
	if level, _ := strconv.ParseFloat(string(m[1]), 64); level > most {
		t.Errorf("exposure %v, and at most %v is right:\n%s", level, most, out)
	}
}

// A socket that systemd has opened is answered at, in the place of --listen.
func TestSocketOfSystemd(t *testing.T) {
	k := newKitchen(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noErr(t, err)
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	noErr(t, err)
	defer f.Close()
	c := k.command("sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec gotor serve --dir data")
	c.ExtraFiles = []*os.File{f}
	want := "http://" + l.Addr().String() + "/"
	if got := k.start(c); got != want {
		t.Errorf("it is at %s, not %s", got, want)
	}
	resp, err := http.Get(want + "livez")
	noErr(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("it answers %s", resp.Status)
	}
}

// standing is a made-up session.
type standing struct{ stats record.Stats }

func (s standing) Changed() (uint64, <-chan struct{}) { return 1, nil }
func (s standing) Stats() record.Stats                { return s.stats }

// systemd is told when we are ready, how things stand, that we live, and the rest.
func TestSystemdIsTold(t *testing.T) {
	dir, err := os.MkdirTemp("", "gotor-notify")
	noErr(t, err)
	defer os.RemoveAll(dir)
	l, err := net.ListenPacket("unixgram", filepath.Join(dir, "s"))
	noErr(t, err)
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "s"))
	t.Setenv("WATCHDOG_USEC", "2000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	hear := func() string {
		t.Helper()
		b := make([]byte, 1000)
		n, _, err := l.ReadFrom(b)
		noErr(t, err)
		return string(b[:n])
	}
	until := func(want string) {
		t.Helper()
		for got := ""; !strings.HasPrefix(got, want); got = hear() {
		}
	}
	m := startManager(standing{record.Stats{Torrents: map[string]int{"seeding": 809, "downloading": 3}, DownRate: 41 << 20}})
	if got := hear(); got != "READY=1" {
		t.Errorf("at first: %q", got)
	}
	until("STATUS=812 torrents, 3 downloading, 41.0 MiB/s")
	until("WATCHDOG=1")
	go m.reloading(func() {})
	until("RELOADING=1\nMONOTONIC_USEC=")
	until("READY=1")
	go m.stop()
	until("STOPPING=1")
	<-m.ended
}
