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
func (s *survey) conflicts() error {
	if s.spec.SeedOnly { // a seed has words of its own for it
		return nil
	}
	var first error
	more := 0
	for i, st := range s.states {
		err := s.inTheWay(i, st)
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
func (s *survey) inTheWay(i int, st storage.FileState) error {
	if !s.files.wanted[i] {
		return nil
	}
	switch {
	case st.Kind == storage.Conflict:
		if what := obstacle(s.spec.Dir, s.paths.below(i)); what != "" {
			return conflict(what)
		}
		if !s.spec.Overwrite {
			return conflict(fmt.Sprintf("%v: %s has %d bytes, not %d; move it away, or replace it with --overwrite, which keeps nothing of it",
				ErrFileConflict, s.paths.file(i), st.Size, s.files.meta.Files[i].Length))
		}
	case st.Kind == storage.Final && !s.spec.Overwrite && s.differs(i):
		return conflict(fmt.Sprintf("%v: %d of %d bytes of %s are right; move it away, or use --overwrite, which keeps these and replaces the rest",
			ErrFileConflict, s.rightBytes(i), s.files.meta.Files[i].Length, s.paths.file(i)))
	}
	return nil
}

// differs reports whether a file of the right size has a bad piece that no
// unfinished file has a part in.
func (s *survey) differs(i int) bool {
	ps := s.files.pieces(i)
	for p := ps.First; p < ps.End; p++ {
		if !bit(s.have, p) && s.allFinal(p) {
			return true
		}
	}
	return false
}

func (s *survey) allFinal(p int) bool {
	all := true
	s.files.of(p, func(file int, _ int64) {
		all = all && (s.states[file].Kind == storage.Final && s.files.wanted[file] || s.files.meta.Files[file].Pad)
	})
	return all
}

// rightBytes is how many bytes of a file lie in good pieces.
func (s *survey) rightBytes(i int) (n int64) {
	ps := s.files.pieces(i)
	for p := ps.First; p < ps.End; p++ {
		if !bit(s.have, p) {
			continue
		}
		s.files.of(p, func(file int, bytes int64) {
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
