package metainfo

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"gotor/bencode"
)

// Error says why a torrent cannot be used.
type Error struct {
	Msg         string
	Err         error // what Parse stumbled on; may be nil
	Link        bool  // it is the magnet link that is malformed
	Unsupported bool  // valid as far as we can tell, but not something gotor can do
}

// Error returns one line. Names in it are quoted and shortened.
func (e *Error) Error() string {
	s := "malformed torrent: "
	if e.Link {
		s = "malformed magnet link: "
	}
	if e.Unsupported {
		s = "unsupported torrent: "
	}
	if e.Msg != "" && e.Err != nil {
		return s + e.Msg + ": " + e.Err.Error()
	}
	if e.Err != nil {
		return s + e.Err.Error()
	}
	return s + e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func malformed(format string, args ...any) error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}

// wrongKind reports a value that should have been want, such as "a list".
func wrongKind(what string, v bencode.Value, want bencode.Kind) error {
	switch k := v.Kind(); k {
	case bencode.Invalid:
		return malformed("%s is missing", what)
	case want:
		return malformed("%s is beyond all bounds", what) // an integer, then
	default:
		return malformed("%s is %v, not %v", what, k, want)
	}
}

// quote quotes a name from outside for a message: one line, no escape codes,
// 64 bytes at most.
func quote(s string) string {
	const most = 64
	if len(s) <= most {
		return strconv.QuoteToASCII(s)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.QuoteToASCII(s[:cut]) + "..."
}
