package metainfo

import (
	"context"
	"crypto/sha1"
	"errors"
	"hash"
	"io"
	"os"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	// readSize is how much a worker reads at once: large enough that the
	// system call is nothing, small enough to be hashed out of the cache.
	readSize = 256 << 10
	// runSize is how much a worker takes on at once, in whole pieces: files
	// are read in long runs.
	runSize = 4 << 20
	// reportSize is how many bytes a worker hashes before it reports them.
	reportSize = 1 << 20
)

// hash fills the piece hashes of t, which alias the torrent being made.
func (s *source) hash(ctx context.Context, t *Torrent, o CreateOptions) error {
	pieces := t.NumPieces()
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	// Runs are shorter where they would not keep all workers busy.
	run := min(max(int(runSize/t.PieceLength), 1), max(pieces/(workers*4), 1))
	workers = min(workers, (pieces+run-1)/run)
	prog := progress{report: o.Progress, total: s.total}
	prog.start()

	var next atomic.Int64 // first piece that nobody has taken
	g, groupCtx := errgroup.WithContext(ctx)
	for range workers {
		g.Go(func() error {
			h := hasher{src: s, t: t, sum: sha1.New(), buf: make([]byte, min(readSize, s.total)), open: -1, prog: &prog}
			defer h.close()
			for {
				first := int(next.Add(int64(run))) - run
				if first >= pieces {
					return nil
				}
				if err := h.run(groupCtx, first, min(first+run, pieces)); err != nil {
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return s.recheck(ctx)
}

// hasher is one worker. It reads and hashes in turn: as there are as many as
// cores, reading ahead would only move the same work, and a worker that waits
// for a disk leaves its core to the kernel.
type hasher struct {
	src  *source
	t    *Torrent
	sum  hash.Hash
	buf  []byte
	open int // index of file, -1 if there is none
	file *os.File
	prog *progress
	done int64 // bytes hashed and not yet reported
}

// close closes the file that is open, if one is.
func (h *hasher) close() {
	if h.file != nil {
		h.file.Close()
	}
}

// run hashes the pieces first to last-1, which lie side by side.
func (h *hasher) run(ctx context.Context, first, last int) error {
	offset := int64(first) * h.t.PieceLength
	// The file that holds offset: the last that begins at or before it and is
	// not empty, as an empty one has the offset of its successor.
	i := sort.Search(len(h.src.files), func(i int) bool {
		return h.src.files[i].offset+h.src.files[i].size > offset
	})
	for piece := first; piece < last; piece++ {
		end := min(offset+h.t.PieceLength, h.src.total)
		h.sum.Reset()
		for offset < end {
			for h.src.files[i].offset+h.src.files[i].size <= offset {
				i++
			}
			n, err := h.read(ctx, i, offset, end)
			if err != nil {
				return err
			}
			offset += n
		}
		// Appends to a slice that ends where the hash begins: in its place.
		h.sum.Sum(h.t.pieces[piece*20 : piece*20])
	}
	h.prog.add(h.done)
	h.done = 0
	return nil
}

// read hashes the bytes of file i from offset on: to end, to the end of the
// file or to the end of the buffer, whichever is first.
func (h *hasher) read(ctx context.Context, i int, offset, end int64) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if h.open != i {
		h.close()
		h.file, h.open = nil, -1
		f, err := h.src.open(i)
		if err != nil {
			return 0, err
		}
		h.file, h.open = f, i
	}
	f := &h.src.files[i]
	buf := h.buf[:min(int64(len(h.buf)), end-offset, f.offset+f.size-offset)]
	switch _, err := h.file.ReadAt(buf, offset-f.offset); {
	case errors.Is(err, io.EOF):
		return 0, h.src.changed(i)
	case err != nil:
		return 0, h.src.fail(f.path, err)
	}
	h.sum.Write(buf)
	if h.done += int64(len(buf)); h.done >= reportSize {
		h.prog.add(h.done)
		h.done = 0
	}
	return int64(len(buf)), nil
}

// progress counts hashed bytes and reports them. The lock is held during the
// report, which keeps the numbers in order.
type progress struct {
	report func(done, total int64)
	total  int64

	mu   sync.Mutex
	done int64
}

// start reports that nothing has been hashed yet.
func (p *progress) start() {
	if p.report != nil {
		p.report(0, p.total)
	}
}

// add reports n more bytes.
func (p *progress) add(n int64) {
	if p.report == nil || n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.report(p.done, p.total)
}
