package job

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// This file tells by its looks what an argument is, and how it is shown.

// IsURL reports whether an argument is a URL that a source can be fetched from.
func IsURL(arg string) bool { return HasScheme(arg, "http://") || HasScheme(arg, "https://") }

// HasScheme reports whether an argument begins with a scheme, in whatever case.
func HasScheme(arg, scheme string) bool {
	return len(arg) >= len(scheme) && strings.EqualFold(arg[:len(scheme)], scheme)
}

// IsHash reports whether arg looks like a bare info-hash: 40, 64 or (as a
// multihash) 68 hexadecimal digits, or 32 of base32.
func IsHash(arg string) bool {
	switch len(arg) {
	case 40, 64, 68:
		return strings.Trim(strings.ToLower(arg), "0123456789abcdef") == ""
	case 32:
		return strings.Trim(strings.ToUpper(arg), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
	}
	return false
}

// Clip keeps an error line short when an argument is long: at most 80 bytes of it,
// and three dots.
func Clip(arg string) string {
	const most = 80
	if len(arg) <= most {
		return arg
	}
	return arg[:most] + "..."
}

// IsLink reports whether an argument is a magnet link or a bare info-hash, as
// pasted. A file that is called like a hash is a file.
func IsLink(arg string) bool {
	if IsMagnet(arg) {
		return true
	}
	if !IsHash(metainfo.TrimLink(arg)) {
		return false
	}
	_, err := os.Lstat(arg)
	return errors.Is(err, fs.ErrNotExist)
}

// IsMagnet reports whether an argument is a magnet link, as pasted: perhaps with
// blanks or brackets around it.
func IsMagnet(arg string) bool { return HasScheme(metainfo.TrimLink(arg), "magnet:") }

// Label is an argument for an error line: a link may be long, and what is cut
// off must not keep a secret from being seen as one.
func Label(arg string) string {
	if IsMagnet(arg) {
		return Clip(record.Redact(metainfo.TrimLink(arg)))
	}
	return arg
}
