package metainfo

import (
	"strings"
	"testing"
)

func TestWithNames(t *testing.T) {
	m := &Torrent{Name: "n", Multi: true, Files: []File{
		{Path: []string{"a"}}, {Path: []string{"sub", "b"}}, {Path: []string{".pad", "1"}, Pad: true}, {Path: []string{"l"}, Symlink: true},
	}}
	if got, err := m.WithNames(nil); got != m || err != nil {
		t.Errorf("no names: %v", err)
	}
	got, err := m.WithNames(map[int]string{0: "x/y/z", 1: "a"})
	if err != nil || got.Files[0].SlashPath() != "x/y/z" || got.Files[1].SlashPath() != "a" || m.Files[0].SlashPath() != "a" {
		t.Errorf("%v, %v", got, err)
	}
	for name, names := range map[string]map[int]string{
		"no such file": {4: "x"}, "before the first": {-1: "x"}, "padding": {2: "x"}, "a link": {3: "x"},
		"empty": {0: ""}, "absolute": {0: "/x"}, "up": {0: "../x"}, "up inside": {0: "x/../../y"}, "two slashes": {0: "x//y"},
		"a folder only": {0: "x/"}, "backslash": {0: `x\y`}, "a control character": {0: "x\n"}, "bidi": {0: "x\u202ey"},
		"state": {0: ".n.gotor"}, "another file": {0: "sub/b"}, "a folder": {0: "sub"}, "below a file": {0: "sub/b/x"},
		"an unfinished name": {0: "sub/b.part"}, "both alike": {0: "x", 1: "x"}, "too long a name": {0: strings.Repeat("x", 251)},
		"too long a path": {0: strings.Repeat("xxxxxxxxx/", 410) + "x"}, "too deep": {0: strings.Repeat("x/", 101) + "x"},
	} {
		if got, err := m.WithNames(names); err == nil {
			t.Errorf("%s: %v", name, got.Files)
		} else if strings.ContainsAny(err.Error(), "\n\u202e") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (&Torrent{Name: "n", Files: []File{{Path: []string{"n"}}}}).WithNames(map[int]string{0: "x"}); err == nil {
		t.Error("the only file got a path")
	}
}
