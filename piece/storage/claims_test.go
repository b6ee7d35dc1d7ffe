package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// two are downloads that want the file dir/README, each in its own way.
func two(dir string) [][2]Spec {
	one := func(dir, name string, paths ...string) Spec {
		s := Spec{Dir: filepath.Join(dir), Name: name, NoSync: true}
		for _, p := range paths {
			s.Files = append(s.Files, File{Path: p, Length: 10, Offset: s.TotalLength, Wanted: true})
			s.TotalLength += 10
		}
		return s
	}
	sub := filepath.Join(dir, "d")
	return [][2]Spec{
		{one(dir, "x", "README", "a"), one(dir, "y", "README", "b")},     // --flat
		{one(dir, "x", "README", "a"), one(dir, "README", "README")},     // --flat against a single file
		{one(dir, "x", "README", "a"), one(dir, "y", "readme", "b")},     // some disks take these for one
		{one(dir, "d", "d/README", "d/a"), one(sub, "README", "README")}, // a torrent's folder against -o d/
		{one(dir, "d", "d/e/README", "d/a"), one(filepath.Join(sub, "e"), "y", "README", "b")},
	}
}

// The second of two downloads that want one file gets an error, in either order,
// while the first runs and while it is interrupted; not when it is done or was
// never begun. The first does not notice.
func TestFilesHaveOneOwner(t *testing.T) {
	for i := range two("") {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			pair := two(t.TempDir())[i]
			first, second := pair[order[0]], pair[order[1]]
			fresh := second
			refused := func(when string, want error) {
				t.Helper()
				s, err := Open(fresh)
				if !errors.Is(err, want) || want == nil && err != nil {
					t.Errorf("pair %d, order %v, %s: %v, want %v", i, order, when, err, want)
				}
				if err == nil {
					check(t, s.Close())
				}
			}
			s, err := Open(first)
			check(t, err)
			check(t, s.WriteVec([][]byte{make([]byte, 10)}, 0))
			refused("while it runs", ErrOwned)
			check(t, s.SaveRecord([]byte("r")))
			check(t, s.Close())
			refused("while it is interrupted", ErrOwned)
			s, err = Open(first)
			check(t, err)
			check(t, s.Finish([]int{0}))
			check(t, s.RemoveState())
			check(t, s.Close())
			refused("when it is done", nil)
			filepath.WalkDir(first.Dir, func(path string, d fs.DirEntry, err error) error {
				if d.Name()[0] == '.' {
					t.Errorf("pair %d: left behind: %s", i, path)
				}
				return err
			})
		}
	}
}

// Files beside each other, or in one folder, are nobody else's.
func TestOwnersDoNotMeet(t *testing.T) {
	dir := t.TempDir()
	for _, s := range []Spec{
		{Dir: dir, Name: "d", Files: []File{{Path: "d/a", Length: 1, Wanted: true}, {Path: "d/b", Length: 1, Offset: 1}}, TotalLength: 2, Ranges: []Range{{0, 1}}},
		{Dir: filepath.Join(dir, "d"), Name: "b", Files: []File{{Path: "b", Length: 1, Wanted: true}}, TotalLength: 1}, // not wanted above
		{Dir: dir, Name: "e", Files: []File{{Path: "e/a", Length: 1, Wanted: true}, {Path: "e/b", Length: 1, Offset: 1, Wanted: true}}, TotalLength: 2},
		{Dir: dir, Name: "a", Files: []File{{Path: "a", Length: 1, Wanted: true}}, TotalLength: 1},
	} {
		st, err := Open(s)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		defer st.Close()
		check(t, st.SaveRecord([]byte("r")))
	}
}

// Of many that start at the same moment in one process, one is the owner.
func TestOneOwnerOfMany(t *testing.T) {
	dir, shared := t.TempDir(), NewDescriptors(0)
	var mu sync.Mutex
	var won []*Store
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			s, err := Open(Spec{Dir: dir, Name: string(rune('p' + i)), Descriptors: shared, TotalLength: 2, NoSync: true,
				Files: []File{{Path: "README", Length: 1, Wanted: true}, {Path: string(rune('a' + i)), Length: 1, Offset: 1, Wanted: true}}})
			switch {
			case err == nil:
				mu.Lock()
				won = append(won, s)
				mu.Unlock()
			case !errors.Is(err, ErrOwned):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Errorf("%d owners", len(won))
	}
	for _, s := range won {
		check(t, s.Close())
	}
	if names := list(t, dir); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// What others have planted claims nothing, and what is damaged neither.
func TestPlantedClaims(t *testing.T) {
	dir := t.TempDir()
	c := claims{pathHash("README")}
	check(t, os.WriteFile(filepath.Join(dir, ".x.gotor.files"), c.encode()[:20], 0o600))
	check(t, os.WriteFile(filepath.Join(dir, ".x.gotor"), nil, 0o600))
	check(t, os.WriteFile(filepath.Join(dir, ".y.gotor.files"), c.encode(), 0o600)) // left by a run that ended before it began
	s, err := Open(Spec{Dir: dir, Name: "README", Files: []File{{Path: "README", Length: 1, Wanted: true}}, TotalLength: 1})
	check(t, err)
	check(t, s.Close())
}

func FuzzClaims(f *testing.F) {
	f.Add(claims{1, 2, 3}.encode())
	f.Add(claims(nil).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decodeClaims(b); err == nil && (!slices.IsSorted(c) || !slices.Equal(c.encode(), b)) {
			t.Errorf("%x became %v", b, c)
		}
	})
}
