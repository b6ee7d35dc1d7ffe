package job

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// Choice says which files of a torrent are wanted, each value a list as gotor help
// files describes it. Indices count from 0 and count padding files (BEP 53).
type Choice struct {
	Files   []string // nil: all
	Exclude []string
	First   []string // files that are downloaded before the others
}

// Wanted is a flag per file of the torrent; nil means all. Without files, what a
// link selects holds.
func (o *Choice) Wanted(files []metainfo.File, link []metainfo.Range) (wanted []bool, err error) {
	if len(o.Files) == 0 {
		wanted, err = selectRanges(files, link)
	} else {
		wanted, err = selectFiles(files, "files", o.Files)
	}
	if err != nil || len(o.Exclude) == 0 {
		return wanted, err
	}
	c := chooser{flag: "exclude", files: files, marked: make([]bool, len(files)), lenient: true}
	if err := c.lists(o.Exclude); err != nil {
		return nil, err
	}
	if wanted == nil { // nil means all, but here some are taken away
		wanted = everyFile(files)
	}
	for i, out := range c.marked {
		wanted[i] = wanted[i] && !out
	}
	if !slices.Contains(wanted, true) {
		return nil, record.Usagef("--exclude %q leaves no file to select", strings.Join(o.Exclude, ","))
	}
	return wanted, nil
}

// FirstOf marks the files that come first among those that are wanted; nil means
// none.
func (o *Choice) FirstOf(files []metainfo.File, wanted []bool) ([]bool, error) {
	if len(o.First) == 0 {
		return nil, nil
	}
	first, err := selectFiles(files, "first", o.First)
	if err != nil {
		return nil, err
	}
	for i := range first {
		first[i] = first[i] && (wanted == nil || wanted[i])
	}
	if !slices.Contains(first, true) {
		return nil, record.Usagef("--first %q names none of the files that are downloaded", strings.Join(o.First, ","))
	}
	return first, nil
}

// everyFile is all that can be selected: not padding, and not links.
func everyFile(files []metainfo.File) []bool {
	all := make([]bool, len(files))
	for i := range files {
		all[i] = selectable(&files[i])
	}
	return all
}

func selectable(f *metainfo.File) bool { return !f.Pad && !f.Symlink }

// selectFiles marks the files that the values of a flag stand for. Each value is
// a list as filesTopic describes it. Nothing marked is an error: a typing
// mistake, or not the torrent the user thinks it is.
func selectFiles(files []metainfo.File, flag string, values []string) ([]bool, error) {
	c := chooser{flag: flag, files: files, marked: make([]bool, len(files))}
	if err := c.lists(values); err != nil {
		return nil, err
	}
	if !slices.Contains(c.marked, true) {
		return nil, record.Usagef("--%s %q selects nothing", flag, strings.Join(values, ","))
	}
	return c.marked, nil
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
			if selectable(&files[i]) {
				wanted[i], found = true, true
			}
		}
	}
	if !found {
		return nil, record.Errorf(record.ExitMalformed, "the link selects (so=) none of the %s; say which with --files", countFiles(len(files)))
	}
	return wanted, nil
}

// chooser marks files as the values of one flag say.
type chooser struct {
	flag    string // for messages
	files   []metainfo.File
	marked  []bool
	lenient bool // a pattern may match nothing: it leaves out what is not there
}

func (c *chooser) lists(values []string) error {
	for _, v := range values {
		for _, item := range splitList(v) {
			if item == "" {
				continue
			}
			if err := c.item(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// expression begins a regular expression in a list.
const expression = "re:"

// splitList cuts at commas that no backslash protects. Backslashes stay, for
// path.Match. A regular expression goes on to the end: commas have a meaning
// in it.
func splitList(s string) []string {
	var list []string
	start := 0
	for i := 0; i < len(s) && !strings.HasPrefix(s[start:], expression); i++ {
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

// JoinLists makes one list of several, for whoever takes one only. An expression
// goes on to the end of a list, so that it comes last, and there can be only one.
func JoinLists(lists []string) (string, error) {
	var parts []string
	last := ""
	for _, l := range lists {
		for _, item := range splitList(l) {
			switch {
			case item == "":
			case !strings.HasPrefix(item, expression):
				parts = append(parts, item)
			case last != "":
				return "", record.Usagef("a daemon takes one %sEXPRESSION in a list; join them with |", expression)
			default:
				last = item
			}
		}
	}
	if last != "" {
		parts = append(parts, last)
	}
	return strings.Join(parts, ","), nil
}

// item marks the files that one part of a list stands for.
func (c *chooser) item(item string) error {
	if first, last, ok := parseRange(item, len(c.files)); ok {
		return c.span(item, first, last)
	}
	matches, err := c.matcher(item)
	if err != nil {
		return err
	}
	found := false
	for i := range c.files {
		if f := &c.files[i]; selectable(f) && matches(f) {
			c.marked[i], found = true, true
		}
	}
	if !found && !c.lenient {
		return record.Usagef("--%s %q matches none of the %s; gotor show lists them", c.flag, item, countFiles(len(c.files)))
	}
	return nil
}

// matcher is what a pattern or a regular expression says about a file.
func (c *chooser) matcher(item string) (func(*metainfo.File) bool, error) {
	if text, ok := strings.CutPrefix(item, expression); ok {
		re, err := regexp.Compile(text) // time is linear in the length of the path
		if err != nil {
			return nil, record.Usagef("--%s %q: %w", c.flag, item, err)
		}
		return func(f *metainfo.File) bool { return re.MatchString(f.SlashPath()) }, nil
	}
	if _, err := path.Match(item, ""); err != nil {
		return nil, record.Usagef("--%s %q is not a valid pattern", c.flag, item)
	}
	pattern := strings.Split(strings.Trim(item, "/"), "/")
	return func(f *metainfo.File) bool { return matchFile(pattern, f.Path) }, nil
}

// span marks files by index. Padding inside a range is passed over, a range of
// nothing else is an error.
func (c *chooser) span(item string, first, last int) error {
	if first > last && strings.Index(item, "-") < len(item)-1 {
		return record.Usagef("--%s %s: a range goes up; did you mean %d-%d?", c.flag, item, last, first)
	}
	if first >= len(c.files) || last >= len(c.files) {
		return record.Usagef("--%s %s: the torrent has files 0 to %d", c.flag, item, len(c.files)-1)
	}
	found := false
	for i := first; i <= last; i++ {
		if selectable(&c.files[i]) {
			c.marked[i], found = true, true
		}
	}
	if !found {
		return record.Usagef("--%s %s: only padding or links there", c.flag, item)
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
	// *.iso means those of any folder, as people write it.
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

// countFiles says how many there are.
func countFiles(n int) string {
	if n == 1 {
		return "1 file"
	}
	return strconv.Itoa(n) + " files"
}
