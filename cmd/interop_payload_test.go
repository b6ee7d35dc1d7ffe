//go:build interop && linux

package cmd_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// payload is what a torrent carries: a file, or a tree below a directory.
type payload struct {
	name  string
	files map[string]int // path below name to size; for a single file: "" only
}

// oddFile is a single file whose size is a multiple of nothing near.
func oddFile(size int) payload { return payload{"blob-ä.bin", map[string]int{"": size | 1}} }

// oddTree is a tree with empty files, names that are not ASCII, and files
// smaller and larger than a piece.
func oddTree() payload {
	return payload{"Bücher und mehr", map[string]int{
		"leer.txt":                 0,
		"日本語/ファイル.bin":             1_234_567,
		"日本語/空":                    0,
		"a/b/c/ü ö ß.txt":          17,
		"a/b/c/big.dat":            3_000_001,
		"a/emoji 🎉.png":            65_537,
		"a/one":                    1,
		"z last (and) [odd] 'name": 99_991,
	}}
}

// write lays the payload out in dir, with the same bytes every time.
func (p payload) write(t *testing.T, dir string) {
	t.Helper()
	for path, size := range p.files {
		h := fnv.New64()
		h.Write([]byte(p.name + path))
		var seed [32]byte
		binary.LittleEndian.PutUint64(seed[:], h.Sum64())
		b := make([]byte, size)
		rand.NewChaCha8(seed).Read(b)
		file := filepath.Join(dir, p.name, filepath.FromSlash(path))
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, b, 0o644))
	}
}

// same fails the test unless dir holds the payload and nothing else, hidden
// files included.
func (p payload) same(t *testing.T, dir string) {
	t.Helper()
	ref := t.TempDir()
	p.write(t, ref)
	want, got := list(t, ref), list(t, dir)
	if !slices.Equal(want, got) {
		t.Fatalf("files in %s:\n%q\nwant\n%q", dir, got, want)
	}
	for _, f := range want {
		w, err := os.ReadFile(filepath.Join(ref, f))
		must(t, err)
		g, err := os.ReadFile(filepath.Join(dir, f))
		must(t, err)
		if !bytes.Equal(w, g) {
			t.Errorf("%s: %s", f, difference(w, g))
		}
	}
}

// difference says where two contents part.
func difference(want, got []byte) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
	}
	for i := range want {
		if want[i] != got[i] {
			return fmt.Sprintf("first wrong byte at %d of %d", i, len(want))
		}
	}
	return "equal"
}

// list names the files below dir in order.
func list(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, p)
		}
		return err
	}))
	return out
}

// size is the number of bytes of all files.
func (p payload) size() (n int64) {
	for s := range maps.Values(p.files) {
		n += int64(s)
	}
	return n
}

// withoutEmpty is the payload less its empty files.
func (p payload) withoutEmpty() payload {
	out := payload{p.name, map[string]int{}}
	for path, size := range p.files {
		if size > 0 {
			out.files[path] = size
		}
	}
	return out
}

// blank overwrites the pieces of a single file for which drop says so.
func blank(t *testing.T, file string, pieceLen int64, drop func(i int64) bool) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	st, err := f.Stat()
	must(t, err)
	for i := int64(0); i*pieceLen < st.Size(); i++ {
		if drop(i) {
			_, err := f.WriteAt(make([]byte, min(pieceLen, st.Size()-i*pieceLen)), i*pieceLen)
			must(t, err)
		}
	}
}

// hash is an info-hash.
type hash [sha1.Size]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

// infoHash hashes the info dictionary of a .torrent, found by a parser that
// shares nothing with gotor's.
func infoHash(t *testing.T, torrent string) hash {
	t.Helper()
	b, err := os.ReadFile(torrent)
	must(t, err)
	for i := 1; i < len(b) && b[i] != 'e'; {
		value := skip(b, i)
		end := skip(b, value)
		if string(b[i:value]) == "4:info" {
			return sha1.Sum(b[value:end])
		}
		i = end
	}
	t.Fatalf("%s has no info", torrent)
	return hash{}
}

// skip returns the offset after the bencoded value at i. The input is a
// torrent made here, so nothing is checked.
func skip(b []byte, i int) int {
	switch b[i] {
	case 'i':
		return i + bytes.IndexByte(b[i:], 'e') + 1
	case 'l', 'd':
		for i++; b[i] != 'e'; {
			i = skip(b, i)
		}
		return i + 1
	}
	colon := i + bytes.IndexByte(b[i:], ':')
	n, _ := strconv.Atoi(string(b[i:colon]))
	return colon + 1 + n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
