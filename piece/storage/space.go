package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// SpaceError says that a download does not fit. It is an ErrNoSpace.
type SpaceError struct {
	Dir        string
	Need, Have int64 // bytes still to be written, bytes free
}

// Error names both numbers and the folder.
func (e *SpaceError) Error() string {
	return fmt.Sprintf("not enough space on %s: needs %s, has %s", safePath(e.Dir), human(e.Need), human(e.Have))
}

// Is reports that this is an ErrNoSpace.
func (e *SpaceError) Is(target error) bool { return target == ErrNoSpace }

// CheckSpace compares what is still to be written, in whole blocks, with what
// the file system of the target has free for this user: a *SpaceError if it does
// not fit. Blocks that .part files and the side file already occupy count as
// written. Where free space cannot be learned, it is taken to be enough.
func (s *Store) CheckSpace() error {
	free, block, ok := freeSpace(s.target.path, s.target.folder)
	if !ok {
		return nil
	}
	need := s.side.need()
	for i := range s.files.list {
		if f := &s.files.list[i]; f.wanted && !f.pad && f.len > 0 {
			need += roundUp(s.files.fileNeed(f), block)
		}
	}
	if need > free {
		return &SpaceError{Dir: s.target.path, Need: need, Have: free}
	}
	return nil
}

// fileNeed returns how many bytes of a file have no blocks yet.
func (ff *files) fileNeed(f *file) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ff.resolve(f); err != nil || f.disk == final {
		return 0
	}
	if f.disk == absent {
		return f.len
	}
	d, err := ff.target.openDir(f.dir, false)
	if err != nil {
		return f.len
	}
	defer ff.cache.release(d)
	fi, err := d.root.Lstat(f.name())
	if err != nil {
		return f.len
	}
	return max(0, f.len-allocated(fi))
}

// roundUp rounds n up to whole units.
func roundUp(n, unit int64) int64 { return (n + unit - 1) / unit * unit }

// human writes a number of bytes for people.
func human(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	v, i := float64(n)/1024, 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	return fmt.Sprintf("%.1f %ciB", v, units[i])
}

// FreeSpace returns how many bytes this user may still write in the folder dir or,
// where it does not exist yet, in the nearest one above it that does; ok is false
// where that cannot be learned.
func FreeSpace(dir string) (free int64, ok bool) {
	for {
		f, err := os.Open(dir)
		if err == nil {
			free, _, ok = freeSpace(dir, f)
			f.Close()
			return free, ok
		}
		parent := filepath.Dir(dir)
		if parent == dir || !errors.Is(err, fs.ErrNotExist) {
			return 0, false
		}
		dir = parent
	}
}

// Unwritten returns how many bytes of a file have no blocks on disk yet: of path
// or, if that is not there, of its unfinished name. It looks and opens nothing, so
// it does not know whether what is there is right.
func Unwritten(path string, length int64) int64 {
	part := filepath.Join(filepath.Dir(path), partName(filepath.Base(path)))
	for _, name := range []string{path, part} {
		if fi, err := os.Lstat(name); err == nil && fi.Mode().IsRegular() {
			return max(0, length-allocated(fi))
		}
	}
	return length
}
