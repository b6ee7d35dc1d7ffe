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
		if _, ok := hexDigit(s[i]); !ok {
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

// appendHash adds the bytes that a valid id, or the zero one, stands for.
func (id ID) appendHash(b []byte) []byte {
	for i := 0; i+1 < len(id); i += 2 {
		high, _ := hexDigit(id[i])
		low, _ := hexDigit(id[i+1])
		b = append(b, high<<4|low)
	}
	return b
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
