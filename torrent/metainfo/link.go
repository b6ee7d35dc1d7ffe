package metainfo

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"html"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gotor/bencode"
)

// The bounds of a magnet link, which anybody may have written (threat: floods
// through one line of text).
const (
	maxLink         = 64 << 10 // bytes
	maxLinkParams   = 1000
	maxLinkTrackers = 100
	maxLinkPeers    = 100
	maxLinkRanges   = 1000
	maxLinkIndex    = 200_000 // of a file: no torrent has more
)

// Link is what a magnet link or a bare info-hash says. At least one of HasV1,
// HasV2 and HasKey is true.
type Link struct {
	InfoHash   [20]byte // BEP 9: xt=urn:btih
	InfoHashV2 [32]byte // BEP 52: xt=urn:btmh
	HasV1      bool
	HasV2      bool
	// Key and Salt name a mutable item of the DHT that holds the info-hash
	// (BEP 46: xs=urn:btpk).
	Key    [32]byte
	Salt   []byte
	HasKey bool

	Name     string   // dn: a label for people, raw; never a path
	Trackers []string // tr: http, https or udp
	WebSeeds []string // ws: http or https
	Sources  []string // xs and as: http or https URLs of the .torrent itself
	Peers    []string // x.pe: HOST:PORT
	Nodes    []string // dht: HOST:PORT
	Select   []Range  // so: files to download (BEP 53); nil: all
	Warnings []string // parts that were left out, raw
}

// Range is an inclusive range of file indices, 0 <= First <= Last.
type Range struct{ First, Last int }

// TrimLink cuts off what comes along when a link is pasted: blanks, line ends,
// quotes and angle brackets around it.
func TrimLink(s string) string { return strings.Trim(s, " \t\r\n<>\"'") }

// ParseLink reads a magnet link, or a bare info-hash: 40 hex digits or 32 of
// base32 for version 1, 64 hex digits, or 68 as a multihash, for version 2.
// People paste links as they find them: see unpaste. Parameters that make no
// sense are left out with a warning; without a usable info-hash, or with two
// that differ, it fails with an *Error.
func ParseLink(s string) (*Link, error) {
	if len(s) > maxLink {
		return nil, linkError("it is longer than %d bytes", maxLink)
	}
	s = unpaste(s)
	l := new(Link)
	if l.bare(s) {
		return l, nil
	}
	scheme, rest, _ := strings.Cut(s, ":")
	query, found := strings.CutPrefix(strings.TrimLeft(rest, "/"), "?")
	if !strings.EqualFold(scheme, "magnet") || !found {
		return nil, linkError("it does not start with magnet:?")
	}
	params := strings.Split(query, "&")
	if len(params) > maxLinkParams {
		return nil, linkError("it has more than %d parameters", maxLinkParams)
	}
	for _, p := range params {
		if err := l.param(p); err != nil {
			return nil, err
		}
	}
	if !l.HasV1 && !l.HasV2 && !l.HasKey {
		return nil, linkError("it has no info-hash (xt=urn:btih: or urn:btmh:)")
	}
	return l, nil
}

// entity is a character as HTML writes it, with its semicolon: without one
// "&lt=" would be none, but a parameter.
var entity = regexp.MustCompile(`&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|quot|apos|lt|gt);`)

// unpaste undoes what happens to links on the way: quotes around them, lines
// that were wrapped, and text copied out of the source of a web page.
func unpaste(s string) string {
	s = strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(TrimLink(s))
	return entity.ReplaceAllStringFunc(s, html.UnescapeString)
}

// unescape undoes percent encoding and plus signs. A percent sign that begins no
// code stands for itself.
func unescape(s string) string {
	if v, err := url.QueryUnescape(s); err == nil {
		return v
	}
	v, err := url.QueryUnescape(escapeStray(s))
	if err != nil {
		return s // cannot be
	}
	return v
}

func linkError(format string, a ...any) error {
	return &Error{Link: true, Msg: fmt.Sprintf(format, a...)}
}

func (l *Link) warn(format string, a ...any) {
	if len(l.Warnings) < maxWarnings {
		l.Warnings = append(l.Warnings, fmt.Sprintf(format, a...))
	}
}

// bare takes an info-hash without anything around it.
func (l *Link) bare(s string) bool {
	switch len(s) {
	case 32, 40:
		h, ok := v1Hash(s)
		l.InfoHash, l.HasV1 = h, ok
		return ok
	case 64:
		s = multihashPrefix + s
	}
	h, ok := v2Hash(s)
	l.InfoHashV2, l.HasV2 = h, ok
	return ok
}

// v1Hash reads a SHA-1 in hex or base32 (BEP 9).
func v1Hash(s string) (h [20]byte, ok bool) {
	var b []byte
	var err error
	switch len(s) {
	case 40:
		b, err = hex.DecodeString(s)
	case 32:
		b, err = base32.StdEncoding.DecodeString(strings.ToUpper(s))
	default:
		return h, false
	}
	return h, err == nil && copy(h[:], b) == len(h)
}

// multihashPrefix says that a SHA-256 of 32 bytes follows.
const multihashPrefix = "1220"

// v2Hash reads a multihash (BEP 52).
func v2Hash(s string) (h [32]byte, ok bool) {
	digits, ok := strings.CutPrefix(s, multihashPrefix)
	if !ok || len(digits) != 64 {
		return h, false
	}
	b, err := hex.DecodeString(digits)
	return h, err == nil && copy(h[:], b) == len(h)
}

// param takes one KEY=VALUE. Keys may be numbered: tr.1, xt.2.
func (l *Link) param(p string) error {
	key, escaped, _ := strings.Cut(p, "=")
	value := unescape(escaped)
	if base, number, ok := strings.Cut(key, "."); ok && base != "x" {
		if _, err := strconv.ParseUint(number, 10, 32); err == nil {
			key = base
		}
	}
	switch strings.ToLower(key) {
	case "xt":
		return l.topic(value)
	case "dn":
		l.name(value)
	case "tr":
		l.url("tracker", &l.Trackers, value, trackerSchemes())
	case "ws":
		l.url("web seed", &l.WebSeeds, value, webSchemes())
	case "xs":
		if k, ok := cutFold(value, "urn:btpk:"); ok {
			return l.publicKey(k)
		}
		l.url("source", &l.Sources, value, webSchemes())
	case "as":
		l.url("source", &l.Sources, value, webSchemes())
	case "s":
		l.salt(value)
	case "x.pe":
		l.host("peer", &l.Peers, value)
	case "dht":
		l.host("node", &l.Nodes, value)
	case "so":
		l.files(value)
	}
	return nil
}

// name takes a dn; the first counts.
func (l *Link) name(v string) {
	switch {
	case l.Name != "":
	case utf8.ValidString(v):
		l.Name = v
	default:
		l.warn("the name is not UTF-8 text: left out")
	}
}

// cutFold is strings.CutPrefix for a prefix of ASCII in any case: the names of
// URNs have none.
func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// topic takes an xt, without a fragment that may be behind it. Those that are not
// BitTorrent's are none of our business.
func (l *Link) topic(v string) error {
	v, _, _ = strings.Cut(strings.TrimSpace(v), "#")
	if digits, ok := cutFold(v, "urn:btih:"); ok {
		h, ok := v1Hash(digits)
		switch {
		case !ok:
			return linkError("%s is no info-hash: %s", quote(digits), wantedDigits(digits))
		case l.HasV1 && h != l.InfoHash:
			return linkError("it has two different info-hashes")
		}
		l.InfoHash, l.HasV1 = h, true
	}
	if digits, ok := cutFold(v, "urn:btmh:"); ok {
		h, ok := v2Hash(digits)
		switch {
		case !ok:
			return linkError("%s is no SHA-256 multihash", quote(digits))
		case l.HasV2 && h != l.InfoHashV2:
			return linkError("it has two different version 2 info-hashes")
		}
		l.InfoHashV2, l.HasV2 = h, true
	}
	return nil
}

// wantedDigits says what keeps digits from being an info-hash of version 1.
func wantedDigits(digits string) string {
	if n := len(digits); n != 40 && n != 32 {
		return fmt.Sprintf("it has %d digits, and 40 (or 32 in base32) are wanted", n)
	}
	return "not all of it is digits"
}

func (l *Link) publicKey(digits string) error {
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(l.Key) {
		return linkError("%s is no public key", quote(digits))
	}
	if l.HasKey && string(b) != string(l.Key[:]) {
		return linkError("it has two different public keys")
	}
	copy(l.Key[:], b)
	l.HasKey = true
	return nil
}

// salt takes the salt of a mutable item, in hex as BEP 46 writes it. BEP 44
// allows 64 bytes.
func (l *Link) salt(v string) {
	b, err := hex.DecodeString(v)
	if err != nil || len(b) > 64 {
		l.warn("salt is not up to 64 bytes in hex: left out")
		return
	}
	l.Salt = b
}

// url adds a URL, each once.
func (l *Link) url(what string, list *[]string, v string, schemes []string) {
	v = escapeStray(strings.TrimSpace(v))
	if err := checkURL(v, schemes); err != nil {
		l.warn("%s left out: %v", what, err)
		return
	}
	l.add(what, list, v, maxLinkTrackers)
}

// host adds a HOST:PORT, each once.
func (l *Link) host(what string, list *[]string, v string) {
	h, port, err := net.SplitHostPort(v)
	if err != nil || h == "" || len(h) > 255 || !validPort(port) {
		l.warn("%s left out: it is not HOST:PORT", what)
		return
	}
	l.add(what, list, v, maxLinkPeers)
}

func (l *Link) add(what string, list *[]string, v string, most int) {
	for _, have := range *list {
		if have == v {
			return
		}
	}
	if len(*list) >= most {
		l.warn("%s left out: there are %d already", what, most)
		return
	}
	*list = append(*list, v)
}

// files takes a selection such as 0,2,4-7 (BEP 53). Ranges are kept as they are:
// they are laid over the files when these are known.
func (l *Link) files(v string) {
	for _, part := range strings.Split(v, ",") {
		lo, hi, isRange := strings.Cut(part, "-")
		first, err := strconv.ParseUint(lo, 10, 32)
		last := first
		if err == nil && isRange {
			last, err = strconv.ParseUint(hi, 10, 32)
		}
		switch {
		case err != nil || last < first || last > maxLinkIndex:
			l.warn("selection %s left out: it is not a file index or a range of them", quote(part))
		case len(l.Select) >= maxLinkRanges:
			l.warn("selection has more than %d parts: the rest is left out", maxLinkRanges)
			return
		default:
			l.Select = append(l.Select, Range{int(first), int(last)})
		}
	}
}

// Assemble makes a .torrent of an info dictionary as it came from a swarm, with
// trackers by tier and web seeds of the link that led there.
func Assemble(info []byte, trackers [][]string, webSeeds []string) []byte {
	b := append(make([]byte, 0, len(info)+1024), 'd')
	if len(trackers) > 0 {
		b = append(bencode.AppendString(b, "announce-list"), 'l')
		for _, tier := range trackers {
			b = appendStrings(b, tier)
		}
		b = append(b, 'e')
	}
	b = append(bencode.AppendString(b, "info"), info...)
	if len(webSeeds) > 0 {
		b = appendStrings(bencode.AppendString(b, "url-list"), webSeeds)
	}
	return append(b, 'e')
}

// appendStrings appends a list.
func appendStrings(b []byte, list []string) []byte {
	b = append(b, 'l')
	for _, s := range list {
		b = bencode.AppendString(b, s)
	}
	return append(b, 'e')
}
