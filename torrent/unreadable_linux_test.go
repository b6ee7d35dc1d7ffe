package torrent

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// A file on disk that cannot be opened, whoever we are: somebody else has a lease on
// it. (Permissions would not stop root.)
func TestSeedUnreadableFile(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		spec := l.seedSpec(payload)
		seeder := l.client(Config{StateDir: l.TempDir()})
		first := l.mustGet(seeder, spec)
		first.Stop()
		<-first.Stopped()
		path := filepath.Join(spec.Dir, "payload")
		l.must(os.Chmod(path, 0o600))
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		l.must(err)
		defer f.Close()
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
			t.Skipf("this file system has no leases: %v", err)
		}
		var told []string
		spec.Warn = func(s string) { told = append(told, s) }
		seed := l.mustGet(seeder, spec) // as the record says, without reading it
		l.seed(spec.Meta, payload, func(c *blastConfig) { c.UnchokeAfter = time.Minute })
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		l.wantFile("payload", payload)
		synctest.Wait() // for who tells
		if len(told) != 1 || !strings.HasPrefix(told[0], path+" cannot be read") {
			t.Errorf("told %q", told)
		}
		if s := seed.Snapshot(); len(s.Unreadable) != 1 || s.Unreadable[0].Path != path || s.Verified != s.Wanted {
			t.Errorf("%+v, %d of %d bytes", s.Unreadable, s.Verified, s.Wanted)
		}
	})
}
