package metainfo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func createError(t *testing.T, path string, parts ...string) error {
	t.Helper()
	_, err := Create(context.Background(), path, CreateOptions{})
	wantError(t, err, parts...)
	if errors.Is(err, ErrOption) {
		t.Errorf("%v blames the options", err)
	}
	var torrent *Error
	if errors.As(err, &torrent) {
		t.Errorf("%v speaks of a malformed torrent", err)
	}
	return err
}

func TestCreateMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no such file")
	if err := createError(t, path, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not ErrNotExist", err)
	}
}

func TestCreateWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	createError(t, dir, dir, "no files")
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	createError(t, dir, dir, "no files")
}

// An empty file is a file: it can be fetched without a single piece.
func TestCreateOnlyEmptyFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", nil)
	write(t, dir, "b/c", nil)
	if tor, _ := mustCreate(t, dir, CreateOptions{}); tor.NumPieces() != 0 || len(tor.Files) != 2 {
		t.Errorf("%d pieces, %d files", tor.NumPieces(), len(tor.Files))
	}
}

// Names that other systems, or we, would change on the way back to disk cannot
// be stored: whoever fetched the torrent would not have the files it describes.
func TestCreateNamesThatCannotStay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such names to begin with")
	}
	tests := []struct{ name, file, want string }{
		{"backslash", `a\b`, `stored as "a_b"`},
		{"escape code", "a\x1bc", `stored as "a_c"`},
		{"newline", "a\nb", `stored as "a_b"`},
		{"bidi", "a\u202eb", `stored as "a_b"`},
		{"not UTF-8", "sub/a\xffb", `stored as "sub/a_b"`},
		{"too long", strings.Repeat("x", 251), "stored as"},
		{"state file", ".x.gotor", `stored as "_x.gotor"`},
		{"unfinished file", "ok.part", `stored as "ok.1.part"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "ok", []byte("x"))
			path := filepath.Join(dir, tt.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Skip(err) // a file system that refuses the name
			}
			_, err := Create(context.Background(), dir, CreateOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.file) {
				t.Errorf("error %v, want one with %q and the file", err, tt.want)
			}
		})
	}
	// The same for the name of the torrent, where another can be given.
	path := write(t, t.TempDir(), "a\tb", []byte("x"))
	_, err := Create(context.Background(), path, CreateOptions{})
	wantError(t, err, `name "a\tb" would be stored as "a_b"`, "another name")
	if !errors.Is(err, ErrOption) {
		t.Errorf("error %v is not ErrOption", err)
	}
	if tor, _ := mustCreate(t, path, CreateOptions{Name: "ab"}); tor.Name != "ab" {
		t.Errorf("name %q", tor.Name)
	}
}

func TestCreateTooDeep(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, strings.Repeat("d/", maxDirs-1)+"f", []byte("x"))
	if tor, _ := mustCreate(t, dir, CreateOptions{}); len(tor.Files[0].Path) != maxDirs {
		t.Errorf("%d components", len(tor.Files[0].Path))
	}
	write(t, dir, strings.Repeat("d/", maxDirs)+"f", []byte("x"))
	createError(t, dir, dir, "101 components")
}

// Sparse files make sizes that no disk has.
func TestCreateTooLarge(t *testing.T) {
	const size = 8 << 40
	dir := t.TempDir()
	grow := func(from, to int) (last string) {
		for i := from; i < to; i++ {
			last = write(t, dir, fmt.Sprintf("%04d", i), nil)
			if err := os.Truncate(last, size); err != nil {
				t.Skip(err)
			}
		}
		return last
	}
	const enough = maxPieces*maxPieceLength/size + 1
	grow(0, enough)
	_, err := Create(context.Background(), dir, CreateOptions{})
	wantError(t, err, "at most 2000000")
	last := grow(enough, maxTotal/size+1)
	createError(t, dir, last, "over 9007199254740992 bytes")
}

func symlink(t *testing.T, target, dir, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
		t.Skip(err)
	}
}

func TestCreateSymlinkInside(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "sub/file", []byte("hello"))
	symlink(t, filepath.Join("sub", "file"), dir, "a")
	symlink(t, filepath.Join("..", "a"), dir, filepath.Join("sub", "b"))
	tor, _ := mustCreate(t, dir, CreateOptions{})
	if len(tor.Files) != 3 || string(tor.PieceHashes()) != plainPieces([]byte("hellohellohello"), 16384) {
		t.Errorf("%d files, hashes %x", len(tor.Files), tor.PieceHashes())
	}
	for _, f := range tor.Files {
		if f.Symlink || f.Length != 5 {
			t.Errorf("%q: symlink %v, %d bytes", f.SlashPath(), f.Symlink, f.Length)
		}
	}
	// What is named on the command line may be a link to anywhere.
	other := t.TempDir()
	symlink(t, dir, other, "tree")
	if tor, _ := mustCreate(t, filepath.Join(other, "tree"), CreateOptions{}); tor.Name != "tree" || len(tor.Files) != 3 {
		t.Errorf("through a link: %q with %d files", tor.Name, len(tor.Files))
	}
	symlink(t, filepath.Join(dir, "sub", "file"), other, "one")
	if tor, _ := mustCreate(t, filepath.Join(other, "one"), CreateOptions{}); tor.Name != "one" || tor.TotalLength != 5 {
		t.Errorf("through a link: %q of %d bytes", tor.Name, tor.TotalLength)
	}
}

func TestCreateSymlinkRefused(t *testing.T) {
	outside := write(t, t.TempDir(), "secret", []byte("secret"))
	tests := []struct{ name, target, want string }{
		{"absolute", outside, "leads out of the directory or to nothing"},
		{"dotdot", filepath.Join("..", "..", "secret"), "leads out of the directory or to nothing"},
		{"dangling", "nothing", "leads out of the directory or to nothing"},
		{"itself", "link", "leads out of the directory or to nothing"},
		{"to a directory", "sub", "a symlink to a directory"},
		{"to the root", ".", "a symlink to a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "sub/file", []byte("hello"))
			symlink(t, tt.target, dir, "link")
			createError(t, dir, filepath.Join(dir, "link"), tt.want)
		})
	}
}

// change is something that happens to a file while it is hashed.
type change struct {
	name string
	do   func(path string) error
	want string
}

const changedText = "changed while it was read"

// later is a time that no file of a test has.
func later(path string) error {
	return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour))
}

var changes = []change{
	{"shrunk", func(p string) error { return os.Truncate(p, 100) }, changedText},
	{"emptied", func(p string) error { return os.Truncate(p, 0) }, changedText},
	{"grown", func(p string) error { return os.Truncate(p, 9<<20) }, changedText},
	{"rewritten", func(p string) error {
		return errors.Join(os.WriteFile(p, make([]byte, changedSize), 0o644), later(p))
	}, changedText},
	{"touched", later, changedText},
	{"gone", os.Remove, "no such file"},
	{"a folder now", func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }, changedText},
}

const changedSize = 5<<20 + 77

// The change comes before the first byte is read, or in the middle: progress
// is reported by the one worker, so nothing is read meanwhile.
func TestCreateFileChanges(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows locks open files")
	}
	for _, after := range []int64{0, 1, changedSize} {
		for _, single := range []bool{true, false} {
			for _, c := range changes {
				name := map[int64]string{0: "before", 1: "amid", changedSize: "after"}[after] + "/" + c.name
				if single {
					name += " single"
				}
				t.Run(name, func(t *testing.T) { testFileChanges(t, c, after, single) })
			}
		}
	}
}

func testFileChanges(t *testing.T, c change, after int64, single bool) {
	dir := t.TempDir()
	path := write(t, dir, "changing", make([]byte, changedSize))
	write(t, dir, "steady", []byte("hello"))
	source := dir
	if single {
		source = path
	}
	var once sync.Once
	_, err := Create(context.Background(), source, CreateOptions{Workers: 1, Progress: func(done, _ int64) {
		if done >= after {
			once.Do(func() {
				if err := c.do(path); err != nil {
					t.Error(err)
				}
			})
		}
	}})
	wantError(t, err, path, c.want)
}

func TestCreateProgress(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{0, 1, 16384, 1 << 20, 3<<20 + 5} {
		for _, workers := range []int{1, 3} {
			path := write(t, dir, "file", payload(n))
			var seen []int64
			mustCreate(t, path, CreateOptions{Workers: workers, Progress: func(done, total int64) {
				seen = append(seen, done) // unguarded: the race detector sees whether calls overlap
				if total != int64(n) {
					t.Errorf("total %d of %d", total, n)
				}
			}})
			if seen[0] != 0 || seen[len(seen)-1] != int64(n) {
				t.Errorf("%d bytes: progress goes %v", n, seen)
			}
			for i := 1; i < len(seen); i++ {
				if step := seen[i] - seen[i-1]; step <= 0 || step > runSize {
					t.Errorf("%d bytes: progress goes %v", n, seen)
				}
			}
		}
	}
}

func TestCreateCancelled(t *testing.T) {
	dir, _ := makeTree(t)
	big := write(t, dir, "big", make([]byte, 8<<20))
	for _, path := range []string{dir, big} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := Create(ctx, path, CreateOptions{})
		wantError(t, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before the start: %v", err)
		}
		for _, workers := range []int{1, 4} {
			ctx, cancel := context.WithCancel(context.Background())
			var last int64
			_, err := Create(ctx, path, CreateOptions{Workers: workers, PieceLength: 16384, Progress: func(done, _ int64) {
				if last = done; done > 0 {
					cancel()
				}
			}})
			cancel()
			if !errors.Is(err, context.Canceled) || last >= 8<<20 {
				t.Errorf("%d workers, cancelled: %v after %d bytes", workers, err, last)
			}
		}
	}
}

// Deadlines are told apart from cancellation.
func TestCreateDeadline(t *testing.T) {
	dir, _ := makeTree(t)
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	if _, err := Create(ctx, dir, CreateOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
}

// Two torrents made of the same files at once do not disturb each other.
func TestCreateTwice(t *testing.T) {
	dir, _ := makeTree(t)
	_, want := mustCreate(t, dir, CreateOptions{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if b, err := Create(context.Background(), dir, CreateOptions{Workers: 2}); err != nil || !slices.Equal(b, want) {
				t.Errorf("error %v, same bytes %v", err, slices.Equal(b, want))
			}
		})
	}
	wg.Wait()
}
