//go:build unix

package storage

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// stranger is a user that the tests give files to.
const stranger = 54321

// give gives what is at a path to another user.
func give(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	check(t, os.Lchown(path, stranger, stranger))
}

// planted is a torrent of which somebody else has left something in the target.
func planted(t *testing.T, name string, hand func(*testing.T, string)) *tc {
	c := newTC(t, File{Path: "d/e/a", Length: 100, Wanted: true}, File{Path: "b", Length: 50, Wanted: true})
	path := filepath.Join(c.spec.Dir, name)
	check(t, os.MkdirAll(filepath.Join(c.spec.Dir, "d/e"), 0o777))
	if _, err := os.Lstat(path); err != nil {
		check(t, os.WriteFile(path, c.data[:100], 0o666))
	}
	hand(t, path)
	return c
}

func secondName(t *testing.T, path string) {
	t.Helper()
	check(t, os.Link(path, filepath.Join(t.TempDir(), "other")))
}

// Nothing is written to files and folders that others can change later: not
// with the right bytes in them either.
func TestOthersFilesAreNotAdopted(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		hand       func(*testing.T, string)
		want       error
	}{
		{"part of another user", "d/e/a.part", give, errOwner},
		{"part with two names", "d/e/a.part", secondName, errLinked},
		{"folder of another user", "d/e", give, errOwner},
		{"folder in one of another user", "d", give, errOwner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := planted(t, tt.path, tt.hand)
			c.open()
			if err := c.write(0, 100); !errors.Is(err, tt.want) && !errors.Is(err, errAlien) {
				t.Errorf("write: %v, want %v", err, tt.want)
			}
			if st, err := c.s.Stat(0); err != nil || st.Kind == Part || st.Kind == Final {
				t.Errorf("it looks like %v, %v", st.Kind, err)
			}
			if _, err := os.Lstat(filepath.Join(c.spec.Dir, "d/e/a")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a final name: %v", err)
			}
			c.mustWrite(100, 50) // the other file is nobody else's
		})
	}
}

// A side file that can be changed by another name is not used: another is made in
// its place.
func TestOthersSideFile(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 100, Wanted: true}, File{Path: "b", Length: 50})
	check(t, os.MkdirAll(c.spec.Dir, 0o777))
	x := newSideIndex([]Range{{100, 50}})
	head := x.appendHeader(nil, 150)
	path := filepath.Join(c.spec.Dir, ".name.gotor.parts")
	check(t, os.WriteFile(path, append(head, make([]byte, int(x.size)-len(head))...), 0o666))
	other := filepath.Join(t.TempDir(), "other")
	check(t, os.Link(path, other))
	c.open()
	c.mustWrite(0, 150)
	b, err := os.ReadFile(other)
	check(t, err)
	if bytes.Contains(b, c.data[100:150]) {
		t.Error("written through a hard link")
	}
	got := make([]byte, 50)
	if _, err := c.s.ReadAt(got, 100); err != nil || !bytes.Equal(got, c.data[100:]) {
		t.Errorf("read %v", err)
	}
}

// A file under its final name is not overwritten in place if it has another name
// elsewhere.
func TestOverwriteKeepsHardLinks(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 100, Wanted: true})
	c.spec.Overwrite = true
	check(t, os.MkdirAll(c.spec.Dir, 0o777))
	path := filepath.Join(c.spec.Dir, "a")
	check(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 100), 0o666))
	secondName(t, path)
	c.open()
	if err := c.write(0, 100); !errors.Is(err, errLinked) {
		t.Errorf("write: %v, want %v", err, errLinked)
	}
	if b, _ := os.ReadFile(path); !bytes.Equal(b, bytes.Repeat([]byte("x"), 100)) {
		t.Error("the file was changed")
	}
}

// What only this user can have written: owner, permissions and names count.
func TestTrusted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	look := func() fs.FileInfo {
		fi, err := os.Lstat(path)
		check(t, err)
		return fi
	}
	check(t, os.WriteFile(path, nil, 0o600))
	if !trusted(look()) {
		t.Error("an own file is not")
	}
	check(t, os.Chmod(path, 0o660))
	if trusted(look()) {
		t.Error("what the group may write to is")
	}
	check(t, os.Chmod(path, 0o644))
	check(t, os.Link(path, filepath.Join(dir, "g")))
	if trusted(look()) {
		t.Error("what has two names is")
	}
	check(t, os.Remove(filepath.Join(dir, "g")))
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	check(t, os.Remove(path))
	if fi, err := f.Stat(); err != nil || !trusted(fi) {
		t.Error("what was replaced while it was read is not:", err)
	}
	check(t, os.WriteFile(path, nil, 0o600))
	give(t, path)
	if trusted(look()) {
		t.Error("another user's is")
	}
}
