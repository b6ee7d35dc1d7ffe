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
)

// streamer is the storage of a torrent whose bytes go to a writer (get -o -):
// a ring of pieces, in memory when it is small and else in an unnamed file. The
// manager picks only pieces of the window that the ring covers, so a slow
// reader slows the download and nothing grows.
//
// Its methods ReadAt and WriteVec are called by the hash workers, ready by the
// run goroutine; its own goroutine writes. That goroutine may hang in Write for
// as long as the reader does, so nobody waits for it: a stopped torrent writes
// nothing more, and the process may exit under it.
type streamer struct {
	t      *Torrent
	w      io.Writer
	length int64 // bytes per piece
	window int   // pieces
	order  []int32
	tmp    *os.File // nil: mem
	mem    [][]byte // per slot, made on first use

	wake chan struct{} // capacity 1
	quit chan struct{}

	writing atomic.Bool // the reader is waited for

	mu     sync.Mutex
	isHere map[int]bool // verified, not written yet
}

// ringMemory is how many bytes of verified pieces wait in memory for the
// reader, and ringPieces the least number of pieces the ring has.
const (
	ringMemory = 32 << 20
	ringPieces = 4
)

func newStreamer(t *Torrent) (*streamer, error) {
	s := &streamer{t: t, w: t.spec.Stream, length: t.meta.PieceLength, isHere: make(map[int]bool),
		wake: make(chan struct{}, 1), quit: make(chan struct{})}
	ring := min(ringMemory, budget(t.client.cfg.MaxMemory)/2)
	s.window = int(max(ringPieces, min(64, ring/s.length)))
	for p := range t.files.wantedPieces {
		s.order = append(s.order, int32(p))
	}
	if int64(s.window)*s.length <= ring {
		s.mem = make([][]byte, s.window)
		return s, nil
	}
	var err error
	if s.tmp, err = os.CreateTemp("", "gotor-stream-"); err != nil {
		return nil, fmt.Errorf("cannot make a temporary file for large pieces: %w", err)
	}
	os.Remove(s.tmp.Name()) // where the system allows it, it has no name from here on
	return s, nil
}

// slot is where the byte at off of the torrent lies in the ring.
func (s *streamer) slot(off int64) (i int, begin int64) {
	return int(off / s.length % int64(s.window)), off % s.length
}

// WriteVec implements piece.Store: the range lies within one piece.
func (s *streamer) WriteVec(bufs [][]byte, off int64) error {
	i, begin := s.slot(off)
	var mem []byte
	if s.tmp == nil {
		s.mu.Lock()
		if s.mem[i] == nil {
			s.mem[i] = make([]byte, s.length)
		}
		mem = s.mem[i]
		s.mu.Unlock()
	}
	for _, b := range bufs {
		if mem != nil {
			copy(mem[begin:], b)
		} else if _, err := s.tmp.WriteAt(b, int64(i)*s.length+begin); err != nil {
			return tempError(err)
		}
		begin += int64(len(b))
	}
	return nil
}

// ReadAt implements piece.Store within one piece that is still in the ring.
func (s *streamer) ReadAt(p []byte, off int64) (int, error) {
	i, begin := s.slot(off)
	if s.tmp != nil {
		return s.tmp.ReadAt(p, int64(i)*s.length+begin)
	}
	s.mu.Lock()
	mem := s.mem[i]
	s.mu.Unlock()
	if mem == nil {
		return 0, io.ErrUnexpectedEOF
	}
	return copy(p, mem[begin:]), nil
}

// start sets the first window; the manager exists now.
func (s *streamer) start() {
	s.slide(0)
	go s.run()
}

// slide lets the manager pick the pieces behind the first n.
func (s *streamer) slide(n int) {
	if n < len(s.order) {
		lo := int(s.order[n])
		s.t.mgr.SetWindow(lo, lo+s.window)
	}
}

// ready says that piece p is verified and in the ring.
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
		s.t.post(func(now time.Time) { s.t.streamed(err, now) })
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
		s.t.post(func(now time.Time) { s.t.clocks.begin(now) }) // the wait was not for peers
		s.t.mgr.Forget(int(p))
		s.slide(n + 1)
	}
	return nil
}

// await returns when p is in the ring, or false when the torrent has stopped.
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
	at := int64(p) * s.length
	s.t.files.of(p, func(file int, n int64) {
		if !s.t.files.wanted[file] {
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

// view returns up to n bytes at off: the ring's own memory, or buf filled from
// the file.
func (s *streamer) view(off, n int64, buf []byte) []byte {
	i, begin := s.slot(off)
	if s.tmp == nil {
		return s.mem[i][begin : begin+n]
	}
	b := buf[:min(n, int64(len(buf)))]
	if _, err := s.tmp.ReadAt(b, int64(i)*s.length+begin); err != nil {
		return nil
	}
	return b
}

// close ends the goroutine unless it hangs in Write.
func (s *streamer) close() { close(s.quit) }

// streamed is told when the last byte was written, or why none will be.
func (t *Torrent) streamed(err error, now time.Time) {
	if err != nil {
		t.finish(err)
		return
	}
	t.streamDone = true
	t.checkComplete(now)
}
