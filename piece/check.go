package piece

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"
)

// CheckConfig says what Check reads and compares.
type CheckConfig struct {
	Layout *Layout
	// Digest returns what piece i must hash to, which it does not while that is
	// not known. It is called from several goroutines.
	Digest  func(i int) Digest
	Reader  io.ReaderAt   // at offsets of the torrent
	Workers int           // goroutines; at least one
	Pieces  iter.Seq[int] // which pieces; nil: all
	// OnPiece gets each result, in any order but one at a time.
	OnPiece func(i int, ok bool)
	// Bug, if not nil, gets what a panic in a goroutine left (deferred: the stack
	// is still there); Check returns an error then, and the process goes on.
	Bug func(recovered any)
}

// errBroken is what Check returns after a panic, of which Bug was told.
var errBroken = errors.New("the check was broken off")

// checkRead is how much a checker reads at once.
const checkRead = 512 << 10

// Check hashes pieces that are on disk, on several cores. Each worker holds
// 512 KiB, however long the pieces are. Bytes that are missing make a piece
// bad; any other failure to read, or the end of ctx, is an error.
func Check(ctx context.Context, c CheckConfig) error {
	seq := c.Pieces
	if seq == nil {
		seq = func(yield func(int) bool) {
			for i := range c.Layout.Pieces() {
				if !yield(i) {
					return
				}
			}
		}
	}
	next, stop := iter.Pull(seq)
	defer stop()
	k := &checks{CheckConfig: c, next: next, ahead: -1}
	g, ctx := errgroup.WithContext(ctx)
	for range max(c.Workers, 1) {
		g.Go(func() error { return k.guarded(ctx) })
	}
	return g.Wait()
}

// checks is what the goroutines of one Check share.
type checks struct {
	CheckConfig

	mu    sync.Mutex
	next  func() (int, bool) // guarded by mu
	ahead int                // guarded by mu: what next gave too much, or -1
}

// take returns the next pieces to check, first to end-1: one, or several short
// ones that lie side by side and fit in one read.
func (k *checks) take() (first, end int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	first, k.ahead = k.ahead, -1
	if first < 0 {
		var ok bool
		if first, ok = k.next(); !ok {
			return 0, 0
		}
	}
	end = first + 1
	for off := k.Layout.Offset(first); end < k.Layout.Pieces(); end++ {
		if k.Layout.pieceEnd(end)-off > checkRead {
			break
		}
		if i, ok := k.next(); !ok || i != end {
			if ok {
				k.ahead = i
			}
			break
		}
	}
	return first, end
}

func (k *checks) report(i int, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.OnPiece(i, ok)
}

// guarded is work, with a panic told to Bug.
func (k *checks) guarded(ctx context.Context) (err error) {
	if k.Bug != nil {
		defer func() {
			if v := recover(); v != nil {
				k.Bug(v)
				err = errBroken
			}
		}()
	}
	return k.work(ctx)
}

// work checks pieces until there are none left.
func (k *checks) work(ctx context.Context) error {
	x := checker{checks: k, buf: make([]byte, checkRead)}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		first, end := k.take()
		if first == end {
			return nil
		}
		if end-first > 1 && x.together(first, end) {
			continue
		}
		for i := first; i < end; i++ {
			if err := x.one(ctx, i); err != nil {
				return err
			}
		}
	}
}

// checker is one goroutine with its buffer.
type checker struct {
	*checks
	hasher
	buf []byte
}

// together checks pieces that fit in the buffer with one read. It reports
// false if that failed: some of them may still be there.
func (x *checker) together(first, end int) bool {
	off := x.Layout.Offset(first)
	p := x.buf[:x.Layout.pieceEnd(end-1)-off]
	if readFull(x.Reader, p, off) != nil {
		return false
	}
	for i := first; i < end; i++ {
		x.begin(x.Digest(i))
		x.write(p[x.Layout.Offset(i)-off:][:x.Layout.PieceLen(i)])
		x.report(i, x.good())
	}
	return true
}

// one checks a piece of any length.
func (x *checker) one(ctx context.Context, i int) error {
	off, left := x.Layout.Offset(i), x.Layout.PieceLen(i)
	x.begin(x.Digest(i))
	for left > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := x.buf[:min(left, checkRead)]
		if err := readFull(x.Reader, p, off); absent(err) {
			x.report(i, false)
			return nil
		} else if err != nil {
			return err
		}
		x.write(p)
		off, left = off+int64(len(p)), left-int64(len(p))
	}
	x.report(i, x.good())
	return nil
}

// absent reports whether a read failed because the bytes are not there.
func absent(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, fs.ErrNotExist)
}

// readFull reads all of p at off; a short read without an error is
// io.ErrUnexpectedEOF.
func readFull(r interface {
	ReadAt(p []byte, off int64) (int, error)
}, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
