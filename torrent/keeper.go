package torrent

import (
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"gotor/piece/storage"
)

// keeper waits for the disk so that the loop need not: it gives complete files their
// final names, and it syncs data before it writes the record that claims it. It has a
// goroutine while there is something to do. There is one once the storage is open; its
// methods are called on the loop.
type keeper struct {
	// Immutable.
	core    *core
	hooks   *Hooks
	files   *fileSet
	paths   *paths
	archive *archive
	store   Store
	news    keeperNews

	// Confined to its goroutine.
	meta    bool         // the metainfo is saved
	failed  bool         // a file could not be finished: leave the rest as .part
	doubted map[int]bool // files that were hashed because Hooks.Verify refused them

	mu     sync.Mutex
	texts  []string // for Hooks.Warn
	checks []doubt  // to hash again
	finals []int    // files to finish
	record *record  // to save; nil: none due
	remove bool     // the state files, once all files are finished
	works  bool     // the goroutine is there
	closed bool
}

// keeperNews is what a keeper calls on the loop when it has done something.
type keeperNews struct {
	doubt    func(files []int, why error, now time.Time) // they are not what was verified, or were refused
	finished func(n int, err error, now time.Time)       // so many files of finish are done with
	rehashed func(d doubt, bad []int, err error, now time.Time)
	saved    func(err error, now time.Time) // the record
	// removed is the end of removeState, unless files were changed: then the state
	// stays.
	removed func(changed []int, err error, now time.Time)
}

// tell queues a text for Hooks.Warn, which may wait.
func (k *keeper) tell(text string) { k.ask(func() { k.texts = append(k.texts, text) }) }

// warn tells the user, unless the end has come.
func (k *keeper) warn(text string) {
	if k.hooks.Warn != nil && k.core.ctx.Err() == nil {
		k.hooks.Warn(text)
	}
}

// check queues files that somebody else has changed.
func (k *keeper) check(d doubt) { k.ask(func() { k.checks = append(k.checks, d) }) }

// finish queues complete files.
func (k *keeper) finish(files []int) { k.ask(func() { k.finals = append(k.finals, files...) }) }

// save queues a record; a newer one replaces one that still waits.
func (k *keeper) save(r *record) { k.ask(func() { k.record = r }) }

// removeState queues the end of a complete download.
func (k *keeper) removeState() { k.ask(func() { k.remove = true }) }

// close has the keeper do what is in its queue, and nothing after that.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
}

func (k *keeper) ask(change func()) {
	k.mu.Lock()
	change()
	start := !k.works && !k.closed
	k.works = k.works || start
	k.mu.Unlock()
	if start {
		k.core.spawn(k.keep)
	}
}

// keep runs the keeper until its queue is empty. A panic in it ends the torrent,
// but what is still to be saved is saved.
func (k *keeper) keep() {
	for over := false; !over; {
		k.core.guard(func() {
			k.run()
			over = true
		})
	}
}

func (k *keeper) run() {
	for {
		k.mu.Lock()
		texts, checks, files, rec, remove := k.texts, k.checks, k.finals, k.record, k.remove
		k.texts, k.checks, k.finals, k.record = nil, nil, nil, nil
		if len(checks)+len(files) == 0 && rec == nil {
			k.remove = false // below
			k.works = remove || len(texts) > 0
		}
		over := !k.works
		k.mu.Unlock()
		if over {
			return
		}
		for _, text := range texts {
			k.warn(text)
		}
		for _, d := range checks {
			k.rehash(d)
		}
		if len(files) > 0 {
			k.finishFiles(files)
		}
		switch {
		case rec != nil: // not before the files
			k.saveRecord(rec)
		case len(checks)+len(files) > 0:
		case remove:
			k.conclude()
		}
	}
}

// finishFiles verifies what the user asked to verify and gives the files their
// names, all in one batch: with thousands of small ones the sync is shared. Those
// that are not what was verified are hashed again.
func (k *keeper) finishFiles(files []int) {
	n := len(files)
	files, refused, err := k.verify(files)
	var changed []int
	if err == nil && len(files) > 0 { // nil would be all of them
		changed, err = k.name(files)
	}
	k.failed = k.failed || err != nil
	k.core.post(func(now time.Time) {
		k.news.doubt(changed, nil, now)
		k.news.doubt(refused.files, refused.why, now)
		k.news.finished(n, err, now)
	})
}

// name gives files their final names, but for those that have changed, which it
// returns with all others that are known to be.
func (k *keeper) name(files []int) (changed []int, err error) {
	changed, err = k.store.Look(files)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(slices.Clone(files), func(i int) bool { return slices.Contains(changed, i) })
	if len(files) > 0 {
		err = k.store.Finish(files)
	}
	if errors.Is(err, storage.ErrChanged) { // in that very moment
		changed, err = append(changed, files...), nil
	}
	changed = append(changed, k.store.Changed()...)
	slices.Sort(changed)
	return slices.Compact(changed), err
}

// verify asks the user about files. It returns those that may be finished and,
// once for each, those that were refused: perhaps the disk has not kept what was written.
func (k *keeper) verify(files []int) (good []int, refused doubt, err error) {
	if k.failed {
		return nil, refused, nil
	}
	if k.hooks.Verify == nil {
		return files, refused, nil
	}
	for _, i := range files {
		f := &k.files.meta.Files[i]
		err := k.hooks.Verify(k.core.ctx, i, io.NewSectionReader(k.store, f.Offset, f.Length))
		switch {
		case err == nil:
			good = append(good, i)
		case errors.Is(err, ErrMismatch) && !k.doubted[i]:
			k.doubted[i] = true
			refused.files, refused.why = append(refused.files, i), err
		default:
			return nil, doubt{}, err
		}
	}
	return good, refused, nil
}

// conclude is the end of a complete download: the state goes, if what stands
// under the final names is what was verified.
func (k *keeper) conclude() {
	changed, err := k.store.Look(nil)
	if err == nil && len(changed) == 0 {
		err = k.store.RemoveState()
	}
	k.store.Changed() // all that are wanted were looked at
	k.core.post(func(now time.Time) { k.news.removed(changed, err, now) })
}

// saveRecord makes the record true (sync) and then writes it.
func (k *keeper) saveRecord(r *record) {
	if r.seeding { // to have no memory is no reason to stop seeding
		_ = k.archive.saveSeed(k.store, r)
		k.core.post(func(now time.Time) { k.news.saved(nil, now) })
		return
	}
	err := k.archive.save(k.store, r)
	if raw := k.archive.source.Raw; err == nil && !k.meta && raw != nil {
		// After the record: without one, nobody could go on with it.
		err = k.store.SaveMetainfo(raw)
		k.meta = err == nil
	}
	changed := k.store.Changed()
	k.core.post(func(now time.Time) {
		k.news.doubt(changed, nil, now)
		k.news.saved(err, now)
	})
}
