package cmd

import (
	"strings"
	"testing"

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
	} {
		var values []string
		if c.values != "" {
			values = strings.Split(c.values, "|")
		}
		wanted, err := selectFiles(someFiles(), values)
		got := "all"
		if err != nil {
			got = "error"
			if exitCode(err) != exitUsage {
				t.Errorf("%q: %v has exit code %d", c.values, err, exitCode(err))
			}
		} else if wanted != nil {
			got = ""
			for i, w := range wanted {
				if w {
					got += string(rune('0' + i))
				}
			}
		}
		if got != c.want {
			t.Errorf("--files %q selects %s, want %s (%v)", c.values, got, c.want, err)
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
	for _, s := range []string{"0", "1-3", "*.iso", "**/x", `a\,b`, "[a-", "-", "--"} {
		f.Add(s)
	}
	files := someFiles()
	f.Fuzz(func(t *testing.T, s string) {
		wanted, err := selectFiles(files, []string{s})
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
