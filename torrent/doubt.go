package torrent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gotor/piece/storage"
)

// This file is what happens when files are not any more what was verified:
// somebody else has changed them, or the user's own check refuses them. They are
// hashed again, and what is bad is given up: fetched again by a download, and no
// longer offered by a seed.

// maxDoubts bounds how often one file is hashed again in a run: who goes on
// writing to it is not to keep us busy for ever.
const maxDoubts = 5

// doubt is a set of files to be hashed again.
type doubt struct {
	files  []int // sorted
	pieces []int // of them, that we have
	why    error // Hooks.Verify refused them; nil: they look changed
	last   bool  // there were too many: believe nothing of them
}

// disturbed takes the news, of a connection, that a file it reads from has
// changed.
func (h *holdings) disturbed() {
	if !h.uneasy.CompareAndSwap(false, true) {
		return
	}
	h.core.post(func(now time.Time) {
		h.uneasy.Store(false)
		if h.store != nil && !h.core.over {
			h.doubt(slices.DeleteFunc(h.store.Changed(), h.postpone), nil)
		}
	})
}

// postpone reports whether a changed file is being hashed again already. Then it is
// looked at once more when that is over, and only for what is left of it: the user is
// to hear of a bad piece once.
func (h *holdings) postpone(file int) bool {
	_, busy := h.rehashing[file]
	if busy {
		h.rehashing[file] = true
	}
	return busy
}

// rehashed takes files off the list of those that are hashed again, and returns which
// of them have to be once more.
func (h *holdings) rehashed(files []int) (again []int) {
	for _, i := range files {
		if h.rehashing[i] {
			again = append(again, i)
		}
		delete(h.rehashing, i)
	}
	return again
}

// rehash is doubt's part on the keeper's goroutine.
func (k *keeper) rehash(d doubt) {
	bad, err := k.hashAgain(d)
	if text := d.text(k.paths, bad); text != "" {
		k.warn(text)
	}
	k.core.post(func(now time.Time) { k.news.rehashed(d, bad, err, now) })
}

// hashAgain returns the pieces of a doubt that are not good.
func (k *keeper) hashAgain(d doubt) (bad []int, err error) {
	for range steadyTries {
		if d.last {
			break
		}
		for _, i := range d.files {
			st, err := k.store.Renew(i)
			if err == nil && st.Kind == storage.Conflict && !k.archive.spec.SeedOnly {
				err = fmt.Errorf("%w: something else was put in the place of %s; move it away", ErrFileConflict, k.paths.file(i))
			}
			if err != nil {
				return d.pieces, err
			}
		}
		bad = nil
		err := k.files.hash(k.core, k.store, d.pieces, func(p int, ok bool) {
			if !ok {
				bad = append(bad, p)
			}
		})
		changed, err2 := k.store.Look(d.files)
		if err = errors.Join(err, err2); err != nil {
			return d.pieces, err
		}
		if len(changed) == 0 {
			return bad, nil
		}
	}
	return d.pieces, fmt.Errorf("%w: somebody else goes on changing %s", ErrFileConflict, k.paths.file(d.files[0]))
}

// text says for people what has become of changed files; nothing if only their
// looks have changed.
func (d *doubt) text(at *paths, bad []int) string {
	if len(bad) == 0 {
		return ""
	}
	what := at.file(d.files[0])
	if n := len(d.files) - 1; n > 0 {
		what += fmt.Sprintf(" and %d more", n)
	}
	how := "was changed by somebody else"
	if d.why != nil {
		how = "is not what was written"
	}
	return fmt.Sprintf("%s %s: %d of %d pieces are bad", what, how, len(bad), len(d.pieces))
}

// rehashed is the keeper's answer to a doubt.
func (t *Torrent) rehashed(d doubt, bad []int, err error, now time.Time) {
	t.held.pending--
	again := t.held.rehashed(d.files)
	if t.core.over {
		return
	}
	for _, p := range bad {
		if t.held.lose(p) {
			t.peers.lost(p)
		}
	}
	if err == nil {
		t.held.store.Trust(d.files...) // not before: nothing bad is given away
	}
	t.held.readers.stir()
	t.held.doubt(again, nil)
	switch {
	case t.finished || t.held.complete: // a seed goes on with what it has
	case err != nil:
		t.finish(err)
		return
	case d.why != nil && len(bad) == 0:
		t.finish(d.why) // the torrent itself holds something else
		return
	case t.held.lacks() > 0:
		t.goOn(now)
	}
	if t.core.over {
		return
	}
	if !t.held.complete && !t.finished {
		t.held.handAgain(d.files)
	}
	if t.held.recordAt.IsZero() && !t.spec.SeedOnly {
		t.held.recordAt = now
	}
	t.checkComplete(now)
}

// goOn turns a download that seemed complete back into one that is not.
func (t *Torrent) goOn(now time.Time) {
	if t.state != StateFinishing {
		return
	}
	if t.stopping {
		t.finish(ErrStopped)
		return
	}
	t.state = StateDownloading
	t.clocks.begin(now)
	t.peers.uploadOnly(false)
	if !t.searching {
		t.beginSearch(now)
		return
	}
	t.web.resume()
	t.announces.want()
}
