package cmd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// maxConfig bounds the file of settings, which somebody wrote by hand.
const maxConfig = 1 << 20

// configFile is the file of settings, read and cut into its parts. What they
// mean is known to settle only.
type configFile struct {
	path     string
	sections []configSection // each name once; the first is the general part
}

// configSection is what one command, or all of them, are to be told.
type configSection struct {
	name    string // of a command, such as "get" or "dht put"; "" is the general part
	line    int    // of its first heading
	entries []configEntry
}

// configEntry is one line.
type configEntry struct {
	flag, value string
	line        int
}

// section is the place of a section, or -1.
func (c *configFile) section(name string) int {
	return slices.IndexFunc(c.sections, func(s configSection) bool { return s.name == name })
}

// errorf is an error of the file at a line.
func (c *configFile) errorf(line int, format string, args ...any) error {
	return record.Usagef("%s:%d: "+format, append([]any{c.path, line}, args...)...)
}

// configPath is the file to read: what GOTOR_CONFIG says (named), or the place
// where this system keeps such files. "" is none.
func configPath(goos string, getenv func(string) (string, bool)) (path string, named bool) {
	switch v, _ := getenv("GOTOR_CONFIG"); v {
	case "":
	case "none":
		return "", true
	default:
		return v, true
	}
	// The XDG base directory specification ignores paths that are relative.
	under := func(variable string, parts ...string) string {
		root, _ := getenv(variable)
		if !filepath.IsAbs(root) {
			return ""
		}
		return filepath.Join(append([]string{root}, parts...)...)
	}
	if path := under("XDG_CONFIG_HOME", "gotor", "config"); path != "" {
		return path, false
	}
	switch goos {
	case "windows":
		return under("AppData", "gotor", "config"), false
	case "darwin", "ios":
		return under("HOME", "Library", "Application Support", "gotor", "config"), false
	}
	return under("HOME", ".config", "gotor", "config"), false
}

// readConfig reads a file of settings; nil if there is none. One that was named
// has to be there.
func readConfig(path string, named bool) (*configFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if !named && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
		return nil, nil
	}
	if err != nil {
		return nil, readError(path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, readError(path, err)
	}
	if len(text) > maxConfig {
		return nil, record.Usagef("%s is larger than %s, which no file of settings is", path, ui.Bytes(maxConfig))
	}
	return parseConfig(path, string(text))
}

// parseConfig cuts a file of settings into its lines: [COMMAND], FLAG = VALUE,
// and comments.
func parseConfig(path, text string) (*configFile, error) {
	c := &configFile{path: path, sections: []configSection{{}}}
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
				return nil, c.errorf(n, "write a heading as [COMMAND]")
			}
			if at = c.section(name); at < 0 {
				at = len(c.sections)
				c.sections = append(c.sections, configSection{name: name, line: n})
			}
			continue
		}
		flag, text, ok := strings.Cut(line, "=")
		if flag = strings.TrimSpace(flag); !ok || flag == "" || strings.ContainsAny(flag, " \t\"'") {
			return nil, c.errorf(n, "write a setting as FLAG = VALUE, and # before a comment")
		}
		value, ok := configValue(strings.TrimSpace(text))
		if !ok {
			return nil, c.errorf(n, "the value of %s is not clear; put it into one pair of quotes as a whole, and a comment on a line of its own", flag)
		}
		s := &c.sections[at]
		s.entries = append(s.entries, configEntry{flag, value, n})
	}
	return c, nil
}

// configValue takes the quotes off a value: between "" a backslash escapes, as
// in most languages, between ” nothing does. Without quotes it is taken as it
// is, unless it seems to have a comment behind it.
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
