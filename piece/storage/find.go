package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// State is what an unfinished download left beside its data. It is read when it
// is asked for: a folder may hold gigabytes of it.
type State struct {
	// Name is Spec.Name of the earlier run; empty when it was too long to be kept.
	Name string
	Dir  string // the folder
	file string // of the metainfo
}

// Load returns the torrent file and the content given to SaveRecord. recordErr is
// why there is no record, or, with one, ErrNotOurs if others can have written it.
// What both say is for the caller to doubt.
func (st State) Load() (metainfo, record []byte, recordErr, err error) {
	root, err := os.OpenRoot(st.Dir)
	if err != nil {
		return nil, nil, nil, pathError("open", st.Dir, err)
	}
	defer root.Close()
	if metainfo, err = readEntry(root, st.file, MaxMetainfo); err != nil {
		return nil, nil, nil, pathError("read", filepath.Join(st.Dir, st.file), err)
	}
	record, recordErr = readRecord(root, strings.TrimSuffix(st.file, metainfoSuffix)+recordSuffix)
	return metainfo, record, recordErr, nil
}

// LoadRecord is Store.LoadRecord of download name in folder dir, which need not be open.
func LoadRecord(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, pathError("open", dir, err)
	}
	defer root.Close()
	return readRecord(root, stateName(name, recordSuffix))
}

// readRecord reads a record: ErrNotOurs, with its content, if others can have
// written it.
func readRecord(root *os.Root, name string) ([]byte, error) {
	b, fi, err := readFile(root, name, MaxRecord+recordFixed+4)
	if err != nil {
		return nil, pathError("read", name, err)
	}
	content, err := unwrapRecord(b)
	if err == nil && !trusted(fi) {
		err = ErrNotOurs
	}
	return content, pathError("read", name, err)
}

// maxStates bounds what FindStates reads from a folder full of state files.
const maxStates = 1000

// FindStates returns the unfinished downloads that folder dir holds the state
// of, in the order of their names; none is no error. It reads no file, writes
// nothing and takes no lock. What is a link, too large, or of another user is left
// out.
func FindStates(dir string) ([]State, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, pathError("open", dir, err)
	}
	defer root.Close()
	names, err := stateFiles(root)
	if err != nil {
		return nil, pathError("read", dir, err)
	}
	var found []State
	for _, name := range names {
		fi, err := lstat(root, name)
		if err == nil && fi != nil && fi.Size() <= MaxMetainfo && identify(fi).ours() {
			found = append(found, State{Name: stateOwner(name), Dir: dir, file: name})
		}
	}
	return found, nil
}

// stateOwner returns NAME of .NAME.gotor.torrent, or nothing if shorten may have
// cut it.
func stateOwner(file string) string {
	name := strings.TrimSuffix(strings.TrimPrefix(file, "."), metainfoSuffix)
	if n := len(name) - 17; n > 200 && name[n] == '~' {
		return ""
	}
	return name
}

// stateFiles returns the names of the kept torrent files in a folder, sorted.
func stateFiles(root *os.Root) ([]string, error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var names []string
	for {
		list, err := d.ReadDir(256)
		for _, e := range list {
			if strings.HasPrefix(e.Name(), ".") && strings.HasSuffix(e.Name(), metainfoSuffix) && e.Type().IsRegular() {
				names = append(names, e.Name())
			}
		}
		if errors.Is(err, io.EOF) || len(names) >= maxStates {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(names)
	return names[:min(len(names), maxStates)], nil
}

// readEntry reads a regular file of at most limit bytes, never through a link.
func readEntry(root *os.Root, name string, limit int64) ([]byte, error) {
	b, _, err := readFile(root, name, limit)
	return b, err
}

// readFile is readEntry that also tells what the file looked like.
func readFile(root *os.Root, name string, limit int64) ([]byte, fs.FileInfo, error) {
	want, err := lstat(root, name)
	if err != nil {
		return nil, nil, err
	}
	if want == nil {
		return nil, nil, fs.ErrNotExist
	}
	if want.Size() > limit {
		return nil, nil, ErrDamaged
	}
	f, err := root.OpenFile(name, os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	got, err := f.Stat()
	if err != nil || !os.SameFile(want, got) {
		return nil, nil, errSwapped
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = ErrDamaged
	}
	return b, got, err
}
