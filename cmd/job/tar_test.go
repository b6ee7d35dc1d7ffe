package job

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/torrent/metainfo"
)

// entry is what a test looks at in an archive.
type entry struct {
	Name, Content string
	Mode          int64
}

// untar lists an archive; it must have its end marker.
func untar(t *testing.T, b []byte) (all []entry) {
	t.Helper()
	if !bytes.HasSuffix(b, make([]byte, 1024)) {
		t.Error("the archive has no end")
	}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || !h.ModTime.Equal(time.Unix(0, 0)) || h.Uid != 0 || h.Uname != "" {
			t.Errorf("header %+v", h)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{h.Name, string(content), h.Mode})
	}
}

// tarTree has padding, a link, an executable, and empty files at both ends.
func tarTree() *metainfo.Torrent {
	return &metainfo.Torrent{Name: "top", Multi: true, CreationDate: time.Unix(1e9, 0), Files: []metainfo.File{
		{Path: []string{"empty"}},
		{Path: []string{"dir", "a"}, Length: 3},
		{Path: []string{".pad", "5"}, Length: 5, Pad: true},
		{Path: []string{"link"}, Symlink: true},
		{Path: []string{"ü" + strings.Repeat("long", 60)}, Length: 4, Exec: true},
		{Path: []string{"last"}},
	}}
}

func TestTarWriter(t *testing.T) {
	long := "ü" + strings.Repeat("long", 60)
	single := &metainfo.Torrent{Name: "one", Files: []metainfo.File{{Path: []string{"one"}, Length: 7}}}
	for _, c := range []struct {
		name   string
		m      *metainfo.Torrent
		wanted []bool
		flat   bool
		in     string
		want   []entry
	}{
		{"all", tarTree(), nil, false, "abcdefg", []entry{
			{"top/empty", "", 0o644}, {"top/dir/a", "abc", 0o644}, {"top/" + long, "defg", 0o755}, {"top/last", "", 0o644}}},
		{"flat", tarTree(), []bool{false, true, true, true, false, false}, true, "abc", []entry{{"dir/a", "abc", 0o644}}},
		{"one of them", tarTree(), []bool{4: true, 5: false}, false, "defg", []entry{{"top/" + long, "defg", 0o755}}},
		{"empty ones", tarTree(), []bool{0: true, 5: true}, false, "", []entry{{"top/empty", "", 0o644}, {"top/last", "", 0o644}}},
		{"single", single, nil, false, "content", []entry{{"one", "content", 0o644}}},
		{"single, flat", single, nil, true, "content", []entry{{"one", "content", 0o644}}},
	} {
		for _, step := range []int{1, 2, 100} {
			var out bytes.Buffer
			w := NewTarWriter(&out, c.m, c.wanted, c.flat)
			for rest := []byte(c.in); len(rest) > 0; {
				n, err := w.Write(rest[:min(step, len(rest))])
				if err != nil || n != min(step, len(rest)) {
					t.Fatalf("%s: %d, %v", c.name, n, err)
				}
				rest = rest[n:]
			}
			if len(c.in) > 0 && !w.ended {
				t.Errorf("%s: the archive does not end with the last byte", c.name)
			}
			for range 2 { // the second time changes nothing
				if err := w.End(); err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
			}
			if diff := cmp.Diff(c.want, untar(t, out.Bytes())); diff != "" {
				t.Errorf("%s, %d bytes at a time: %s", c.name, step, diff)
			}
		}
	}
}

// The creation date, which an info-hash does not stand for, changes nothing.
func TestTarIsDeterministic(t *testing.T) {
	var made [2]bytes.Buffer
	for i := range made {
		m := tarTree()
		m.CreationDate = time.Unix(int64(i)*1e9, 0)
		if _, err := NewTarWriter(&made[i], m, nil, false).Write([]byte("abcdefg")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(made[0].Bytes(), made[1].Bytes()) {
		t.Error("two archives of the same files differ")
	}
}

// shortWriter takes so many bytes, then it fails.
type shortWriter int

var errShort = errors.New("no more")

func (w *shortWriter) Write(p []byte) (int, error) {
	n := min(len(p), int(*w))
	*w -= shortWriter(n)
	if n < len(p) {
		return n, errShort
	}
	return n, nil
}

// Wherever the reader goes away, it is told, and how much was taken.
func TestTarWriterFails(t *testing.T) {
	var whole bytes.Buffer
	NewTarWriter(&whole, tarTree(), nil, false).Write([]byte("abcdefg"))
	for room := range whole.Len() {
		w := shortWriter(room)
		n, err := NewTarWriter(&w, tarTree(), nil, false).Write([]byte("abcdefg"))
		if !errors.Is(err, errShort) || n < 0 || n > 7 {
			t.Fatalf("room for %d of %d bytes: %d, %v", room, whole.Len(), n, err)
		}
	}
	var out bytes.Buffer
	if n, err := NewTarWriter(&out, tarTree(), nil, false).Write([]byte("abcdefgh")); n != 7 || err == nil {
		t.Errorf("a byte too many: %d, %v", n, err)
	}
}
