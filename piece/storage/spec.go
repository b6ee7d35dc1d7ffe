package storage

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// File is one file of a torrent, as storage sees it.
type File struct {
	Path   string // slash-separated, relative to Spec.Dir, already cleaned
	Length int64  // bytes
	Offset int64  // of its first byte, in the torrent's byte sequence
	Pad    bool   // padding (BEP 47): never on disk, reads as zeros
	Wanted bool   // false: only what shares pieces with wanted files is kept, in the side file
	Exec   bool   // created with the execute permission (BEP 47 attribute x)
}

// Range is a run of bytes of the torrent.
type Range struct {
	Off, Len int64
}

// end is the offset after the last byte.
func (r Range) end() int64 { return r.Off + r.Len }

// Spec says what a Store holds and where. Open keeps Files and Ranges: the
// caller must not change them afterwards.
type Spec struct {
	Dir  string // the target folder; made when missing, may itself be reached through links
	Name string // NAME of the state files .NAME.gotor*; one path component, any length
	// Files in the order of their offsets, which must not overlap. Bytes that no
	// file covers are not on disk and read as zeros.
	Files       []File
	TotalLength int64
	// Ranges are the byte ranges that will be written: the wanted pieces, sorted
	// and apart from each other. nil: everything.
	Ranges []Range

	NoSync    bool   // no fsync anywhere: for disks that are thrown away
	Prealloc  bool   // allocate each file when its first byte is written, where the system can
	Overwrite bool   // write over files under their final names that differ
	ReadOnly  bool   // no lock, and nothing is ever written or created
	KeepSide  bool   // RemoveState leaves the side file: what is at the edges of wanted files can be verified later
	StateDir  string // folder of record, metainfo and lock; "" is Dir
	MaxOpen   int    // descriptors kept open, as in NewDescriptors; for a Store that shares them with none
	// Descriptors is the budget that this Store shares with others; nil: one of
	// its own, of MaxOpen.
	Descriptors *Descriptors
}

// maxFiles bounds what Open allocates for a hostile list.
const maxFiles = 200_000

// check refuses what would make the rest of the package reach outside Dir or
// lose track of offsets. Paths are cleaned before they come here: this is the
// second line.
func (sp *Spec) check() error {
	if !oneComponent(sp.Name) {
		return fmt.Errorf("storage: name %q cannot be used for state files", sp.Name)
	}
	if sp.TotalLength < 0 || len(sp.Files) > maxFiles {
		return fmt.Errorf("storage: %d files, %d bytes: out of range", len(sp.Files), sp.TotalLength)
	}
	var end int64
	for i := range sp.Files {
		f := &sp.Files[i]
		if f.Length < 0 || f.Offset < end || f.Length > sp.TotalLength-f.Offset {
			return fmt.Errorf("storage: file %d overlaps or lies outside the torrent", i)
		}
		end = f.Offset + f.Length
		if !f.Pad && !localPath(f.Path) {
			return fmt.Errorf("storage: path %q leaves the folder", f.Path)
		}
	}
	end = 0
	for _, r := range sp.Ranges {
		if r.Len <= 0 || r.Off < end || r.Len > sp.TotalLength-r.Off {
			return fmt.Errorf("storage: ranges overlap or lie outside the torrent")
		}
		end = r.end()
	}
	return nil
}

// checkNames refuses files that would meet another file, or one of the folders,
// under one name on disk, with their .part suffix or without, and files that
// would be taken for state.
func (sp *Spec) checkNames(dirs map[string]*dir) error {
	names := make(map[string]bool, len(sp.Files))
	for i := range sp.Files {
		f := &sp.Files[i]
		if f.Pad {
			continue
		}
		dir, base := path.Split(f.Path)
		if names[f.Path] || dir == "" && isStateName(sp.Name, base) {
			return clash(f.Path)
		}
		names[f.Path] = true
		if len(base)+len(partSuffix) > maxComponent {
			names[dir+partName(base)] = true
		}
	}
	for i := range sp.Files {
		f := &sp.Files[i]
		if whole, ok := strings.CutSuffix(f.Path, partSuffix); ok && !f.Pad && names[whole] {
			return clash(f.Path)
		}
	}
	for p := range dirs {
		if whole, ok := strings.CutSuffix(p, partSuffix); names[p] || ok && names[whole] {
			return clash(p)
		}
	}
	return nil
}

// clash is the error for a path that two things would share.
func clash(path string) error {
	return pathError("open", path, errors.New("the torrent has two things under this name"))
}

// localPath reports whether p is clean, relative and stays below its folder.
func localPath(p string) bool {
	if p == "." || p != path.Clean(p) || strings.IndexByte(p, 0) >= 0 {
		return false
	}
	if runtime.GOOS == "windows" && strings.ContainsAny(p, `\:`) {
		return false
	}
	return filepath.IsLocal(filepath.FromSlash(p))
}

// oneComponent reports whether name is a single component of a local path.
func oneComponent(name string) bool {
	return localPath(name) && !strings.Contains(name, "/")
}

// wantedRanges returns Ranges, or the whole torrent.
func (sp *Spec) wantedRanges() []Range {
	if sp.Ranges != nil || sp.TotalLength == 0 {
		return sp.Ranges
	}
	return []Range{{0, sp.TotalLength}}
}

// appendRange adds [lo, hi) to sorted ranges, joining it to the last one where
// they touch.
func appendRange(rs []Range, lo, hi int64) []Range {
	if hi <= lo {
		return rs
	}
	if n := len(rs); n > 0 && lo <= rs[n-1].end() {
		rs[n-1].Len = max(hi, rs[n-1].end()) - rs[n-1].Off
		return rs
	}
	return append(rs, Range{lo, hi - lo})
}
