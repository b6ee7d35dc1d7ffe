package metainfo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"gotor/bencode"
)

// source is what Create makes a torrent of: one file, or a directory.
type source struct {
	path  string // as given
	name  string // what to call the torrent
	root  *os.Root
	multi bool // a directory; root is set
	files []sourceFile
	total int64
}

// sourceFile is a file as it was found. Should it look different later, its
// hashes are worth nothing.
type sourceFile struct {
	path   string // below the root, with slashes; the base name of a single file
	size   int64
	mtime  time.Time
	offset int64 // in the pieces
	exec   bool
}

// appendAttr appends the attributes of BEP 47 that there are.
func (f *sourceFile) appendAttr(b []byte) []byte {
	if f.exec {
		b = bencode.AppendKeyString(b, "attr", "x")
	}
	return b
}

// openSource lists the files at path.
func openSource(ctx context.Context, path string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, multi: info.IsDir()}
	if s.name, err = baseName(path); err != nil {
		return nil, err
	}
	if !s.multi {
		return s, s.add(s.name, info)
	}
	if s.root, err = os.OpenRoot(path); err != nil {
		return nil, err
	}
	if err := s.walk(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close gives the directory back.
func (s *source) close() {
	if s.root != nil {
		s.root.Close()
	}
}

// walk lists the directory; fs.WalkDir goes in byte order and does not follow
// links.
func (s *source) walk(ctx context.Context) error {
	err := fs.WalkDir(s.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return s.fail(path, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		if len(s.files) == maxFiles {
			return s.fail(".", fmt.Errorf("more than %d files", maxFiles))
		}
		var info fs.FileInfo
		if d.Type()&fs.ModeSymlink != 0 {
			// Root follows links as long as they stay inside.
			if info, err = s.root.Stat(path); err != nil {
				return s.fail(path, fmt.Errorf("the symlink leads out of the directory or to nothing: %w", cause(err)))
			}
		} else if info, err = d.Info(); err != nil {
			return s.fail(path, err)
		}
		return s.add(path, info)
	})
	if err == nil && len(s.files) == 0 {
		err = s.fail(".", errors.New("no files in the directory"))
	}
	return err
}

// fail returns err as one about a file: as the caller would name it, not as it
// is called below the root.
func (s *source) fail(path string, err error) error {
	full := s.path
	if s.multi {
		full = filepath.Join(s.path, filepath.FromSlash(path))
	}
	return &fs.PathError{Op: "read", Path: full, Err: cause(err)}
}

// cause strips the path from an error of the os package.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// add takes up a file. Anything that has no bytes of its own is refused before
// it could be opened: a pipe would keep us waiting, a device may never end.
func (s *source) add(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		what := "not a regular file"
		if info.IsDir() {
			what = "a symlink to a directory"
		}
		return s.fail(path, errors.New(what))
	}
	if info.Size() > maxTotal-s.total {
		return s.fail(path, fmt.Errorf("takes the total over %d bytes", int64(maxTotal)))
	}
	s.files = append(s.files, sourceFile{
		path: path, size: info.Size(), mtime: info.ModTime(), offset: s.total,
		exec: runtime.GOOS != "windows" && info.Mode()&0o100 != 0,
	})
	s.total += info.Size()
	return nil
}

// survives checks that t, read back, has the names that were written. Otherwise
// whoever downloads the torrent gets other names, and we could not seed it from
// here.
func (s *source) survives(t *Torrent, name string) error {
	if t.Name != name {
		return badOption("name %s would be stored as %s: give another name", quote(name), quote(t.Name))
	}
	for i := range s.files {
		if !s.multi {
			break
		}
		if was, is := s.files[i].path, t.Files[i].SlashPath(); was != is {
			return s.fail(was, fmt.Errorf("would be stored as %s: rename it", quote(is)))
		}
	}
	return nil
}

// open opens a file and checks that it is the one that was listed. Should a
// pipe have taken its place, O_NONBLOCK keeps us from waiting for its writer.
func (s *source) open(i int) (f *os.File, err error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	if s.multi {
		f, err = s.root.OpenFile(s.files[i].path, flags, 0)
	} else {
		f, err = os.OpenFile(s.path, flags, 0)
	}
	if err != nil {
		return nil, s.fail(s.files[i].path, err)
	}
	info, err := f.Stat()
	if err == nil {
		err = s.unchanged(i, info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unchanged compares a file with what was found first. Size and time are all
// there is to see a change by: one within the tick of the clock stays unseen.
func (s *source) unchanged(i int, info fs.FileInfo) error {
	if f := &s.files[i]; !info.Mode().IsRegular() || info.Size() != f.size || !info.ModTime().Equal(f.mtime) {
		return s.changed(i)
	}
	return nil
}

// changed is the error for a file that is not what it was.
func (s *source) changed(i int) error {
	return s.fail(s.files[i].path, errors.New("the file changed while it was read"))
}

// recheck looks at all files once more when they have been hashed.
func (s *source) recheck(ctx context.Context) error {
	for i := range s.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		var (
			info fs.FileInfo
			err  error
		)
		if s.multi {
			info, err = s.root.Stat(s.files[i].path)
		} else {
			info, err = os.Stat(s.path)
		}
		if err != nil {
			return s.fail(s.files[i].path, err)
		}
		if err := s.unchanged(i, info); err != nil {
			return err
		}
	}
	return nil
}
