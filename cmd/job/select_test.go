package job

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// someFiles has one of everything: depth, padding, a link, a comma, a number.
func someFiles() []metainfo.File {
	paths := []string{"README", "img/a.iso", "img/b.iso", ".pad/1", "doc/en/a.md", "doc/b.md", "link", "1", "odd,name"}
	files := make([]metainfo.File, len(paths))
	for i, p := range paths {
		files[i] = metainfo.File{Path: strings.Split(p, "/"), Length: 10, Pad: p == ".pad/1", Symlink: p == "link"}
	}
	return files
}

func TestSelectFiles(t *testing.T) {
	for _, c := range []struct {
		values string // separated by |
		want   string // indices
	}{
		{"", "all"},
		{"0", "0"},
		{"1,2", "12"},
		{"1-2", "12"},
		{"2-5", "245"},
		{"7-", "78"},
		{"0|5", "05"},
		{"*.iso", "12"},
		{"*.ISO|0", "error"},
		{"img", "12"},
		{"img/", "12"},
		{"/img/a.iso", "1"},
		{"img/*", "12"},
		{"doc/*.md", "5"},
		{"doc/**/*.md", "45"},
		{"**/*.md", "45"},
		{"**", "0124578"},
		{"doc/en", "4"},
		{"a.*", "14"},
		{"[1]", "7"},
		{`odd\,name`, "8"},
		{"odd?name", "8"},
		{"README,", "0"},
		{"3", "error"},
		{"6", "error"},
		{"9", "error"},
		{"5-2", "error"},
		{"0-9", "error"},
		{"99999999999999999999", "error"},
		{"link", "error"},
		{".pad", "error"},
		{"nothing", "error"},
		{"0,nothing", "error"},
		{"[", "error"},
		{",", "error"},
		{"-1", "error"},
		{"1-x", "error"},
		{`re:\.[im][sd]o?$`, "1245"},
		{"re:^doc/|8", "458"},
		{"0,re:^[a-z]{3,3}/,", "error"}, // the last comma belongs to it
		{"0,re:^[a-z]{3,3}/", "01245"},
		{"re:(?i)readme", "0"},
		{"re:nothing", "error"},
		{"re:link|pad", "error"},
		{"re:(", "error"},
		{"re:", "0124578"},
	} {
		var values []string
		if c.values != "" {
			values = strings.Split(c.values, "|")
		}
		wanted, err := (&Choice{Files: values}).Wanted(someFiles(), nil)
		got := "all"
		if err != nil {
			got = "error"
			if record.CodeOf(err) != record.ExitUsage {
				t.Errorf("%q: %v has exit code %d", c.values, err, record.CodeOf(err))
			}
		} else if wanted != nil {
			got = indices(wanted)
		}
		if got != c.want {
			t.Errorf("--files %q selects %s, want %s (%v)", c.values, got, c.want, err)
		}
	}
}

// What is left out, of all or of a selection.
func TestExclude(t *testing.T) {
	for _, c := range []struct{ files, exclude, link, want string }{
		{"", "*.iso", "", "04578"},
		{"img,doc", "*.md", "", "12"},
		{"", "nothing", "", "0124578"}, // leaving out what is not there
		{"", "re:[^c]/a\\.", "", "02578"},
		{"", "0-2,7-", "", "45"},
		{"", "9", "", "error"},
		{"", "3", "", "error"},
		{"", "re:[", "", "error"},
		{"", "[", "", "error"},
		{"img", "img", "", "error"},
		{"", "**", "", "error"},
		{"", "a.iso", "1-2", "2"},
		{"0", "a.iso", "1-2", "0"}, // --files decides, not the link
		{"", "", "1-2", "12"},
	} {
		o := Choice{}
		if c.files != "" {
			o.Files = []string{c.files}
		}
		if c.exclude != "" {
			o.Exclude = []string{c.exclude}
		}
		var link []metainfo.Range
		if c.link != "" {
			link = []metainfo.Range{{First: 1, Last: 2}}
		}
		wanted, err := o.Wanted(someFiles(), link)
		if got := indices(wanted); (err == nil && got != c.want) || (err != nil) != (c.want == "error") {
			t.Errorf("%+v selects %s, %v", c, got, err)
		}
		if err != nil && record.CodeOf(err) != record.ExitUsage {
			t.Errorf("%+v: %v has exit code %d", c, err, record.CodeOf(err))
		}
	}
}

// indices writes a selection as its digits.
func indices(wanted []bool) (s string) {
	for i, w := range wanted {
		if w {
			s += strconv.Itoa(i)
		}
	}
	return s
}

func TestSelectFirst(t *testing.T) {
	only := []bool{true, true, false, false, true, false, false, false, false} // README, img/a.iso, doc/en/a.md
	for _, c := range []struct {
		wanted []bool
		first  string
		want   string
	}{
		{nil, "img", "12"},
		{only, "img", "1"},
		{only, "*.md,0", "04"},
		{nil, "", ""},
		{only, "doc/b.md", "error"},
		{nil, "nothing", "error"},
		{nil, "3", "error"},
		{nil, "99", "error"},
	} {
		var values []string
		if c.first != "" {
			values = []string{c.first}
		}
		first, err := (&Choice{First: values}).FirstOf(someFiles(), c.wanted)
		if got := indices(first); (err == nil && got != c.want) || (err != nil) != (c.want == "error") {
			t.Errorf("--first %s of %v gives %s, %v", c.first, c.wanted, got, err)
		}
		if err != nil && record.CodeOf(err) != record.ExitUsage {
			t.Errorf("--first %s: exit code %d", c.first, record.CodeOf(err))
		}
	}
}

func TestMatchPathIsNotExponential(t *testing.T) {
	pattern := strings.Split(strings.Repeat("**/a/", 30)+"b", "/")
	path := strings.Split(strings.Repeat("a/", 90)+"c", "/")
	if matchPath(pattern, path) {
		t.Error("matches, but must not")
	}
}

func FuzzSelectFiles(f *testing.F) {
	for _, s := range []string{"0", "1-3", "*.iso", "**/x", `a\,b`, "[a-", "-", "--", "re:a,b", "0,re:("} {
		f.Add(s)
	}
	files := someFiles()
	f.Fuzz(func(t *testing.T, s string) {
		wanted, err := (&Choice{Files: []string{s}}).Wanted(files, nil)
		if (wanted == nil) == (err == nil) {
			t.Fatalf("--files %q gives %v and %v", s, wanted, err)
		}
		for i, w := range wanted {
			if w && (files[i].Pad || files[i].Symlink) {
				t.Fatalf("--files %q selects padding or a link", s)
			}
		}
	})
}

func TestSelectRanges(t *testing.T) {
	files := []metainfo.File{{Path: []string{"a"}}, {Path: []string{"p"}, Pad: true}, {Path: []string{"b"}}, {Path: []string{"c"}}}
	for _, c := range []struct {
		ranges []metainfo.Range
		want   string
		code   int
	}{
		{nil, "[]", 0},
		{[]metainfo.Range{{First: 0, Last: 0}}, "[true false false false]", 0},
		{[]metainfo.Range{{First: 1, Last: 2}}, "[false false true false]", 0},
		{[]metainfo.Range{{First: 3, Last: 200_000}, {First: 0, Last: 0}}, "[true false false true]", 0},
		{[]metainfo.Range{{First: 1, Last: 1}, {First: 9, Last: 9}}, "", record.ExitMalformed},
	} {
		got, err := selectRanges(files, c.ranges)
		if record.CodeOf(err) != c.code || err == nil && fmt.Sprint(got) != c.want {
			t.Errorf("%v: %v, %v", c.ranges, got, err)
		}
	}
}
