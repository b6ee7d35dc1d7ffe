package metainfo

import (
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CleanName turns a name from outside into one path component that can be
// created on disk: never empty, at most 250 bytes of valid UTF-8, not "." or
// "..", free of separators (both kinds), control characters, format characters
// (bidi overrides among them) and line separators, and never a name that
// gotor's state files have (".NAME.gotor", ".NAME.gotor.lock" and so on).
// What cannot stay becomes "_"; a long name is cut before its extension.
//
// On Windows, or with portable anywhere, the characters and names reserved
// there go as well; portable names have at most 128 bytes. A clean name is returned as it is.
func CleanName(name string, portable bool) string {
	return clean(name, portable, maxComponent)
}

// CleanPath cleans the components of a path. Empty ones and "." name no folder
// and are dropped; the result has at least one component.
func CleanPath(path []string, portable bool) []string {
	out := make([]string, 0, len(path))
	for _, s := range path {
		if s != "" && s != "." {
			out = append(out, CleanName(s, portable))
		}
	}
	if len(out) == 0 {
		out = append(out, "_")
	}
	return out
}

// clean is CleanName for names of at most limit bytes. One step may undo what
// an earlier one did (a cut can leave a trailing space, for one), so the steps
// are repeated until nothing changes.
func clean(name string, portable bool, limit int) string {
	windows := portable || runtime.GOOS == "windows"
	if portable {
		limit = min(limit, maxPortable)
	}
	// Nothing behind 4 KiB can matter; it need not be looked at.
	name = name[:min(len(name), maxPath)]
	for {
		next := cleanOnce(name, windows, limit)
		if next == name {
			return name
		}
		name = next
	}
}

// cleanOnce goes through the steps once.
func cleanOnce(s string, windows bool, limit int) string {
	s = replaceBad(s, windows)
	if windows {
		s = strings.TrimRight(s, ". ")
		if reservedOnWindows(s) {
			s = "_" + s
		}
	}
	if s == "" || s == "." || s == ".." {
		return "_"
	}
	if isStateName(s) {
		s = "_" + s[1:]
	}
	return cutName(s, limit)
}

// replaceBad repairs UTF-8 and replaces characters that no name may have.
func replaceBad(s string, windows bool) string {
	s = strings.ToValidUTF8(s, "_")
	return strings.Map(func(r rune) rune {
		if badRune(r) || windows && strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, s)
}

// badRune reports whether r can end a name, move the cursor, or turn what is
// read around: C0 and C1 codes rule terminals, and behind a bidi mark the name
// "gpj.exe" is shown as "exe.jpg".
func badRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f || r == '/' || r == '\\'
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// isStateName reports whether s looks like a file gotor keeps beside a
// download: a dot, any name, ".gotor", and nothing or another extension. A
// torrent that brought such a file could forge the record of a resume.
func isStateName(s string) bool {
	if s[0] != '.' {
		return false
	}
	s = strings.ToLower(s)
	return strings.HasSuffix(s, ".gotor") || strings.Contains(s, ".gotor.")
}

// reservedOnWindows reports whether s is the name of a device, which it also
// is with any extension.
func reservedOnWindows(s string) bool {
	base, _, _ := strings.Cut(s, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if !strings.HasPrefix(base, "COM") && !strings.HasPrefix(base, "LPT") {
		return false
	}
	switch base[3:] {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}

// cutName cuts s to limit bytes between two characters, before its extension.
func cutName(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	stem, ext := splitExt(s)
	return cutRunes(stem, limit-len(ext)) + ext
}

// cutRunes cuts s to limit bytes at the start of a character.
func cutRunes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// splitExt splits "name.ext"; what is long or has no name before it is no
// extension.
func splitExt(s string) (stem, ext string) {
	const longest = 16
	if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= longest {
		return s[:i], s[i:]
	}
	return s, ""
}
