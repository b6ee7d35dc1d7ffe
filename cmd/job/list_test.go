package job

import (
	"errors"
	"io"
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

// TestReadStdin reads a list from standard input.
func TestReadStdin(t *testing.T) {
	got, err := ReadList("-", strings.NewReader("x\n"))
	if err != nil || !slices.Equal(got, []string{"x"}) {
		t.Errorf("standard input: %q, %v", got, err)
	}
}
