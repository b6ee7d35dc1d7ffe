package bencode

import (
	"bytes"
	"fmt"

	"github.com/zeebo/bencode"
)

// RawMessage is a field of a Marshal or Unmarshal struct that holds the exact
// bencoded bytes of a value.
type RawMessage = bencode.RawMessage

// Marshal encodes v with zeebo/bencode: structs (tag `bencode:"key,omitempty"`)
// and maps with string keys become dictionaries in canonical order, bool
// becomes 0 or 1. It fails on values that have no canonical encoding, such as
// nil or maps with other keys.
func Marshal(v any) (b []byte, err error) {
	defer recovered(&err)
	b, err = bencode.EncodeBytes(v)
	if err != nil {
		return nil, fmt.Errorf("bencode: encode %T: %w", v, err)
	}
	parsed, err := Parse(b, Limits{Size: maxSize, Depth: maxDepth, Tokens: len(b) + 1})
	if err != nil {
		return nil, fmt.Errorf("bencode: encode %T: no canonical form: %w", v, err)
	}
	if !parsed.Sorted() {
		return nil, fmt.Errorf("bencode: encode %T: no canonical form: keys out of order", v)
	}
	return b, nil
}

// Unmarshal scans b within lim and decodes it into v with zeebo/bencode. A
// value of the wrong type for its field, or an integer that an int64 cannot
// hold, is an error wherever it stands; where that is too strict, use Parse.
// What is decoded does not alias b.
func Unmarshal(b []byte, v any, lim Limits) (err error) {
	parsed, err := Parse(b, lim)
	if err != nil {
		return err
	}
	defer recovered(&err)
	if err := bencode.NewDecoder(bytes.NewReader(parsed.Raw())).Decode(v); err != nil {
		return fmt.Errorf("bencode: decode into %T: %w", v, err)
	}
	return nil
}

// recovered turns a panic into an error: zeebo/bencode panics, for instance,
// on a list that is longer than the array it is decoded into.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("bencode: does not fit the type: %v", p)
	}
}
