package storage

import (
	"errors"
	"io/fs"
	"os"
	"sync"
)

// This file tells what this user has put into a folder from what others have.
// Folders are shared: others who may write to one can leave there what looks like an
// unfinished download, and keep a way to change it later: the file is theirs, or it
// has another name (a hard link) in a place of theirs.

// Reasons to refuse what stands at a path; as final as those in errors.go.
var (
	errOwner  = errors.New("belongs to another user; remove it, or choose another folder")
	errLinked = errors.New("has another name (a hard link), through which it can be changed; remove it")
)

// ErrNotOurs: a state file may have been written by somebody else. What it says
// is a hint.
var ErrNotOurs = errors.New("not certain to be of this user")

// trusted reports whether only this user, or root, can have written a regular
// file: the owner, no second name, and no write permission for others. One that was
// opened and replaced since has no name at all.
func trusted(fi fs.FileInfo) bool {
	id := identify(fi)
	return fi.Mode().IsRegular() && (!id.known || id.mine() && id.links <= 1 && fi.Mode().Perm()&0o022 == 0)
}

// identity is what a system says of who owns a file; not known where it has no
// such notion.
type identity struct {
	known    bool
	uid      int
	links    uint64
	euid     int  // of this process
	squashed bool // the file system makes up owners
}

// mine reports whether the file is this user's, or root's, who could change it
// anyhow.
func (id identity) mine() bool { return id.uid == id.euid || id.uid == 0 || id.squashed }

// newcomer learns, when it is needed, whom a new file in the target belongs to:
// network file systems and those of USB sticks show one owner for all.
type newcomer struct {
	once sync.Once
	id   identity
}

// adoptable says why a file or folder found in the target is not to be written
// to; nil if it is this user's alone.
func (t *target) adoptable(fi fs.FileInfo) error {
	id := identify(fi)
	if !id.known {
		return nil
	}
	if !id.mine() {
		t.newcomer.once.Do(func() {
			if !t.spec.ReadOnly {
				t.newcomer.id = t.temp.owner(t.root())
			}
		})
		id.squashed = t.newcomer.id.known && t.newcomer.id.uid == id.uid
	}
	switch {
	case !id.mine():
		return errOwner
	case !fi.IsDir() && id.links != 1:
		return errLinked
	}
	return nil
}

// lstatPart is lstat for the unfinished form of a file in folder d, which is an
// error if it is not to be written to.
func (t *target) lstatPart(root *os.Root, f *file) (fs.FileInfo, error) {
	fi, err := lstat(root, partName(f.base))
	if fi == nil || t.spec.ReadOnly {
		return fi, err
	}
	if f.dir.alien.Load() {
		return nil, errAlien
	}
	return fi, t.adoptable(fi)
}

var errAlien = errors.New("is in a folder that belongs to another user; choose another folder")
