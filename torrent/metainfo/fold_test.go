package metainfo

import (
	"slices"
	"testing"
)

// Files whose names differ only in case get names that do not, and the torrent
// that was given stays as it is.
func TestFoldCase(t *testing.T) {
	paths := func(m *Torrent) (out []string) {
		for i := range m.Files {
			out = append(out, m.Files[i].SlashPath())
		}
		return out
	}
	m := &Torrent{Multi: true, Files: []File{{Path: []string{"ReadMe.txt"}}, {Path: []string{"D", "x"}}, {Path: []string{"readme.txt"}},
		{Path: []string{"d", "X"}}, {Path: []string{"d", "y"}}}}
	before := paths(m)
	got := m.FoldCase()
	if want := []string{"ReadMe.txt", "D/x", "readme.1.txt", "d/X.1", "d/y"}; !slices.Equal(paths(got), want) {
		t.Errorf("got %q, want %q", paths(got), want)
	}
	if !slices.Equal(paths(m), before) {
		t.Errorf("changed: %q", paths(m))
	}
	if again := got.FoldCase(); again != got {
		t.Errorf("folded again: %q", paths(again))
	}
	if one := (&Torrent{Files: []File{{Path: []string{"a"}}}}); one.FoldCase() != one {
		t.Error("a single file was renamed")
	}
}
