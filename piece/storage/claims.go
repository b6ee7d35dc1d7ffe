package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

// Every file that a download writes has one owner: as long as there is state of
// the download, no other may write there. For a single file the name of the state
// says which file it is. Other downloads list their files, when they are opened,
// in
//
//	.NAME.gotor.files   "gotor f\n", the number of files n (4 bytes), n numbers of 8
//	                    bytes, sorted, and the CRC-32C of all that; big-endian
//
// where a number is the FNV-1a hash of the path from the folder that holds the
// list, in one case. Who opens a download writes its own list and then looks for
// others: in the target, above it, and in its folders that are there already. So
// of two that are opened at the same time at least one sees the other.
const (
	claimsMagic = "gotor f\n"
	claimsFixed = len(claimsMagic) + 4
	maxClaims   = claimsFixed + 8*maxFiles + 4
	// maxEntries bounds the look into a folder: it may hold any number of files
	// that do not concern us.
	maxEntries = 100_000
)

// ErrOwned: a file belongs to another download that is not finished.
var ErrOwned = errors.New("belongs to another unfinished download")

// claims are the files of a download, by the hashes of their paths, sorted.
type claims []uint64

// pathHash is what stands for a path in claims. Disks may not tell the case of
// names, so paths that differ in nothing else are one.
func pathHash(path string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, foldName(path))
	return h.Sum64()
}

func (c claims) has(path string) bool {
	_, found := slices.BinarySearch(c, pathHash(path))
	return found
}

func (c claims) encode() []byte {
	b := make([]byte, 0, claimsFixed+8*len(c)+4)
	b = binary.BigEndian.AppendUint32(append(b, claimsMagic...), uint32(len(c)))
	for _, h := range c {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return binary.BigEndian.AppendUint32(b, checksum(b))
}

func decodeClaims(b []byte) (claims, error) {
	sum := len(b) - 4
	if sum < claimsFixed || string(b[:len(claimsMagic)]) != claimsMagic || binary.BigEndian.Uint32(b[sum:]) != checksum(b[:sum]) ||
		uint64(binary.BigEndian.Uint32(b[len(claimsMagic):])) != uint64(sum-claimsFixed)/8 || (sum-claimsFixed)%8 != 0 {
		return nil, ErrDamaged
	}
	c := make(claims, 0, (sum-claimsFixed)/8)
	for b = b[claimsFixed:sum]; len(b) > 0; b = b[8:] {
		c = append(c, binary.BigEndian.Uint64(b))
	}
	if !slices.IsSorted(c) {
		return nil, ErrDamaged
	}
	return c, nil
}

// claimant makes the files of a download its own.
type claimant struct {
	spec   *Spec
	target *target
	temp   *temp
	files  *files
}

// claim makes the files of this Store its own: an ErrOwned if one of them is
// another's. The lock is held.
func (cl *claimant) claim() error {
	// Of two Stores that share descriptors, one is first.
	cl.spec.Descriptors.claiming.Lock()
	defer cl.spec.Descriptors.claiming.Unlock()
	var mine []string
	for i := range cl.files.list {
		if f := &cl.files.list[i]; f.wanted && !f.pad {
			mine = append(mine, cl.spec.Files[i].Path)
		}
	}
	name := stateName(cl.spec.Name, claimsSuffix)
	had, err := lstat(cl.target.root(), name)
	if err != nil {
		return pathError("open", name, err)
	}
	if err := cl.publish(name, mine); err != nil {
		return err
	}
	err = cl.findRivals(mine)
	if err != nil && had == nil {
		removeEntry(cl.target.root(), name)
	}
	return err
}

// publish writes the list of files, where the name does not say it all. It need
// not survive a power cut: whoever goes on writes it again.
func (cl *claimant) publish(name string, paths []string) error {
	if len(paths) == 1 && paths[0] == cl.spec.Name {
		return removeEntry(cl.target.root(), name)
	}
	c := make(claims, len(paths))
	for i, p := range paths {
		c[i] = pathHash(p)
	}
	slices.Sort(c)
	want := c.encode()
	if got, err := readEntry(cl.target.root(), name, int64(maxClaims)); err == nil && bytes.Equal(got, want) {
		return nil
	}
	return cl.temp.replace(cl.target.root(), name, 0o600, false, func(f *os.File) error {
		_, err := f.Write(want)
		return err
	})
}

// findRivals looks for other downloads that own one of the paths.
func (cl *claimant) findRivals(mine []string) error {
	abs := cl.target.path
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	// The target and what is above it: there our paths are longer.
	for folder, prefix := abs, ""; ; {
		r := rivals{path: folder, own: prefix == "", name: cl.spec.Name, rename: func(p string) (string, bool) { return prefix + p, true }}
		if root, err := os.OpenRoot(folder); err == nil {
			err := r.check(root, mine)
			root.Close()
			if err != nil {
				return err
			}
		}
		up := filepath.Dir(folder)
		if up == folder {
			break
		}
		folder, prefix = up, filepath.Base(folder)+"/"+prefix
	}
	return cl.findRivalsBelow(abs, mine)
}

// findRivalsBelow looks into the folders that are there already: in them our
// paths are shorter.
func (cl *claimant) findRivalsBelow(abs string, mine []string) error {
	seen := map[*dir]bool{}
	for i := range cl.files.list {
		f := &cl.files.list[i]
		if f.pad || !f.wanted {
			continue
		}
		for d := f.dir; d.parent != nil && !seen[d]; d = d.parent {
			seen[d] = true
			h, err := cl.target.openDir(d, false)
			if err != nil {
				continue // not there, or refused when it is written to
			}
			r := rivals{path: filepath.Join(abs, filepath.FromSlash(d.path)), rename: func(p string) (string, bool) { return strings.CutPrefix(p, d.path+"/") }}
			err = r.check(h.root, mine)
			cl.target.cache.release(h)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// rivals are the other downloads that have their state in one folder.
type rivals struct {
	path string
	own  bool   // it is the folder of our state,
	name string // which has this name
	// rename turns a path of ours into one from this folder; false if it is not
	// in it.
	rename func(string) (string, bool)
}

// check reports an ErrOwned if one of the downloads in the folder has a file that
// is among paths. A folder that cannot be read holds none that we could meet.
func (r rivals) check(root *os.Root, paths []string) error {
	for _, stem := range r.stems(root) {
		c, whole := r.claimsOf(root, stem)
		for _, mine := range paths {
			p, ok := r.rename(mine)
			if !ok || !c.has(p) && !(whole && !strings.Contains(p, "/") && strings.EqualFold(stateName(p, ""), stem)) {
				continue
			}
			if r.alive(root, stem) {
				return pathError("open", mine, fmt.Errorf("%w (%s); go on with that first, or choose another folder with -o", ErrOwned,
					safePath(filepath.Join(r.path, stem+recordSuffix))))
			}
			break
		}
	}
	return nil
}

// stems returns the names of other downloads with state in the folder, as
// stateName begins them.
func (r rivals) stems(root *os.Root) []string {
	d, err := root.Open(".")
	if err != nil {
		return nil
	}
	defer d.Close()
	var stems []string
	for n := 0; n < maxEntries; {
		list, err := d.Readdirnames(1024)
		n += len(list)
		for _, e := range list {
			for _, suffix := range []string{claimsSuffix, recordSuffix, lockSuffix} {
				if stem, ok := strings.CutSuffix(e, suffix); ok && strings.HasPrefix(e, ".") && !(r.own && stem == stateName(r.name, "")) {
					stems = append(stems, stem)
				}
			}
		}
		if err != nil {
			break
		}
	}
	slices.Sort(stems)
	return slices.Compact(stems)
}

// claimsOf returns the list of a download; whole says that there is none, and the
// download is the one file of its name. What others than this user have put there
// counts for nothing.
func (r rivals) claimsOf(root *os.Root, stem string) (c claims, whole bool) {
	b, fi, err := readFile(root, stem+claimsSuffix, int64(maxClaims))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true
	}
	if err != nil || !identify(fi).ours() {
		return nil, false
	}
	c, _ = decodeClaims(b)
	return c, false
}

// alive reports whether a download has something to go on with, or runs.
func (r rivals) alive(root *os.Root, stem string) bool {
	for _, suffix := range []string{recordSuffix, metainfoSuffix} {
		if fi, err := lstat(root, stem+suffix); err == nil && fi != nil && identify(fi).ours() {
			return true
		}
	}
	return isHeld(filepath.Join(r.path, stem+lockSuffix))
}

// ours reports whether the file is this user's or root's, under one name.
func (id identity) ours() bool { return !id.known || id.mine() && id.links == 1 }

// isHeld reports whether somebody has locked the file at a path.
func isHeld(path string) bool {
	if fi, err := os.Lstat(path); err != nil || !fi.Mode().IsRegular() {
		return false
	}
	fl := flock.New(path, flock.SetFlag(lockFlags&^os.O_CREATE))
	defer fl.Close()
	free, err := fl.TryRLock()
	return err == nil && !free
}
