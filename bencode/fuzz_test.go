package bencode

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zeebo/bencode"
)

// plain is a second, recursive reader of bencode, as close to the text of BEP 3
// as can be. It builds int64 (or the digits of what does not fit), string,
// []any and dict, and stops at what it cannot take.
type plain struct {
	b      []byte
	sorted bool
}

type entry struct {
	key   string
	value any
}

type dict []entry

var errPlain = errors.New("not bencode")

func (p *plain) value(depth int) (any, error) {
	if len(p.b) == 0 || depth > defaultDepth {
		return nil, errPlain
	}
	switch p.b[0] {
	case 'i':
		return p.integer()
	case 'l':
		list := []any{}
		err := p.until(depth, func() error {
			v, err := p.value(depth + 1)
			list = append(list, v)
			return err
		})
		return list, err
	case 'd':
		return p.dict(depth)
	}
	return p.str()
}

// until reads elements up to the "e".
func (p *plain) until(depth int, element func() error) error {
	if depth >= defaultDepth {
		return errPlain
	}
	p.b = p.b[1:]
	for len(p.b) > 0 && p.b[0] != 'e' {
		if err := element(); err != nil {
			return err
		}
	}
	if len(p.b) == 0 {
		return errPlain
	}
	p.b = p.b[1:]
	return nil
}

func (p *plain) dict(depth int) (any, error) {
	d := dict{}
	seen := make(map[string]bool)
	err := p.until(depth, func() error {
		key, err := p.str()
		if err != nil || seen[key] {
			return errPlain
		}
		if len(d) > 0 && d[len(d)-1].key > key {
			p.sorted = false
		}
		seen[key] = true
		v, err := p.value(depth + 1)
		d = append(d, entry{key, v})
		return err
	})
	return d, err
}

// number cuts a canonical decimal number up to end.
func (p *plain) number(end byte) (string, error) {
	digits, rest, ok := bytes.Cut(p.b, []byte{end})
	s := string(digits)
	unsigned := s
	if end == 'e' && len(s) > 1 && s[0] == '-' && s[1] != '0' {
		unsigned = s[1:]
	}
	if !ok || unsigned == "" || len(unsigned) > 1 && unsigned[0] == '0' {
		return "", errPlain
	}
	for _, c := range unsigned {
		if c < '0' || c > '9' {
			return "", errPlain
		}
	}
	p.b = rest
	return s, nil
}

func (p *plain) integer() (any, error) {
	p.b = p.b[1:]
	s, err := p.number('e')
	if err != nil {
		return nil, err
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	return []byte(s), nil
}

func (p *plain) str() (string, error) {
	s, err := p.number(':')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > len(p.b) {
		return "", errPlain
	}
	s, p.b = string(p.b[:n]), p.b[n:]
	return s, nil
}

// build reads a Value into the same types.
func build(t *testing.T, v Value) any {
	switch v.Kind() {
	case String:
		s, ok := v.Str()
		if !ok {
			t.Error("a string that is none")
		}
		return string(s)
	case Integer:
		if n, ok := v.Int(); ok {
			return n
		}
		return v.Raw()[1 : len(v.Raw())-1]
	case List:
		list := []any{}
		for item := range v.Items() {
			list = append(list, build(t, item))
		}
		return list
	case Dict:
		d := dict{}
		for k, e := range v.Entries() {
			if got := v.Get(string(k)); !bytes.Equal(got.Raw(), e.Raw()) || len(e.Raw()) > 0 && &got.Raw()[0] != &e.Raw()[0] {
				t.Errorf("Get(%q) is not the entry", k)
			}
			d = append(d, entry{string(k), build(t, e)})
		}
		return d
	}
	t.Error("an invalid value in a valid one")
	return nil
}

// write encodes with the Append functions.
func write(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return AppendString(dst, v)
	case int64:
		return AppendInt(dst, v)
	case []byte: // a large number
		return append(append(append(dst, 'i'), v...), 'e')
	case []any:
		dst = append(dst, 'l')
		for _, e := range v {
			dst = write(dst, e)
		}
	case dict:
		dst = append(dst, 'd')
		for _, e := range v {
			switch value := e.value.(type) {
			case string:
				dst = AppendKeyString(dst, e.key, value)
			case int64:
				dst = AppendKeyInt(dst, e.key, value)
			default:
				dst = write(AppendKey(dst, e.key), value)
			}
		}
	}
	return append(dst, 'e')
}

func sameValues(a, b any) bool {
	return cmp.Equal(a, b, cmp.AllowUnexported(entry{}))
}

func addSeeds(f *testing.F) {
	for _, tt := range rejected {
		f.Add([]byte(tt.in))
	}
	for _, s := range accepted {
		f.Add([]byte(s))
	}
	for _, s := range []string{krpc, ann, "d1:bi1e1:ai2ee", "i9223372036854775808e", "i-9223372036854775808e", "lllllllleeeeeeee"} {
		f.Add([]byte(s))
	}
	f.Add(bytes.Repeat([]byte("l"), 102))
}

// FuzzScan holds the scanner against the plain reader: both accept the same
// inputs and see the same in them, and what is read and written again is what
// was read.
func FuzzScan(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		p := plain{b: b, sorted: true}
		want, wantErr := p.value(0)
		if wantErr == nil && len(p.b) > 0 {
			wantErr = errPlain
		}
		v, err := Parse(b, Limits{})
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("Parse says %v, the plain reader %v", err, wantErr)
		}
		if !bytes.Equal(b, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(b) || e.Msg == "" {
				t.Errorf("error %v has no offset in the input", err)
			}
			return
		}
		if !bytes.Equal(v.Raw(), b) || v.Sorted() != p.sorted {
			t.Errorf("raw %q, sorted %v", v.Raw(), v.Sorted())
		}
		got := build(t, v)
		if !sameValues(want, got) {
			t.Errorf("got %v, want %v", got, want)
		}
		if again := write(nil, got); !bytes.Equal(again, b) {
			t.Errorf("written again it is %q", again)
		}
	})
}

// FuzzParsePrefix: a value followed by anything is the value and the rest.
func FuzzParsePrefix(f *testing.F) {
	f.Add([]byte("d8:msg_typei1ee"), []byte("payload"))
	f.Add([]byte("i1e"), []byte("i2e"))
	f.Add([]byte("3:abc"), []byte(" "))
	f.Add([]byte("d1:a"), []byte("1:be"))
	f.Fuzz(func(t *testing.T, b, payload []byte) {
		in := slices.Concat(b, payload)
		v, rest, err := ParsePrefix(in, Limits{})
		if err != nil {
			if Scan(b, Limits{}) == nil {
				t.Errorf("refused with %q behind it: %v", payload, err)
			}
			return
		}
		if !bytes.Equal(slices.Concat(v.Raw(), rest), in) {
			t.Errorf("%q and %q do not make the input", v.Raw(), rest)
		}
		if Scan(v.Raw(), Limits{}) != nil {
			t.Errorf("%q alone is refused", v.Raw())
		}
		if Scan(b, Limits{}) == nil && !bytes.Equal(v.Raw(), b) {
			t.Errorf("with %q behind it, %q becomes %q", payload, b, v.Raw())
		}
	})
}

// FuzzZeebo holds what we accept against zeebo/bencode: it decodes it, and
// canonical input comes back byte by byte from Marshal.
func FuzzZeebo(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Parse(b, Limits{})
		if err != nil || !small(v) {
			return
		}
		var ours, theirs any
		if err := Unmarshal(b, &ours, Limits{}); err != nil {
			t.Fatalf("Unmarshal of valid input: %v", err)
		}
		if err := bencode.DecodeBytes(b, &theirs); err != nil || !cmp.Equal(ours, theirs) {
			t.Fatalf("zeebo decodes it as %v, %v; we as %v", theirs, err, ours)
		}
		again, err := Marshal(ours)
		if err != nil {
			t.Fatal(err)
		}
		if v.Sorted() && !bytes.Equal(again, b) {
			t.Errorf("decoded and encoded again it is %q", again)
		}
	})
}

// small reports whether every integer fits the int64 that zeebo decodes into.
func small(v Value) bool {
	switch v.Kind() {
	case Integer:
		_, ok := v.Int()
		return ok
	case List:
		for item := range v.Items() {
			if !small(item) {
				return false
			}
		}
	case Dict:
		for _, e := range v.Entries() {
			if !small(e) {
				return false
			}
		}
	}
	return true
}
