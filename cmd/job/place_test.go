package job

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

func TestLayout(t *testing.T) {
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
		if got := (Destination{c.output, c.flat, c.several}).layout(c.m, folders); got != c.want {
			t.Errorf("%s: layout of %q = %+v, want %+v", c.name, c.output, got, c.want)
		}
	}
}

// What the rules may choose for a download is where its state is looked for.
func TestStateFolder(t *testing.T) {
	exists := func(p string) bool { return p == "old" }
	for _, c := range []struct {
		output  string
		several bool
		want    string
	}{{"", false, "."}, {"old", false, "old"}, {"new/", false, "new/"}, {"d/file", false, "d"}, {"file", false, "."}, {"new", true, "new"}} {
		if got := (Destination{Output: c.output, Several: c.several}).stateFolder(exists); got != c.want {
			t.Errorf("-o %q: %q, want %q", c.output, got, c.want)
		}
	}
}

// A file that cannot be seen is not vouched for, and no reason to fail here.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "sub/b"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(name), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	looks := LookAt(t.Context(), dir)
	if len(looks) != 2 || looks["a"].Size() != 1 || looks["sub/b"].Size() != 5 {
		t.Errorf("a folder looks like %v", looks)
	}
	if looks := LookAt(t.Context(), filepath.Join(dir, "a")); len(looks) != 1 || looks["."].Size() != 1 {
		t.Errorf("a file looks like %v", looks)
	}
	if looks := LookAt(t.Context(), filepath.Join(dir, "none")); looks["."] != nil {
		t.Errorf("nothing looks like %v", looks)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if looks := LookAt(ctx, dir); len(looks) != 0 {
		t.Errorf("after the end it goes on: %v", looks)
	}
}

func TestLocate(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []string{"t/a", "nest/nest/x", "both/t/a", "both/a"} {
		p = filepath.Join(dir, p)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o777), os.WriteFile(p, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	tree := treeOf(map[string]string{"a": "1"}, "pad", "a")
	tree.Name = "t"
	nest := treeOf(map[string]string{"nest/x": "1"}, "nest/x")
	nest.Name = "nest"
	single := &metainfo.Torrent{Name: "a", Files: []metainfo.File{{Path: []string{"a"}, Length: 1}}}
	for _, c := range []struct {
		name     string
		m        *metainfo.Torrent
		path     string
		dir, top string
	}{
		{"the folder", tree, "t", "t", ""},
		{"around it", tree, ".", ".", "t"},
		{"either", tree, "both", "both", "t"},
		{"nothing there", tree, "nest", "nest", ""},
		{"a folder of its own name inside", nest, "nest", "nest", ""},
		{"around that", nest, ".", ".", "nest"},
		{"a file", single, "t/a", "t", "a"},
		{"the folder of a file", single, "t", "t", ""},
	} {
		d, top, err := Locate(c.m, filepath.Join(dir, c.path))
		if err != nil || d != filepath.Join(dir, c.dir) || top != c.top {
			t.Errorf("%s: %q and %q, %v", c.name, d, top, err)
		}
	}
	if _, _, err := Locate(tree, filepath.Join(dir, "missing")); record.CodeOf(err) != record.ExitFile {
		t.Errorf("a path that is not there: %v", err)
	}
}
