package torrent

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gotor/piece/storage"
)

// conflict is an ErrFileConflict that says what stands in the way.
type conflict string

func (c conflict) Error() string      { return string(c) }
func (conflict) Is(target error) bool { return target == ErrFileConflict }

// conflicts fails when something else stands under the final name of a file: a
// file with other data - a piece that lies in such files alone is bad, or the size
// is wrong -, or what is no file at all, which is never replaced.
func (t *Torrent) conflicts(states []storage.FileState, have []byte) error {
	if t.spec.SeedOnly { // a seed has words of its own for it
		return nil
	}
	var first error
	more := 0
	for i, st := range states {
		err := t.inTheWay(i, st, states, have)
		switch {
		case err == nil:
		case first == nil:
			first = err
		default:
			more++
		}
	}
	if more > 0 {
		return fmt.Errorf("%w (the same with %d more)", first, more)
	}
	return first
}

// inTheWay is the conflict about one file, or nil.
func (t *Torrent) inTheWay(i int, st storage.FileState, states []storage.FileState, have []byte) error {
	if !t.files.wanted[i] {
		return nil
	}
	switch {
	case st.Kind == storage.Conflict:
		if what := obstacle(t.spec.Dir, t.paths.below(i)); what != "" {
			return conflict(what)
		}
		if !t.spec.Overwrite {
			return conflict(fmt.Sprintf("%v: %s has %d bytes, not %d; move it away, or replace it with --overwrite, which keeps nothing of it",
				ErrFileConflict, t.Path(i), st.Size, t.meta.Files[i].Length))
		}
	case st.Kind == storage.Final && !t.spec.Overwrite && t.differs(i, states, have):
		return conflict(fmt.Sprintf("%v: %d of %d bytes of %s are right; move it away, or use --overwrite, which keeps these and replaces the rest",
			ErrFileConflict, t.rightBytes(i, have), t.meta.Files[i].Length, t.Path(i)))
	}
	return nil
}

// differs reports whether a file of the right size has a bad piece that no
// unfinished file has a part in.
func (t *Torrent) differs(i int, states []storage.FileState, have []byte) bool {
	ps := t.files.pieces(i)
	for p := ps.First; p < ps.End; p++ {
		if !bit(have, p) && t.allFinal(p, states) {
			return true
		}
	}
	return false
}

func (t *Torrent) allFinal(p int, states []storage.FileState) bool {
	all := true
	t.files.of(p, func(file int, _ int64) {
		all = all && (states[file].Kind == storage.Final && t.files.wanted[file] || t.meta.Files[file].Pad)
	})
	return all
}

// rightBytes is how many bytes of a file lie in good pieces.
func (t *Torrent) rightBytes(i int, have []byte) (n int64) {
	ps := t.files.pieces(i)
	for p := ps.First; p < ps.End; p++ {
		if !bit(have, p) {
			continue
		}
		t.files.of(p, func(file int, bytes int64) {
			if file == i {
				n += bytes
			}
		})
	}
	return n
}

// obstacle says what keeps a path below dir, with slashes, from being that of a
// regular file, where nothing can be put in its place; "": nothing does. It is for
// the message alone: whatever is opened is looked at again.
func obstacle(dir, rel string) string {
	parts := strings.Split(rel, "/")
	for n := range parts {
		at := filepath.Join(dir, filepath.FromSlash(path.Join(parts[:n+1]...)))
		fi, err := os.Lstat(at)
		last := n == len(parts)-1
		switch {
		case err != nil:
			return ""
		case fi.Mode()&os.ModeSymlink != 0:
			return fmt.Sprintf("a symbolic link is in the way: %s; none is followed: move it away", at)
		case last && fi.IsDir():
			return fmt.Sprintf("a folder is in the way: %s; move it away, --overwrite replaces files only", at)
		case last && !fi.Mode().IsRegular():
			return fmt.Sprintf("%s is in the way, which is not a regular file; move it away", at)
		case !last && !fi.IsDir():
			return fmt.Sprintf("a file is in the way of a folder: %s; move it away", at)
		}
	}
	return ""
}
