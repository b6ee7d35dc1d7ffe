package cmd

import (
	"path"
	"strconv"
	"strings"

	"gotor/torrent/metainfo"
)

// selectFiles turns the values of --files into a flag per file of the torrent;
// nil means all. Each value is a list, separated by commas, of
//
//	3         the file with that index, as gotor show prints it
//	2-5, 2-   the files from one index to another, or to the last
//	*.iso     files whose name, or one of whose folders, matches
//	doc/*.md  files whose whole path, or a folder of it, matches; ** is any
//	          number of folders
//
// A backslash takes the meaning of the next character. Padding and links cannot
// be selected. A part that matches nothing is an error: it is a typing mistake,
// or not the torrent the user thinks it is.
func selectFiles(files []metainfo.File, values []string) ([]bool, error) {
	if len(values) == 0 {
		return nil, nil
	}
	wanted := make([]bool, len(files))
	for _, v := range values {
		for _, item := range splitList(v) {
			if item == "" {
				continue
			}
			if err := selectItem(files, item, wanted); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range wanted {
		if w {
			return wanted, nil
		}
	}
	return nil, usagef("--files %q selects nothing", strings.Join(values, ","))
}

// selectRanges lays the selection of a link (BEP 53) over the files; nil means
// all. What the torrent does not have is passed over, as others do it, unless
// nothing is left.
func selectRanges(files []metainfo.File, ranges []metainfo.Range) ([]bool, error) {
	if len(ranges) == 0 {
		return nil, nil
	}
	wanted, found := make([]bool, len(files)), false
	for _, r := range ranges {
		for i := r.First; i <= min(r.Last, len(files)-1); i++ {
			if !files[i].Pad && !files[i].Symlink {
				wanted[i], found = true, true
			}
		}
	}
	if !found {
		return nil, codef(exitMalformed, "the link selects (so=) none of the %s; say which with --files", count(len(files), "file"))
	}
	return wanted, nil
}

// splitList cuts at commas that no backslash protects. Backslashes stay, for
// path.Match.
func splitList(s string) []string {
	var list []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',':
			list = append(list, s[start:i])
			start = i + 1
		}
	}
	return append(list, s[start:])
}

// selectItem marks the files that one part of a list stands for.
func selectItem(files []metainfo.File, item string, wanted []bool) error {
	if first, last, ok := parseRange(item, len(files)); ok {
		return selectRange(files, item, first, last, wanted)
	}
	if _, err := path.Match(item, ""); err != nil {
		return usagef("--files %q is not a valid pattern", item)
	}
	pattern := strings.Split(strings.Trim(item, "/"), "/")
	found := false
	for i, f := range files {
		if !f.Pad && !f.Symlink && matchFile(pattern, f.Path) {
			wanted[i], found = true, true
		}
	}
	if !found {
		return usagef("--files %q matches none of the %s; gotor show lists them", item, count(len(files), "file"))
	}
	return nil
}

// selectRange marks files by index. Padding inside a range is passed over, a
// range of nothing else is an error.
func selectRange(files []metainfo.File, item string, first, last int, wanted []bool) error {
	if first > last || first >= len(files) || last >= len(files) {
		return usagef("--files %s: the torrent has files 0 to %d", item, len(files)-1)
	}
	found := false
	for i := first; i <= last; i++ {
		if !files[i].Pad && !files[i].Symlink {
			wanted[i], found = true, true
		}
	}
	if !found {
		return usagef("--files %s: only padding or links there", item)
	}
	return nil
}

// parseRange reads N, N-M or N-.
func parseRange(item string, n int) (first, last int, ok bool) {
	a, b, isRange := strings.Cut(item, "-")
	if first, ok = parseIndex(a); !ok {
		return 0, 0, false
	}
	switch {
	case !isRange:
		return first, first, true
	case b == "":
		return first, n - 1, true
	}
	last, ok = parseIndex(b)
	return first, last, ok
}

// parseIndex reads a number of digits only. One too large for any torrent is
// still an index.
func parseIndex(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		n = 1 << 30
	}
	return n, true
}

// matchFile reports whether a pattern matches a file's path or one of the
// folders it lies in. A pattern of one part matches at any depth.
func matchFile(pattern, file []string) bool {
	if len(pattern) == 1 && pattern[0] != "**" {
		for _, part := range file {
			if matchPart(pattern[0], part) {
				return true
			}
		}
		return false
	}
	for n := len(file); n > 0; n-- {
		if matchPath(pattern, file[:n]) {
			return true
		}
	}
	return false
}

// matchPath matches whole paths part by part. When it fails it goes back to the
// last ** only, which takes time in proportion to the product of the lengths.
func matchPath(pattern, file []string) bool {
	p, f := 0, 0
	starP, starF := -1, 0
	for f < len(file) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			starP, starF = p, f
			p++
		case p < len(pattern) && matchPart(pattern[p], file[f]):
			p++
			f++
		case starP >= 0:
			starF++
			p, f = starP+1, starF
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// matchPart matches one component: *, ? and [] as in a shell, case counts.
func matchPart(pattern, name string) bool {
	ok, _ := path.Match(pattern, name) // the pattern was checked before
	return ok
}
