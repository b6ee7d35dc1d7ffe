package metainfo

import (
	"crypto/sha256"
	"slices"
	"strconv"

	"gotor/bencode"
)

// piecesRoot is the merkle root of one file that has more than one piece.
type piecesRoot struct {
	hash   [hashSize]byte
	pieces int // of the file
}

// filesV2 reads the file tree. It sets TotalLength, the number of pieces and
// Multi, unless the torrent has a version 1 part, which decides them.
func (p *parser) filesV2(tree bencode.Value) ([]entry, error) {
	if tree.Kind() != bencode.Dict {
		return nil, wrongKind("file tree", tree, bencode.Dict)
	}
	if !tree.Sorted() {
		return nil, malformed("file tree is not in order, which is the order of the files")
	}
	// length and root count in p.t, where the version 1 part may have been.
	total, pieces := p.t.TotalLength, p.t.numPieces
	p.t.TotalLength, p.t.numPieces = 0, 0
	w := treeWalk{parser: p}
	if err := w.dir(tree); err != nil {
		return nil, err
	}
	if len(w.files) == 0 {
		return nil, malformed("file tree is empty")
	}
	if p.t.HasV1 {
		p.t.TotalLength, p.t.numPieces = total, pieces
		return w.files, nil
	}
	// BEP 52: one file at the root is a torrent of a single file. If it is not
	// called like the torrent, the folder is what the other clients make.
	p.t.Multi = len(w.files) > 1 || len(w.files[0].path) > 1 || w.files[0].path[0] != p.name
	return w.files, nil
}

// treeWalk walks a file tree, in which "" is the key of a file's properties and
// anything else the name of a file or folder. It recurses once a folder;
// bencode has bounded the depth, and maxDirs does.
type treeWalk struct {
	*parser
	path  []string
	files []entry
}

// dir walks the folder at the current path. The keys are in order, which is the
// order of the files and of their pieces.
func (w *treeWalk) dir(v bencode.Value) error {
	for key, child := range v.Entries() {
		if len(key) == 0 {
			return malformed("file tree: the root or a folder is a file as well")
		}
		if child.Kind() != bencode.Dict {
			return wrongKind("file tree: "+quote(string(key)), child, bencode.Dict)
		}
		if len(w.path) == maxDirs {
			return malformed("file tree is more than %d folders deep", maxDirs)
		}
		w.path = append(w.path, string(key))
		var err error
		if node := child.Get(""); node.Kind() == bencode.Invalid {
			err = w.dir(child)
		} else if len(child.Raw()) != len("d0:")+len(node.Raw())+len("e") {
			err = malformed("file tree: %s is a file and a folder", quote(string(key)))
		} else {
			err = w.file(node)
		}
		if err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
	}
	return nil
}

// file reads the properties of the file at the current path.
func (w *treeWalk) file(v bencode.Value) error {
	if len(w.files) == maxFiles {
		return malformed("more than %d files", maxFiles)
	}
	index := len(w.files)
	if v.Kind() != bencode.Dict {
		return wrongKind("file tree: file "+strconv.Itoa(index), v, bencode.Dict)
	}
	e := entry{path: slices.Clone(w.path), attr: w.attr(v.Get("attr"))}
	e.attr.pad = false // version 2 has no padding files
	if err := w.checkPath(e.path, index); err != nil {
		return err
	}
	if !e.attr.symlink {
		var err error
		if e.length, err = w.length(v.Get("length"), "length of file "+strconv.Itoa(index)); err != nil {
			return err
		}
	}
	w.files = append(w.files, e)
	if e.length == 0 {
		return nil
	}
	return w.root(v.Get("pieces root"), e.length, index)
}

// root reads the merkle root of a file and counts its pieces. A root of zeros
// is that of nothing at all and would match a tree of missing hashes.
func (w *treeWalk) root(v bencode.Value, length int64, index int) error {
	b, _ := v.Str()
	if len(b) != hashSize || [hashSize]byte(b) == ([hashSize]byte{}) {
		return malformed("pieces root of file %d is not a hash of %d bytes", index, hashSize)
	}
	n := (length + w.t.PieceLength - 1) / w.t.PieceLength
	if n > maxPieces-int64(w.t.numPieces) {
		return malformed("more than %d pieces", maxPieces)
	}
	w.t.numPieces += int(n)
	if n > 1 {
		w.roots = append(w.roots, piecesRoot{[hashSize]byte(b), int(n)})
	}
	return nil
}

// agree refuses a hybrid whose two file lists differ: clients of the two
// versions would then exchange different files under one name (BEP 52).
func (p *parser) agree(v1, v2 []entry) error {
	var offset1, offset2 int64
	next := 0
	for i, e := range v1 {
		if e.attr.pad {
			offset1 += e.length
			continue
		}
		if next == len(v2) {
			return malformed("the v1 file list has file %d, the v2 list ends before it", i)
		}
		f := v2[next]
		next++
		if !slices.Equal(e.path, f.path) || e.length != f.length || e.attr.symlink != f.attr.symlink {
			return malformed("the v1 and v2 file lists differ at file %d", i)
		}
		if rest := offset2 % p.t.PieceLength; rest > 0 && f.length > 0 {
			offset2 += p.t.PieceLength - rest
		}
		if f.length > 0 && offset1 != offset2 {
			return malformed("file %d does not begin a piece in the v1 list of a hybrid", i)
		}
		offset1 += e.length
		offset2 += f.length
	}
	if next < len(v2) {
		return malformed("the v2 file list is longer than the v1 list")
	}
	return nil
}

// layers checks that the piece layers hash to the roots in the file tree: they
// lie outside of info, so the info-hash does not vouch for them. A file of one
// piece has none, its root is the hash of the piece. Work is bounded by the
// number of pieces, each layer is folded once. A hybrid may lack layers, as one
// made of a magnet link does, and is downloaded by its version 1 part; those it
// has must be right all the same.
func (p *parser) layers(v bencode.Value) error {
	if len(p.roots) == 0 {
		return nil // no file needs any
	}
	switch kind := v.Kind(); {
	case kind == bencode.Dict:
	case !p.t.HasV1:
		return wrongKind("piece layers", v, bencode.Dict)
	case kind != bencode.Invalid:
		p.warn("piece layers is %v, not a dictionary: left out", kind)
	}
	want := make(map[[hashSize]byte]int, len(p.roots))
	for _, r := range p.roots {
		if n, ok := want[r.hash]; ok && n != r.pieces {
			return malformed("files of different length have the same pieces root")
		}
		want[r.hash] = r.pieces
	}
	pad := layerPad(p.t.PieceLength)
	for k, e := range v.Entries() {
		if len(k) != hashSize {
			continue
		}
		root := [hashSize]byte(k)
		n, ok := want[root]
		if !ok {
			continue // of no file: harmless
		}
		layer, ok := e.Str()
		if !ok || len(layer) != n*hashSize || merkleRoot(layer, pad) != root {
			return malformed("piece layers of a file do not hash to its pieces root")
		}
		delete(want, root)
	}
	if len(want) > 0 && !p.t.HasV1 {
		return malformed("piece layers of %d files are missing", len(want))
	}
	return nil
}

// layerPad returns the hash of a piece whose blocks all lie beyond the end of
// the file: their leaf hashes are zero.
func layerPad(pieceLength int64) (h [hashSize]byte) {
	for n := pieceLength; n > blockSize; n /= 2 {
		h = sha256.Sum256(append(h[:], h[:]...))
	}
	return h
}

// merkleRoot folds a layer up to the root; pad completes it to a power of two.
func merkleRoot(layer []byte, pad [hashSize]byte) [hashSize]byte {
	h := slices.Clone(layer)
	for len(h) > hashSize {
		if len(h)%(2*hashSize) != 0 {
			h = append(h, pad[:]...)
		}
		n := 0
		for i := 0; i < len(h); i += 2 * hashSize {
			sum := sha256.Sum256(h[i : i+2*hashSize])
			n += copy(h[n:], sum[:])
		}
		h = h[:n]
		pad = sha256.Sum256(append(pad[:], pad[:]...))
	}
	return [hashSize]byte(h)
}
