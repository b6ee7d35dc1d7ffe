package session

import (
	"fmt"
	"strings"
)

// ID names a torrent: its info-hash in lowercase hex, 40 digits of version 1, or 64
// of version 2 where there is no other. The zero value names none.
type ID string

// ParseID takes a hash of either length, in either case.
func ParseID(s string) (ID, error) {
	if len(s) != 40 && len(s) != 64 {
		return "", fmt.Errorf("an id has 40 or 64 hex digits, not %d", len(s))
	}
	s = strings.ToLower(s)
	for i := range len(s) {
		if !hexDigit(s[i]) {
			return "", fmt.Errorf("an id has hex digits only")
		}
	}
	return ID(s), nil
}

// valid reports whether id is what ParseID returns.
func (id ID) valid() bool {
	parsed, err := ParseID(string(id))
	return err == nil && parsed == id
}

func hexDigit(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }
