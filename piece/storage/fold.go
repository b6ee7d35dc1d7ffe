package storage

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// FoldsCase reports whether the disk of folder dir, or of the folder above that
// exists, takes names that differ only in case for one: vfat, exfat, CIFS, folders
// of ext4 with that attribute. An entry of the folder tells, or else a file that is
// made for a moment. Where nothing can be learned, names are taken to differ.
func FoldsCase(dir string) bool {
	for {
		root, err := os.OpenRoot(dir)
		if err == nil {
			defer root.Close()
			return foldsCase(root)
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || up == dir {
			return false
		}
		dir = up
	}
}

func foldsCase(root *os.Root) bool {
	const few = 256
	if d, err := root.Open("."); err == nil {
		names, _ := d.Readdirnames(few)
		d.Close()
		for _, name := range names {
			if other := swapCase(name); len(names) < few && other != name && !slices.Contains(names, other) {
				return exists(root, other)
			}
		}
	}
	temp := ".gotor-case-" + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
	f, err := root.OpenFile(temp, newFile, 0o600)
	if err != nil {
		return false
	}
	f.Close()
	defer root.Remove(temp)
	return exists(root, swapCase(temp))
}

// exists reports whether a name that no folder lists leads to something. Which
// file it is does not matter: FUSE shows one file under two names as two.
func exists(root *os.Root, name string) bool {
	_, err := root.Lstat(name)
	return err == nil
}

// swapCase turns capitals into small letters and the other way round.
func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

// foldName makes names equal that differ only in case. Up and down again: there are
// letters whose lower case form is not that of their upper case one.
func foldName(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// checkFolding refuses files whose names differ only in case on a disk that takes
// them for one: each would be written over the other.
func (ff *files) checkFolding() error {
	seen := make(map[string]string, len(ff.list))
	for i := range ff.list {
		if ff.list[i].pad {
			continue
		}
		p := ff.spec.Files[i].Path
		key := foldName(p)
		if other, twice := seen[key]; twice {
			if foldsCase(ff.target.root()) {
				return pathError("open", p, errors.New("this disk takes it for "+safePath(other)+"; use --portable-names"))
			}
			return nil
		}
		seen[key] = p
	}
	return nil
}
