package piece

import (
	"context"
	"crypto/sha1"
	"errors"
	"io"
	"io/fs"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"
)

// CheckConfig says what Check reads and compares.
type CheckConfig struct {
	Layout  *Layout
	Hash    func(i int) [20]byte // SHA-1 of piece i; called from several goroutines
	Reader  io.ReaderAt          // at offsets of the torrent
	Workers int                  // goroutines; at least one
	Pieces  iter.Seq[int]        // which pieces; nil: all
	// OnPiece gets each result, in any order but one at a time.
	OnPiece func(i int, ok bool)
}

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
	k := &checker{CheckConfig: c, next: next}
	g, ctx := errgroup.WithContext(ctx)
	for range max(c.Workers, 1) {
		g.Go(func() error { return k.run(ctx) })
	}
	return g.Wait()
}

type checker struct {
	CheckConfig

	mu   sync.Mutex
	next func() (int, bool) // guarded by mu
}

// run checks pieces until there are none left.
func (k *checker) run(ctx context.Context) error {
	sha, buf := sha1.New(), make([]byte, checkRead)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		k.mu.Lock()
		i, ok := k.next()
		k.mu.Unlock()
		if !ok {
			return nil
		}
		sha.Reset()
		off, left := k.Layout.Offset(i), k.Layout.PieceLen(i)
		var err error
		for left > 0 && err == nil && ctx.Err() == nil {
			p := buf[:min(left, checkRead)]
			if err = readFull(k.Reader, p, off); err == nil {
				sha.Write(p)
				off, left = off+int64(len(p)), left-int64(len(p))
			}
		}
		if err != nil && !absent(err) {
			return err
		}
		if left > 0 && err == nil {
			return ctx.Err()
		}
		var sum [sha1.Size]byte
		sha.Sum(sum[:0])
		good := err == nil && sum == k.Hash(i)
		k.mu.Lock()
		k.OnPiece(i, good)
		k.mu.Unlock()
	}
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
