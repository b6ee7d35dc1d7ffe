package torrent

import (
	"unicode/utf8"

	"gotor/bencode"
	"gotor/peer/webseed"
	"gotor/torrent/metainfo"
)

// webNames are the names of files as the torrent has them, before they were made
// fit for a disk: a web server has them so.
type webNames struct {
	name  string
	paths [][]string // by file; nil: a single one
}

// newWebNames reads them from the metainfo.
func newWebNames(m *metainfo.Torrent) *webNames {
	n := &webNames{name: m.Name}
	info, err := bencode.Parse(m.Info, bencode.Limits{Size: len(m.Info), Tokens: len(m.Info)})
	if err != nil {
		return n // it was parsed before, so this cannot be
	}
	if s, ok := rawText(info.Get("name.utf-8"), info.Get("name")); ok {
		n.name = s
	}
	if !m.Multi {
		return n
	}
	n.paths = make([][]string, 0, len(m.Files))
	for f := range info.Get("files").Items() {
		n.paths = append(n.paths, rawPath(f.Get("path.utf-8"), f.Get("path")))
	}
	for i := range m.Files { // and where there is nothing usable, as on disk
		if i >= len(n.paths) {
			n.paths = append(n.paths, nil)
		}
		if len(n.paths[i]) == 0 {
			n.paths[i] = m.Files[i].Path
		}
	}
	return n
}

// url is where file i is, by an entry of url-list.
func (n *webNames) url(entry string, i int) string {
	if n.paths == nil {
		return webseed.FileURL(entry, n.name, nil)
	}
	return webseed.FileURL(entry, n.name, n.paths[i])
}

// rawText returns the twin in UTF-8, or the other.
func rawText(twin, other bencode.Value) (string, bool) {
	if b, ok := twin.Str(); ok && len(b) > 0 && utf8.Valid(b) {
		return string(b), true
	}
	b, ok := other.Str()
	return string(b), ok && len(b) > 0
}

// rawPath returns the components of a path; nil if one cannot be part of a URL.
func rawPath(lists ...bencode.Value) (path []string) {
	for k, l := range lists {
		path = path[:0]
		good := true
		for part := range l.Items() {
			b, ok := part.Str()
			good = good && ok && len(b) > 0 && string(b) != "." && string(b) != ".." && (k > 0 || utf8.Valid(b))
			path = append(path, string(b))
		}
		if good && len(path) > 0 {
			return path
		}
	}
	return nil
}
