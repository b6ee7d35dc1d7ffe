package piece

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// checked runs Check over data and returns which pieces are good.
func checked(t *testing.T, data io.ReaderAt, want []byte, pieceLength int64, pieces []int) []int {
	t.Helper()
	l, err := NewLayout(int64(len(want)), pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	c := CheckConfig{
		Layout: l, Reader: data, Workers: 3,
		Digest: func(i int) Digest { return SHA1(sha1.Sum(want[l.Offset(i):][:l.PieceLen(i)])) },
	}
	if pieces != nil {
		c.Pieces = slices.Values(pieces)
	}
	var good []int
	seen := 0
	c.OnPiece = func(i int, ok bool) {
		if seen++; ok {
			good = append(good, i)
		}
	}
	if err := Check(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if total := l.Pieces(); pieces == nil && seen != total || pieces != nil && seen != len(pieces) {
		t.Errorf("%d results", seen)
	}
	slices.Sort(good)
	return good
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		total int
		piece int64
	}{
		{"many small pieces", 200_000, 1000},
		{"pieces of one read", 3 << 20, 512 << 10},
		{"pieces of several reads", 5<<20 + 77, 2<<20 - 5},
		{"one piece", 10, 1 << 20},
		{"nothing", 0, 1 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := randomBytes(c.total)
			want := upTo((c.total + int(c.piece) - 1) / int(c.piece))
			if got := checked(t, bytes.NewReader(data), data, c.piece, nil); !slices.Equal(got, want) {
				t.Errorf("good: %v, want all", got)
			}
		})
	}
}

func TestCheckFindsBadPieces(t *testing.T) {
	data := randomBytes(100_000)
	broken := bytes.Clone(data)
	broken[30_000] ^= 1
	got := checked(t, bytes.NewReader(broken[:95_000]), data, 10_000, nil)
	if want := []int{0, 1, 2, 4, 5, 6, 7, 8}; !slices.Equal(got, want) {
		t.Errorf("good: %v, want %v", got, want)
	}
	if got := checked(t, bytes.NewReader(broken), data, 10_000, []int{3, 5, 9}); !slices.Equal(got, []int{5, 9}) {
		t.Errorf("good: %v, want 5 and 9", got)
	}
	if got := checked(t, holed{bytes.NewReader(data), 30_000, 40_000}, data, 1000, nil); len(got) != 90 {
		t.Errorf("%d pieces of 100 are good, want all but those of the missing file", len(got))
	}
	if got := checked(t, failing{fs.ErrNotExist}, data, 10_000, nil); len(got) > 0 {
		t.Errorf("good without a file: %v", got)
	}
}

// holed is a torrent with one file missing.
type holed struct {
	io.ReaderAt
	from, to int64
}

func (h holed) ReadAt(p []byte, off int64) (int, error) {
	if off >= h.to || off+int64(len(p)) <= h.from {
		return h.ReaderAt.ReadAt(p, off)
	}
	n, _ := h.ReaderAt.ReadAt(p[:max(0, h.from-off)], off)
	return n, fs.ErrNotExist
}

// failing is a disk that cannot be read.
type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestCheckEnds(t *testing.T) {
	l, err := NewLayout(64<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	c := CheckConfig{
		Layout: l, Reader: failing{fs.ErrPermission}, Workers: 2,
		Digest: func(int) Digest { return SHA1([20]byte{}) }, OnPiece: func(int, bool) {},
	}
	if err := Check(t.Context(), c); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want %v", err, fs.ErrPermission)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.Reader = zeros{}
	var once sync.Once
	n := 0
	c.OnPiece = func(int, bool) { n++; once.Do(cancel) }
	if err := Check(ctx, c); !errors.Is(err, context.Canceled) || n > 10 {
		t.Errorf("error %v after %d pieces, want %v at once", err, n, context.Canceled)
	}
}

// BenchmarkCheck compares Check with the least that can be done: as many
// goroutines that read and hash stretches of the same file, without pieces.
func BenchmarkCheck(b *testing.B) {
	const total = 256 << 20
	name := filepath.Join(b.TempDir(), "data")
	data := randomBytes(total)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const workers = 2
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			var all sync.WaitGroup
			for k := range workers {
				all.Go(func() {
					sha, buf := sha1.New(), make([]byte, 1<<20)
					for off := int64(k) * (total / workers); off < int64(k+1)*(total/workers); off += 1 << 20 {
						if _, err := f.ReadAt(buf, off); err != nil {
							b.Error(err)
						}
						sha.Write(buf)
					}
				})
			}
			all.Wait()
		}
	})
	for _, size := range []int64{16 << 10, 256 << 10, 1 << 20, 16 << 20} {
		l, err := NewLayout(total, size)
		if err != nil {
			b.Fatal(err)
		}
		hashes := make([][20]byte, l.Pieces())
		for i := range hashes {
			hashes[i] = sha1.Sum(data[l.Offset(i):][:l.PieceLen(i)])
		}
		b.Run(fmt.Sprintf("piece=%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(total)
			for b.Loop() {
				err := Check(b.Context(), CheckConfig{
					Layout: l, Digest: func(i int) Digest { return SHA1(hashes[i]) }, Reader: f, Workers: workers,
					OnPiece: func(i int, ok bool) {
						if !ok {
							b.Error("bad piece", i)
						}
					},
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
