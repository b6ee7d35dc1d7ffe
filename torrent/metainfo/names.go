package metainfo

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// WithNames returns the torrent with other paths for some files, by index, as they are
// below the torrent's folder, with slashes: t itself if there are none. The paths must
// be such as a torrent could bring (CleanPath), and no two files may clash on any disk
// of this system, nor a file with a folder. What is not on disk, padding and links, and
// the file of a torrent that has only one have no such paths.
func (t *Torrent) WithNames(names map[int]string) (*Torrent, error) {
	if len(names) == 0 {
		return t, nil
	}
	if !t.Multi {
		return nil, errors.New("a torrent of one file has no paths: it is renamed as a whole")
	}
	c := *t
	c.Files = slices.Clone(t.Files)
	for i, name := range names {
		path, err := ownPath(name)
		if err == nil && (i < 0 || i >= len(c.Files) || c.Files[i].Pad || c.Files[i].Symlink) {
			err = errors.New("there is no such file")
		}
		if err != nil {
			return nil, fmt.Errorf("file %d cannot be called %q: %w", i, name, err)
		}
		c.Files[i].Path = path
	}
	paths := pathsOnDisk(c.Files)
	if _, losers := newResolver(false, foldCase(false)).settle(paths); len(losers) > 0 {
		return nil, fmt.Errorf("%q would clash with another file or folder of the torrent", strings.Join(paths[losers[0]], "/"))
	}
	return &c, nil
}

// ownPath splits a path that a user has chosen for a file.
func ownPath(name string) ([]string, error) {
	if len(name) > maxPath {
		return nil, errors.New("the path is too long")
	}
	path := strings.Split(name, "/")
	if len(path) > maxDirs {
		return nil, errors.New("there are too many folders in it")
	}
	if clean := CleanPath(path, false); !slices.Equal(path, clean) {
		return nil, fmt.Errorf("no file can be called that; %q would do", strings.Join(clean, "/"))
	}
	return path, nil
}
