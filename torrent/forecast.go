package torrent

import (
	"path/filepath"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// Forecast is what a download would do to the disk.
type Forecast struct {
	Root  string // as Torrent.Root
	Files []ForecastFile
	// Need is how many bytes of the selected files have no place on the disk yet:
	// what is there counts, whether it is right or not.
	Need int64
	// Free is how many bytes the user may still write there; -1: nobody can tell.
	Free int64
}

// ForecastFile is a selected file.
type ForecastFile struct {
	Index  int
	Path   string // final
	Length int64
}

// Fits reports whether there is room for what is still to be written, as far as
// that is known.
func (f *Forecast) Fits() bool { return f.Free < 0 || f.Need <= f.Free }

// Foresee says where the download of the wanted files of m would go and what it
// would take; nil means all. It looks at names and sizes, and creates and opens nothing.
func Foresee(m *metainfo.Torrent, place Place, wanted []bool) Forecast {
	at := place.paths(m)
	f := Forecast{Root: at.root(), Free: -1}
	for i, want := range selection(m, wanted) {
		if !want {
			continue
		}
		file := ForecastFile{Index: i, Path: at.file(i), Length: m.Files[i].Length}
		f.Files = append(f.Files, file)
		f.Need += storage.Unwritten(file.Path, file.Length)
	}
	if free, ok := storage.FreeSpace(filepath.Clean(place.Dir)); ok {
		f.Free = free
	}
	return f
}
