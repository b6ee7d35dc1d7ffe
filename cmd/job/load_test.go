package job

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/network"
)

// fakeLoader is a loader of a test, with what it said as a console shows it.
type fakeLoader struct {
	*Loader
	said strings.Builder
}

func newFakeLoader(stdin string) *fakeLoader {
	f := new(fakeLoader)
	f.Loader = &Loader{
		Stdin: strings.NewReader(stdin), Network: network.System{}, Agent: "test/1",
		Warn: func(text string) { f.said.WriteString("gotor: warning: " + record.Redact(text) + "\n") },
		Note: func(text string) { f.said.WriteString(record.Redact(text) + "\n") },
	}
	return f
}

// oneByte describes one byte.
func oneByte() []byte {
	return []byte("d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:00000000000000000000ee")
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return p
	}
	// A file that looks like a hash is a file.
	hash := strings.Repeat("ab", 20)
	write(hash, string(oneByte()))
	t.Chdir(dir)
	for _, c := range []struct {
		arg, stdin string
		code       int
	}{
		{write("good", string(oneByte())), "", 0},
		{write("newline", string(oneByte())+"\n"), "", 0},
		{"-", string(oneByte()), 0},
		{hash, "", 0},
		{"-", "", 3},
		{"-", "d", 3},
		{write("empty", ""), "", 3},
		{write("html", "\n<HTML>"), "", 3},
		{write("magnet", "magnet:?xt=urn:btih:"+hash), "", 3},
		{"MAGNET:?xt=urn:btih:" + hash, "", 3},
		{strings.Repeat("cd", 20), "", 3},
		{strings.Repeat("EF", 32), "", 3},
		{strings.Repeat("A", 32), "", 3},
		{"missing", "", 10},
		{dir, "", 10},
		{"http://[::1", "", 2},
	} {
		f := newFakeLoader(c.stdin)
		src, err := f.Loader.Load(t.Context(), c.arg)
		if record.CodeOf(err) != c.code {
			t.Errorf("load(%q): %v, exit code %d, want %d", c.arg, err, record.CodeOf(err), c.code)
		}
		if err == nil && (!src.Local || src.Meta.Name != "x" || src.Arg != c.arg) {
			t.Errorf("load(%q) = %+v", c.arg, src)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("load(%q): more than one line: %q", c.arg, err)
		}
	}
}

func TestReadBounded(t *testing.T) {
	if _, err := ReadBounded(neverEnding{}); record.CodeOf(err) != record.ExitMalformed {
		t.Errorf("an endless source: %v", err)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }
