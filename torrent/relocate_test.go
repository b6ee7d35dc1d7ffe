package torrent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// otherDisk is a folder on another disk than dir, if there is one.
func otherDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "gotor-relocate-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestRelocate: a download that was begun goes on in another place, on the same disk or
// another one, and nothing of what is unfinished is hashed.
func TestRelocate(t *testing.T) {
	for name, folder := range map[string]func(t *testing.T) string{
		"same disk": (*testing.T).TempDir, "other disk": otherDisk,
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			inLab(t, func(l *lab) {
				payload := blastPayload(4 << 20)
				m := l.torrent(payload, 64<<10, testFiles(1<<20+100, 3<<20-100))
				raw := rawTorrent(payload, 64<<10, testFiles(1<<20+100, 3<<20-100), l.tracker.URL)
				from := Place{Dir: l.dir}
				l.halfDone(order{Source: Source{Meta: m, Raw: raw}, Spec: Spec{Place: from, Selection: Selection{First: []bool{true}}}})
				to := Place{Dir: filepath.Join(dir, "new"), Rename: "mine"}
				l.must(Relocate(l.Context(), RelocateSpec{Meta: m, From: from, To: to, KeyDir: l.keys()}))
				l.wantNames()
				left, err := Unfinished(to.Dir, l.keys())
				if err != nil || len(left) != 1 || left[0].Name != "mine" {
					t.Fatalf("unfinished there: %+v, %v", left, err)
				}
				src, spec, err := left[0].Load()
				l.must(err)
				if spec.Rename != "mine" || len(spec.First) != 2 {
					t.Errorf("to go on with: %+v", spec)
				}
				tr := l.mustGet(l.client(Config{}), order{Source: src, Spec: spec})
				// The first file has its final name: as always, that is hashed.
				if s := tr.Snapshot(); s.ToCheck != 17*64<<10 || s.Resumed < 1<<20 {
					t.Errorf("%d bytes hashed, %d resumed", s.ToCheck, s.Resumed)
				}
				<-tr.Stopped()
				l.dir = to.Dir
				l.wantNames("mine/a", "mine/b")
				l.wantFile("mine/a", payload[:1<<20+100])
				l.wantFile("mine/b", payload[1<<20+100:])
			})
		})
	}
}

// TestRelocateSeed: what is remembered of a seed is right in its new place, too.
func TestRelocateSeed(t *testing.T) {
	dir := otherDisk(t)
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 64<<10)
		l.must(os.WriteFile(filepath.Join(l.dir, "payload"), payload, 0o600))
		states := filepath.Join(l.dir, "..", "states")
		place := Place{Dir: l.dir}
		for k, want := range []int64{1 << 20, 0, 0, 0} {
			c := l.client(Config{StateDir: states})
			tr := l.add(c, order{Source: Source{Meta: m}, Spec: Spec{Place: place, Seeding: Seeding{Seed: true, SeedOnly: true}}})
			<-tr.Done()
			l.must(tr.Err())
			if s := tr.Snapshot(); s.ToCheck != want {
				t.Errorf("run %d: %d bytes hashed, want %d", k, s.ToCheck, want)
			}
			tr.Stop()
			<-tr.Stopped()
			l.must(c.Close())
			if k == 0 {
				continue // it remembers
			}
			to := Place{Dir: filepath.Join(dir, string(rune('a'+k)))}
			l.must(Relocate(l.Context(), RelocateSpec{Meta: m, From: place, To: to, KeyDir: l.keys(), StateDir: states}))
			place = to
		}
	})
}

// TestRelocateCancelled: the old place stays, and can be gone on with.
func TestRelocateCancelled(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		l.halfDone(order{Source: Source{Meta: m}})
		ctx, cancel := context.WithCancel(l.Context())
		cancel()
		to := Place{Dir: filepath.Join(l.dir, "new")}
		if err := Relocate(ctx, RelocateSpec{Meta: m, From: Place{Dir: l.dir}, To: to, KeyDir: l.keys()}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		tr := l.mustGet(l.client(Config{}), of(m))
		if s := tr.Snapshot(); s.ToCheck != 0 || s.Resumed < 1<<20 {
			t.Errorf("%d bytes hashed, %d resumed", s.ToCheck, s.Resumed)
		}
		<-tr.Stopped()
		l.wantFile("payload", payload)
		l.wantNames("payload")
	})
}
