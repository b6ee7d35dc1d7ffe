package torrent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gotor/piece"
)

// streamer is the storage of a torrent whose bytes go to a writer (get -o -):
// a window of pieces, in memory when they are small and else in an unnamed file.
// The manager picks only pieces of the window, so a slow reader slows the download
// and nothing grows. What waits in memory for the reader counts in the client's budget.
//
// Its methods ReadAt and WriteVec are called by the hash workers, ready by the
// run goroutine; its own goroutine writes. That goroutine may hang in Write for
// as long as the reader does, so nobody waits for it: a stopped torrent writes
// nothing more, and the process may exit under it.
type streamer struct {
	core   *core
	w      io.Writer
	layout *piece.Layout
	files  *fileSet
	mgr    *piece.Manager // set by start
	news   streamNews
	window int // pieces
	order  []int32
	tmp    *os.File // nil: in memory

	wake chan struct{} // capacity 1
	quit chan struct{}

	writing atomic.Bool // the reader is waited for

	mu     sync.Mutex
	isHere map[int]bool   // verified, not written yet
	mem    map[int][]byte // pieces of the window that have bytes
	spare  [][]byte       // memory of pieces that were written; the last one is warm

	reserved int  // slabs of the client's pool, for mem and spare
	closed   bool // nothing is reserved any more
}

// streamMemory is how many bytes of verified pieces wait in memory for the
// reader, if that is no more than half the budget, and streamPieces the least
// number of pieces in the window.
const (
	streamMemory = 32 << 20
	streamPieces = 4
)

// streamNews is what a streamer calls on the loop.
type streamNews struct {
	moved func(now time.Time)            // the reader has taken a piece, after as long as it took
	ended func(err error, now time.Time) // the last byte was written, or none will be
}

func newStreamer(k *core, w io.Writer, files *fileSet, news streamNews) (*streamer, error) {
	s := &streamer{core: k, w: w, layout: files.layout, files: files, news: news,
		isHere: make(map[int]bool), mem: make(map[int][]byte),
		wake: make(chan struct{}, 1), quit: make(chan struct{})}
	most := min(streamMemory, budget(k.client.cfg.MaxMemory)/2)
	s.window = int(max(streamPieces, s.layout.PiecesIn(most)))
	for p := range files.wantedPieces {
		s.order = append(s.order, int32(p))
	}
	if int64(s.window)*s.layout.PieceLength() <= most {
		return s, nil
	}
	var err error
	if s.tmp, err = os.CreateTemp("", "gotor-stream-"); err != nil {
		return nil, fmt.Errorf("cannot make a temporary file for large pieces: %w", err)
	}
	os.Remove(s.tmp.Name()) // where the system allows it, it has no name from here on
	return s, nil
}

// slot is where the byte at off of the torrent lies in the temporary file.
func (s *streamer) slot(off int64) int64 {
	p := s.layout.PieceAt(off)
	return int64(p%s.window)*s.layout.PieceLength() + off - s.layout.Offset(p)
}

// WriteVec implements piece.Store: the range lies within one piece.
func (s *streamer) WriteVec(bufs [][]byte, off int64) error {
	if s.tmp == nil {
		p := s.layout.PieceAt(off)
		mem := s.memory(p)[off-s.layout.Offset(p):]
		for _, b := range bufs {
			mem = mem[copy(mem, b):]
		}
		return nil
	}
	at := s.slot(off)
	for _, b := range bufs {
		if _, err := s.tmp.WriteAt(b, at); err != nil {
			return tempError(err)
		}
		at += int64(len(b))
	}
	return nil
}

// memory is where piece p is kept.
func (s *streamer) memory(p int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.mem[p]
	if n := len(s.spare); b == nil && n > 0 {
		b, s.spare = s.spare[n-1], s.spare[:n-1]
	} else if b == nil {
		if !s.closed {
			s.reserved += s.core.client.pool.Reserve(s.layout.PieceLength())
		}
		b = make([]byte, s.layout.PieceLength())
	}
	s.mem[p] = b
	return b
}

// free lets the memory of piece p be used for another one, or for blocks.
func (s *streamer) free(p int) {
	back := 0
	s.mu.Lock()
	if b := s.mem[p]; b != nil {
		delete(s.mem, p)
		if len(s.spare) < streamPieces {
			s.spare = append(s.spare, b)
		} else {
			back = s.reserved / (len(s.mem) + len(s.spare) + 1)
			s.reserved -= back
		}
	}
	s.mu.Unlock()
	s.core.client.pool.Restore(back)
}

// ReadAt implements piece.Store within one piece that is still in the window.
func (s *streamer) ReadAt(p []byte, off int64) (int, error) {
	if s.tmp != nil {
		return s.tmp.ReadAt(p, s.slot(off))
	}
	i := s.layout.PieceAt(off)
	s.mu.Lock()
	mem := s.mem[i]
	s.mu.Unlock()
	if mem == nil {
		return 0, io.ErrUnexpectedEOF
	}
	return copy(p, mem[off-s.layout.Offset(i):]), nil
}

// start sets the first window of the manager that stores in it, and begins to
// write.
func (s *streamer) start(m *piece.Manager) {
	s.mgr = m
	s.slide(0)
	go s.core.guard(s.run)
}

// slide lets the manager pick the pieces behind the first n.
func (s *streamer) slide(n int) {
	if n < len(s.order) {
		lo := int(s.order[n])
		s.mgr.SetWindow(lo, lo+s.window)
	}
}

// ready says that piece p is verified and here.
func (s *streamer) ready(p int) {
	s.mu.Lock()
	s.isHere[p] = true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *streamer) run() {
	err := s.writeAll()
	if !errors.Is(err, ErrStopped) {
		s.core.post(func(now time.Time) { s.news.ended(err, now) })
	}
	if s.tmp != nil {
		<-s.quit // a worker may still write to it
		s.tmp.Close()
		os.Remove(s.tmp.Name())
	}
}

// tempError names what a failed write was for, so that a full disk is told as
// one.
func tempError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &DiskError{Op: "write", Path: "the temporary file", Err: err}
}

func (s *streamer) writeAll() error {
	buf := make([]byte, 256<<10)
	for n, p := range s.order {
		if !s.await(int(p)) {
			return ErrStopped
		}
		s.writing.Store(true)
		err := s.write(int(p), buf)
		s.writing.Store(false)
		if errors.Is(err, ErrStopped) {
			return err
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrStream, err)
		}
		s.core.post(s.news.moved)
		s.mgr.Forget(int(p))
		s.free(int(p))
		s.slide(n + 1)
	}
	return nil
}

// await returns when p is here, or false when the torrent has stopped.
func (s *streamer) await(p int) bool {
	for {
		s.mu.Lock()
		here := s.isHere[p]
		delete(s.isHere, p)
		s.mu.Unlock()
		if here {
			return true
		}
		select {
		case <-s.wake:
		case <-s.quit:
			return false
		}
	}
}

// write sends the bytes of selected files in piece p.
func (s *streamer) write(p int, buf []byte) (err error) {
	at := s.layout.Offset(p)
	s.files.of(p, func(file int, n int64) {
		if !s.files.wanted[file] {
			at += n
			return
		}
		for n > 0 && err == nil {
			select {
			case <-s.quit:
				err = ErrStopped
				return
			default:
			}
			b := s.view(at, n, buf)
			if b == nil {
				err = io.ErrUnexpectedEOF
				return
			}
			_, err = s.w.Write(b)
			at += int64(len(b))
			n -= int64(len(b))
		}
	})
	return err
}

// view returns up to n bytes at off: the piece's own memory, or buf filled from
// the file.
func (s *streamer) view(off, n int64, buf []byte) []byte {
	if s.tmp == nil {
		i := s.layout.PieceAt(off)
		s.mu.Lock()
		defer s.mu.Unlock()
		if mem := s.mem[i]; mem != nil {
			return mem[off-s.layout.Offset(i):][:n]
		}
		return nil
	}
	b := buf[:min(n, int64(len(buf)))]
	if _, err := s.tmp.ReadAt(b, s.slot(off)); err != nil {
		return nil
	}
	return b
}

// close ends the goroutine unless it hangs in Write.
func (s *streamer) close() {
	close(s.quit)
	s.mu.Lock()
	back := s.reserved
	s.reserved, s.closed = 0, true
	s.mu.Unlock()
	s.core.client.pool.Restore(back)
}
