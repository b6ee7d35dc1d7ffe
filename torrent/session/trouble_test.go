package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// closed reports whether a channel is closed.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A full disk: what does not fit is refused and not there, what was promised is; it goes
// on by itself, and at once when somebody commits, when there is room.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDisk()
		s := openTest(t, d)
		mustCommit(t, s, put(testEntry(1)))
		changed, ok := s.Health()
		if ok != nil || closed(changed) {
			t.Fatalf("at first it is %v", ok)
		}
		d.fill(true, 100)
		err := s.Commit(context.Background(), put(testEntry(2)))
		if !errors.Is(err, ErrUnwritable) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("on a full disk: %v", err)
		}
		if !closed(changed) || !errors.Is(s.Err(), ErrUnwritable) {
			t.Errorf("the health is %v, told: %v", s.Err(), closed(changed))
		}
		if _, ok := s.Entry(testID(2)); ok {
			t.Error("what was refused is there")
		}
		s.Count(map[ID]Tally{testID(1): {Uploaded: 7}})
		time.Sleep(time.Hour)
		if err := s.Commit(context.Background(), put(testEntry(2))); !errors.Is(err, ErrUnwritable) {
			t.Errorf("after an hour: %v", err)
		}
		for name := range d.names {
			if strings.HasSuffix(name, suffixTemp) {
				t.Errorf("%s takes the last of the room", name)
			}
		}
		for _, part := range []float64{0, 1} {
			after := openTest(t, d.crash(9, part))
			if e := after.Entries(); len(e) != 1 || e[0].ID != testID(1) {
				t.Errorf("after a power cut there are %v", e)
			}
			closeTest(t, after)
		}

		changed, _ = s.Health()
		d.fill(false, 0)
		select {
		case <-changed:
		case <-time.After(retryMost + 1):
			t.Fatal("it does not recover by itself")
		}
		if s.Err() != nil {
			t.Errorf("with room it is %v", s.Err())
		}
		mustCommit(t, s, put(testEntry(2)))
		closeTest(t, s)
		after := openTest(t, d.crash(0, 0))
		defer closeTest(t, after)
		if len(after.Entries()) != 2 || after.Tally(testID(1)).Uploaded != 7 {
			t.Errorf("in the end: %d entries, %+v", len(after.Entries()), after.Tally(testID(1)))
		}
	})
}

// Whichever call fails once, the journal's sync above all: nobody is told of a change that
// a later power cut takes away, and the next commits work.
func TestFailingCalls(t *testing.T) {
	commits := crashOps()
	whole := newFakeDisk()
	s := openTest(t, whole)
	for _, ops := range commits {
		mustCommit(t, s, ops...)
	}
	closeTest(t, s)
	for fail := 1; fail <= whole.calls; fail++ {
		d := newFakeDisk()
		opened := false
		d.fail = func(call string, n int) error {
			if n == fail && opened {
				return fmt.Errorf("%s: %w", call, syscall.EIO)
			}
			return nil
		}
		synctest.Test(t, func(t *testing.T) {
			s := openTest(t, d)
			opened = true
			failed, want := 0, contentOf(s.mem.state)
			for _, ops := range commits {
				err := s.Commit(context.Background(), ops...)
				if errors.Is(err, ErrUnwritable) {
					failed++
					if diff := want.diff(contentOf(s.mem.state)); diff != "" {
						t.Fatalf("call %d fails: %s", fail, diff)
					}
					time.Sleep(2 * retryFirst)
				} else if err != nil && !errors.Is(err, ErrNotFound) {
					t.Fatal(err)
				}
				want = contentOf(s.mem.state)
			}
			if failed > 1 || s.Err() != nil {
				t.Fatalf("after call %d failed, %d commits did, and it is %v", fail, failed, s.Err())
			}
			synctest.Wait() // it may tidy up after the last one
			for _, names := range []int{0, len(d.cuts)} {
				after := openTest(t, d.crash(names, 0))
				if diff := want.diff(contentOf(after.mem.state)); diff != "" {
					t.Fatalf("call %d fails, %d names: %s", fail, names, diff)
				}
				closeTest(t, after)
			}
			closeTest(t, s)
		})
	}
}

// When names cannot be made durable any more, from whatever moment on, what is answered
// is there all the same, whether the last of them are on disk or not.
func TestNamesFail(t *testing.T) {
	commits := crashOps()
	for fail := range 200 {
		d := newFakeDisk()
		s := openTest(t, d)
		d.mu.Lock()
		d.fail = func(call string, n int) error {
			if n > fail && call == "sync folder" {
				return syscall.EIO
			}
			return nil
		}
		d.mu.Unlock()
		refused := false
		for _, ops := range commits {
			if err := s.Commit(context.Background(), ops...); err != nil {
				refused = true
				break
			}
		}
		want := contentOf(s.mem.state)
		s.Close()
		for names := range len(d.cuts) + 1 {
			after := openTest(t, d.crash(names, 0))
			if diff := want.diff(contentOf(after.mem.state)); diff != "" {
				t.Fatalf("from call %d on, %d names: %s", fail, names, diff)
			}
			closeTest(t, after)
		}
		if !refused {
			return // it failed after the last rewrite
		}
	}
	t.Error("it is refused for ever")
}

// A damaged session on a full disk is opened all the same, and written when there is room;
// where nothing is kept yet, that nothing can be is an error at once.
func TestOpenOnFullDisk(t *testing.T) {
	d := newFakeDisk()
	d.full = true
	if _, err := Open("memory", Options{dir: d}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a new session on a full disk: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDisk()
		s := openTest(t, d)
		mustCommit(t, s, put(testEntry(1)))
		mustCommit(t, s, put(testEntry(2)))
		closeTest(t, s)
		torn := d.crash(0, 0)
		n := torn.names[journalName]
		n.data = n.data[:len(n.data)-1]
		torn.fill(true, 0)
		s = openTest(t, torn)
		if len(s.Entries()) != 1 || !errors.Is(s.Err(), ErrUnwritable) {
			t.Errorf("%d entries, %v", len(s.Entries()), s.Err())
		}
		torn.fill(false, 0)
		time.Sleep(retryFirst)
		mustCommit(t, s, put(testEntry(3)))
		if s.Err() != nil {
			t.Error(s.Err())
		}
		closeTest(t, s)
	})
}

// What is counted is written once a minute, in one write, and nothing is while nothing is
// counted.
func TestLazyWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDisk()
		s := openTest(t, d)
		mustCommit(t, s, put(testEntry(1)), put(testEntry(2)))
		calls := d.count()
		time.Sleep(time.Hour)
		if d.count() != calls {
			t.Errorf("%d calls in an hour without a change", d.count()-calls)
		}
		for up := range 100 {
			s.Count(map[ID]Tally{testID(1): {Uploaded: int64(up)}, testID(2): {Uploaded: int64(up)}})
		}
		time.Sleep(lazySpan + 1)
		if n := d.count() - calls; n != 2 { // a write and a sync
			t.Errorf("%d calls for a minute", n)
		}
		lost := openTest(t, d.crash(0, 0))
		if got := lost.Tally(testID(2)).Uploaded; got != 99 {
			t.Errorf("%d bytes are on disk", got)
		}
		closeTest(t, lost)
		closeTest(t, s)
	})
}

// Many callers share a sync, and each is answered when its change is on disk.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDisk()
		syncs := 0
		s, err := Open("memory", Options{dir: d, Synced: func(time.Duration) { syncs++ }})
		if err != nil {
			t.Fatal(err)
		}
		// The first holds the goroutine of the Store until all others wait.
		hold, n := make(chan struct{}), 100
		var all sync.WaitGroup
		all.Go(func() {
			s.Commit(context.Background(), put(testEntry(n)), Update(testID(n), func(*Entry) error { <-hold; return nil }))
		})
		synctest.Wait()
		for i := range n {
			all.Go(func() {
				if err := s.Commit(context.Background(), Add(testEntry(i)), Update(testID(n), func(e *Entry) error { e.Rank++; return nil })); err != nil {
					t.Error(err)
				}
				if _, ok := s.Entry(testID(i)); !ok {
					t.Errorf("%d is not there when it is answered", i)
				}
			})
		}
		all.Go(func() {
			if err := s.Commit(context.Background(), put(testEntry(n+1)), Remove(testID(n+2))); !errors.Is(err, ErrNotFound) {
				t.Errorf("one that cannot be: %v", err)
			}
		})
		ctx, cancel := context.WithCancel(context.Background())
		all.Go(func() {
			if err := s.Commit(ctx, put(testEntry(n+3))); !errors.Is(err, context.Canceled) {
				t.Errorf("one that is given up: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(hold)
		all.Wait()
		if e, _ := s.Entry(testID(n)); e.Rank != int64(n) || len(s.Entries()) != n+1 {
			t.Errorf("%d changes of one entry, %d entries", e.Rank, len(s.Entries()))
		}
		if syncs != 1 {
			t.Errorf("%d syncs for all of them", syncs)
		}
		closeTest(t, s)
	})
}

// The files of a real folder: modes, the lock, what is left of the goroutines.
func TestRealFolder(t *testing.T) {
	before := ours()
	dir := filepath.Join(t.TempDir(), "state", "session")
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second one: %v", err)
	}
	if err := s.SaveMetainfo(testID(1), []byte("metainfo")); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, put(testEntry(1)))
	closeTest(t, s)
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
		if fi, err := e.Info(); err != nil || runtime.GOOS != "windows" && fi.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), fi.Mode(), err)
		}
	}
	if want := []string{string(testID(1)) + ".torrent", "journal", "lock", "snapshot"}; !slices.Equal(names, want) {
		t.Errorf("the folder has %q", names)
	}
	again, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := again.Metainfo(testID(1)); string(raw) != "metainfo" || len(again.Entries()) != 1 {
		t.Errorf("the next time: %q, %v, %d entries", raw, err, len(again.Entries()))
	}
	closeTest(t, again)
	for range 100_000 {
		if ours() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", ours(), before)
}

// ours are how many goroutines run code of gotor: the runtime has some of its own when
// there is something to clean up.
func ours() (n int) {
	b := make([]byte, 1<<20)
	for g := range bytes.SplitSeq(b[:runtime.Stack(b, true)], []byte("\n\n")) {
		if bytes.Contains(g, []byte("\ngotor/")) {
			n++
		}
	}
	return n
}

// What is no file is not opened, where it would be waited for or lead elsewhere.
func TestOddFiles(t *testing.T) {
	for _, name := range []string{snapshotName, journalName} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(dir, Options{}); err == nil {
			s.Close()
			t.Errorf("a folder is taken for the %s", name)
		}
	}
}

// BenchmarkCommit says how many commits a second a disk takes, from one caller and from
// many.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			work := make(chan int)
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for n := range work {
						e := testEntry(n % 2000)
						e.Title = strings.Repeat("x", 700)
						if err := s.Commit(context.Background(), put(e)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for n := 0; b.Loop(); n++ {
				work <- n
			}
			close(work)
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}
