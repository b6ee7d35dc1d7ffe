package bencode

import (
	"iter"
	"strconv"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds of values. Invalid is that of the zero Value, for instance of a
// key that is not there.
const (
	Invalid Kind = iota
	String
	Integer
	List
	Dict
)

// String returns the kind in words, with an article: "a string".
func (k Kind) String() string {
	switch k {
	case String:
		return "a string"
	case Integer:
		return "an integer"
	case List:
		return "a list"
	case Dict:
		return "a dictionary"
	}
	return "missing"
}

// Value is a view of one value inside a scanned input. It aliases the input
// and copies nothing. The zero Value is Invalid; all methods may be called on
// it, so look-ups chain without checks in between.
type Value struct {
	raw    []byte
	sorted bool // every dictionary in the scanned input has sorted and distinct keys
}

// Parse checks that b is exactly one bencoded value within lim, and returns a view
// of it. It allocates nothing unless keys are unsorted. Errors are *Error.
func Parse(b []byte, lim Limits) (Value, error) {
	v, rest, err := ParsePrefix(b, lim)
	if err != nil {
		return Value{}, err
	}
	if len(rest) > 0 && !lim.Lenient {
		return Value{}, &Error{Offset: len(b) - len(rest), Msg: "bytes after the end of the value"}
	}
	return v, nil
}

// ParsePrefix scans the value that b starts with and returns a view of it and
// the bytes behind it, as BEP 9 messages have them. Limits.Size counts all of
// b.
func ParsePrefix(b []byte, lim Limits) (v Value, rest []byte, err error) {
	lim = lim.withDefaults()
	if len(b) > lim.Size {
		return Value{}, nil, &Error{Offset: lim.Size, Msg: "input too large"}
	}
	s := scanner{b: b, tokens: lim.Tokens, maxDepth: lim.Depth, lenient: lim.Lenient}
	if err := s.run(); err != nil {
		return Value{}, nil, err
	}
	raw := b[:s.pos:s.pos]
	if s.unsorted && !lim.Lenient {
		if err := findDuplicate(raw); err != nil {
			return Value{}, nil, err
		}
	}
	return Value{raw: raw, sorted: !s.unsorted}, b[s.pos:], nil
}

// Kind returns what the value is.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return Invalid
	}
	switch v.raw[0] {
	case 'd':
		return Dict
	case 'l':
		return List
	case 'i':
		return Integer
	}
	return String
}

// Raw returns the exact encoded bytes of the value, nil if it is Invalid.
func (v Value) Raw() []byte { return v.raw }

// Str returns the bytes of a string, aliasing the input, and whether the value
// is a string.
func (v Value) Str() ([]byte, bool) {
	if v.Kind() != String {
		return nil, false
	}
	start, end := strAt(v.raw, 0)
	return v.raw[start:end:end], true
}

// Int returns the number and whether the value is an integer that an int64
// can hold.
func (v Value) Int() (int64, bool) {
	if v.Kind() != Integer {
		return 0, false
	}
	digits, limit := v.raw[1:len(v.raw)-1], uint64(1<<63-1)
	if digits[0] == '-' {
		digits, limit = digits[1:], 1<<63
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:] // of a lenient scan
	}
	if len(digits) > len("9223372036854775808") {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		n = n*10 + uint64(c-'0')
	}
	switch {
	case n > limit:
		return 0, false
	case v.raw[1] == '-':
		return -int64(n), true // also right for 1<<63
	}
	return int64(n), true
}

// Get returns the value of a key, the zero Value if v is not a dictionary or
// has no such key; the first value if a lenient scan let it be there twice. It walks the dictionary: to read many keys of a large one,
// range over Entries once.
func (v Value) Get(key string) Value {
	if v.Kind() != Dict {
		return Value{}
	}
	for pos := 1; pos < len(v.raw) && v.raw[pos] != 'e'; {
		start, mid := strAt(v.raw, pos)
		k := v.raw[start:mid]
		if string(k) == key {
			return v.sub(mid, skip(v.raw, mid))
		}
		if v.sorted && string(k) > key {
			break
		}
		pos = skip(v.raw, mid)
	}
	return Value{}
}

// Items ranges over the elements of a list; over nothing if v is not one.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != List {
			return
		}
		for pos := 1; pos < len(v.raw) && v.raw[pos] != 'e'; {
			end := skip(v.raw, pos)
			if !yield(v.sub(pos, end)) {
				return
			}
			pos = end
		}
	}
}

// Entries ranges over the keys and values of a dictionary in the order of the
// input; over nothing if v is not one. The keys alias the input. After a lenient
// scan a key may come twice: the first counts.
func (v Value) Entries() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		if v.Kind() != Dict {
			return
		}
		for pos := 1; pos < len(v.raw) && v.raw[pos] != 'e'; {
			start, mid := strAt(v.raw, pos)
			end := skip(v.raw, mid)
			if !yield(v.raw[start:mid:mid], v.sub(mid, end)) {
				return
			}
			pos = end
		}
	}
}

// Sorted reports whether the keys of all dictionaries in v are in order and
// distinct, which makes v canonical if the scan was a strict one. An Invalid
// value is.
func (v Value) Sorted() bool {
	if v.sorted || len(v.raw) == 0 {
		return true
	}
	s := scanner{b: v.raw, tokens: len(v.raw), maxDepth: maxDepth, lenient: true}
	return s.run() == nil && !s.unsorted
}

func (v Value) sub(start, end int) Value {
	return Value{raw: v.raw[start:end:end], sorted: v.sorted}
}

// strAt returns where the bytes of the string at pos start and end. b has been
// scanned; should it have been changed since, the answer still lies in b.
func strAt(b []byte, pos int) (start, end int) {
	n := 0
	for pos < len(b) && b[pos] != ':' && n <= len(b) {
		n = n*10 + int(b[pos]-'0')
		pos++
	}
	start = min(pos+1, len(b))
	return start, start + min(n, len(b)-start)
}

// skip returns the end of the value at pos in b, which has been scanned.
func skip(b []byte, pos int) int {
	for depth := 0; pos < len(b); {
		switch b[pos] {
		case 'd', 'l':
			depth++
			pos++
		case 'e':
			depth--
			pos++
		case 'i':
			for pos < len(b) && b[pos] != 'e' {
				pos++
			}
			pos = min(pos+1, len(b))
		default:
			_, pos = strAt(b, pos)
		}
		if depth <= 0 {
			return pos
		}
	}
	return len(b)
}

// GoString returns the raw bytes quoted, so that failing tests read well.
func (v Value) GoString() string { return "bencode.Value(" + strconv.Quote(string(v.raw)) + ")" }
