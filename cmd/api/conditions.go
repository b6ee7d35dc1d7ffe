package api

import (
	"net/http"
	"strings"
	"time"
)

// version is what conditions of a request are compared with: a strong tag in quotes,
// and when the file was written; zero: nobody knows.
type version struct {
	etag     string
	modified time.Time
}

// judge evaluates the conditions of a request for a file (RFC 9110, section 13.2.2):
// 304, 412, or 0 to go on.
func (v version) judge(r *http.Request) int {
	h := r.Header
	if match := h.Get("If-Match"); match != "" {
		if !v.listed(match, false) {
			return http.StatusPreconditionFailed
		}
	} else if t, ok := v.date(h.Get("If-Unmodified-Since")); ok && v.modified.After(t) {
		return http.StatusPreconditionFailed
	}
	if none := h.Get("If-None-Match"); none != "" {
		if v.listed(none, true) {
			return http.StatusNotModified
		}
	} else if t, ok := v.date(h.Get("If-Modified-Since")); ok && !v.modified.After(t) {
		return http.StatusNotModified
	}
	return 0
}

// ranges reports whether the Range of a request holds: it does not if If-Range names
// another version.
func (v version) ranges(r *http.Request) bool {
	cond := r.Header.Get("If-Range")
	if cond == "" || cond == v.etag {
		return true
	}
	t, ok := v.date(cond)
	return ok && v.modified.Equal(t)
}

// listed reports whether a list of tags has ours, or is a star. weak: tags that say
// that only the meaning is the same are good enough.
func (v version) listed(list string, weak bool) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if weak {
			tag = strings.TrimPrefix(tag, "W/")
		}
		if tag == "*" || tag == v.etag {
			return true
		}
	}
	return false
}

// date reads a date of a header, if there is one to compare it with.
func (v *version) date(text string) (time.Time, bool) {
	if text == "" || v.modified.IsZero() {
		return time.Time{}, false
	}
	t, err := http.ParseTime(text)
	return t, err == nil
}
