package torrent

import (
	"path/filepath"

	"gotor/piece/storage"
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

// Foresee says where the download of a spec with Meta would go and what it would
// take. It looks at names and sizes, and creates and opens nothing.
func Foresee(spec Spec) Forecast {
	t := &Torrent{spec: spec, meta: spec.Meta}
	wanted := selection(spec.Meta, spec.Wanted)
	f := Forecast{Root: t.Root(), Free: -1}
	for i := range spec.Meta.Files {
		if !wanted[i] {
			continue
		}
		file := ForecastFile{Index: i, Path: t.Path(i), Length: spec.Meta.Files[i].Length}
		f.Files = append(f.Files, file)
		f.Need += storage.Unwritten(file.Path, file.Length)
	}
	if free, ok := storage.FreeSpace(filepath.Clean(spec.Dir)); ok {
		f.Free = free
	}
	return f
}
