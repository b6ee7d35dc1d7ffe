package metainfo

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"gotor/bencode"
)

// entry is a file as the torrent has it, before its name is cleaned.
type entry struct {
	path   []string // raw
	length int64
	attr   attr
}

// attr is the set of BEP 47 attributes. "Characters appear in no particular
// order and unknown characters should be ignored."
type attr struct{ pad, symlink, exec, hidden bool }

// String returns the letters in a fixed order, so that equal sets are equal
// strings.
func (a attr) String() string {
	var b []byte
	for _, f := range []struct {
		set    bool
		letter byte
	}{{a.hidden, 'h'}, {a.symlink, 'l'}, {a.pad, 'p'}, {a.exec, 'x'}} {
		if f.set {
			b = append(b, f.letter)
		}
	}
	return string(b)
}

// files reads the file list of either version, checks it against the piece
// hashes, and fills Files.
func (p *parser) files(in map[string]bencode.Value) error {
	var v1, v2 []entry
	if p.t.HasV1 {
		var err error
		if v1, err = p.filesV1(in); err != nil {
			return err
		}
		if err := p.pieces(in["pieces"]); err != nil {
			return err
		}
	}
	if p.t.HasV2 {
		p.components = 0 // the two lists are of the same size
		var err error
		if v2, err = p.filesV2(in["file tree"]); err != nil {
			return err
		}
	}
	if p.t.HasV1 && p.t.HasV2 {
		if err := p.agree(v1, v2); err != nil {
			return err
		}
	}
	if p.t.HasV1 {
		p.list(v1, false)
	} else {
		p.list(v2, true)
	}
	return nil
}

// filesV1 reads files, or length of a single file, and sums TotalLength up.
func (p *parser) filesV1(in map[string]bencode.Value) ([]entry, error) {
	list := in["files"]
	switch list.Kind() {
	case bencode.List:
		if in["length"].Kind() != bencode.Invalid {
			p.warn("both length and files are there: files is used")
		}
		p.t.Multi = true
		return p.listV1(list)
	case bencode.Invalid:
		if in["length"].Kind() == bencode.Invalid {
			return nil, malformed("neither length nor files is there")
		}
	default:
		return nil, wrongKind("files", list, bencode.List)
	}
	n, err := p.length(in["length"], "length")
	if err != nil {
		return nil, err
	}
	a := p.attr(in["attr"])
	a.pad, a.symlink = false, false // a torrent of nothing else makes no sense
	return []entry{{path: []string{p.name}, length: n, attr: a}}, nil
}

// listV1 reads files. Their number is bounded while they are read: an entry
// takes a few bytes in the torrent and a hundred times that in memory.
func (p *parser) listV1(list bencode.Value) ([]entry, error) {
	var files []entry
	for v := range list.Items() {
		if len(files) == maxFiles {
			return nil, malformed("more than %d files", maxFiles)
		}
		e, err := p.entryV1(v, len(files))
		if err != nil {
			return nil, err
		}
		files = append(files, e)
	}
	if len(files) == 0 {
		return nil, malformed("files is empty")
	}
	return files, nil
}

// entryV1 reads one element of files.
func (p *parser) entryV1(v bencode.Value, index int) (e entry, err error) {
	if v.Kind() != bencode.Dict {
		return e, wrongKind("file "+strconv.Itoa(index), v, bencode.Dict)
	}
	// One walk instead of four look-ups: there may be 200,000 of these.
	var length, attrs, path, path8 bencode.Value
	for k, val := range v.Entries() {
		switch string(k) {
		case "attr":
			attrs = val
		case "length":
			length = val
		case "path":
			path = val
		case "path.utf-8":
			path8 = val
		}
	}
	e.attr = p.attr(attrs)
	if e.attr.symlink {
		// BEP 47: a link has no bytes, and may leave the length out.
		if n, ok := length.Int(); length.Kind() != bencode.Invalid && (!ok || n != 0) {
			p.warn("file %d is a symlink with a length: taken as 0", index)
		}
	} else if e.length, err = p.length(length, "length of file "+strconv.Itoa(index)); err != nil {
		return e, err
	}
	if path.Kind() == bencode.Invalid && path8.Kind() == bencode.Invalid && e.attr.pad {
		// BEP 47: "clients implementing this BEP should not require it to be
		// present on padding files"; this is the path it recommends.
		e.path = []string{".pad", strconv.FormatInt(e.length, 10)}
		return e, nil
	}
	e.path, err = p.pathV1(path, path8, index)
	e.attr.pad = e.attr.pad || paddingName(e.path)
	return e, err
}

// paddingName reports whether a file is padding by its name alone: BitComet, and
// what is modelled on it, wrote such before there was an attribute for it (BEP 47).
func paddingName(path []string) bool {
	return len(path) > 0 && strings.HasPrefix(path[len(path)-1], "_____padding_file_")
}

// length reads the length of a file and adds it to TotalLength.
func (p *parser) length(v bencode.Value, what string) (int64, error) {
	n, ok := v.Int()
	switch {
	case !ok:
		return 0, wrongKind(what, v, bencode.Integer)
	case n < 0:
		return 0, malformed("%s is negative", what)
	case n > maxTotal-p.t.TotalLength:
		return 0, malformed("%s takes the total over %d bytes", what, int64(maxTotal))
	}
	p.t.TotalLength += n
	return n, nil
}

// attr reads the attributes; only the first few letters are looked at.
func (p *parser) attr(v bencode.Value) attr {
	b, ok := v.Str()
	if !ok && v.Kind() != bencode.Invalid {
		p.warn("attr is %v, not a string: left out", v.Kind())
	}
	has := func(c byte) bool { return strings.IndexByte(string(b[:min(len(b), 32)]), c) >= 0 }
	return attr{pad: has('p'), symlink: has('l'), exec: has('x'), hidden: has('h')}
}

// pathV1 reads path.utf-8 if it is usable, else path. Old makers wrote path in
// the encoding of their system and added the twin for everybody else. Both go
// through the same cleaning, so neither can be used to get around it.
func (p *parser) pathV1(path, path8 bencode.Value, index int) ([]string, error) {
	if path8.Kind() != bencode.Invalid {
		if s, err := p.components1(path8, index); err == nil && allValid(s) {
			return s, nil
		}
		p.warn("path.utf-8 of file %d is not a list of UTF-8 strings: left out", index)
	}
	return p.components1(path, index)
}

func allValid(path []string) bool {
	for _, s := range path {
		if !utf8.ValidString(s) {
			return false
		}
	}
	return true
}

// components1 reads a list of strings. It is counted first, so that a list of
// millions costs no memory before it is refused.
func (p *parser) components1(v bencode.Value, index int) ([]string, error) {
	if v.Kind() != bencode.List {
		return nil, wrongKind("path of file "+strconv.Itoa(index), v, bencode.List)
	}
	n := 0
	for range v.Items() {
		n++
	}
	if n == 0 || n > maxDirs {
		return nil, malformed("path of file %d has %d components; it must have 1 to %d", index, n, maxDirs)
	}
	path := make([]string, 0, n)
	for item := range v.Items() {
		b, ok := item.Str()
		if !ok {
			return nil, wrongKind("path component of file "+strconv.Itoa(index), item, bencode.String)
		}
		path = append(path, string(b))
	}
	return path, p.checkPath(path, index)
}

// checkPath holds a path against the limits, in the raw form: cleaning makes
// paths shorter, or longer by one byte a component.
func (p *parser) checkPath(path []string, index int) error {
	size := len(path) - 1
	for _, s := range path {
		size += len(s)
	}
	if size > maxPath {
		return malformed("path of file %d is %d bytes long; at most %d are taken", index, size, maxPath)
	}
	if p.components += len(path); p.components > maxComponents {
		return malformed("more than %d path components", maxComponents)
	}
	return nil
}

// pieces holds the number of piece hashes against TotalLength. From here on
// every piece index below NumPieces has a hash and at least one byte, which
// clients that did not check have crashed on.
func (p *parser) pieces(v bencode.Value) error {
	b, ok := v.Str()
	if !ok {
		return wrongKind("pieces", v, bencode.String)
	}
	t := p.t
	// No overflow: the total is below 2^53, the piece length below 2^30.
	need := (t.TotalLength + t.PieceLength - 1) / t.PieceLength
	switch {
	case len(b)%20 != 0:
		return malformed("pieces is %d bytes long, not a multiple of 20", len(b))
	case len(b)/20 > maxPieces:
		return malformed("%d pieces; at most %d are taken", len(b)/20, maxPieces)
	case int64(len(b)/20) != need:
		return malformed("%d bytes in pieces of %d need %d piece hashes, not %d", t.TotalLength, t.PieceLength, need, len(b)/20)
	}
	t.pieces = b
	t.numPieces = len(b) / 20
	return nil
}

// list fills Files: clean paths, offsets, no clashes. aligned means the piece
// space of version 2, where each file begins a piece.
func (p *parser) list(entries []entry, aligned bool) {
	t := p.t
	t.Files = make([]File, len(entries))
	offset := int64(0)
	for i, e := range entries {
		if rest := offset % t.PieceLength; aligned && rest > 0 && e.length > 0 {
			offset += t.PieceLength - rest
		}
		f := &t.Files[i]
		*f = File{
			Length: e.length, Offset: offset, Attr: e.attr.String(),
			Pad: e.attr.pad, Symlink: e.attr.symlink, Exec: e.attr.exec, Hidden: e.attr.hidden,
		}
		if t.Multi {
			f.Path = CleanPath(e.path, p.portable)
		} else {
			f.Path = []string{t.Name}
		}
		offset += e.length
	}
	if t.Multi {
		if n := resolve(pathsOnDisk(t.Files), p.portable); n > 0 {
			p.warn("%d files renamed: their names clash", n)
		}
	}
}
