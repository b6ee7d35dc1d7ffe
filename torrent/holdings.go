package torrent

import (
	"io"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"gotor/piece"
)

// holdings is the part of the loop that knows what is verified, and has it kept:
// files that are complete get their final names, records are written, and what
// somebody else has changed is hashed again. What follows of that for the swarm is
// the Torrent's. It is made by Begin, and confined to the run goroutine; opener and
// keeper use what of it does not change while they are at work.
type holdings struct {
	core   *core
	source *Source
	spec   *Spec
	paths  *paths
	left   *atomic.Int64 // bytes still to verify, for others to read

	// What follows from the Selection.
	files   *fileSet
	tally   *fileTally
	archive archive

	store  Store          // nil: not open, or there is none
	keeper *keeper        // nil: there is no store
	stream *streamer      // nil: to files
	mgr    *piece.Manager // nil until the survey is done, and while the selection changes

	have     []byte // verified pieces, as a bitfield
	counted  bool   // have is what the survey has found, and more; before, it says nothing
	wanted   int64  // bytes of the selected files
	verified int64  // of these
	resumed  int64  // of these, found on disk
	prior    record // what earlier runs counted

	doubts     map[int]int  // by file: how often it was hashed again
	rehashing  map[int]bool // files of doubts that the keeper has; true: changed again since
	pending    int          // files and doubts that the keeper has and is not done with
	streamDone bool         // the last byte was written
	concluding bool         // everything is in its place, and the keeper removes the state
	complete   bool         // it was a whole download, and its state files are gone
	sated      bool         // it was seeded enough: what was kept for that goes, too

	readers    readers
	unreadable unreadable
	uneasy     atomic.Bool // a notice of disturbed waits in the mailbox

	recordAt  time.Time // when the record is due; zero: nothing new
	saving    bool
	seedSaved bool  // the seeding is remembered, whatever its counters say by now
	savedUp   int64 // what it had sent in this run by then
	served    bool  // somebody was served when serve was told last
}

// worked is what this run has done so far: payload bytes, and the time it took.
type worked struct {
	down, up int64
	spent    time.Duration
}

// choose begins to count for the selection of the Spec, with nothing verified.
func (h *holdings) choose(f *fileSet) {
	h.files, h.tally = f, newFileTally(f)
	h.archive = archive{h.core, h.source, h.spec, f, h.paths, h.spec.Seed}
	h.have, h.counted = make([]byte, bytesFor(f.layout.Pieces())), false
	h.verified, h.wanted = 0, f.wantedBytes()
	h.left.Store(h.wanted)
	if h.doubts == nil {
		h.doubts, h.rehashing = make(map[int]int), make(map[int]bool)
	}
}

// survey looks at what is on disk, see there.
func (h *holdings) survey(count *checkCount, hashing func(State)) *survey {
	return &survey{core: h.core, spec: h.spec, files: h.files, paths: h.paths, archive: &h.archive, count: count, hashing: hashing}
}

// keep makes the keeper of the store.
func (h *holdings) keep(news keeperNews) {
	h.keeper = &keeper{core: h.core, hooks: &h.spec.Hooks, files: h.files, paths: h.paths, archive: &h.archive, store: h.store,
		news: news, doubted: make(map[int]bool)}
}

// begin takes over what is good on disk.
func (h *holdings) begin(have []byte, now time.Time) {
	if h.stream == nil && !h.spec.SeedOnly {
		h.hand(h.files.empty(nil))
		h.recordAt = now.Add(firstRecord)
	}
	for p := range h.files.layout.Pieces() {
		if bit(have, p) {
			h.gained(p, now)
		}
	}
	h.counted = true
}

// manage makes the manager for what is missing beside have. done is called by its
// workers for each piece.
func (h *holdings) manage(have []byte, done func(piece.Result), news streamNews) error {
	c := h.core.client
	cfg := piece.Config{
		Layout: h.files.layout, Digest: digestsOf(h.files.meta), Pool: c.pool, Workers: c.workers, OnPiece: done, Bug: h.core.bug,
		Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), Store: h.store,
	}
	if h.spec.Stream != nil {
		s, err := newStreamer(h.core, h.spec.Stream, h.files, news)
		if err != nil {
			return err
		}
		h.stream, cfg.Store, cfg.Sequential, cfg.Transient = s, s, true, true
	}
	m := piece.NewManager(cfg)
	h.files.arrange(m, &h.spec.Selection)
	if err := m.Resume(have); err != nil {
		return err
	}
	h.mgr = m
	if h.stream != nil {
		h.stream.start(m)
		return nil
	}
	h.readers.begin(&shelf{mgr: m, store: h.store, files: h.files, upset: h.disturbed})
	return nil
}

// gained counts a verified piece and hands files that are complete to the
// keeper.
func (h *holdings) gained(p int, now time.Time) {
	if bit(h.have, p) {
		return
	}
	setBit(h.have, p)
	h.verified += h.files.wantedIn(p)
	h.left.Store(h.lacks())
	h.readers.gained(p)
	if h.stream != nil {
		h.stream.ready(p)
		return
	}
	if h.spec.SeedOnly {
		return // the files are not ours to finish
	}
	var complete [8]int
	h.hand(h.tally.verified(p, complete[:0]))
	if h.recordAt.IsZero() {
		h.recordAt = now.Add(recordEvery)
	}
}

// lose gives up a piece that is bad on disk, and reports whether it was held.
func (h *holdings) lose(p int) bool {
	if !bit(h.have, p) {
		return false
	}
	clearBit(h.have, p)
	h.tally.lost(p)
	h.verified -= h.files.wantedIn(p)
	h.left.Store(h.lacks())
	switch {
	case h.mgr == nil: // the next one begins with what is left
	case h.complete:
		h.mgr.Forget(p)
	default:
		h.mgr.Lose(p)
	}
	h.readers.lose(h.complete)
	return true
}

// lacks is how many bytes of the selected files are not verified.
func (h *holdings) lacks() int64 { return h.wanted - h.verified }

// settled reports whether nothing is waited for but more pieces.
func (h *holdings) settled() bool {
	return h.pending == 0 && !h.saving && (h.stream == nil || h.streamDone)
}

func (h *holdings) hand(files []int) {
	if len(files) > 0 {
		h.pending += len(files)
		h.keeper.finish(files)
	}
}

// handAgain finishes files that turned out to be good after all.
func (h *holdings) handAgain(files []int) {
	h.hand(slices.DeleteFunc(slices.Clone(files), func(i int) bool { return !h.tally.complete(i) }))
}

// doubt has files hashed again, unless there is nobody whom it would matter to. Until
// that is done the storage gives none of them away.
func (h *holdings) doubt(files []int, why error) {
	if len(files) == 0 || h.stream != nil || h.mgr == nil {
		return
	}
	d := doubt{files: files, why: why}
	for _, i := range files {
		h.rehashing[i] = false
		h.doubts[i]++
		d.last = d.last || h.doubts[i] > maxDoubts
	}
	h.files.touched(files, func(p int) {
		if bit(h.have, p) {
			d.pieces = append(d.pieces, p)
		}
	})
	h.pending++
	h.keeper.check(d)
}

// conclude has the state removed: everything is in its place.
func (h *holdings) conclude() {
	h.pending++
	h.concluding = true
	h.keeper.removeState()
}

// record describes the download as it is now.
func (h *holdings) record(clean bool, w worked) *record {
	r := h.archive.describe(h.have, &h.prior)
	r.clean, r.seeding = clean, h.complete
	r.uploaded, r.down, r.spent = r.uploaded+w.up, r.down+w.down, r.spent+int64(w.spent.Seconds())
	return r
}

// due reports whether it is time to save a record.
func (h *holdings) due(now time.Time) bool {
	return !h.recordAt.IsZero() && !now.Before(h.recordAt) && !h.saving
}

// next is when due should be asked again; zero: never.
func (h *holdings) next() time.Time {
	if h.saving {
		return time.Time{}
	}
	return h.recordAt
}

// save hands a record of what is verified now to the keeper. The pieces in it
// were written before; the keeper syncs them before it writes the record.
func (h *holdings) save(seeding bool, w worked, now time.Time) {
	h.recordAt = time.Time{}
	if !seeding {
		h.saving = true
		h.keeper.save(h.record(false, w))
		return
	}
	if w.up != h.savedUp || !h.seedSaved {
		h.saving, h.seedSaved, h.savedUp = true, true, w.up
		h.keeper.save(h.record(true, w))
	}
}

// serve notes whether a seed serves anybody: what it has sent is written down within
// seedRecord. A seed that nobody asks has nothing to write, and no clock.
func (h *holdings) serve(serving bool, now time.Time) {
	if (serving || h.served) && h.recordAt.IsZero() && h.remembers() {
		h.recordAt = now.Add(seedRecord)
	}
	h.served = serving
}

// remembers reports whether there is a place to remember seeding in.
func (h *holdings) remembers() bool { return h.archive.remembers() && h.stream == nil }

// settle writes the last record: of a download that is not complete, or of the
// seeding, where stay says that it was to go on.
func (h *holdings) settle(stay bool, w worked) {
	switch {
	case h.keeper == nil || !h.counted:
	case h.complete:
		if stay && h.remembers() {
			h.keeper.save(h.record(true, w))
		}
	case !h.spec.SeedOnly:
		h.keeper.save(h.record(true, w))
	}
}

// missing names files that are not complete, for an error; a single one needs no
// name.
func (h *holdings) missing() string {
	if !h.files.meta.Multi {
		return ""
	}
	var names []string
	more := 0
	for i, left := range h.tally.left {
		switch {
		case !h.files.wanted[i] || left == 0:
		case len(names) < fewFiles:
			names = append(names, h.paths.below(i))
		default:
			more++
		}
	}
	return " for " + listed(names, more, ", ")
}

// closeKeeper lets the keeper end once it has done what it was asked for.
func (h *holdings) closeKeeper() {
	if h.keeper != nil {
		h.keeper.close()
	}
}

// ratio is what was uploaded, up bytes of it in this run, per byte wanted.
func (h *holdings) ratio(up int64) float64 {
	if h.wanted == 0 {
		return 0
	}
	return float64(h.prior.uploaded+up) / float64(h.wanted)
}

// uploads is where blocks that others ask for are read from.
func (h *holdings) uploads() io.ReaderAt {
	if h.stream != nil {
		return h.stream
	}
	return serving{h.store}
}

// quit ends what reads and writes data, and does what was posted by it; why is for
// those who read.
func (h *holdings) quit(why error) {
	h.readers.end(why)
	if h.stream != nil {
		h.stream.close()
	}
	h.core.drain()
	if h.mgr != nil {
		h.mgr.Close()
		h.core.drain()
	}
}

// close lets go of the files.
func (h *holdings) close() {
	h.readers.wait()
	if h.store == nil {
		return
	}
	if h.sated && h.archive.seeds && !h.spec.SeedOnly {
		_ = h.store.RemoveSide() // it was complete before: a small file that stays is no failure
	}
	h.store.Close()
}

// serving reads what is given to others.
type serving struct{ Store }

// ReadAt fails on what somebody else has changed since it was verified.
func (s serving) ReadAt(p []byte, off int64) (int, error) { return s.ServeAt(p, off) }
