package torrent

import (
	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// FitNames returns m as it is laid out in folder dir: on a disk that does not tell
// the case of names, files whose names differ in nothing else have other names.
// The disk is asked only if m has such files. All who look for a torrent's files
// go by it, so that they find what get has written.
func FitNames(m *metainfo.Torrent, dir string) *metainfo.Torrent {
	if folded := m.FoldCase(); folded != m && storage.FoldsCase(dir) {
		return folded
	}
	return m
}
