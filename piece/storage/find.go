package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"
)

// State is what an unfinished download left beside its data. Both parts may
// have been written by anybody.
type State struct {
	// Name is Spec.Name of the earlier run; empty when it was too long to be kept.
	Name     string
	Metainfo []byte // the torrent file
	Record   []byte // what was given to SaveRecord; nil if there is none that is whole
}

// maxStates bounds what FindStates reads from a folder full of state files.
const maxStates = 1000

// FindStates returns the unfinished downloads that folder dir holds the state
// of, in the order of their names; none is no error. It writes nothing and takes
// no lock. What is damaged, a link or too large is left out.
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
		meta, err := readEntry(root, name, MaxMetainfo)
		if err != nil {
			continue
		}
		st := State{Name: stateOwner(name), Metainfo: meta}
		if b, err := readEntry(root, strings.TrimSuffix(name, metainfoSuffix)+recordSuffix, MaxRecord+recordFixed+4); err == nil {
			st.Record, _ = unwrapRecord(b)
		}
		found = append(found, st)
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
