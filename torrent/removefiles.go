package torrent

import (
	"errors"
	"fmt"
	"io/fs"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// RemoveSpec says which files of a torrent are to be removed from its Place.
type RemoveSpec struct {
	Place
	Meta *metainfo.Torrent
	// Complete are the files under their final names, Unfinished those that have none
	// yet, with what belongs to them.
	Complete, Unfinished bool
	// Files are those that may go, by index; nil: all.
	Files []bool
	// KeyDir is the Config.KeyDir of those who downloaded it.
	KeyDir string
}

// Removed is what RemoveFiles has done.
type Removed = storage.Removed

// RemoveFiles removes files of a torrent that does not run, from the disk: only regular
// files that are its own by name and size, or by its record if they are unfinished; no
// links, and nothing behind one. Folders that are empty then go, but Place.Dir, and so
// does our state beside the data unless unfinished files stay. What stays is told in
// Removed.Left, and is no error. It fails if the download is held (ErrLocked), or if the
// state there is of another torrent (ErrFileConflict).
func RemoveFiles(s RemoveSpec) (Removed, error) {
	if err := s.checkNames(s.Meta); err != nil {
		return Removed{}, err
	}
	p := s.paths(s.Meta)
	parts, err := p.owned(sealKey(s.KeyDir))
	if err != nil {
		return Removed{}, err
	}
	return storage.Remove(storage.RemoveSpec{
		Spec: p.spec(selection(s.Meta, nil)), Complete: s.Complete, Unfinished: s.Unfinished, Chosen: s.Files, Parts: parts,
	})
}

// spec is how storage sees the files at these paths.
func (p *paths) spec(wanted []bool) storage.Spec {
	files := make([]storage.File, len(p.meta.Files))
	for i, f := range p.meta.Files {
		files[i] = storage.File{Path: p.below(i), Length: f.Length, Offset: f.Offset, Pad: f.Pad || f.Symlink, Wanted: wanted[i], Exec: f.Exec}
	}
	return storage.Spec{Dir: p.dir, Name: p.top, Files: files, TotalLength: p.meta.TotalLength}
}

// record is the one beside the data; nil, without an error, if there is none or it is
// damaged, which some tells.
func (p *paths) record(key []byte) (r *record, some bool, err error) {
	b, err := storage.LoadRecord(p.dir, p.top)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	r, err = readRecord(key, b, err, p.meta.InfoHash, p.meta.NumPieces(), len(p.meta.Files))
	if errors.Is(err, errOtherTorrent) {
		return nil, true, fmt.Errorf("%w: the unfinished %q in %s is of another torrent", ErrFileConflict, p.top, p.dir)
	}
	if err != nil {
		r = nil
	}
	return r, true, nil
}

// owned says which .part files are this download's: as for one that goes on, those that
// its record names, or all if that is damaged.
func (p *paths) owned(key []byte) ([]bool, error) {
	r, some, err := p.record(key)
	if err != nil {
		return nil, err
	}
	own, parts := owned(r, some), make([]bool, len(p.meta.Files))
	for i := range parts {
		parts[i] = own(i)
	}
	return parts, nil
}
