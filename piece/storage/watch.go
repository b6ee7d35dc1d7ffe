package storage

import (
	"errors"
	"slices"
	"sync"
)

// ErrChanged: somebody else has changed a file since we last wrote it or found
// it right. What it holds has to be hashed again: see Renew.
var ErrChanged = errors.New("was changed by somebody else")

// watch notices changes of a file that are not ours. It compares what the file
// looks like before each of our writes with what it looked like after the last
// one. While several writes run at once, it is blind.
type watch struct {
	mu      sync.Mutex // never held across I/O
	writers int
	gen     uint32 // raised when a write begins or ends, and when mark is set
	mark    Mark
	known   bool // mark is what the file looked like after our last write, or when it was last vouched for
	changed bool // it has looked otherwise since
	doubted bool // what it holds is being found out
	again   bool // what the present writers write does not go where it should
}

// vouch notes what the file looks like now; doubted: what it holds is about to be
// found out.
func (w *watch) vouch(m Mark, doubted bool) {
	w.mu.Lock()
	w.mark, w.known, w.changed, w.doubted = m, w.writers == 0, false, doubted
	w.gen++
	w.mu.Unlock()
}

// forget: there is a new file, nothing is known of it.
func (w *watch) forget() {
	w.mu.Lock()
	w.known = false
	w.gen++
	w.mu.Unlock()
}

// state returns what is known; idle is false while writes run or nothing is
// known.
func (w *watch) state() (m Mark, gen uint32, idle, changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mark, w.gen, w.known && w.writers == 0, w.changed
}

// differs notes that the file was seen to look otherwise, at the generation that
// state gave. It reports whether that is news; it is not when a write of ours
// came in between.
func (w *watch) differs(gen uint32) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gen != gen || w.changed {
		return false
	}
	w.changed = true
	return true
}

// accuse notes a change that is certain, whatever we write.
func (w *watch) accuse() {
	w.mu.Lock()
	w.changed = true
	w.mu.Unlock()
}

// settle sets what the file looks like, unless a write of ours came since gen.
func (w *watch) settle(gen uint32, m Mark) {
	w.mu.Lock()
	if w.gen == gen && w.writers == 0 {
		w.mark, w.known = m, true
	}
	w.mu.Unlock()
}

// enter counts a writer.
func (w *watch) enter() {
	w.mu.Lock()
	w.writers++
	w.known = false
	w.gen++
	w.mu.Unlock()
}

// leave counts a writer out. last: nobody writes now, and gen is valid for
// settle. astray: what was written lies in a file that was replaced meanwhile.
func (w *watch) leave() (gen uint32, last, astray bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writers--
	w.gen++
	last = w.writers == 0
	if astray = last && w.again; astray {
		w.again, w.changed = false, true
	}
	return w.gen, last, astray
}

// begin counts a writer through h, after a look. It reports whether somebody
// else has changed the file, when that is news.
func (w *watch) begin(h *handle) (news bool) {
	if m, gen, idle, changed := w.state(); idle && !changed {
		if now, ok := h.look(); ok && !now.Same(m) {
			news = w.differs(gen)
		}
	}
	w.enter()
	return news
}

// end counts the writer out. cheap: the last one looks; on a disk that is not
// local a look may send all data to the server first, and is left to Sync.
func (w *watch) end(h *handle, cheap bool) (astray bool) {
	gen, last, astray := w.leave()
	if last && cheap {
		if m, ok := h.look(); ok {
			w.settle(gen, m)
		}
	}
	return astray
}

// refresh is for when data was synced, and files may be looked at: blocks are
// accounted for late, and where looking is not cheap nothing was noted yet.
func (w *watch) refresh(h *handle) {
	m, gen, idle, changed := w.state()
	if now, ok := h.look(); ok && !changed && (!idle || now.Same(m)) {
		w.settle(gen, now)
	}
}

// vouched is the mark that a record may carry.
func (w *watch) vouched() Mark {
	m, _, idle, _ := w.state()
	if !idle || w.suspect() {
		return Mark{Size: Unknown}
	}
	return m
}

// suspect reports whether the file may hold something else than it should.
func (w *watch) suspect() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed || w.doubted
}

// Changed returns the files, by index, that were found changed since it was last
// called.
func (s *Store) Changed() []int {
	list := s.look.changed.take()
	if len(list) == 0 {
		return nil
	}
	var out []int
	for i := range s.files.list {
		if slices.Contains(list, &s.files.list[i]) {
			out = append(out, i)
		}
	}
	return out
}

// Trust ends the doubt that Renew has begun: what is to be believed of these
// files is known.
func (s *Store) Trust(files ...int) {
	for _, i := range files {
		w := &s.files.list[i].watch
		w.mu.Lock()
		w.doubted = false
		w.mu.Unlock()
	}
}

// Mark returns what file i looked like when what it holds was last known: after
// our last write, or when it was last vouched for and found right. Sync brings
// it up to date. Its Size is Unknown where nothing is known, where somebody else has
// changed the file since, and between Renew and Trust.
func (s *Store) Mark(i int) Mark { return s.files.list[i].watch.vouched() }

// MarkSide is Mark for the side file.
func (s *Store) MarkSide() Mark { return s.side.watch.vouched() }
