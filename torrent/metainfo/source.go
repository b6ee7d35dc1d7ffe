package metainfo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
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
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		if len(s.files) == maxFiles {
			return fmt.Errorf("%s: more than %d files", s.path, maxFiles)
		}
		var info fs.FileInfo
		if d.Type()&fs.ModeSymlink != 0 {
			// Root follows links as long as they stay inside.
			if info, err = s.root.Stat(path); err != nil {
				return fmt.Errorf("symlink %s leads out of the directory or to nothing: %w", quote(path), err)
			}
		} else if info, err = d.Info(); err != nil {
			return err
		}
		return s.add(path, info)
	})
	if err == nil && len(s.files) == 0 {
		err = &fs.PathError{Op: "create", Path: s.path, Err: errors.New("no files in the directory")}
	}
	return err
}

func (s *source) add(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		what := "not a regular file"
		if info.IsDir() {
			what = "a symlink to a directory"
		}
		return &fs.PathError{Op: "create", Path: path, Err: errors.New(what)}
	}
	if info.Size() > maxTotal-s.total {
		return fmt.Errorf("%s: more than %d bytes", s.path, int64(maxTotal))
	}
	s.files = append(s.files, sourceFile{
		path: path, size: info.Size(), mtime: info.ModTime(), offset: s.total,
		exec: runtime.GOOS != "windows" && info.Mode()&0o100 != 0,
	})
	s.total += info.Size()
	return nil
}

// survives checks that t, read back, has the names that were written.
func (s *source) survives(t *Torrent, name string) error {
	if t.Name != name {
		return badOption("name %s would be stored as %s: give another name", quote(name), quote(t.Name))
	}
	for i := range s.files {
		if !s.multi {
			break
		}
		if was, is := s.files[i].path, t.Files[i].SlashPath(); was != is {
			return &fs.PathError{Op: "create", Path: was, Err: fmt.Errorf("would be stored as %s: rename it", quote(is))}
		}
	}
	return nil
}

// open opens a file and checks that it is the one that was listed.
func (s *source) open(i int) (f *os.File, err error) {
	if s.multi {
		f, err = s.root.Open(s.files[i].path)
	} else {
		f, err = os.Open(s.path)
	}
	if err != nil {
		return nil, err
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

func (s *source) unchanged(i int, info fs.FileInfo) error {
	if f := &s.files[i]; info.Size() != f.size || !info.ModTime().Equal(f.mtime) {
		return s.changed(i)
	}
	return nil
}

func (s *source) changed(i int) error {
	return &fs.PathError{Op: "create", Path: s.files[i].path, Err: errors.New("the file changed while it was read")}
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
		if err == nil {
			err = s.unchanged(i, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
