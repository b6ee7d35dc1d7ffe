package storage

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// Kind says what stands on disk for a file.
type Kind uint8

// The kinds of FileState.
const (
	Missing  Kind = iota // nothing, or at most bytes in the side file
	Part                 // an unfinished file under its .part name
	Final                // a regular file of the right size under its final name
	Conflict             // something else: a wrong size, a folder, a link, a link on the way
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Part:
		return "part"
	case Final:
		return "final"
	case Conflict:
		return "conflict"
	}
	return "missing"
}

// file is one file of the torrent and what we know of it on disk.
type file struct {
	// Immutable after Open.
	off, len          int64
	dir               *dir
	base              string
	wanted, pad, exec bool

	// inSide: not wanted, and not on disk or not ours there: its bytes live in
	// the side file. Once set it stays.
	inSide atomic.Bool
	made   atomic.Bool // its .part was not there before this Store

	h *handle // belongs to the cache

	mu      sync.Mutex // held while the file is looked up, opened, made or renamed
	disk    diskState
	sized   bool // its .part has the full size because we gave it that
	renamed bool // it got its final name from us, or was synced under it

	watch  watch
	looked atomic.Int64 // when its name was last looked at for an upload: ns since Store.began

	dirty     atomic.Bool  // written, or found unfinished, since it was last synced
	unflushed atomic.Int64 // bytes written since write-back was last started
}

// diskState is where a file's bytes are.
type diskState uint8

const (
	unknown diskState = iota
	absent
	part  // under the .part name
	final // under the final name, with the right size
	stale // under the final name, with a wrong size
)

// path is the file's path from the target, for messages: Spec.File.Path, which
// is not kept twice.
func (f *file) path() string {
	if f.dir.parent == nil {
		return f.base
	}
	return f.dir.path + "/" + f.base
}

// perm is what the file is made with; the umask is applied to it.
func (f *file) perm() fs.FileMode {
	if f.exec {
		return 0o777
	}
	return 0o666
}

// name returns the file's present name in its folder. f.mu is held.
func (f *file) name() string {
	if f.disk == part {
		return partName(f.base)
	}
	return f.base
}

// resolve finds out once what is on disk for a file. f.mu is held. An error
// means that something stands in its place that we will not touch.
func (ff *files) resolve(f *file) error {
	if f.disk != unknown {
		return nil
	}
	if f.dir.fresh.Load() {
		f.disk = absent
		return nil
	}
	d, err := ff.target.openDir(f.dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		f.disk = absent
		return nil
	}
	if err != nil {
		return err
	}
	defer ff.cache.release(d)
	f.disk, err = ff.lookUp(f, d.root)
	return err
}

// lookUp looks at a file's two names. The final one counts if it has the right
// size; with Overwrite, an unfinished file counts more than one of a wrong size.
func (ff *files) lookUp(f *file, root *os.Root) (diskState, error) {
	fi, err := lstat(root, f.base)
	if err != nil {
		return unknown, pathError("open", f.path(), err)
	}
	if fi != nil && fi.Size() == f.len {
		return final, nil
	}
	unfinished, err := ff.target.lstatPart(root, f)
	if err != nil {
		return unknown, pathError("open", f.path()+partSuffix, err)
	}
	switch {
	case fi != nil && (unfinished == nil || !ff.spec.Overwrite):
		return stale, nil
	case unfinished == nil:
		return absent, nil
	}
	// An earlier run may have ended before it synced this data.
	ff.markDirty(f)
	return part, nil
}

// lstat describes a regular file; nil if there is nothing, an error if there is
// anything else.
func lstat(root *os.Root, name string) (fs.FileInfo, error) {
	fi, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case fi.Mode()&fs.ModeSymlink != 0:
		return nil, errSymlink
	case fi.IsDir():
		return nil, errFolder
	case !fi.Mode().IsRegular():
		return nil, errSpecial
	}
	return fi, nil
}
