package session

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// folder is the folder of a session, as the Store sees it: tests put one in its place
// that fails, or that loses what was not synced.
type folder interface {
	list() ([]string, error)
	// open opens a regular file to be read; fs.ErrNotExist.
	open(name string) (f file, size int64, err error)
	// create makes a file, or makes it empty.
	create(name string) (file, error)
	// extend opens a file to be written at its end.
	extend(name string) (file, error)
	rename(from, to string) error
	remove(name string) error
	// sync makes durable which names there are.
	sync() error
	close() error
}

// file is one that is read or written.
type file interface {
	io.ReaderAt
	io.Writer
	io.Closer
	Sync() error
}

// disk is a folder of the system's. No name leads out of it.
type disk struct{ root *os.Root }

func openDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &disk{root}, nil
}

func (d *disk) list() ([]string, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (d *disk) open(name string) (file, int64, error) {
	if err := d.regular(name); err != nil {
		return nil, 0, err
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

// regular fails for what is there and is no file, which might wait for ever.
func (d *disk) regular(name string) error {
	fi, err := d.root.Lstat(name)
	if err == nil && !fi.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", name)
	}
	return err
}

func (d *disk) create(name string) (file, error) {
	if err := d.regular(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return asFile(d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600))
}

func (d *disk) extend(name string) (file, error) {
	if err := d.regular(name); err != nil {
		return nil, err
	}
	return asFile(d.root.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0))
}

// asFile keeps a nil *os.File from becoming a file.
func asFile(f *os.File, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *disk) rename(from, to string) error { return d.root.Rename(from, to) }
func (d *disk) remove(name string) error     { return d.root.Remove(name) }
func (d *disk) sync() error                  { return syncFolder(d.root) }
func (d *disk) close() error                 { return d.root.Close() }
