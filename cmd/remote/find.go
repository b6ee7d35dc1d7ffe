package remote

import (
	"context"
	"fmt"
	"strings"

	"gotor/cmd/record"
)

// leastPrefix is how many digits of an info-hash stand for it: fewer are more often
// a slip of the hand than meant.
const leastPrefix = 8

// Find are the ids of torrents as people call them: by the info-hash, by the first
// eight or more digits of it, or by the exact name. What fits none, or several, is
// wrong usage. Whole hashes cost no question; all others together cost one.
func (c *Client) Find(ctx context.Context, names ...string) ([]string, error) {
	ids := make([]string, len(names))
	var list []*record.Torrent
	for i, name := range names {
		if digits := strings.ToLower(name); isHex(digits) && (len(digits) == 40 || len(digits) == 64) {
			ids[i] = digits
			continue
		}
		if list == nil {
			var err error
			if list, err = c.List(ctx, Filter{Fields: "id,id_v2,name"}); err != nil {
				return nil, err
			}
		}
		t, err := pick(list, name)
		if err != nil {
			return nil, err
		}
		ids[i] = t.ID
	}
	return ids, nil
}

// pick finds what a name means. An exact name goes before digits: a torrent may be
// called like a hash begins.
func pick(list []*record.Torrent, name string) (*record.Torrent, error) {
	digits := strings.ToLower(name)
	hash := len(digits) >= leastPrefix && isHex(digits)
	var named, begun []*record.Torrent
	for _, t := range list {
		if t.Name == name {
			named = append(named, t)
		}
		if hash && (strings.HasPrefix(t.ID, digits) || t.IDV2 != nil && strings.HasPrefix(*t.IDV2, digits)) {
			begun = append(begun, t)
		}
	}
	fit := named
	if len(fit) == 0 {
		fit = begun
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		if isHex(digits) && len(digits) < leastPrefix {
			return nil, record.Usagef("no torrent is called %q; of an info-hash, give eight digits at least", record.Safe(name))
		}
		return nil, record.Usagef("no torrent is called %q, nor begins its info-hash so; see gotor ctl ls", record.Safe(name))
	}
	return nil, record.Usagef("%q means %d torrents; give more of the info-hash: %s", record.Safe(name), len(fit), someIDs(fit))
}

// someIDs are ids in a message.
func someIDs(list []*record.Torrent) string {
	const few = 4
	var b strings.Builder
	for i, t := range list {
		if i == few {
			return fmt.Sprintf("%s and %d more", &b, len(list)-few)
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.ID)
	}
	return b.String()
}

// isHex reports whether text is lowercase hexadecimal digits, and not empty.
func isHex(text string) bool { return text != "" && strings.Trim(text, "0123456789abcdef") == "" }
