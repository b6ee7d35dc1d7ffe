package torrent

import (
	"path"
	"path/filepath"

	"gotor/torrent/metainfo"
)

// paths are the names that the files of a torrent have in its Place. The zero value
// is of no use.
type paths struct {
	meta *metainfo.Torrent // with names that fit the disk
	dir  string
	top  string // what the file, or the torrent's folder, is called
	flat bool
}

// paths lays m out. Whether the disk tells the case of names is asked of the disk.
// Names that checkNames refuses are left out.
func (p *Place) paths(m *metainfo.Torrent) paths {
	if named, err := m.WithNames(p.Names); err == nil {
		m = named
	}
	top := p.Rename
	if top == "" {
		top = m.Name
	}
	return paths{FitNames(m, p.Dir), p.Dir, top, p.Flat}
}

// checkNames says why Names cannot be.
func (p *Place) checkNames(m *metainfo.Torrent) error {
	_, err := m.WithNames(p.Names)
	return err
}

// root is the path of the file, or of the torrent's folder (Place.Dir itself when
// flat).
func (p *paths) root() string {
	if p.meta.Multi && p.flat {
		return filepath.Clean(p.dir)
	}
	return filepath.Join(p.dir, p.top)
}

// file is the final path of file i.
func (p *paths) file(i int) string { return filepath.Join(p.dir, filepath.FromSlash(p.below(i))) }

// below is the final path of file i below Place.Dir, with slashes.
func (p *paths) below(i int) string {
	if !p.meta.Multi {
		return p.top
	}
	name := p.meta.Files[i].SlashPath()
	if p.flat {
		return name
	}
	return path.Join(p.top, name)
}
