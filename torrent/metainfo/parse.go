package metainfo

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gotor/bencode"
)

// Options change how Parse reads a torrent.
type Options struct {
	// PortableNames cleans names as Windows needs it on every system, and
	// renames files whose names differ only in case.
	PortableNames bool
}

// Parse reads a .torrent file. It keeps b, which must not be changed
// afterwards. Errors are *Error.
func Parse(b []byte) (*Torrent, error) { return Options{}.Parse(b) }

// Is reports whether the .torrent file b has the info-hash given. It costs a small
// part of Parse, which may still refuse it.
func Is(b []byte, infoHash [20]byte) bool {
	lim := limits()
	lim.Lenient = true
	v, err := bencode.Parse(b, lim)
	return err == nil && v.Kind() == bencode.Dict && sha1.Sum(pick(v, "info")["info"].Raw()) == infoHash
}

// Parse is the function Parse with options. What is not hashed is read as
// libtorrent reads it: bytes behind the dictionary, which web servers and
// editors leave, do no harm.
func (o Options) Parse(b []byte) (*Torrent, error) {
	lim := limits()
	lim.Lenient = true
	v, err := bencode.Parse(b, lim)
	if err != nil {
		return nil, explain(b, err)
	}
	if v.Kind() != bencode.Dict {
		return nil, wrongKind("the torrent", v, bencode.Dict)
	}
	p := parser{portable: o.PortableNames, t: new(Torrent)}
	root := pick(v, "announce", "announce-list", "comment", "comment.utf-8", "created by",
		"creation date", "httpseeds", "info", "nodes", "piece layers", "url-list")
	info, err := infoDict(root["info"].Raw())
	if err != nil {
		return nil, err
	}
	// What decides whether it is a torrent comes first, what is optional
	// afterwards: none of that can fail.
	if err := p.info(info); err != nil {
		return nil, err
	}
	if p.t.HasV2 {
		if err := p.layers(root["piece layers"]); err != nil {
			return nil, err
		}
	}
	if !v.Sorted() {
		p.warn("dictionary keys are not in order; the info-hash is that of the bytes as they are")
	}
	p.trackers(root["announce-list"], root["announce"])
	p.t.WebSeeds = p.urls("url-list", root["url-list"])
	p.t.HTTPSeeds = p.urls("httpseeds", root["httpseeds"])
	p.nodes(root["nodes"])
	p.t.Comment = p.twin("comment", root["comment"], root["comment.utf-8"])
	p.t.CreatedBy = p.text("created by", root["created by"])
	p.date(root["creation date"])
	return p.done(), nil
}

// infoDict scans an info dictionary, strictly: all who have its hash must read
// the same in it.
func infoDict(b []byte) (bencode.Value, error) {
	if len(b) == 0 {
		return bencode.Value{}, wrongKind("info", bencode.Value{}, bencode.Dict)
	}
	v, err := bencode.Parse(b, limits())
	if err != nil {
		return v, &Error{Msg: "info", Err: err}
	}
	if v.Kind() != bencode.Dict {
		return v, wrongKind("info", v, bencode.Dict)
	}
	return v, nil
}

// explain wraps an error of the scan. What people feed to gotor by mistake is
// mostly an empty file or the web page of a site that wants a login.
func explain(b []byte, err error) error {
	b = bytes.TrimSpace(b[:min(len(b), 1024)])
	switch {
	case len(b) == 0:
		return &Error{Msg: "there is nothing in it", Err: err}
	case b[0] == '<':
		return &Error{Msg: "it is a web page", Err: err}
	}
	return &Error{Err: err}
}

// limits are those of the encoding.
func limits() bencode.Limits {
	return bencode.Limits{Size: MaxSize, Depth: maxDepth, Tokens: maxTokens}
}

// pick walks a dictionary once and returns the values of the wanted keys, the
// first of each; those that are missing are Invalid.
func pick(v bencode.Value, keys ...string) map[string]bencode.Value {
	m := make(map[string]bencode.Value, len(keys))
	for _, k := range keys {
		m[k] = bencode.Value{}
	}
	for k, e := range v.Entries() {
		if have, ok := m[string(k)]; ok && have.Kind() == bencode.Invalid {
			m[string(k)] = e
		}
	}
	return m
}

// parser fills a Torrent.
type parser struct {
	t        *Torrent
	portable bool
	warnings int

	name       string       // raw
	components int          // of all paths so far
	roots      []piecesRoot // of version 2, for layers
}

// warn notes something that was left out. The text must be safe to print.
func (p *parser) warn(format string, args ...any) {
	if p.warnings++; p.warnings <= maxWarnings {
		p.t.Warnings = append(p.t.Warnings, fmt.Sprintf(format, args...))
	}
}

// done returns the torrent with the last word on warnings.
func (p *parser) done() *Torrent {
	if n := p.warnings - maxWarnings; n > 0 {
		p.t.Warnings = append(p.t.Warnings, fmt.Sprintf("%d more warnings", n))
	}
	return p.t
}

// info reads the info dictionary. The meta version comes first: BEP 52 wants a
// torrent of an unknown version to be called that, not malformed.
func (p *parser) info(v bencode.Value) error {
	in := pick(v, "attr", "file tree", "files", "length", "meta version", "name", "name.utf-8",
		"piece length", "pieces", "private", "source")
	if err := p.version(in); err != nil {
		return err
	}
	t := p.t
	t.Info = v.Raw()
	if t.HasV1 {
		t.InfoHash = sha1.Sum(t.Info)
	}
	if t.HasV2 {
		t.InfoHashV2 = sha256.Sum256(t.Info)
	}
	p.setName(in["name"], in["name.utf-8"])
	if err := p.pieceLength(in["piece length"]); err != nil {
		return err
	}
	t.Private = p.private(in["private"])
	t.Source = p.text("source", in["source"])
	return p.files(in)
}

// version finds out which versions the info dictionary is of. Version 1 has no
// marker but its keys: pieces is there or it is not. A "meta version" that is
// no number cannot make a version 1 torrent unusable, as no version 1 client
// looks at it.
func (p *parser) version(in map[string]bencode.Value) error {
	t := p.t
	t.HasV1 = in["pieces"].Kind() != bencode.Invalid
	t.Version = "1"
	n, ok := in["meta version"].Int()
	switch kind := in["meta version"].Kind(); {
	case ok && n == 2:
		t.HasV2 = true
		t.Version = "2"
		if t.HasV1 {
			t.Version = "hybrid"
		}
	case ok && n != 1 || kind == bencode.Integer && !ok:
		raw := in["meta version"].Raw()
		return &Error{Msg: "unknown meta version " + quote(string(raw[1:len(raw)-1])) + ": gotor knows 1 and 2", Unsupported: true}
	case kind != bencode.Invalid && !ok && !t.HasV1:
		return wrongKind("meta version", in["meta version"], bencode.Integer)
	case kind != bencode.Invalid && !ok:
		p.warn("meta version is %v, not an integer: read as version 1", kind)
	}
	if !t.HasV1 && !t.HasV2 {
		return malformed("pieces is missing")
	}
	return nil
}

// setName chooses and cleans the name. Without one the info-hash has to do.
func (p *parser) setName(name, utf8Name bencode.Value) {
	p.name = string(p.choose("name", name, utf8Name))
	if p.name == "" {
		p.warn("name is missing or empty: the info-hash is used")
		if p.t.HasV1 {
			p.name = hex.EncodeToString(p.t.InfoHash[:])
		} else {
			p.name = hex.EncodeToString(p.t.InfoHashV2[:])
		}
	}
	p.t.Name = clean(p.name, p.portable, maxName)
}

// pieceLength reads the number that everything is divided by. It is checked
// before anything is: zero has crashed clients, and a piece of 2^40 bytes would
// be asked for as one buffer.
func (p *parser) pieceLength(v bencode.Value) error {
	n, ok := v.Int()
	if !ok {
		return wrongKind("piece length", v, bencode.Integer)
	}
	if n < 1 || n > maxPieceLength {
		return malformed("piece length is %d; it must be 1 to %d", n, maxPieceLength)
	}
	if p.t.HasV2 && (n < blockSize || n&(n-1) != 0) {
		return malformed("piece length is %d; version 2 needs a power of two of at least %d", n, blockSize)
	}
	if n > warnPieceLength {
		p.warn("pieces of %d MiB are larger than most clients take", n>>20)
	}
	p.t.PieceLength = n
	return nil
}

// private reads the flag of BEP 27, "private=1". Anything but zero counts: to
// leak a private torrent is worse than to keep a public one to its trackers.
func (p *parser) private(v bencode.Value) bool {
	n, ok := v.Int()
	if !ok && v.Kind() != bencode.Invalid {
		p.warn("private is %v, not a number: left out", v.Kind())
	}
	return n != 0
}

// date reads the seconds since 1970. Some makers wrote milliseconds.
func (p *parser) date(v bencode.Value) {
	if v.Kind() == bencode.Invalid {
		return
	}
	n, ok := v.Int()
	if !ok || n < 0 || n > maxDate {
		p.warn("creation date is not a number of seconds since 1970: left out")
		return
	}
	p.t.CreationDate = time.Unix(n, 0).UTC()
}

// twin is text for a key that may have a twin.
func (p *parser) twin(key string, v, twin bencode.Value) string {
	return strings.ToValidUTF8(string(p.choose(key, v, twin)), "\uFFFD")
}

// choose returns the bytes of key, or of its twin "key.utf-8" if that is
// usable: old torrents have the former in some local encoding.
func (p *parser) choose(key string, v, twin bencode.Value) []byte {
	if b, ok := twin.Str(); ok && len(b) > 0 && utf8.Valid(b) {
		return p.bytes(key, twin)
	}
	if twin.Kind() != bencode.Invalid {
		p.warn("%s.utf-8 is not UTF-8 text: left out", key)
	}
	return p.bytes(key, v)
}

// text returns an optional string with its encoding repaired.
func (p *parser) text(key string, v bencode.Value) string {
	return strings.ToValidUTF8(string(p.bytes(key, v)), "\uFFFD")
}

// bytes returns an optional string of bounded length, nil if there is none or
// it is something else.
func (p *parser) bytes(key string, v bencode.Value) []byte {
	b, ok := v.Str()
	if !ok && v.Kind() != bencode.Invalid {
		p.warn("%s is %v, not a string: left out", key, v.Kind())
	}
	if len(b) > maxText {
		p.warn("%s is %d bytes long: cut", key, len(b))
		b = b[:maxText]
	}
	return b
}
