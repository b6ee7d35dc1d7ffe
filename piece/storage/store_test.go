package storage

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// tc is a torrent on disk, and the bytes that it should hold.
type tc struct {
	t     failer
	spec  Spec
	piece int64  // what the wanted files are widened to; 0: everything is written
	data  []byte // of the whole torrent; padding is zeros
	s     *Store
}

// failer is what testing.TB and rapid.T share.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(f func())
}

// newTC lays the files out one after the other; Length and flags are the
// caller's.
func newTC(t testing.TB, files ...File) *tc {
	t.Helper()
	c := &tc{t: t, spec: Spec{Dir: filepath.Join(t.TempDir(), "out"), Name: "name", NoSync: true}}
	for _, f := range files {
		f.Offset = c.spec.TotalLength
		c.spec.TotalLength += f.Length
		c.spec.Files = append(c.spec.Files, f)
	}
	c.data = make([]byte, c.spec.TotalLength)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range c.data {
		c.data[i] = byte(rng.Uint32()) | 1
	}
	for _, f := range c.spec.Files {
		if f.Pad {
			clear(c.data[f.Offset : f.Offset+f.Length])
		}
	}
	return c
}

// widened returns the pieces of n bytes that wanted files have bytes in.
func widened(sp *Spec, n int64) []Range {
	out := []Range{}
	for _, f := range sp.Files {
		if f.Wanted && !f.Pad && f.Length > 0 {
			out = appendRange(out, f.Offset/n*n, min((f.Offset+f.Length+n-1)/n*n, sp.TotalLength))
		}
	}
	return out
}

func (c *tc) open() {
	c.t.Helper()
	if c.piece > 0 {
		c.spec.Ranges = widened(&c.spec, c.piece)
	}
	s, err := Open(c.spec)
	if err != nil {
		c.t.Fatal(err)
	}
	c.s = s
	c.t.Cleanup(func() { s.Close() })
}

func (c *tc) close() {
	c.t.Helper()
	if err := c.s.Close(); err != nil {
		c.t.Fatal(err)
	}
}

// write writes the right bytes of a range, cut into uneven buffers.
func (c *tc) write(off, n int64) error {
	return c.s.WriteVec(cut(c.data[off:off+n]), off)
}

func (c *tc) mustWrite(off, n int64) {
	c.t.Helper()
	if err := c.write(off, n); err != nil {
		c.t.Fatalf("write %d+%d: %v", off, n, err)
	}
}

// wantRead checks that a range reads as it should.
func (c *tc) wantRead(off, n int64) {
	c.t.Helper()
	got := make([]byte, n)
	m, err := c.s.ReadAt(got, off)
	if int64(m) != n || err != nil {
		c.t.Fatalf("ReadAt(%d, %d) = %d, %v", off, n, m, err)
	}
	if !bytes.Equal(got, c.data[off:off+n]) {
		c.t.Fatalf("bytes %d+%d are not what was written", off, n)
	}
}

func (c *tc) finish(files ...int) {
	c.t.Helper()
	if err := c.s.Finish(files); err != nil {
		c.t.Fatal(err)
	}
}

// wantFile checks a file's content on disk.
func (c *tc) wantFile(name string, i int) {
	c.t.Helper()
	f := c.spec.Files[i]
	got, err := os.ReadFile(filepath.Join(c.spec.Dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	if !bytes.Equal(got, c.data[f.Offset:f.Offset+f.Length]) {
		c.t.Fatalf("%s has the wrong content", name)
	}
}

func (c *tc) wantGone(names ...string) {
	c.t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(c.spec.Dir, name)); !errors.Is(err, fs.ErrNotExist) {
			c.t.Errorf("%s is there: %v", name, err)
		}
	}
}

func (c *tc) wantKind(i int, want Kind) {
	c.t.Helper()
	st, err := c.s.Stat(i)
	if err != nil || st.Kind != want {
		c.t.Errorf("Stat(%d) = %v, %v; want %v", i, st.Kind, err, want)
	}
}

// put makes a file in the target folder behind the Store's back.
func (c *tc) put(name string, content []byte) {
	c.t.Helper()
	p := filepath.Join(c.spec.Dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(p, content, 0o666); err != nil {
		c.t.Fatal(err)
	}
}

func cut(p []byte) [][]byte {
	var out [][]byte
	for n := 1; len(p) > 0; n = n*3 + 1 {
		n = min(n, len(p), 16<<10)
		out = append(out, p[:n], nil)
		p = p[n:]
	}
	return out
}

func TestWriteFinishRead(t *testing.T) {
	for _, sync := range []bool{false, true} {
		c := newTC(t,
			File{Path: "name/a", Length: 100, Wanted: true},
			File{Path: "name/empty", Wanted: true},
			File{Path: "name/.pad/28", Length: 28, Pad: true},
			File{Path: "name/sub/dir/b", Length: 70000, Wanted: true, Exec: true},
		)
		c.spec.NoSync = !sync
		c.open()
		c.wantKind(0, Missing)
		c.mustWrite(50, 1000)
		c.wantKind(0, Part)
		c.wantRead(50, 1000)
		c.mustWrite(0, 50)
		c.mustWrite(1050, c.spec.TotalLength-1050)
		c.wantRead(0, c.spec.TotalLength)
		if err := c.s.Sync(); err != nil {
			t.Fatal(err)
		}
		c.wantFile("name/a.part", 0)
		c.finish(0, 1)
		c.wantFile("name/a", 0)
		c.wantFile("name/empty", 1)
		c.wantKind(3, Part)
		c.finish()
		c.finish(3)
		c.wantFile("name/sub/dir/b", 3)
		c.wantGone("name/a.part", "name/.pad", "name/sub/dir/b.part")
		c.wantKind(3, Final)
		c.wantRead(0, c.spec.TotalLength)
		if err := c.s.RemoveState(); err != nil {
			t.Fatal(err)
		}
		c.wantRead(0, c.spec.TotalLength)
		c.close()
		entries, _ := os.ReadDir(c.spec.Dir)
		if len(entries) != 1 {
			t.Errorf("left in the folder: %v", entries)
		}
	}
}

func TestReadAtEnds(t *testing.T) {
	c := newTC(t, File{Path: "f", Length: 10, Wanted: true}, File{Path: "g", Length: 10, Wanted: true})
	c.open()
	p := make([]byte, 30)
	if n, err := c.s.ReadAt(p, 0); n != 0 || err != io.ErrUnexpectedEOF {
		t.Errorf("missing file: %d, %v", n, err)
	}
	c.mustWrite(0, 10)
	if n, err := c.s.ReadAt(p, 0); n != 10 || err != io.ErrUnexpectedEOF {
		t.Errorf("second file missing: %d, %v", n, err)
	}
	c.mustWrite(10, 10)
	if n, err := c.s.ReadAt(p, 0); n != 20 || err != io.EOF {
		t.Errorf("past the end: %d, %v", n, err)
	}
	if n, err := c.s.ReadAt(p, 21); n != 0 || err == nil {
		t.Errorf("outside: %d, %v", n, err)
	}
}

func check(t failer, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}
