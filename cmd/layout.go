package cmd

import (
	"os"
	"path/filepath"
	"strings"

	"gotor/torrent/metainfo"
)

// layout is where the files of one torrent go.
type layout struct {
	dir    string // folder that gets the file, or the torrent's folder
	rename string // name of a single file; empty: the torrent's own
	flat   bool   // no folder for the torrent
}

// planLayout applies the rules for -o. They never change without a new major
// version:
//
//   - nothing, or an existing folder, or a path with a slash at its end: into
//     that folder;
//   - for a single file, any other path: that is the file;
//   - for a torrent with a folder, any other path: a folder to be made, and the
//     torrent's folder in it;
//   - --flat leaves the torrent's folder out;
//   - with several sources, -o is always a folder.
//
// isDir reports whether a path is an existing folder.
func planLayout(output string, flat, several bool, m *metainfo.Torrent, isDir func(string) bool) layout {
	l := layout{dir: output, flat: flat && m.Multi}
	if output == "" {
		l.dir = "."
		return l
	}
	if m.Multi || several || endsInSlash(output) || isDir(output) {
		return l
	}
	base := filepath.Base(output)
	if base == "." || base == ".." {
		return l
	}
	l.dir, l.rename = filepath.Dir(output), base
	return l
}

// stateFolder is where an earlier run would have left the state of a download of
// which only a link is known: planLayout's folder, as far as it can be told.
func stateFolder(output string, several bool, isDir func(string) bool) string {
	switch {
	case output == "":
		return "."
	case several || endsInSlash(output) || isDir(output):
		return output
	}
	return filepath.Dir(output)
}

func endsInSlash(p string) bool {
	return strings.HasSuffix(p, "/") || os.IsPathSeparator(p[len(p)-1])
}

func isDir(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}
