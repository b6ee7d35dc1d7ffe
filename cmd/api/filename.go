package api

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"gotor/cmd/record"
)

// mediaType is the type of a file that a browser may show, by the end of its name;
// empty: of none. A type that can carry a script is not among them.
func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp4", ".m4v":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".mkv":
		return "video/x-matroska"
	case ".mov":
		return "video/quicktime"
	case ".avi":
		return "video/x-msvideo"
	case ".ogv":
		return "video/ogg"
	case ".mpg", ".mpeg":
		return "video/mpeg"
	case ".ts", ".m2ts":
		return "video/mp2t"
	case ".mp3":
		return "audio/mpeg"
	case ".m4a", ".m4b":
		return "audio/mp4"
	case ".aac":
		return "audio/aac"
	case ".flac":
		return "audio/flac"
	case ".ogg", ".oga", ".opus":
		return "audio/ogg"
	case ".wav":
		return "audio/wav"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".avif":
		return "image/avif"
	case ".bmp":
		return "image/bmp"
	}
	return ""
}

// isPlayable reports whether a file is sound or moving pictures.
func isPlayable(name string) bool {
	t := mediaType(name)
	return strings.HasPrefix(t, "audio/") || strings.HasPrefix(t, "video/")
}

// disposition is a Content-Disposition (RFC 6266) with a name that came from a
// stranger: whole for those who read RFC 5987, and in ASCII for all others.
func disposition(kind, name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
			return '_'
		}
		return r
	}, path.Base(record.Safe(name)))
	var plain, coded strings.Builder
	for _, r := range name {
		if r < ' ' || r > '~' || r == '"' || r == '%' {
			plain.WriteByte('_')
			continue
		}
		plain.WriteRune(r)
	}
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(name) {
		if isAttrChar(c) {
			coded.WriteByte(c)
			continue
		}
		coded.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return kind + `; filename="` + plain.String() + `"; filename*=UTF-8''` + coded.String()
}

// isAttrChar reports whether a byte stands for itself (RFC 5987, section 3.2.1).
func isAttrChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}
