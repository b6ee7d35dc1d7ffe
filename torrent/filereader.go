package torrent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"gotor/piece"
)

// FileReader reads one file of a torrent, as an io.ReadSeekCloser, while that is
// downloaded or seeded. It returns verified bytes only. Read waits for what is not
// there yet. What somebody else has changed since is not returned: Read waits until it
// was hashed again, and fetched again if need be; a seed, which fetches nothing, has
// an error then.
//
// Read and Seek are for one goroutine at a time; Close may be called by another.
type FileReader struct {
	// Immutable.
	ctx           context.Context
	rs            *readers
	layout        *piece.Layout
	file          int
	begin, length int64 // of the file in the torrent
	wake          chan struct{}

	closing sync.Once
	closed  chan struct{}

	// Of whoever reads.
	pos int64
	run int64 // bytes read since the last Seek

	mu   sync.Mutex // guards the rest, which Close ends
	from *shelf     // that head belongs to
	head *piece.ReadHead
	span piece.Span // that it was last set to
}

// A reader has leastAhead bytes before it fetched first, and twice as much as it has
// read without a Seek, up to mostAhead and readPieces pieces: who reads here and there
// is not to draw much behind each place.
const (
	leastAhead = 1 << 20
	mostAhead  = 16 << 20
	readPieces = 64
)

var _ io.ReadSeekCloser = (*FileReader)(nil)

var errReaderClosed = fmt.Errorf("read of a file: %w", fs.ErrClosed)

// OpenFile opens file, an index as in the metainfo, of a torrent that was begun. It
// does not wait; Read does, until ctx or the torrent ends: then it fails with the
// context's error, or with the torrent's, or ErrStopped. Errors: ErrNotSelected, also
// for padding and links, and ErrBusy. There is nothing to open of a Stream. The
// FileReader has to be closed.
func (t *Torrent) OpenFile(ctx context.Context, file int) (*FileReader, error) {
	type opened struct {
		r   *FileReader
		err error
	}
	o, ok := ask(t.core, t.outcome.stopped, func(time.Time) (o opened) {
		o.r, o.err = t.openFile(ctx, file)
		return o
	})
	if !ok {
		return nil, t.outcome.ended()
	}
	return o.r, o.err
}

// openFile is OpenFile on the loop.
func (t *Torrent) openFile(ctx context.Context, file int) (*FileReader, error) {
	switch {
	case t.core.over:
		return nil, t.outcome.ended()
	case t.layout == nil:
		return nil, errors.New("the torrent was not begun yet")
	case t.spec.Stream != nil:
		return nil, errors.New("the bytes of this torrent go to a stream")
	case file < 0 || file >= len(t.meta.Files) || !t.held.files.wanted[file]:
		return nil, ErrNotSelected
	}
	f := &t.meta.Files[file]
	r := &FileReader{
		ctx: ctx, rs: &t.held.readers, layout: t.layout, file: file, begin: f.Offset, length: f.Length,
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	return r, r.rs.add(r)
}

// Size is the length of the file.
func (r *FileReader) Size() int64 { return r.length }

// Read reads as much as is there, and waits only while there is nothing.
func (r *FileReader) Read(b []byte) (int, error) {
	if r.pos >= r.length {
		return 0, io.EOF
	}
	if b = b[:min(int64(len(b)), r.length-r.pos)]; len(b) == 0 {
		return 0, nil
	}
	defer r.rs.leave(r)
	for {
		n, wait, err := r.try(b)
		if !wait {
			r.pos += int64(n)
			r.run += int64(n)
			return n, err
		}
		select {
		case <-r.wake:
		case <-r.closed:
			return 0, errReaderClosed
		case <-r.ctx.Done():
			return 0, context.Cause(r.ctx)
		}
	}
}

// try reads what is there; wait says that there is nothing, and that r is woken when
// that may have changed.
func (r *FileReader) try(b []byte) (n int, wait bool, err error) {
	off := r.begin + r.pos
	s, err := r.rs.enter(r, r.layout.PieceAt(off))
	if err != nil || s == nil {
		return 0, err == nil, err
	}
	defer r.rs.users.Done()
	if !s.files.wanted[r.file] {
		return 0, false, ErrNotSelected
	}
	r.ask(s, off)
	return s.read(b, off)
}

// ask has what is missing from off on fetched first. The far end moves when half of
// what is before it was read, so that what is fetched there is worth a request.
func (r *FileReader) ask(s *shelf, off int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closed:
		return
	default:
	}
	if r.from != s {
		r.from, r.head, r.span = s, new(piece.ReadHead), piece.Span{}
	}
	was, last := r.span, r.begin+r.length-1
	ahead := min(max(2*r.run, leastAhead), mostAhead)
	lo := r.layout.PieceAt(off)
	if lo < was.First || r.layout.PieceAt(min(off+ahead/2, last)) >= was.End {
		r.span.End = min(r.layout.PieceAt(min(off+ahead, last))+1, lo+readPieces)
	}
	if r.span.First = lo; r.span != was {
		s.mgr.Read(r.head, lo, r.span.End)
	}
}

// Seek sets where the next Read begins, also behind the end of the file. It fetches
// nothing.
func (r *FileReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.length
	default:
		return 0, errors.New("seek: invalid whence")
	}
	if offset < 0 {
		return 0, errors.New("seek: negative position")
	}
	if offset != r.pos {
		r.run = 0
	}
	r.pos = offset
	return offset, nil
}

// Close ends a Read that waits. It does not fail.
func (r *FileReader) Close() error {
	r.closing.Do(func() {
		close(r.closed)
		r.rs.remove(r)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.head != nil {
			r.from.mgr.StopReading(r.head)
		}
	})
	return nil
}

// stir has a Read that waits look again.
func (r *FileReader) stir() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
