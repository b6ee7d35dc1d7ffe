package cmd

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"gotor/cmd/record"
)

func TestParseInput(t *testing.T) {
	long := strings.Repeat("x", maxInputLine-2)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"lines", "a\nb\n", []string{"a", "b"}},
		{"no newline at the end", "a\nb", []string{"a", "b"}},
		{"blanks and comments", "\n  # no\n\t a.torrent \n#b\n\n", []string{"a.torrent"}},
		{"windows", "\ufeffa\r\nb\r\n\r\n", []string{"a", "b"}},
		{"a # inside", "http://h/x#y\n", []string{"http://h/x#y"}},
		{"blanks inside", "my file.torrent\n", []string{"my file.torrent"}},
		{"empty", "", nil},
		{"long", long + "\n", []string{long}},
	} {
		got, err := parseInput(iotest.OneByteReader(strings.NewReader(c.in)), "list")
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %d lines, %v", c.name, len(got), err)
		}
	}
}

// endless is a list that some program never ends.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestInputIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		r    io.Reader
		want string
		code int
	}{
		{"a line", io.MultiReader(strings.NewReader("a\nb\n"), endless("x")), "list:3: a line longer than 64.0 KiB", record.ExitUsage},
		{"lines", endless("a\n"), "larger than 16.0 MiB", record.ExitUsage},
		{"comments", endless("#\n"), "larger than 16.0 MiB", record.ExitUsage},
		{"a disk that fails", iotest.ErrReader(errors.New("bad sector")), "cannot read list: bad sector", record.ExitFile},
	} {
		list, err := parseInput(c.r, "list")
		if err == nil || list != nil || !strings.Contains(err.Error(), c.want) || record.CodeOf(err) != c.code {
			t.Errorf("%s: %d lines, %v (exit code %d)", c.name, len(list), err, record.CodeOf(err))
		}
	}
}

func TestInputFile(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("b\nc\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	o, err := captureGet(t, nil, "-i", list, "a")
	if err != nil || !slices.Equal(o.sources, []string{"a", "b", "c"}) {
		t.Fatalf("%+v, %v", o, err)
	}
	if o, err = captureGet(t, map[string]string{"GOTOR_INPUT_FILE": list}); err != nil || len(o.sources) != 2 {
		t.Errorf("from the environment: %+v, %v", o, err)
	}
	for _, c := range []struct {
		lines string
		args  string
		code  int
	}{
		{"# nothing\n", "", record.ExitUsage},
		{"-\n-\n", "", record.ExitUsage}, // standard input twice
		{"-\n", "-", record.ExitUsage},
		{"a\nb\n", "-o -", record.ExitUsage},
		{"a\n", "-o -", record.ExitOK},
		{"-\n", "", record.ExitOK},
	} {
		if err := os.WriteFile(list, []byte(c.lines), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := captureGet(t, nil, append(strings.Fields(c.args), "--input-file", list)...); record.CodeOf(err) != c.code {
			t.Errorf("%q with %s: %v", c.lines, c.args, err)
		}
	}
	if _, err := captureGet(t, nil, "-i", list+".none"); record.CodeOf(err) != record.ExitFile {
		t.Errorf("no such file: %v", err)
	}
	if _, err := captureGet(t, nil, "-i", filepath.Dir(list)); record.CodeOf(err) != record.ExitFile {
		t.Errorf("a folder: %v", err)
	}
	if _, err := captureGet(t, nil, "-i", "-", "-"); record.CodeOf(err) != record.ExitUsage {
		t.Errorf("standard input for two things: %v", err)
	}
	got, err := readInput("-", strings.NewReader("x\n"))
	if err != nil || !slices.Equal(got, []string{"x"}) {
		t.Errorf("standard input: %q, %v", got, err)
	}
}

func FuzzParseInput(f *testing.F) {
	f.Add("a\n#b\n\n c\r\n")
	f.Add("\ufeff#\n")
	f.Fuzz(func(t *testing.T, in string) {
		list, err := parseInput(strings.NewReader(in), "list")
		if err != nil && record.CodeOf(err) != record.ExitUsage {
			t.Fatal(err)
		}
		for _, s := range list {
			if s == "" || s[0] == '#' || s != strings.TrimSpace(s) || strings.Contains(s, "\n") {
				t.Fatalf("%q gives %q", in, s)
			}
		}
	})
}
