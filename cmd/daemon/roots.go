package daemon

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gotor/cmd/record"
)

// maxDirs bounds how many folders one listing has: a folder may hold millions.
const maxDirs = 5000

// roots are the folders outside of which nothing is written, moved, listed, deleted
// or served. They are absolute, and immutable. What lies below one is reached by
// os.Root, and no link on the way is followed, not even one that stays inside: who
// makes a link there must not decide where data goes.
type roots []string

// openRoots checks the folders that a user has named, and makes those that are
// missing.
func openRoots(dirs []string) (roots, error) {
	if len(dirs) == 0 {
		return nil, errors.New("no folder for the data of torrents is named")
	}
	var all roots
	for _, d := range dirs {
		abs, err := filepath.Abs(d)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(abs, 0o777); err != nil {
			return nil, err
		}
		// The user may have named it by a link; below it there are none.
		if abs, err = filepath.EvalSymlinks(abs); err != nil {
			return nil, err
		}
		if !slices.Contains(all, abs) {
			all = append(all, abs)
		}
	}
	return all, nil
}

// split says which root a folder lies in, and where; an empty dir is the first root.
// A path that is not absolute is below the first root.
func (r roots) split(dir string) (root, rel string, err error) {
	if dir == "" {
		return r[0], ".", nil
	}
	if strings.ContainsRune(dir, 0) {
		return "", "", record.NewProblem(record.CodeInvalid, "%q cannot be the name of a folder", dir)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(r[0], dir)
	}
	dir = filepath.Clean(dir)
	for _, root := range r {
		if rel, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(rel) && len(root) > 0 {
			return root, rel, nil
		}
	}
	return "", "", record.NewProblem(record.CodeForbidden, "%s is outside of the folders that gotor may use: %s", dir, strings.Join(r, ", "))
}

// place is the absolute path of a folder in which a torrent may lie. It need not be
// there yet; what there is of it must be folders, and no links.
func (r roots) place(dir string) (string, error) {
	root, rel, err := r.split(dir)
	if err != nil {
		return "", err
	}
	in, err := os.OpenRoot(root)
	if err != nil {
		return "", fileProblem(root, err)
	}
	defer in.Close()
	if err := plainFolders(in, rel); err != nil {
		return "", err
	}
	return filepath.Join(root, rel), nil
}

// plainFolders fails when something on the way to a folder is none.
func plainFolders(in *os.Root, rel string) error {
	if rel == "." {
		return nil
	}
	parts := strings.Split(filepath.ToSlash(rel), "/")
	for i := range parts {
		at := filepath.Join(parts[:i+1]...)
		fi, err := in.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fileProblem(filepath.Join(in.Name(), at), err)
		case fi.Mode()&fs.ModeSymlink != 0:
			return record.NewProblem(record.CodeForbidden, "%s is a link, and none is followed below the folders that gotor may use", filepath.Join(in.Name(), at))
		case !fi.IsDir():
			return record.NewProblem(record.CodeInvalid, "%s is no folder", filepath.Join(in.Name(), at))
		}
	}
	return nil
}

// list is what folders there are in a folder; an empty path lists the roots.
func (r roots) list(path string) (record.Dirs, error) {
	if path == "" {
		d := record.Dirs{Dirs: []record.Dir{}}
		for _, root := range r {
			d.Dirs = append(d.Dirs, record.Dir{Name: record.Safe(root), Path: root})
		}
		return d, nil
	}
	root, rel, err := r.split(path)
	if err != nil {
		return record.Dirs{}, err
	}
	in, err := os.OpenRoot(root)
	if err != nil {
		return record.Dirs{}, fileProblem(root, err)
	}
	defer in.Close()
	if err := plainFolders(in, rel); err != nil {
		return record.Dirs{}, err
	}
	d := record.Dirs{Path: filepath.Join(root, rel), Dirs: []record.Dir{}}
	f, err := in.Open(rel)
	if err != nil {
		return record.Dirs{}, fileProblem(d.Path, err)
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return record.Dirs{}, fileProblem(d.Path, err)
	}
	for _, e := range entries {
		if e.IsDir() && len(d.Dirs) < maxDirs {
			d.Dirs = append(d.Dirs, record.Dir{Name: record.Safe(e.Name()), Path: filepath.Join(d.Path, e.Name())})
		}
	}
	slices.SortFunc(d.Dirs, func(a, b record.Dir) int { return strings.Compare(a.Path, b.Path) })
	if free, _, ok := room(d.Path); ok {
		d.Free = &free
	}
	return d, nil
}

// disks are those of the roots.
func (r roots) disks() []record.Disk {
	all := make([]record.Disk, len(r))
	for i, root := range r {
		all[i].Dir = root
		if free, total, ok := room(root); ok {
			all[i].Free, all[i].Total = &free, &total
		}
	}
	return all
}

// fileProblem is what an error of a file means to who has named it.
func fileProblem(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return record.NewProblem(record.CodeNotFound, "%s is not there", path)
	}
	return record.NewProblem(record.Reason(record.ExitFile), "cannot use %s: %v", path, err)
}
