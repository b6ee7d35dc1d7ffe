package job

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// Destination is where a user wants the files of torrents, as for -o. The rules
// never change without a new major version:
//
//   - no output, or an existing folder, or a path with a slash at its end: into that
//     folder;
//   - for a single file, any other path: that is the file;
//   - for a torrent with a folder, any other path: a folder to be made, and the
//     torrent's folder in it;
//   - flat leaves the torrent's folder out;
//   - of several sources, the output is always a folder.
type Destination struct {
	Output  string // "" is the current folder
	Flat    bool   // no folder for the torrent
	Several bool   // it is for more than one source
}

// layout is where the files of one torrent go.
type layout struct {
	dir    string // folder that gets the file, or the torrent's folder
	rename string // name of a single file; empty: the torrent's own
	flat   bool   // no folder for the torrent
}

// layout applies the rules. isDir reports whether a path is an existing folder.
func (d Destination) layout(m *metainfo.Torrent, isDir func(string) bool) layout {
	l := layout{dir: d.Output, flat: d.Flat && m.Multi}
	if d.Output == "" {
		l.dir = "."
		return l
	}
	if m.Multi || d.Several || EndsInSlash(d.Output) || isDir(d.Output) {
		return l
	}
	base := filepath.Base(d.Output)
	if base == "." || base == ".." {
		return l
	}
	l.dir, l.rename = filepath.Dir(d.Output), base
	return l
}

// Place is what a daemon is told of it: the folder ("": as it thinks right), and the
// name of a single file ("": its own). m is nil while only a link is known; ok: it need
// not be.
func (d Destination) Place(m *metainfo.Torrent) (dir, name string, ok bool) {
	if d.Output == "" {
		return "", "", true
	}
	if m == nil {
		folder := d.Several || EndsInSlash(d.Output) || IsDir(d.Output)
		return d.Output, "", folder
	}
	l := d.layout(m, IsDir)
	return l.dir, l.rename, true
}

// StateFolder is where an earlier run would have left the state of a download of
// which only a link is known: the folder that the rules choose, as far as it can be
// told.
func (d Destination) StateFolder() string { return d.stateFolder(IsDir) }

func (d Destination) stateFolder(isDir func(string) bool) string {
	switch {
	case d.Output == "":
		return "."
	case d.Several || EndsInSlash(d.Output) || isDir(d.Output):
		return d.Output
	}
	return filepath.Dir(d.Output)
}

// EndsInSlash reports whether a path, which is not empty, can only be meant as a
// folder.
func EndsInSlash(p string) bool {
	return strings.HasSuffix(p, "/") || os.IsPathSeparator(p[len(p)-1])
}

// IsDir reports whether a path is an existing folder, or leads to one.
func IsDir(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}

// Locate finds out how path, which must exist, holds the torrent's data: in
// which folder, and under what name there. No name means the torrent's own, or
// that path is its folder.
func Locate(m *metainfo.Torrent, path string) (dir, top string, err error) {
	if _, err := os.Stat(path); err != nil {
		return "", "", ReadError(path, err)
	}
	switch {
	case m.Multi && !IsDir(path):
		return "", "", record.Errorf(record.ExitFile, "%s is a file, and the torrent is of a folder: %s", path, m.Name)
	case m.Multi && holdsTorrent(path, m):
		return path, m.Name, nil
	case !m.Multi && !IsDir(path):
		return filepath.Dir(path), filepath.Base(path), nil
	}
	return path, "", nil
}

// holdsTorrent reports whether root is the folder around the torrent's folder
// rather than that folder itself: the first file that is found in one of them
// decides.
func holdsTorrent(root string, m *metainfo.Torrent) bool {
	if !IsDir(filepath.Join(root, m.Name)) {
		return false
	}
	for i := range m.Files {
		if m.Files[i].Pad || m.Files[i].Symlink {
			continue
		}
		p := filepath.FromSlash(m.Files[i].SlashPath())
		if _, err := os.Lstat(filepath.Join(root, m.Name, p)); err == nil {
			return true
		}
		if _, err := os.Lstat(filepath.Join(root, p)); err == nil {
			return false
		}
	}
	return true
}

// LookAt says what the files at path look like, by their names below it, with
// slashes; "." is path itself. What cannot be seen is left out: whoever needs it
// will find the reason.
func LookAt(ctx context.Context, path string) map[string]fs.FileInfo {
	looks := map[string]fs.FileInfo{}
	if fi, err := os.Stat(path); err != nil || !fi.IsDir() {
		looks["."] = fi
		return looks
	}
	fs.WalkDir(os.DirFS(path), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if fi, err := d.Info(); err == nil {
				looks[name] = fi
			}
		}
		return ctx.Err()
	})
	return looks
}
