package metainfo

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldCase reports whether names that differ only in case clash: with
// portable names, and where the file system usually thinks so.
func foldCase(portable bool) bool {
	return portable || runtime.GOOS == "windows" || runtime.GOOS == "darwin"
}

// partSuffix is what an unfinished file carries.
const partSuffix = ".part"

// resolve renames files in place until all can lie on one disk, and returns
// how many it renamed. Two files clash if their paths are equal, if one is a
// folder of another, or if one is called like the other with ".part". Folders
// keep their names; a file that has its name to itself, or came first, keeps
// it; the others become "x.1.txt", "x.2.txt" and so on. The paths must be clean
// (CleanPath with the same portable), and are clean afterwards.
//
// It takes time and memory in proportion to the number of components: folders
// are numbered instead of joining paths, and the next number to try is
// remembered for each name.
func resolve(paths [][]string, portable bool) (renamed int) {
	return resolveAs(paths, portable, foldCase(portable))
}

// FoldCase returns the torrent as it is laid out on a disk that takes names which
// differ only in case for one: t itself, or, if some do, a copy in which all but
// the first have other names, the same on every call.
func (t *Torrent) FoldCase() *Torrent {
	if !t.Multi {
		return t
	}
	if _, losers := newResolver(false, true).settle(pathsOnDisk(t.Files)); len(losers) == 0 {
		return t
	}
	c := *t
	c.Files = slices.Clone(t.Files)
	for i := range c.Files {
		c.Files[i].Path = slices.Clone(c.Files[i].Path)
	}
	resolveAs(pathsOnDisk(c.Files), false, true)
	return &c
}

// pathsOnDisk returns the paths of the files that go to disk: the others must not
// take a name away.
func pathsOnDisk(files []File) [][]string {
	paths := make([][]string, 0, len(files))
	for i := range files {
		if f := &files[i]; !f.Pad && !f.Symlink {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// resolveAs is resolve; fold says that case makes no difference.
func resolveAs(paths [][]string, portable, fold bool) (renamed int) {
	r := newResolver(portable, fold)
	in, losers := r.settle(paths)
	for _, i := range losers {
		last := len(paths[i]) - 1
		paths[i][last] = r.rename(in[i], paths[i][last])
	}
	return len(losers)
}

// settle gives each file its own name, unless another has it: those are the losers.
// in is the folder of each file.
func (r *resolver) settle(paths [][]string) (in, losers []int) {
	r.files = make(map[place]struct{}, len(paths))
	in = make([]int, len(paths))
	for i, path := range paths {
		in[i] = r.enter(path[:len(path)-1])
	}
	for i, path := range paths {
		if !r.take(in[i], path[len(path)-1]) {
			losers = append(losers, i)
		}
	}
	return in, losers
}

// place is a name in a folder; the root is folder 0.
type place struct {
	dir  int
	name string // folded
}

// resolver knows every name that is taken so far.
type resolver struct {
	portable, fold bool
	dirs           map[place]int      // folders and their numbers
	files          map[place]struct{} // names given to files
	parts          map[place]struct{} // of both, those that end in ".part", without it
	next           map[place]int      // last number tried for a name, "stem/ext"
}

func newResolver(portable, fold bool) *resolver {
	return &resolver{
		portable: portable,
		fold:     fold,
		dirs:     make(map[place]int),
		parts:    make(map[place]struct{}),
		next:     make(map[place]int),
	}
}

// key returns the form of a name in which clashes are found. Names that are
// equal after Unicode normalization look the same to everybody, and are the same
// to macOS: they clash everywhere.
func (r *resolver) key(dir int, name string) place {
	name = norm.NFC.String(name)
	if r.fold {
		name = foldName(name)
	}
	return place{dir, name}
}

// foldName makes names equal that differ only in case.
func foldName(name string) string {
	// Up and down again: "ſ" and "K" have other lower case forms than their upper
	// case ones. No letter of ASCII does, and most names need no copy.
	if strings.ContainsFunc(name, func(c rune) bool { return c >= utf8.RuneSelf }) {
		name = strings.ToUpper(name)
	}
	return strings.ToLower(name)
}

// enter returns the number of a folder.
func (r *resolver) enter(path []string) int {
	dir := 0
	for _, name := range path {
		k := r.key(dir, name)
		n, ok := r.dirs[k]
		if !ok {
			n = len(r.dirs) + 1
			r.dirs[k] = n
			r.noteKey(k)
		}
		dir = n
	}
	return dir
}

// noteKey keeps in mind that something is called like the unfinished form of
// another name.
func (r *resolver) noteKey(k place) {
	if stem, ok := strings.CutSuffix(k.name, partSuffix); ok {
		r.parts[place{k.dir, stem}] = struct{}{}
	}
}

// take gives name to a file unless it clashes.
func (r *resolver) take(dir int, name string) bool {
	k := r.key(dir, name)
	if _, ok := r.dirs[k]; ok {
		return false
	}
	if _, ok := r.files[k]; ok {
		return false
	}
	if _, ok := r.parts[k]; ok {
		return false // our ".part" is taken
	}
	if stem, ok := strings.CutSuffix(k.name, partSuffix); ok {
		if _, ok := r.files[place{dir, stem}]; ok {
			return false // we are its ".part"
		}
	}
	r.files[k] = struct{}{}
	r.noteKey(k)
	return true
}

// rename finds and takes a new name for a file. Each number is tried at most
// once for a name in a folder, so all calls together try as many numbers as
// there are files and folders that could be in the way.
func (r *resolver) rename(dir int, name string) string {
	// Room for a dot, the number of every possible neighbour and the "_" that
	// cleaning may put in front.
	const room = len(".3000000_")
	limit := maxComponent
	if r.portable {
		limit = maxPortable
	}
	stem, ext := splitExt(name)
	stem = cutRunes(stem, limit-room-len(ext))
	k := r.key(dir, stem+"/"+ext)
	for {
		r.next[k]++
		// Cutting the stem may have laid bare something unclean.
		candidate := CleanName(stem+"."+strconv.Itoa(r.next[k])+ext, r.portable)
		if r.take(dir, candidate) {
			return candidate
		}
	}
}
