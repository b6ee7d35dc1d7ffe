package job

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gotor/cmd/record"
)

// maxConfig bounds the file of settings, which somebody wrote by hand.
const maxConfig = 1 << 20

// Settings is the file of settings, read and cut into its parts. What they
// mean is known to the commands only.
type Settings struct {
	Path     string
	Sections []Section // each name once; the first is the general part
}

// Section is what one command, or all of them, are to be told.
type Section struct {
	Name    string // of a command, such as "get" or "dht put"; "" is the general part
	Line    int    // of its first heading
	Entries []Entry
}

// Entry is one line.
type Entry struct {
	Flag, Value string
	Line        int
}

// Section is the place of a section, or -1.
func (c *Settings) Section(name string) int {
	return slices.IndexFunc(c.Sections, func(s Section) bool { return s.Name == name })
}

// Errorf is an error of the file at a line: record.ExitUsage.
func (c *Settings) Errorf(line int, format string, args ...any) error {
	return record.Usagef("%s:%d: "+format, append([]any{c.Path, line}, args...)...)
}

// ReadSettings reads a file of settings; nil if there is none. One that was named
// has to be there.
func ReadSettings(path string, named bool) (*Settings, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if !named && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
		return nil, nil
	}
	if err != nil {
		return nil, ReadError(path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, ReadError(path, err)
	}
	if len(text) > maxConfig {
		return nil, record.Usagef("%s is larger than %.1f MiB, which no file of settings is", path, mebibytes(maxConfig))
	}
	return ParseSettings(path, string(text))
}

// ParseSettings cuts a file of settings into its lines: [COMMAND], FLAG = VALUE,
// and comments.
func ParseSettings(path, text string) (*Settings, error) {
	c := &Settings{Path: path, Sections: []Section{{}}}
	n, at := 0, 0 // the line, and the section it is in
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if inner, ok := strings.CutPrefix(line, "["); ok {
			name, ok := strings.CutSuffix(inner, "]")
			name = strings.Join(strings.Fields(name), " ")
			if !ok || name == "" {
				return nil, c.Errorf(n, "write a heading as [COMMAND]")
			}
			if at = c.Section(name); at < 0 {
				at = len(c.Sections)
				c.Sections = append(c.Sections, Section{Name: name, Line: n})
			}
			continue
		}
		flag, text, ok := strings.Cut(line, "=")
		if flag = strings.TrimSpace(flag); !ok || flag == "" || strings.ContainsAny(flag, " \t\"'") {
			return nil, c.Errorf(n, "write a setting as FLAG = VALUE, and # before a comment")
		}
		value, ok := configValue(strings.TrimSpace(text))
		if !ok {
			return nil, c.Errorf(n, "the value of %s is not clear; put it into one pair of quotes as a whole, and a comment on a line of its own", flag)
		}
		s := &c.Sections[at]
		s.Entries = append(s.Entries, Entry{flag, value, n})
	}
	return c, nil
}

// configValue takes the quotes off a value: between "" a backslash escapes, as
// in most languages, between single quotes nothing does. Without quotes it is taken
// as it is, unless it seems to have a comment behind it.
func configValue(text string) (string, bool) {
	switch {
	case strings.HasPrefix(text, `"`):
		v, err := strconv.Unquote(text)
		return v, err == nil
	case strings.HasPrefix(text, "'"):
		inner := text[1:]
		end := strings.IndexByte(inner, '\'')
		return strings.TrimSuffix(inner, "'"), end >= 0 && end == len(inner)-1
	}
	return text, !strings.Contains(text, " #") && !strings.Contains(text, "\t#")
}
