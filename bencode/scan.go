package bencode

import (
	"bytes"
	"fmt"
	"slices"
)

// Limits bound what a scan accepts. A zero field means its default.
type Limits struct {
	Size   int // longest input in bytes, what is behind the value included; default 10 MB
	Depth  int // deepest nesting of lists and dictionaries; default 100, at most 128
	Tokens int // strings (keys too), integers, lists and dictionaries; default 3,000,000

	// Lenient accepts what libtorrent accepts, and what other clients so have
	// come to send: see the package comment. It is not for bytes that are
	// hashed, of which all must read the same.
	Lenient bool
}

// The defaults of Limits. Deep nesting overflows recursive parsers
// (CVE-2020-8437); floods of tiny tokens cost memory out of proportion in
// parsers that build trees.
const (
	defaultSize   = 10 << 20
	defaultDepth  = 100
	defaultTokens = 3_000_000

	maxDepth = 128       // size of the scanner's stack
	maxSize  = 1<<31 - 1 // offsets on that stack are 32 bits wide
)

func (l Limits) withDefaults() Limits {
	if l.Size <= 0 {
		l.Size = defaultSize
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Tokens <= 0 {
		l.Tokens = defaultTokens
	}
	l.Size = min(l.Size, maxSize)
	l.Depth = min(l.Depth, maxDepth)
	return l
}

// Error tells what is wrong with an input and where.
type Error struct {
	Offset int    // of the first byte that cannot be accepted
	Msg    string // lower case, without the offset
}

// Error returns the message with the offset in it.
func (e *Error) Error() string {
	return fmt.Sprintf("bencode: %s at byte %d", e.Msg, e.Offset)
}

// frame is one open list or dictionary.
type frame struct {
	keyStart, keyEnd uint32 // last key; keyEnd is 0 before the first
	dict             bool
	value            bool // a dictionary that has read a key and lacks its value
}

// scanner reads one value from b. It lives on its caller's stack.
type scanner struct {
	b        []byte
	pos      int
	tokens   int // left
	depth    int // open containers
	maxDepth int
	lenient  bool
	unsorted bool
	stack    [maxDepth]frame
}

// run scans one value starting at pos, leaves pos behind it and reports the
// first error, if any.
func (s *scanner) run() *Error {
	for {
		if s.depth > 0 {
			f := &s.stack[s.depth-1]
			if s.pos < len(s.b) && s.b[s.pos] == 'e' {
				if f.value {
					return s.fail("dictionary key without a value")
				}
				s.pos++
				s.depth--
				if s.depth == 0 {
					return nil
				}
				continue
			}
			if f.dict && !f.value {
				if err := s.key(f); err != nil {
					return err
				}
				continue
			}
			f.value = false
		}
		if err := s.value(); err != nil {
			return err
		}
		if s.depth == 0 {
			return nil
		}
	}
}

// value scans a string or an integer, or opens a list or a dictionary.
func (s *scanner) value() *Error {
	if s.pos >= len(s.b) {
		return s.fail("unexpected end")
	}
	if s.tokens--; s.tokens < 0 {
		return s.fail("too many values")
	}
	switch c := s.b[s.pos]; {
	case c-'0' <= 9:
		_, end, err := s.str()
		s.pos = end
		return err
	case c == 'i':
		return s.integer()
	case c == 'd' || c == 'l':
		if s.depth >= s.maxDepth {
			return s.fail("nested too deep")
		}
		s.stack[s.depth] = frame{dict: c == 'd'}
		s.depth++
		s.pos++
		return nil
	}
	return s.fail("not a value")
}

// key scans a dictionary key and compares it with the one before.
func (s *scanner) key(f *frame) *Error {
	if s.pos >= len(s.b) {
		return s.fail("unexpected end")
	}
	if s.b[s.pos]-'0' > 9 {
		return s.fail("dictionary key is not a string")
	}
	if s.tokens--; s.tokens < 0 {
		return s.fail("too many values")
	}
	start, end, err := s.str()
	if err != nil {
		return err
	}
	if f.keyEnd > 0 {
		switch order := bytes.Compare(s.b[f.keyStart:f.keyEnd], s.b[start:end]); {
		case order == 0 && !s.lenient:
			return s.fail("duplicate dictionary key")
		case order >= 0:
			s.unsorted = true
		}
	}
	f.keyStart, f.keyEnd = uint32(start), uint32(end)
	f.value = true
	s.pos = end
	return nil
}

// str checks the string at pos, which is known to start with a digit, and
// returns where its bytes start and end. It does not move pos.
func (s *scanner) str() (start, end int, err *Error) {
	b := s.b
	i, n := s.pos, 0
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + int(b[i]-'0')
		if i++; n > len(b)-i {
			// Also keeps n from overflowing, whatever the number of digits.
			return 0, s.pos, s.fail("string longer than the input")
		}
	}
	switch {
	case i >= len(b):
		return 0, s.pos, s.fail("unexpected end in a string length")
	case b[i] != ':':
		return 0, s.pos, s.fail("bad string length")
	case b[s.pos] == '0' && i > s.pos+1 && !s.lenient:
		return 0, s.pos, s.fail("leading zero in a string length")
	}
	if i++; n > len(b)-i {
		return 0, s.pos, s.fail("string longer than the input")
	}
	return i, i + n, nil
}

// integer scans the integer at pos.
func (s *scanner) integer() *Error {
	b := s.b
	i := s.pos + 1
	if i < len(b) && b[i] == '-' {
		i++
		if i < len(b) && b[i] == '0' && !s.lenient {
			return s.fail("negative zero or leading zero in an integer")
		}
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	switch {
	case i >= len(b):
		return s.fail("unexpected end in an integer")
	case i == first || b[i] != 'e':
		return s.fail("bad integer")
	case b[first] == '0' && i > first+1 && !s.lenient:
		return s.fail("leading zero in an integer")
	}
	s.pos = i + 1
	return nil
}

func (s *scanner) fail(msg string) *Error { return &Error{Offset: s.pos, Msg: msg} }

// span is where a key lies in the input.
type span struct{ start, end uint32 }

// findDuplicate looks for a duplicate key in b, one valid value in which at
// least one dictionary is unsorted. Every key is pushed on one list; the keys
// of a dictionary are its tail when the dictionary ends, and are sorted there.
func findDuplicate(b []byte) *Error {
	var (
		keys  []span
		base  [maxDepth]int // where each open dictionary's keys begin; -1 in a list
		depth int
		isKey bool
	)
	for pos := 0; pos < len(b); {
		switch c := b[pos]; c {
		case 'd', 'l':
			base[depth] = -1
			if c == 'd' {
				base[depth] = len(keys)
			}
			depth++
			pos++
			isKey = c == 'd'
			continue
		case 'e':
			depth--
			if from := base[depth]; from >= 0 {
				if err := sortedDuplicate(b, keys[from:]); err != nil {
					return err
				}
				keys = keys[:from]
			}
			pos++
		case 'i':
			pos = skip(b, pos)
		default:
			start, end := strAt(b, pos)
			pos = end
			if isKey {
				keys = append(keys, span{uint32(start), uint32(end)})
				isKey = false
				continue
			}
		}
		isKey = depth > 0 && base[depth-1] >= 0
	}
	return nil
}

// sortedDuplicate sorts keys and compares the neighbours.
func sortedDuplicate(b []byte, keys []span) *Error {
	slices.SortFunc(keys, func(x, y span) int {
		return bytes.Compare(b[x.start:x.end], b[y.start:y.end])
	})
	for i := 1; i < len(keys); i++ {
		x, y := keys[i-1], keys[i]
		if bytes.Equal(b[x.start:x.end], b[y.start:y.end]) {
			return &Error{Offset: int(max(x.start, y.start)), Msg: "duplicate dictionary key"}
		}
	}
	return nil
}
