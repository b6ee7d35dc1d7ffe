package server

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"gotor/tracker"
)

const (
	stdWant   = 50 // peers in an answer when the asker does not say
	maxWant   = 200
	maxScrape = 74 // torrents in one scrape: what BEP 15 says fits into a packet
)

// form is how an HTTP announce wants its answer.
type form struct {
	dicts bool // peers as dictionaries: BEP 3 without BEP 23
	noIDs bool // without their ids
}

// errNoHash refuses a scrape of everything (BEP 48 allows one): it would be a
// long answer, and tell a stranger what a private swarm shares.
var errNoHash = errors.New("info_hash is missing")

// parseAnnounce reads the query of an announce (BEP 3, 7, 21, 23). Keys that it
// does not know are ignored, be they malformed; a known one may come once.
func parseAnnounce(query string) (a announce, f form, err error) {
	a.want = stdWant
	seen := uint(0)
	for key, value := range params(query) {
		bit, err := a.set(&f, key, value)
		if err != nil {
			return announce{}, form{}, err
		}
		if seen&bit != 0 {
			return announce{}, form{}, fmt.Errorf("%s is given twice", key)
		}
		seen |= bit
	}
	for bit, key := range []string{"info_hash", "peer_id", "port"} { // in the order of set
		if seen&(1<<bit) == 0 {
			return announce{}, form{}, fmt.Errorf("%s is missing", key)
		}
	}
	return a, f, nil
}

// set reads one parameter and returns a bit that stands for its key; 0 for an
// unknown one.
func (a *announce) set(f *form, key, value string) (bit uint, err error) {
	switch key {
	case "info_hash":
		return 1 << 0, unescapeTo(a.hash[:], key, value)
	case "peer_id":
		return 1 << 1, unescapeTo(a.id[:], key, value)
	case "port":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return 0, errors.New("port is not a number from 0 to 65535")
		}
		a.port = uint16(n)
		return 1 << 2, nil
	case "left":
		// What is no number, like the -1 of a client that does not know, is not 0.
		a.seed = value != "" && strings.Trim(value, "0") == ""
		return 1 << 3, nil
	case "event":
		a.event, err = parseEvent(value)
		return 1 << 4, err
	case "numwant":
		a.want, err = parseWant(value)
		return 1 << 5, err
	case "compact":
		f.dicts = value == "0"
		return 1 << 6, nil
	case "no_peer_id":
		f.noIDs = value == "1"
		return 1 << 7, nil
	case "ip":
		a.named = parseNamed(value)
		return 1 << 8, nil
	}
	return 0, nil
}

// parseEvent reads an event. Paused is that of a partial seed (BEP 21), which
// is a leecher here as everywhere. Some clients send an empty one.
func parseEvent(s string) (tracker.Event, error) {
	for e := tracker.EventNone; e <= tracker.EventPaused; e++ {
		if s == e.String() {
			return e, nil
		}
	}
	return 0, errors.New("event is none of started, completed, stopped and paused")
}

// parseWant reads how many peers are wanted; a negative number is the client's
// way to leave it to us.
func parseWant(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("numwant is not a number")
	}
	return clampWant(n), nil
}

func clampWant(n int64) int {
	if n < 0 {
		return stdWant
	}
	return int(min(n, maxWant))
}

// parseNamed reads an address. BEP 3 lets it be a name, which we do not look up.
func parseNamed(s string) netip.Addr {
	b, err := unescape(nil, s, len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"))
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(string(b))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// parseScrape reads the query of a scrape (BEP 48) into dst[:0].
func parseScrape(query string, dst [][20]byte) ([][20]byte, error) {
	dst = dst[:0]
	for key, value := range params(query) {
		if key != "info_hash" {
			continue
		}
		if len(dst) == maxScrape {
			return nil, fmt.Errorf("more than %d torrents", maxScrape)
		}
		var h [20]byte
		if err := unescapeTo(h[:], key, value); err != nil {
			return nil, err
		}
		dst = append(dst, h)
	}
	if len(dst) == 0 {
		return nil, errNoHash
	}
	return dst, nil
}

// params ranges over the keys and values of a query as they are, escaped.
func params(query string) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		for query != "" {
			var param string
			param, query, _ = strings.Cut(query, "&")
			key, value, _ := strings.Cut(param, "=")
			if param != "" && !yield(key, value) {
				return
			}
		}
	}
}

// unescapeTo unescapes a value that must be as long as dst.
func unescapeTo(dst []byte, key, value string) error {
	b, err := unescape(dst[:0], value, len(dst))
	if err != nil {
		return fmt.Errorf("%s %w", key, err)
	}
	if len(b) != len(dst) {
		return fmt.Errorf("%s has %d bytes, not %d", key, len(b), len(dst))
	}
	return nil
}

// What can be wrong with a value.
var (
	errEscape = errors.New("has a bad % in it")
	errLong   = errors.New("is too long")
)

// unescape appends an unescaped value of at most limit bytes. A plus is a space,
// as every encoder of forms writes it; clients that mean a plus escape it.
func unescape(dst []byte, s string, limit int) ([]byte, error) {
	for n := len(dst) + limit; s != ""; s = s[1:] {
		c := s[0]
		switch c {
		case '+':
			c = ' '
		case '%':
			if len(s) < 3 || hexDigit(s[1]) == math.MaxUint8 || hexDigit(s[2]) == math.MaxUint8 {
				return nil, errEscape
			}
			c = hexDigit(s[1])<<4 | hexDigit(s[2])
			s = s[2:]
		}
		if len(dst) == n {
			return nil, errLong
		}
		dst = append(dst, c)
	}
	return dst, nil
}

// hexDigit is the value of a hexadecimal digit, or 255.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return math.MaxUint8
}
