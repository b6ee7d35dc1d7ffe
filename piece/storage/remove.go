package storage

import (
	"errors"
	"io/fs"
)

// RemoveSpec says what Remove takes off the disk.
type RemoveSpec struct {
	Spec
	// Complete are the files under their final names, Unfinished the .part files with
	// the side file.
	Complete, Unfinished bool
	// Chosen are the files that may go, by index; nil: all.
	Chosen []bool
	// Parts says of which files a .part is this download's; nil: of none.
	Parts []bool
}

// Removed is what Remove has done.
type Removed struct {
	Files int    // how many went
	Bytes int64  // that they had on disk
	Left  []Left // what stands where there should be nothing, or could not be removed
}

// Left is what Remove has left.
type Left struct {
	Path string // from the target folder, with slashes; raw
	Why  error
}

// Remove removes files of a download that nobody has open: regular files with names
// and sizes of its own, never through links, the folders that are empty then, and its
// state unless unfinished files stay. Spec.Dir stays. What cannot be removed is told in
// Left, and is no error. Errors: ErrLocked, and a Spec.Dir that cannot be opened; it
// is none if that is not there.
func Remove(spec RemoveSpec) (r Removed, err error) {
	spec.ReadOnly = true // so that nothing is made
	e, err := openEstate(spec.Spec, spec.Parts, true)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.removeFiles(e, &spec)
	keeps := keepsParts(e)
	if !keeps {
		r.removeState(e)
	}
	r.reportMove(e)
	part := keeps || spec.Chosen != nil || !spec.Complete || !spec.Unfinished
	for _, d := range e.folders() {
		if err := e.removeFolder(d); err != nil && !(part && errors.Is(err, errOthers)) {
			r.leave(d.path, err)
		}
	}
	return r, e.close()
}

// leave notes what stays.
func (r *Removed) leave(path string, why error) {
	r.Left = append(r.Left, Left{path, bareReason(why)})
}

// removeFiles removes the torrent's files.
func (r *Removed) removeFiles(e *estate, spec *RemoveSpec) {
	asked := func(it *item) bool {
		if it.part && !spec.Unfinished || !it.part && !spec.Complete {
			return false
		}
		return spec.Chosen == nil || it.file < len(spec.Chosen) && spec.Chosen[it.file]
	}
	e.find(func(it item) error {
		if !asked(&it) {
			return nil
		}
		if err := e.remove(&it); err != nil {
			r.leave(it.path(), err)
			return nil
		}
		r.Files++
		r.Bytes += allocated(it.fi)
		return nil
	}, func(it item, why error) {
		if asked(&it) {
			r.leave(it.path(), why)
		}
	})
}

// keepsParts reports whether unfinished files are there still, which are of use only
// with the state.
func keepsParts(e *estate) (some bool) {
	e.find(func(it item) error {
		some = some || it.part
		return nil
	}, func(item, error) {})
	return some
}

// removeState removes what is beside the data.
func (r *Removed) removeState(e *estate) {
	root := e.target.root()
	for _, suffix := range []string{recordSuffix, metainfoSuffix, tempSuffix, sideSuffix, claimsSuffix} {
		name := stateName(e.spec.Name, suffix)
		fi, err := lstat(root, name)
		if err == nil && fi != nil {
			err = root.Remove(name)
		}
		if err != nil {
			r.leave(name, err)
		}
	}
}

// reportMove tells of an unfinished Move to this place, which is to be ended first.
func (r *Removed) reportMove(e *estate) {
	name := stateName(e.spec.Name, moveSuffix)
	if _, err := e.target.root().Lstat(name); err == nil {
		r.leave(name, ErrMoving)
	}
}

// remove removes one item that was found.
func (e *estate) remove(it *item) error {
	d, err := e.target.openDir(it.dir, false)
	if err != nil {
		return err
	}
	defer e.cache.release(d)
	return d.root.Remove(it.name)
}
