package job

import (
	"net/url"
	"os"
	"strings"

	"gotor/cmd/record"
)

// This file says what is wrong with arguments that name nothing gotor can take:
// what people wrote, and what they will have meant.

// schemes is what a source that is a URL may begin with.
const schemes = "a file, an http:// or https:// URL, a magnet: link, an info-hash or - for standard input"

// mistaken says what is wrong with a source for which there is no file; nil: it
// may well be a file, which is not there.
func mistaken(arg string) error {
	if scheme, rest, ok := foreignScheme(arg); ok {
		return badScheme(arg, scheme, rest)
	}
	switch shown := Clip(arg); {
	case strings.TrimSpace(arg) == "":
		return record.Usagef("a source is blank; is a variable of the shell not set?")
	case HasScheme(arg, "http:"), HasScheme(arg, "https:"):
		return record.Usagef("%s: a URL begins with http:// or https://", shown)
	case HasScheme(arg, "urn:btih:"), HasScheme(arg, "btih:"), HasScheme(arg, "magnet?"), HasScheme(arg, "urn:btmh:"):
		return record.Errorf(record.ExitMalformed, "%s: a magnet link begins with magnet:?xt=urn:btih: (or urn:btmh:)", shown)
	case isLinkPart(arg):
		return record.Usagef("%s is a part of a magnet link; %s", shown, quoteLink)
	}
	return nearHash(arg)
}

// foreignScheme splits SCHEME://REST, where the scheme is none that a source has.
func foreignScheme(arg string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(arg, "://")
	scheme = strings.ToLower(scheme)
	ok = ok && scheme != "" && scheme != "http" && scheme != "https" &&
		strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
	return scheme, rest, ok
}

// badScheme is the error for a URL that is none of a torrent.
func badScheme(arg, scheme, rest string) error {
	shown := Clip(record.Redact(arg))
	switch scheme {
	case "file":
		if path, err := url.PathUnescape(rest); err == nil {
			rest = path
		}
		return record.Usagef("%s: leave out file://, and give the path alone: %s", shown, Clip(rest))
	case "udp", "wss", "ws":
		return record.Usagef("%s: %s:// is the URL of a tracker; a source is %s", shown, scheme, schemes)
	}
	return record.Usagef("%s: %s:// cannot be fetched; a source is %s", shown, scheme, schemes)
}

// Digits of info-hashes, and how far from them a word is still taken for a bad one.
const (
	hashDigits   = 40 // SHA-1 in hex
	hashDigitsV2 = 64 // SHA-256 in hex
	fewDigits    = 33 // 32 would be an MD5, which files are called after
	manyDigits   = 72
)

// nearHash says what is wrong with a word that is nearly an info-hash; nil: it is
// nothing like one.
func nearHash(arg string) error {
	other := strings.Trim(strings.ToLower(arg), "0123456789abcdef")
	switch n := len(arg); {
	case other == "" && n >= fewDigits && n <= manyDigits:
		return record.Errorf(record.ExitMalformed, "%s is no info-hash: it has %d digits, and %d (version 1) or %d (version 2) are wanted", arg, n, hashDigits, hashDigitsV2)
	case (n == hashDigits || n == hashDigitsV2) && len(other) == 1:
		return record.Errorf(record.ExitMalformed, "%s is no info-hash: %q is no hexadecimal digit", arg, other)
	}
	return nil
}

// quoteLink is what to do when the shell has cut a link.
const quoteLink = "put the whole link in quotes, because the shell takes & for itself"

// isLinkPart reports whether an argument is what comes after an & in a magnet link.
func isLinkPart(arg string) bool {
	key, _, ok := strings.Cut(strings.TrimLeft(arg, "&?"), "=")
	if base, _, numbered := strings.Cut(key, "."); numbered && key != "x.pe" {
		key = base // tr.1
	}
	if !ok {
		return false
	}
	switch key {
	case "xt", "dn", "tr", "ws", "xs", "as", "xl", "so", "kt", "mt", "x.pe":
		_, err := os.Lstat(arg)
		return err != nil
	}
	return false
}

// CutLink finds a magnet link with parts of it in arguments behind it.
func CutLink(args []string) error {
	for i, arg := range args {
		if i > 0 && isLinkPart(arg) && IsMagnet(args[i-1]) {
			return record.Usagef("%s belongs to the magnet link before it; %s", Clip(arg), quoteLink)
		}
	}
	return nil
}

// loneLink is a note about a magnet link that may have been cut by a shell; "":
// it was not. The shell keeps what is behind the first & to itself.
func loneLink(arg string) string {
	if !IsMagnet(arg) || strings.Contains(arg, "&") {
		return ""
	}
	return "the link ends before any &; if it was longer, " + quoteLink
}
