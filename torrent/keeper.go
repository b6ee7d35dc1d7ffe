package torrent

import (
	"io"
	"sync"
	"time"
)

// keeper is the goroutine that waits for the disk so that the loop need not: it
// gives complete files their final names, and it syncs data before it writes
// the record that claims it.
type keeper struct {
	t    *Torrent
	wake chan struct{} // capacity 1

	meta bool // the metainfo is saved

	mu     sync.Mutex
	files  []int   // to finish
	record *record // to save; nil: none due
	store  Store
	failed bool // a file could not be finished: leave the rest as .part
	remove bool // the state files, once all files are finished
	closed bool
}

func newKeeper(t *Torrent) *keeper { return &keeper{t: t, wake: make(chan struct{}, 1)} }

// attach tells the storage, before anything is asked for.
func (k *keeper) attach(s Store) {
	k.mu.Lock()
	k.store = s
	k.mu.Unlock()
}

// finish queues complete files.
func (k *keeper) finish(files []int) { k.ask(func() { k.files = append(k.files, files...) }) }

// save queues a record; a newer one replaces one that still waits.
func (k *keeper) save(r *record) { k.ask(func() { k.record = r }) }

// removeState queues the end of a complete download.
func (k *keeper) removeState() { k.ask(func() { k.remove = true }) }

// close lets the keeper end once its queue is empty.
func (k *keeper) close() { k.ask(func() { k.closed = true }) }

func (k *keeper) ask(change func()) {
	k.mu.Lock()
	change()
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// keep runs the keeper until its queue is closed. A panic in it ends the torrent,
// but what is still to be saved is saved.
func (t *Torrent) keep() {
	for over := false; !over; {
		t.guard(func() {
			t.keeper.run()
			over = true
		})
	}
}

func (k *keeper) run() {
	for {
		k.mu.Lock()
		files, rec, remove, closed := k.files, k.record, k.remove, k.closed
		k.files, k.record = nil, nil
		if len(files) == 0 && rec == nil {
			k.remove = false // below
		}
		k.mu.Unlock()
		switch {
		case len(files) > 0:
			k.finishFiles(files)
			if rec != nil { // not lost, and not before the files
				k.saveRecord(rec)
			}
		case rec != nil:
			k.saveRecord(rec)
		case remove:
			err := k.store.RemoveState()
			k.t.post(func(now time.Time) { k.t.stateRemoved(err, now) })
		case closed:
			return
		default:
			<-k.wake
		}
	}
}

// finishFiles verifies what the user asked to verify and gives the files their
// names, all in one batch: with thousands of small ones the sync is shared.
func (k *keeper) finishFiles(files []int) {
	var err error
	if !k.failed {
		if err = k.verify(files); err == nil {
			err = k.store.Finish(files)
		}
		k.failed = err != nil
	}
	n := len(files)
	k.t.post(func(now time.Time) { k.t.filesFinished(n, err, now) })
}

func (k *keeper) verify(files []int) error {
	if k.t.spec.Verify == nil {
		return nil
	}
	for _, i := range files {
		f := &k.t.meta.Files[i]
		if err := k.t.spec.Verify(k.t.ctx, i, io.NewSectionReader(k.store, f.Offset, f.Length)); err != nil {
			return err
		}
	}
	return nil
}

// saveRecord makes the record true (sync) and then writes it.
func (k *keeper) saveRecord(r *record) {
	if r.seeding { // to have no memory is no reason to stop seeding
		_ = k.t.saveSeedRecord(k.store, r)
		k.t.post(func(now time.Time) { k.t.recordSaved(nil, now) })
		return
	}
	err := k.store.Sync()
	if err == nil {
		if r.clean {
			r.files, r.side = k.t.markFiles(k.store), markSide(k.store)
		}
		err = k.store.SaveRecord(r.encode())
	}
	if err == nil && !k.meta && k.t.spec.Raw != nil {
		// After the record: without one, nobody could go on with it.
		err = k.store.SaveMetainfo(k.t.spec.Raw)
		k.meta = err == nil
	}
	k.t.post(func(now time.Time) { k.t.recordSaved(err, now) })
}
