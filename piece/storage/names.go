package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// Names on disk. All systems gotor runs on take 255 bytes (or UTF-16 units) in
// one path component.
const (
	maxComponent = 255
	partSuffix   = ".part"

	recordSuffix   = ".gotor"
	metainfoSuffix = ".gotor.torrent"
	sideSuffix     = ".gotor.parts"
	lockSuffix     = ".gotor.lock"
	tempSuffix     = ".gotor.tmp"
	claimsSuffix   = ".gotor.files"
	moveSuffix     = ".gotor.move"
)

// partName returns the name of an unfinished file.
func partName(base string) string {
	return shorten(base, maxComponent-len(partSuffix)) + partSuffix
}

// stateName returns ".NAME" + suffix. All state files of one NAME share their
// stem, so a long NAME is cut for all of them or for none.
func stateName(name, suffix string) string {
	return "." + shorten(name, maxComponent-1-len(metainfoSuffix)) + suffix
}

// isStateName reports whether a file of that name in the target folder would be
// taken for state of the download NAME; case is ignored, as many disks do.
func isStateName(name, base string) bool {
	return strings.HasPrefix(strings.ToLower(base), strings.ToLower(stateName(name, recordSuffix)))
}

// shorten cuts a name that is longer than limit bytes and ends it with "~" and
// 16 hex digits of its SHA-256, so that equal names stay equal and different
// ones stay apart.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "~" + hex.EncodeToString(sum[:8])
	cut := limit - len(tail)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + tail
}
