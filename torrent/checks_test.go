package torrent

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gotor/piece/storage"
)

// Of each disk so many are checked at a time as may be, in order, and who gives up is
// in nobody's way.
func TestChecks(t *testing.T) {
	for _, most := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			q := &checks{most: most}
			var mu sync.Mutex
			var busy, top [2]int
			var order [2][]int
			waited := 0
			var all sync.WaitGroup
			for i := range 20 {
				disk := i % 2
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				all.Go(func() {
					leave, err := q.enter(ctx, uint64(disk), 1<<30, func() {
						mu.Lock()
						defer mu.Unlock()
						waited++
					})
					if i == 10 || i == 11 {
						if !errors.Is(err, context.Canceled) {
							t.Errorf("who gave up has %v", err)
						}
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					defer leave()
					mu.Lock()
					busy[disk]++
					top[disk] = max(top[disk], busy[disk])
					order[disk] = append(order[disk], i)
					mu.Unlock()
					time.Sleep(time.Minute)
					mu.Lock()
					busy[disk]--
					mu.Unlock()
				})
				synctest.Wait()
				if i == 10 || i == 11 {
					cancel()
				}
			}
			leave, err := q.enter(t.Context(), 0, smallCheck, func() { t.Error("a small one waits for large ones") })
			if err != nil {
				t.Fatal(err)
			}
			leave()
			all.Wait()
			most := max(1, most)
			if top != [2]int{most, most} || waited != 20-2*most {
				t.Errorf("%v at a time, %d waited, want %d of each disk", top, waited, most)
			}
			for _, o := range order {
				if most == 1 && !slices.IsSorted(o) {
					t.Errorf("not in order: %v", o)
				}
			}
			if len(q.lines) != 0 {
				t.Errorf("%d lines are left", len(q.lines))
			}
		})
	}
}

// A turn that comes to somebody who gives up in the same moment goes to the next.
func TestChecksLateTurn(t *testing.T) {
	var q checks
	lane := checkLane{1, false}
	q.join(lane)
	turn, ok := q.join(lane)
	if ok {
		t.Fatal("two at a time")
	}
	next, _ := q.join(lane)
	q.leave(lane)
	<-turn
	q.giveUp(lane, turn)
	<-next
	q.leave(lane)
	if len(q.lines) != 0 {
		t.Error("somebody is left")
	}
}

func TestDiskOf(t *testing.T) {
	dir := t.TempDir()
	if a, b := diskOf(dir), diskOf(filepath.Join(dir, "not", "made", "yet")); a != b {
		t.Errorf("a folder is on %d, and what is made in it would be on %d", a, b)
	}
}

// slowDisk is a Storage that reads at 10 MB/s.
type slowDisk struct{}

func (d slowDisk) Open(s storage.Spec) (Store, error) {
	store, err := storage.Open(s)
	return slowStore{store}, err
}

type slowStore struct{ Store }

func (s slowStore) ReadAt(p []byte, off int64) (int, error) {
	time.Sleep(time.Duration(len(p)) * 100 * time.Nanosecond)
	return s.Store.ReadAt(p, off)
}

// Torrents that are to be hashed wait for each other, and say so.
func TestChecksOfTorrents(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.client(Config{Storage: slowDisk{}})
		var seeds []*Torrent
		states := make(map[State]int)
		for i := range 4 {
			spec := l.seedSpec(bytes.Repeat([]byte{byte(i + 1)}, 1<<20))
			seeds = append(seeds, l.add(c, spec))
		}
		time.Sleep(50 * time.Millisecond)
		for _, s := range seeds {
			states[s.Snapshot().State]++
		}
		if states[StateChecking] != 1 || states[StateQueued] != 3 {
			t.Errorf("states %v, want one that is checked", states)
		}
		seeds[3].Stop()
		<-seeds[3].Stopped()
		if err := seeds[3].Err(); !errors.Is(err, ErrStopped) {
			t.Errorf("one that was stopped in the queue: %v", err)
		}
		for _, s := range seeds[:3] {
			if <-s.Done(); s.Err() != nil {
				t.Error(s.Err())
			}
		}
	})
}

// A greater number counts for those who wait, in order; a smaller one ends no check,
// and nobody begins before there is room again.
func TestChecksLimit(t *testing.T) {
	q := &checks{most: 1}
	lane := checkLane{disk: 1}
	var turns []chan struct{}
	want := func(when string, begun int) {
		t.Helper()
		for i, turn := range turns {
			select {
			case <-turn:
				if i >= begun {
					t.Errorf("%s: %d has begun", when, i)
				}
			default:
				if i < begun {
					t.Errorf("%s: %d has not begun", when, i)
				}
			}
		}
	}
	if _, ok := q.join(lane); !ok {
		t.Fatal("the first one has to wait")
	}
	for range 4 {
		turn, ok := q.join(lane)
		if ok {
			t.Fatal("two at a time")
		}
		turns = append(turns, turn)
	}
	q.limit(3)
	want("three may", 2)
	q.limit(0) // one
	q.leave(lane)
	q.leave(lane)
	want("one is still busy", 2)
	q.leave(lane)
	want("there is room for one", 3)
	q.limit(9)
	want("all may", 4)
	q.leave(lane)
	q.leave(lane)
	if len(q.lines) > 0 {
		t.Errorf("%d lanes are left", len(q.lines))
	}
}
