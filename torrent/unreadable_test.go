package torrent

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// badSectors is a Storage whose Stores cannot read some bytes for uploads.
type badSectors struct {
	off, end int64
	why      error
	tried    atomic.Int64
}

func (b *badSectors) Open(spec storage.Spec) (Store, error) {
	s, err := fileStorage{}.Open(spec)
	return badStore{s, b}, err
}

type badStore struct {
	Store
	*badSectors
}

func (s badStore) ServeAt(p []byte, off int64) (int, error) {
	if off < s.end && off+int64(len(p)) > s.off {
		s.tried.Add(1)
		return 0, s.why
	}
	return s.Store.ServeAt(p, off)
}

// A disk that fails while we seed: the user is told of the file, once, and the rest
// is given as before.
func TestSeedOnFailingDisk(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		files := []metainfo.File{{Path: []string{"one"}, Length: 100_000}, {Path: []string{"two"}, Length: 200_000}}
		m := l.torrent(payload, 16<<10, files)
		dir := l.TempDir()
		top := filepath.Join(dir, m.Name)
		l.must(os.Mkdir(top, 0o700))
		l.must(os.WriteFile(filepath.Join(top, "one"), payload[:100_000], 0o600))
		l.must(os.WriteFile(filepath.Join(top, "two"), payload[100_000:], 0o600))
		disk := &badSectors{off: 150_000, end: 151_000, why: errors.New("input/output error")}
		var told []string
		seeder := l.client(Config{Storage: disk})
		seed := l.mustGet(seeder, order{Source: Source{Meta: m, Local: true},
			Spec: Spec{Place: Place{Dir: dir}, Seeding: Seeding{Seed: true, SeedOnly: true}, Hooks: Hooks{Warn: func(s string) { told = append(told, s) }}}})
		// Who has the bad piece comes only when everything else was fetched from us.
		l.seed(m, payload, func(c *blastConfig) { c.UnchokeAfter = time.Minute })
		got := l.mustGet(l.client(Config{}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(seeder)}}})
		l.wantFile(m.Name+"/two", payload[100_000:])
		if up := seed.Snapshot().Uploaded; up < 280_000 || got.Snapshot().Wasted != 0 {
			t.Errorf("gave only %d bytes", up)
		}
		two := filepath.Join(top, "two")
		synctest.Wait() // for who tells
		if d := cmp.Diff([]string{two + " cannot be read for uploads: input/output error"}, told); d != "" || disk.tried.Load() == 0 {
			t.Errorf("told after %d tries: %s", disk.tried.Load(), d)
		}
		if d := cmp.Diff([]FileError{{two, "input/output error"}}, seed.Snapshot().Unreadable); d != "" {
			t.Error(d)
		}
	})
}

// A disk on which everything fails does not fill the screen.
func TestUnreadableIsBounded(t *testing.T) {
	l := &lab{T: t}
	payload := blastPayload(40 << 10)
	var list []metainfo.File
	for i := range 20 {
		list = append(list, metainfo.File{Path: []string{fmt.Sprint(i)}, Length: 2 << 10})
	}
	m, err := metainfo.Parse(rawTorrent(payload, 16<<10, list))
	l.must(err)
	layout, err := layoutOf(m)
	l.must(err)
	at := (&Place{Dir: t.TempDir()}).paths(m)
	files := newFileSet(layout, m, nil)
	var u unreadable
	var told []string
	note := func(p int, err error) {
		if text := u.news(faultOf(p, err, files, &at)); text != "" {
			told = append(told, text)
		}
	}
	for range 3 {
		note(1, io.ErrUnexpectedEOF) // of the file in which the piece begins
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], at.file(8)+" ") {
		t.Errorf("told %q", told)
	}
	for i := range m.Files {
		note(0, &DiskError{Op: "read", Path: at.below(i), Err: errors.New("broken")})
	}
	if len(told) != maxUnreadable+1 || len(u.list) != maxUnreadable || strings.Contains(told[maxUnreadable], "/") {
		t.Errorf("told %q, knows %d", told, len(u.list))
	}
	if want := (FileError{at.file(0), "broken"}); u.list[1] != want {
		t.Errorf("%+v, want %+v", u.list[1], want)
	}
}

// A piece that was given up meanwhile is no news: why, the user has heard.
func TestReadFailedOfWhatIsLost(t *testing.T) {
	inLab(t, func(l *lab) {
		seed := l.mustGet(l.client(Config{}), l.seedSpec(blastPayload(300_000)))
		seed.core.post(func(time.Time) { seed.held.lose(0) })
		seed.held.readFailed(0, io.ErrUnexpectedEOF)
		if s := seed.Snapshot(); len(s.Unreadable) > 0 {
			t.Errorf("told of %+v", s.Unreadable)
		}
		seed.held.readFailed(1, io.ErrUnexpectedEOF)
		if s := seed.Snapshot(); len(s.Unreadable) != 1 {
			t.Errorf("told of %+v, want one file", s.Unreadable)
		}
	})
}
