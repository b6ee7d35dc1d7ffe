package storage

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is what a Store should hold: a flat torrent, and which of its bytes have
// been written.
type model struct {
	*tc
	written  []bool
	finished map[int]bool
	everUsed map[int]bool // files that were wanted in some run
	edited   map[int]bool // finished files that their owner has changed since
}

// TestModel runs random operations on random torrents, over several runs with
// different selections.
func TestModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := drawModel(t, r)
		for range rapid.IntRange(1, 4).Draw(r, "runs") {
			m.drawSelection(r)
			m.open()
			r.Repeat(map[string]func(*rapid.T){
				"write":  m.writePiece,
				"read":   m.readSome,
				"finish": m.finishSome,
				"sync":   func(r *rapid.T) { check(r, m.s.Sync()) },
				"":       func(*rapid.T) {},
			})
			m.checkDisk()
			m.close()
		}
	})
}

func drawModel(t *testing.T, r *rapid.T) *model {
	var files []File
	for i := range rapid.IntRange(1, 10).Draw(r, "files") {
		n := int64(rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 20), rapid.IntRange(1, 9000)).Draw(r, "length"))
		dir := rapid.SampledFrom([]string{"", "d/", "d/e/", "f/"}).Draw(r, "dir")
		files = append(files, File{Path: fmt.Sprintf("%s%d", dir, i), Length: n, Pad: rapid.IntRange(0, 5).Draw(r, "pad") == 0})
	}
	c := newTC(t, files...)
	c.t = r
	if rapid.Bool().Draw(r, "gaps") { // v2 torrents have gaps where hybrids have padding
		c.spec.Files = slices.DeleteFunc(c.spec.Files, func(f File) bool { return f.Pad })
	}
	c.piece = int64(rapid.SampledFrom([]int{1, 7, 64, 4096}).Draw(r, "piece"))
	c.piece = max(c.piece, c.spec.TotalLength/50)
	c.spec.MaxOpen = rapid.IntRange(1, 5).Draw(r, "open")
	c.spec.NoSync = rapid.Bool().Draw(r, "nosync")
	m := &model{tc: c, written: make([]bool, c.spec.TotalLength), finished: map[int]bool{}, everUsed: map[int]bool{}, edited: map[int]bool{}}
	for i := range m.written {
		m.written[i] = true
	}
	for _, f := range c.spec.Files {
		for i := f.Offset; i < f.Offset+f.Length && !f.Pad; i++ {
			m.written[i] = false
		}
	}
	return m
}

func (m *model) drawSelection(r *rapid.T) {
	files := slices.Clone(m.spec.Files)
	for i := range files {
		files[i].Wanted = rapid.Bool().Draw(r, "wanted")
		if files[i].Wanted && !files[i].Pad {
			m.everUsed[i] = true
		}
	}
	m.spec.Files = files
	for i, f := range files {
		switch {
		case m.edited[i] && f.Wanted:
			m.restore(i)
		case m.finished[i] && !f.Wanted && rapid.Bool().Draw(r, "edit"):
			m.edit(i)
		}
	}
}

// edit changes every byte of a finished file: nothing is known of them until
// they are written again. A second edit takes nothing away: what was written
// since the first is elsewhere.
func (m *model) edit(i int) {
	if m.edited[i] {
		return
	}
	m.edited[i] = true
	f := m.spec.Files[i]
	m.put(f.Path, m.content(i))
	for k := f.Offset; k < f.Offset+f.Length; k++ {
		m.written[k] = false
	}
}

// restore gives an edited file its right content back.
func (m *model) restore(i int) {
	delete(m.edited, i)
	f := m.spec.Files[i]
	m.put(f.Path, m.content(i))
	for k := f.Offset; k < f.Offset+f.Length; k++ {
		m.written[k] = true
	}
}

// content is what file i should hold under its final name.
func (m *model) content(i int) []byte {
	f := m.spec.Files[i]
	b := bytes.Clone(m.data[f.Offset : f.Offset+f.Length])
	for k := range b {
		if m.edited[i] {
			b[k] = ^b[k]
		}
	}
	return b
}

func (m *model) writePiece(r *rapid.T) {
	ranges := m.spec.wantedRanges()
	if len(ranges) == 0 {
		return
	}
	g := rapid.SampledFrom(ranges).Draw(r, "range")
	pl := m.piece
	off := g.Off + pl*rapid.Int64Range(0, (g.Len-1)/pl).Draw(r, "piece")
	n := min(pl, g.end()-off)
	m.mustWrite(off, n)
	for i := off; i < off+n; i++ {
		m.written[i] = true
	}
}

// readSome reads a random range: exactly the bytes up to the first one that is
// surely not there must be right. (Bytes never written may read as holes.)
func (m *model) readSome(r *rapid.T) {
	if m.spec.TotalLength == 0 {
		return
	}
	off := rapid.Int64Range(0, m.spec.TotalLength-1).Draw(r, "off")
	n := rapid.Int64Range(0, m.spec.TotalLength-off).Draw(r, "n")
	got := make([]byte, n)
	k, err := m.s.ReadAt(got, off)
	for i := range n {
		if !m.written[off+i] {
			continue
		}
		if i >= int64(k) {
			if slices.Index(m.written[off:off+i], false) < 0 {
				m.t.Fatalf("read %d+%d stopped at %d: %v", off, n, k, err)
			}
			return
		}
		if got[i] != m.data[off+i] {
			m.t.Fatalf("read %d+%d: byte %d is %d, want %d", off, n, off+i, got[i], m.data[off+i])
		}
	}
}

func (m *model) finishSome(r *rapid.T) {
	var list []int
	for i, f := range m.spec.Files {
		if f.Wanted && !f.Pad && m.complete(f) && rapid.Bool().Draw(r, "finish") {
			list = append(list, i)
			m.finished[i] = true
		}
	}
	if list != nil {
		m.finish(list...)
	}
}

func (m *model) complete(f File) bool {
	return slices.Index(m.written[f.Offset:f.Offset+f.Length], false) < 0
}

// checkDisk reads back everything and looks at what lies in the folder.
func (m *model) checkDisk() {
	m.t.Helper()
	for i := 0; i < len(m.written); i++ {
		j := i
		for j < len(m.written) && m.written[j] {
			j++
		}
		if j > i {
			m.wantRead(int64(i), int64(j-i))
		}
		i = j
	}
	allowed := map[string]bool{}
	for i, f := range m.spec.Files {
		if m.finished[i] {
			allowed[f.Path] = true
			if got, err := os.ReadFile(filepath.Join(m.spec.Dir, f.Path)); err != nil || !bytes.Equal(got, m.content(i)) {
				m.t.Fatalf("%s has the wrong content: %v", f.Path, err)
			}
		} else if m.everUsed[i] {
			allowed[f.Path+partSuffix] = true
		}
	}
	check(m.t, filepath.WalkDir(m.spec.Dir, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(m.spec.Dir, p)
		if err == nil && !d.IsDir() && !allowed[filepath.ToSlash(rel)] && !strings.HasPrefix(rel, ".name.gotor.") {
			m.t.Fatalf("%s should not be on disk", rel)
		}
		return err
	}))
}

// TestRangeSets checks intersect and union against sets of single numbers.
func TestRangeSets(t *testing.T) {
	draw := rapid.Custom(func(r *rapid.T) []Range {
		var out []Range
		for off := int64(0); ; {
			off += rapid.Int64Range(0, 5).Draw(r, "gap")
			n := rapid.Int64Range(0, 5).Draw(r, "len")
			if n == 0 {
				return out
			}
			out = appendRange(out, off, off+n)
			off += n
		}
	})
	bits := func(rs []Range) []byte {
		b := make([]byte, 4096)
		for _, r := range rs {
			for i := r.Off; i < r.end(); i++ {
				b[i] = 1
			}
		}
		return b
	}
	rapid.Check(t, func(r *rapid.T) {
		a, b := draw.Draw(r, "a"), draw.Draw(r, "b")
		and, or := bits(a), bits(a)
		for i, x := range bits(b) {
			and[i] &= x
			or[i] |= x
		}
		if got := intersect(a, b); !bytes.Equal(bits(got), and) {
			r.Fatalf("intersect(%v, %v) = %v", a, b, got)
		}
		if got := union(a, b); !bytes.Equal(bits(got), or) {
			r.Fatalf("union(%v, %v) = %v", a, b, got)
		}
	})
}
