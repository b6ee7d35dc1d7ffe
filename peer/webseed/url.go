package webseed

import (
	"net/url"
	"strings"
)

// FileURL returns where a file of a torrent is, by its url-list entry. Of a
// single file (path is empty) it is the entry itself, with name added where it
// ends in a slash. Of others the entry is the folder that has the torrent's
// folder in it: name and path are added. Both are the bytes that the torrent
// has. A query stays at the end. It returns "" for an entry that is no URL.
func FileURL(entry, name string, path []string) string {
	u, err := url.Parse(entry)
	if err != nil || u.Host == "" {
		return ""
	}
	p := u.EscapedPath()
	if p == "" {
		p = "/"
	}
	if len(path) > 0 && !strings.HasSuffix(p, "/") {
		p += "/"
	}
	if strings.HasSuffix(p, "/") {
		b := appendEscaped([]byte(p), name)
		for _, part := range path {
			b = appendEscaped(append(b, '/'), part)
		}
		p = string(b)
	}
	if u.Path, err = url.PathUnescape(p); err != nil {
		return ""
	}
	u.RawPath, u.Fragment, u.RawFragment = p, "", ""
	return u.String()
}

// appendEscaped appends one part of a path, byte by byte: everything that RFC
// 3986 does not list as unreserved becomes %XX. A part of dots alone would be
// taken for a way up.
func appendEscaped(b []byte, part string) []byte {
	const hex = "0123456789ABCDEF"
	dots := part == "." || part == ".."
	for i := range len(part) {
		switch c := part[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '~', c == '.' && !dots:
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// scriptURL adds what BEP 17 asks for to the URL of a script: the info-hash,
// the piece, and the bytes first to last of it.
func scriptURL(entry string, infoHash [20]byte, index int, first, last int64, all bool) string {
	base, _, _ := strings.Cut(entry, "#")
	b := []byte(base)
	if strings.Contains(base, "?") {
		b = append(b, '&')
	} else {
		b = append(b, '?')
	}
	b = appendEscaped(append(b, "info_hash="...), string(infoHash[:]))
	b = appendInt(append(b, "&piece="...), int64(index))
	if !all {
		b = appendInt(append(b, "&ranges="...), first)
		b = appendInt(append(b, '-'), last)
	}
	return string(b)
}
