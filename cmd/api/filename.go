package api

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gotor/cmd/record"
)

// shownType is a type of files that a browser may show, and how their names end. A
// type that can carry a script is not among them.
type shownType struct {
	kind string
	ends []string
}

// shown is a function, not a variable: nothing is made of it when a command starts that
// serves nothing.
func shown() []shownType {
	return []shownType{
		{"video/mp4", []string{".mp4", ".m4v"}}, {"video/webm", []string{".webm"}}, {"video/x-matroska", []string{".mkv"}},
		{"video/quicktime", []string{".mov"}}, {"video/x-msvideo", []string{".avi"}}, {"video/ogg", []string{".ogv"}},
		{"video/mpeg", []string{".mpg", ".mpeg"}}, {"video/mp2t", []string{".ts", ".m2ts"}},
		{"audio/mpeg", []string{".mp3"}}, {"audio/mp4", []string{".m4a", ".m4b"}}, {"audio/aac", []string{".aac"}},
		{"audio/flac", []string{".flac"}}, {"audio/ogg", []string{".ogg", ".oga", ".opus"}}, {"audio/wav", []string{".wav"}},
		{"image/jpeg", []string{".jpg", ".jpeg"}}, {"image/png", []string{".png"}}, {"image/gif", []string{".gif"}},
		{"image/webp", []string{".webp"}}, {"image/avif", []string{".avif"}}, {"image/bmp", []string{".bmp"}},
	}
}

// shownTypes are all that mediaType knows.
func shownTypes() []string {
	var kinds []string
	for _, t := range shown() {
		kinds = append(kinds, t.kind)
	}
	return kinds
}

// mediaType is the type of a file that a browser may show, by the end of its name;
// empty: of none.
func mediaType(name string) string {
	end := strings.ToLower(path.Ext(name))
	for _, t := range shown() {
		if slices.Contains(t.ends, end) {
			return t.kind
		}
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
