package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

func sumOf(data string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(data))) }

// treeOf makes a torrent's file list with the given contents.
func treeOf(contents map[string]string, order ...string) *metainfo.Torrent {
	m := &metainfo.Torrent{Name: "tree", Multi: true}
	for _, p := range order {
		m.Files = append(m.Files, metainfo.File{Path: strings.Split(p, "/"), Length: int64(len(contents[p])), Pad: p == "pad"})
	}
	return m
}

func TestParseSumLine(t *testing.T) {
	d := sumOf("x")
	for _, c := range []struct{ line, path string }{
		{d + "  a.iso", "a.iso"},
		{d + " *a.iso", "a.iso"},
		{d + "  ./sub/a b.iso", "sub/a b.iso"},
		{strings.ToUpper(d) + "  a", "a"},
		{`\` + d + `  a\nb\\c`, "a\nb\\c"},
		{"SHA256 (a (1).iso) = " + d, "a (1).iso"},
	} {
		e, ok := parseSumLine(c.line)
		if !ok || e.path != c.path || e.want != sha256.Sum256([]byte("x")) {
			t.Errorf("parseSumLine(%q) = %q, %v; want %q", c.line, e.path, ok, c.path)
		}
	}
	for _, line := range []string{d, d + " a", d + "  ", d + "  ./", d[1:] + "  a", "zz" + d[2:] + "  a", "SHA256 (a) = 12", "SHA256 () = " + d, "SHA512 (a) = " + d} {
		if e, ok := parseSumLine(line); ok {
			t.Errorf("parseSumLine(%q) = %q, want an error", line, e.path)
		}
	}
}

func TestParseSums(t *testing.T) {
	write := func(text string) string {
		p := filepath.Join(t.TempDir(), "SHA256SUMS")
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return p
	}
	d := sumOf("x")
	s, err := ParseSums([]string{d, "a=b=" + d}, write("# comment\n\n"+d+"  c\r\n"))
	if err != nil || len(s.list) != 3 || s.list[1].path != "a=b" || s.list[2].path != "c" {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, c := range []struct {
		values []string
		file   string
		code   int
	}{
		{[]string{"abc"}, "", record.ExitUsage},
		{[]string{"x=" + d[2:]}, "", record.ExitUsage},
		{nil, write("nonsense\n"), record.ExitUsage},
		{nil, write(""), record.ExitUsage},
		{nil, filepath.Join(t.TempDir(), "missing"), record.ExitFile},
	} {
		if _, err := ParseSums(c.values, c.file); record.CodeOf(err) != c.code {
			t.Errorf("parseSums(%q, %q): %v, exit code %d, want %d", c.values, c.file, err, record.CodeOf(err), c.code)
		}
	}
}

func TestExpect(t *testing.T) {
	m := treeOf(map[string]string{"a": "aa", "sub/b": "b"}, "a", "pad", "sub/b")
	a, b := sumOf("aa"), sumOf("b")
	for _, c := range []struct {
		name   string
		values []string
		wanted []bool
		want   string // indices
		fails  bool
	}{
		{"by path", []string{"a=" + a, "sub/b=" + b}, nil, "02", false},
		{"with the folder", []string{"tree/sub/b=" + b}, nil, "2", false},
		{"only selected file", []string{b}, []bool{false, false, true}, "2", false},
		{"which of two?", []string{b}, nil, "", true},
		{"no such file", []string{"c=" + a}, nil, "", true},
		{"not selected", []string{"a=" + a}, []bool{false, false, true}, "", true},
		{"padding", []string{"pad=" + a}, nil, "", true},
		{"twice the same", []string{"a=" + a, "tree/a=" + a}, nil, "0", false},
		{"contradiction", []string{"a=" + a, "a=" + b}, nil, "", true},
	} {
		s, err := ParseSums(c.values, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Expect(m, c.wanted)
		if err == nil {
			err = s.Unused()
		}
		text := ""
		for i := range m.Files {
			if _, ok := got[i]; ok {
				text += fmt.Sprint(i)
			}
		}
		if c.fails != (err != nil) || err == nil && text != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, text, err, c.want)
		}
		if err != nil && record.CodeOf(err) != record.ExitUsage {
			t.Errorf("%s: exit code %d", c.name, record.CodeOf(err))
		}
	}
}

func TestUnusedSumsFile(t *testing.T) {
	s := &Sums{list: []sum{{path: "elsewhere"}, {path: "a"}}}
	m := treeOf(map[string]string{"a": "x"}, "a")
	if err := s.Unused(); record.CodeOf(err) != record.ExitUsage {
		t.Errorf("before anything was compared: %v", err)
	}
	if _, err := s.Expect(m, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Unused(); err != nil {
		t.Errorf("a list may name more files than the torrent: %v", err)
	}
}

func TestVerifier(t *testing.T) {
	m := treeOf(map[string]string{"a": "good"}, "a")
	v := verifier(m, map[int][32]byte{0: sha256.Sum256([]byte("good"))})
	if err := v(t.Context(), 0, strings.NewReader("good")); err != nil {
		t.Error(err)
	}
	if err := v(t.Context(), 0, strings.NewReader("evil")); !errors.Is(err, torrent.ErrMismatch) || record.CodeOf(err) != record.ExitMismatch {
		t.Errorf("other content: %v", err)
	}
	if err := v(t.Context(), 1, strings.NewReader("?")); err != nil {
		t.Errorf("a file that nothing is expected of: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v(ctx, 0, strings.NewReader("good")); !errors.Is(err, context.Canceled) {
		t.Errorf("after a stop: %v", err)
	}
	if verifier(m, nil) != nil {
		t.Error("a hook although nothing is expected")
	}
}

func TestSumWriter(t *testing.T) {
	contents := map[string]string{"a": "aaaa", "empty": "", "b": "bb", "c": "ccc"}
	m := treeOf(contents, "a", "empty", "b", "pad", "c")
	sum := func(i int, s string) map[int][32]byte { return map[int][32]byte{i: sha256.Sum256([]byte(s))} }
	for _, c := range []struct {
		name   string
		wanted []bool
		want   map[int][32]byte
		ok     bool
	}{
		{"first", nil, sum(0, "aaaa"), true},
		{"first bad", nil, sum(0, "aaab"), false},
		{"last", nil, sum(4, "ccc"), true},
		{"last bad", nil, sum(4, "bb"), false},
		{"empty", nil, sum(1, ""), true},
		{"empty bad", nil, sum(1, "x"), false},
		{"selected only", []bool{false, false, true, false, true}, sum(2, "bb"), true},
	} {
		stream := ""
		for i, f := range m.Files {
			if !f.Pad && (c.wanted == nil || c.wanted[i]) {
				stream += contents[f.SlashPath()]
			}
		}
		for size := 1; size <= len(stream); size++ { // any way of cutting it
			var out bytes.Buffer
			w := NewSumWriter(&out, m, c.wanted, c.want)
			r := strings.NewReader(stream)
			if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
			if out.String() != stream {
				t.Fatalf("%s: wrote %q, want %q", c.name, &out, stream)
			}
			if err := w.Check(); (err == nil) != c.ok {
				t.Fatalf("%s in writes of %d: %v", c.name, size, err)
			}
		}
	}
}

func FuzzSumLine(f *testing.F) {
	f.Add(sumOf("x") + "  a")
	f.Add("SHA256 (a) = " + sumOf("x"))
	f.Fuzz(func(t *testing.T, s string) {
		if e, ok := parseSumLine(s); ok && e.path == "" {
			t.Fatalf("%q gives a sum for no file", s)
		}
	})
}
