package torrent

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"gotor/piece"
	"gotor/piece/storage"
)

// maxReaders bounds the FileReaders of one torrent: each is looked at whenever a peer
// is asked for something.
const maxReaders = 128

// ErrNotSelected: a file is not among those that are downloaded or seeded.
var ErrNotSelected = errors.New("the file is not selected")

// ErrBusy: as many as may be do it already; it works again when one of them is done.
var ErrBusy = errors.New("too many at a time")

// ErrUnverifiable: nobody can know whether the next bytes of a seed are right. Its files
// are a part of the torrent, and what the piece holds of others was not kept.
var ErrUnverifiable = errors.New("the piece at the edge of the file cannot be verified without the file beside it, which is not on disk")

// readers are the FileReaders of a torrent, and the shelf that they read from. The
// loop tells them what has become of pieces; they wait for that on the goroutines of
// those who read, and the loop waits for none of them. The zero value is ready.
type readers struct {
	n     atomic.Int32   // how many are open
	users sync.WaitGroup // at work with the store of shelf; raised only while there is one

	mu    sync.Mutex
	shelf *shelf              // nil: nothing can be read at the moment
	open  map[*FileReader]int // and the piece that each of them waits for; awaitsNone
	err   error               // the torrent has ended
}

// awaitsNone is for a reader that waits for no piece.
const awaitsNone = -1

// shelf is what verified bytes are read from, as long as the files of a torrent stay
// open. After a change of the selection there is another one.
type shelf struct {
	// Immutable.
	mgr   *piece.Manager // knows what is verified
	store Store
	files *fileSet
	upset func() // is called when a file is not what was verified

	lost  atomic.Uint32 // raised with each piece that was given up, while the store still doubts it
	final atomic.Bool   // what has been given up is not fetched again
}

// begin lets readers read from a store.
func (rs *readers) begin(s *shelf) {
	rs.mu.Lock()
	rs.shelf = s
	rs.stirLocked()
	rs.mu.Unlock()
}

// suspend takes the shelf away. Readers wait for the next one; who closes the store
// calls wait before.
func (rs *readers) suspend() {
	rs.mu.Lock()
	rs.shelf = nil
	rs.mu.Unlock()
}

// wait returns when nobody is at work with the store any more, after suspend or end.
func (rs *readers) wait() { rs.users.Wait() }

// end lets all who read go, with an error.
func (rs *readers) end(err error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.shelf, rs.err = nil, err
	rs.stirLocked()
}

// add takes a reader in.
func (rs *readers) add(r *FileReader) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	switch {
	case rs.err != nil:
		return rs.err
	case len(rs.open) >= maxReaders:
		return fmt.Errorf("%w: %d files of this torrent are being read", ErrBusy, maxReaders)
	case rs.open == nil:
		rs.open = make(map[*FileReader]int)
	}
	rs.open[r] = awaitsNone
	rs.n.Store(int32(len(rs.open)))
	return nil
}

// remove lets a reader go.
func (rs *readers) remove(r *FileReader) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.open, r)
	rs.n.Store(int32(len(rs.open)))
}

// enter returns the shelf, whose users the caller is one of, or nil if there is none;
// an error if there will be none. From here on r is woken when anything happens to
// piece p.
func (rs *readers) enter(r *FileReader, p int) (*shelf, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if _, open := rs.open[r]; !open {
		return nil, errReaderClosed
	}
	rs.open[r] = p
	if rs.shelf != nil { // see wait
		rs.users.Add(1)
	}
	return rs.shelf, rs.err
}

// leave says that r waits no more.
func (rs *readers) leave(r *FileReader) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if _, open := rs.open[r]; open {
		rs.open[r] = awaitsNone
	}
}

// gained wakes those who wait for a piece.
func (rs *readers) gained(p int) {
	if rs.n.Load() == 0 {
		return // who comes now asks the manager first
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for r, q := range rs.open {
		if q == p {
			r.stir()
		}
	}
}

// lose says that a piece was given up; for good if it is not fetched again.
func (rs *readers) lose(forGood bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if s := rs.shelf; s != nil {
		s.lost.Add(1)
		s.final.Store(s.final.Load() || forGood)
	}
}

// stir wakes all who wait: files were hashed again.
func (rs *readers) stir() {
	rs.mu.Lock()
	rs.stirLocked()
	rs.mu.Unlock()
}

func (rs *readers) stirLocked() {
	for r, p := range rs.open {
		if p != awaitsNone {
			r.stir()
		}
	}
}

// read reads verified bytes of the file at off of the torrent: as many of b as are
// there without a gap. wait says that there are none now.
func (s *shelf) read(b []byte, off int64) (n int, wait bool, err error) {
	lost := s.lost.Load() // before we ask what is verified
	if b = b[:s.verified(off, int64(len(b)))]; len(b) == 0 {
		switch {
		case s.final.Load():
			err = fmt.Errorf("the bytes from %d on: %w", off, storage.ErrChanged)
		case s.files.isApart(s.files.layout.PieceAt(off)):
			err = ErrUnverifiable
		}
		return 0, err == nil, err
	}
	n, err = s.store.ServeAt(b, off)
	switch {
	case errors.Is(err, storage.ErrChanged):
		s.upset()
		return 0, true, nil // until it was hashed again
	case errors.Is(err, io.EOF) && n == len(b):
		err = nil
	}
	if s.lost.Load() != lost {
		// What was read may be what was then found to be bad, and is doubted no more.
		return s.read(b, off)
	}
	return n, false, err
}

// verified is how many of n bytes from off on are good, without a gap.
func (s *shelf) verified(off, n int64) int64 {
	l, end := s.files.layout, off+n
	p := l.PieceAt(off)
	for p < l.Pieces() && l.Offset(p) < end && s.mgr.Have(p) {
		p++
	}
	if p < l.Pieces() {
		end = min(end, l.Offset(p))
	}
	return max(0, end-off)
}
