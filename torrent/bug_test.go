package torrent

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// wantBug checks that a torrent has ended with a panic of ours, and says where.
func (l *lab) wantBug(t *Torrent) {
	l.Helper()
	select {
	case <-t.Done():
	case <-time.After(time.Hour):
		l.Fatal("the torrent did not end")
	}
	<-t.Stopped()
	err := t.Err()
	if !errors.Is(err, ErrBug) || !strings.Contains(err.Error(), "bug_test.go:") || strings.Contains(err.Error(), "\n") {
		l.Errorf("ended with %v, want a bug and its place", err)
	}
	if s := t.Snapshot(); s.State != StateFailed && s.State != StateSeeding {
		l.Errorf("state %v", s.State)
	}
}

// A panic in the loop ends its torrent, whose verified pieces are kept, and no
// other.
func TestPanicInLoop(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		l.seed(m, payload, nil)
		c := l.client(Config{MaxDown: 1 << 20})
		other := l.add(c, order{Source: Source{Meta: l.single(payload, 32<<10)}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		tor := l.add(c, of(m))
		l.until(tor, "half of it", func(s Snapshot) bool { return s.Verified > 2<<20 })
		tor.core.post(func(time.Time) { panic("oops") })
		l.wantBug(tor)
		select {
		case <-other.Done():
			t.Errorf("another torrent ended, too: %v", other.Err())
		default:
		}
		again := l.mustGet(l.client(Config{}), of(m))
		if s := again.Snapshot(); s.Resumed < 2<<20 {
			t.Errorf("%d bytes were kept of more than half", s.Resumed)
		}
	})
}

// One that is complete and seeds has failed, too.
func TestPanicWhileSeeding(t *testing.T) {
	inLab(t, func(l *lab) {
		tor := l.mustGet(l.client(Config{}), l.seedSpec(blastPayload(300_000)))
		tor.core.post(func(time.Time) { panic("oops") })
		l.wantBug(tor)
	})
}

// fragile is a Storage whose Stores panic when they are told to.
type fragile struct{ save, write atomic.Bool }

func (f *fragile) Open(spec storage.Spec) (Store, error) {
	s, err := fileStorage{}.Open(spec)
	return fragileStore{s, f}, err
}

type fragileStore struct {
	Store
	*fragile
}

func (s fragileStore) SaveRecord(b []byte) error {
	if s.save.CompareAndSwap(true, false) {
		panic("oops")
	}
	return s.Store.SaveRecord(b)
}

func (s fragileStore) WriteVec(bufs [][]byte, off int64) error {
	if s.write.CompareAndSwap(true, false) {
		panic("oops")
	}
	return s.Store.WriteVec(bufs, off)
}

// A panic in any other goroutine of a torrent ends that torrent, too, and its
// state is saved all the same.
func TestPanicElsewhere(t *testing.T) {
	for name, crash := range map[string]func(t *Torrent, f *fragile){
		"a goroutine of its own": func(t *Torrent, _ *fragile) { t.core.post(func(time.Time) { t.core.spawn(func() { panic("oops") }) }) },
		"the keeper": func(t *Torrent, f *fragile) {
			f.save.Store(true)
			t.core.post(func(now time.Time) { t.held.recordAt = now })
		},
		"a hash worker": func(_ *Torrent, f *fragile) { f.write.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(4 << 20)
				m := l.single(payload, 64<<10)
				l.seed(m, payload, nil)
				f := new(fragile)
				tor := l.add(l.client(Config{MaxDown: 1 << 20, Storage: f}), of(m))
				l.until(tor, "half of it", func(s Snapshot) bool { return s.Verified > 2<<20 })
				crash(tor, f)
				l.wantBug(tor)
				again := l.mustGet(l.client(Config{}), of(m))
				if s := again.Snapshot(); s.Resumed < 2<<20 {
					t.Errorf("%d bytes were kept of more than half", s.Resumed)
				}
			})
		})
	}
}

// Those who wait for a torrent that hangs after a panic are let go.
func TestPanicThatHangs(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.client(Config{})
		tor := l.add(c, order{Source: Source{Meta: l.single(blastPayload(300_000), 16<<10)}})
		l.until(tor, "files", func(s Snapshot) bool { return s.State == StateDownloading })
		hang := make(chan struct{})
		tor.core.post(func(time.Time) {
			tor.core.spawn(func() { <-hang })
			panic("oops")
		})
		l.wantBug(tor)
		c.Close()
		close(hang)
		time.Sleep(time.Second)
	})
}

// What all torrents have in common takes all of them along.
func TestPanicInClient(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.client(Config{})
		a := l.add(c, order{Source: Source{Meta: l.single(blastPayload(300_000), 16<<10)}})
		b := l.add(c, order{Source: Source{Meta: l.single(blastPayload(300_000), 32<<10)}, Spec: Spec{Place: Place{Rename: "other"}}}) // a file of its own
		c.guard(func() { panic("oops") })
		l.wantBug(a)
		l.wantBug(b)
	})
}

// The end of a torrent that was never begun is none with a panic that is caught.
func TestEndBeforeBegin(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(blastPayload(100_000), 32<<10)
		for name, src := range map[string]Source{
			"known":     {Meta: m},
			"not known": {Link: &metainfo.Link{InfoHash: m.InfoHash, HasV1: true}},
		} {
			tor, err := newTorrent(l.client(Config{}), src, Lookup{})
			l.must(err)
			tor.core.crash = func(err error) { l.Errorf("%s: %v", name, err) }
			tor.finish(ErrStopped)
			tor.shutdown()
			if s := tor.Snapshot(); s.State != StateFailed || !errors.Is(tor.Err(), ErrStopped) {
				l.Errorf("%s: %v, %v", name, s.State, tor.Err())
			}
		}
	})
}
