package api

import (
	"net/textproto"
	"strconv"
	"strings"
)

// byteRange is a part of a file that is there.
type byteRange struct{ start, length int64 }

// maxRanges bounds the parts that one request may ask for: each is a place in the
// torrent to fetch from first, and a header of a hundred bytes for perhaps one byte.
const maxRanges = 16

// parseRanges reads a Range header (RFC 9110, section 14.2) for a file of a size. No
// ranges: the whole is asked for, or the header is of a kind that is to be ignored.
// false: nothing of what it asks for is there, or it is no such header.
func parseRanges(header string, size int64) (ranges []byteRange, ok bool) {
	unit, list, found := strings.Cut(header, "=")
	if !found || !strings.EqualFold(strings.TrimSpace(unit), "bytes") || size == 0 {
		return nil, true
	}
	asked, total := 0, int64(0)
	for spec := range strings.SplitSeq(list, ",") {
		if spec = textproto.TrimString(spec); spec == "" {
			continue
		}
		if asked++; asked > maxRanges {
			return nil, false
		}
		r, valid := parseRange(spec, size)
		if !valid {
			return nil, false
		}
		if r.length > 0 {
			ranges = append(ranges, r)
			total += r.length
		}
	}
	if len(ranges) > 1 && total > size { // they overlap: the whole is less
		return nil, true
	}
	return ranges, len(ranges) > 0
}

// parseRange reads A-B, A- or -N. A range beyond the end is valid, and empty.
func parseRange(spec string, size int64) (r byteRange, valid bool) {
	first, last, found := strings.Cut(spec, "-")
	if !found {
		return r, false
	}
	if first == "" {
		n, ok := parseOffset(last)
		n = min(n, size)
		return byteRange{size - n, n}, ok
	}
	start, ok := parseOffset(first)
	if !ok {
		return r, false
	}
	if ok && start >= size { // net/http does not look at the rest either
		return r, true
	}
	end := size - 1
	if last != "" {
		n, ok := parseOffset(last)
		if !ok || n < start {
			return r, false
		}
		end = min(end, n)
	}
	return byteRange{start, end - start + 1}, true
}

// parseOffset reads digits and nothing else. What is beyond any file is the largest
// number.
func parseOffset(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		n = 1<<63 - 1
	}
	return n, true
}
