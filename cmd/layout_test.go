package cmd

import (
	"testing"

	"gotor/torrent/metainfo"
)

func TestPlanLayout(t *testing.T) {
	single := &metainfo.Torrent{Name: "disk.img"}
	multi := &metainfo.Torrent{Name: "tree", Multi: true}
	folders := func(p string) bool { return p == "here" || p == ".." || p == "a/here" }
	for _, c := range []struct {
		name    string
		m       *metainfo.Torrent
		output  string
		flat    bool
		several bool
		want    layout
	}{
		{"nothing", single, "", false, false, layout{dir: "."}},
		{"file", single, "x.img", false, false, layout{dir: ".", rename: "x.img"}},
		{"file in a folder", single, "a/b/x.img", false, false, layout{dir: "a/b", rename: "x.img"}},
		{"absolute file", single, "/srv/x.img", false, false, layout{dir: "/srv", rename: "x.img"}},
		{"slash", single, "new/", false, false, layout{dir: "new/"}},
		{"existing folder", single, "here", false, false, layout{dir: "here"}},
		{"deep existing folder", single, "a/here", false, false, layout{dir: "a/here"}},
		{"parent", single, "..", false, false, layout{dir: ".."}},
		{"dots at the end", single, "new/..", false, false, layout{dir: "new/.."}},
		{"root", single, "/", false, false, layout{dir: "/"}},
		{"flat changes nothing for a file", single, "x.img", true, false, layout{dir: ".", rename: "x.img"}},
		{"several sources", single, "new", false, true, layout{dir: "new"}},
		{"tree", multi, "", false, false, layout{dir: "."}},
		{"tree into a new folder", multi, "new", false, false, layout{dir: "new"}},
		{"tree into an existing folder", multi, "here", false, false, layout{dir: "here"}},
		{"flat tree", multi, "new", true, false, layout{dir: "new", flat: true}},
		{"flat tree here", multi, "", true, false, layout{dir: ".", flat: true}},
	} {
		if got := planLayout(c.output, c.flat, c.several, c.m, folders); got != c.want {
			t.Errorf("%s: planLayout(%q) = %+v, want %+v", c.name, c.output, got, c.want)
		}
	}
}

// What planLayout may choose for a download is where its state is looked for.
func TestStateFolder(t *testing.T) {
	exists := func(p string) bool { return p == "old" }
	for _, c := range []struct {
		output  string
		several bool
		want    string
	}{{"", false, "."}, {"old", false, "old"}, {"new/", false, "new/"}, {"d/file", false, "d"}, {"file", false, "."}, {"new", true, "new"}} {
		if got := stateFolder(c.output, c.several, exists); got != c.want {
			t.Errorf("-o %q: %q, want %q", c.output, got, c.want)
		}
	}
}
