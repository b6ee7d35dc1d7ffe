package bencode

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
)

// rejected inputs are named after the defect.
var rejected = []struct {
	name, in string
	offset   int
	msg      string
}{
	{"empty", "", 0, "unexpected end"},
	{"space first", " i1e", 0, "not a value"},
	{"end alone", "e", 0, "not a value"},
	{"colon alone", ":", 0, "not a value"},
	{"unknown byte", "x", 0, "not a value"},

	{"string without colon", "4", 0, "string longer"},
	{"string length cut", "0", 0, "unexpected end in a string length"},
	{"string longer than input", "5:spam", 0, "string longer"},
	{"string length huge", "2147483647:x", 0, "string longer"},
	{"string length overflows int64", "99999999999999999999999999999999:x", 0, "string longer"},
	{"string length wraps to 1", "18446744073709551617:x", 0, "string longer"},
	{"string length leading zero", "04:spam", 0, "leading zero"},
	{"string length double zero", "00:", 0, "leading zero"},
	{"string length negative", "-1:x", 0, "not a value"},
	{"string length plus", "+1:x", 0, "not a value"},
	{"string length space", "1 :x", 0, "bad string length"},
	{"string length underscore", "1_0:0123456789", 0, "bad string length"},
	{"string length hex", "0x1:a", 0, "bad string length"},

	{"integer empty", "ie", 0, "bad integer"},
	{"integer minus alone", "i-e", 0, "bad integer"},
	{"integer negative zero", "i-0e", 0, "negative zero"},
	{"integer leading zero", "i03e", 0, "leading zero"},
	{"integer negative leading zero", "i-03e", 0, "leading zero"},
	{"integer double zero", "i00e", 0, "leading zero"},
	{"integer plus", "i+3e", 0, "bad integer"},
	{"integer space", "i 3e", 0, "bad integer"},
	{"integer trailing space", "i3 e", 0, "bad integer"},
	{"integer underscore", "i1_000e", 0, "bad integer"},
	{"integer float", "i1.5e", 0, "bad integer"},
	{"integer hex", "i0x1fe", 0, "bad integer"},
	{"integer cut", "i12", 0, "unexpected end in an integer"},
	{"integer cut after i", "i", 0, "unexpected end in an integer"},
	{"integer cut after minus", "i-", 0, "unexpected end in an integer"},
	{"integer double minus", "i--1e", 0, "bad integer"},

	{"list cut", "l", 1, "unexpected end"},
	{"list cut after item", "li1e", 4, "unexpected end"},
	{"list bad item", "li1exe", 4, "not a value"},

	{"dict cut", "d", 1, "unexpected end"},
	{"dict key cut", "d1:", 1, "string longer"},
	{"dict value missing", "d1:ae", 4, "without a value"},
	{"dict value cut", "d1:a", 4, "unexpected end"},
	{"dict integer key", "di1ei2ee", 1, "not a string"},
	{"dict list key", "dlei2ee", 1, "not a string"},
	{"dict duplicate key", "d1:ai1e1:ai2ee", 7, "duplicate"},
	{"dict duplicate empty key", "d0:i1e0:i2ee", 6, "duplicate"},
	{"dict duplicate key not adjacent", "d1:ai1e1:bi2e1:ai3ee", 15, "duplicate"},
	{"dict duplicate key nested", "d1:bd1:zi0e1:yi0e1:zi0eee", 19, "duplicate"},
	{"dict duplicate key in list", "ld1:b0:1:a0:ed1:b0:1:a0:1:b0:ee", 26, "duplicate"},

	{"trailing byte", "i1ee", 3, "after the end"},
	{"trailing value", "i1ei2e", 3, "after the end"},
	{"trailing space", "i1e\n", 3, "after the end"},
	{"trailing zero byte", "le\x00", 2, "after the end"},
}

func TestScanRejects(t *testing.T) {
	for _, tt := range rejected {
		t.Run(tt.name, func(t *testing.T) {
			err := Scan([]byte(tt.in), Limits{})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("Scan(%q) = %v, want an *Error", tt.in, err)
			}
			if e.Offset != tt.offset || !strings.Contains(e.Msg, tt.msg) {
				t.Errorf("Scan(%q) = %v; want %q at byte %d", tt.in, err, tt.msg, tt.offset)
			}
			if !strings.Contains(err.Error(), "byte "+strconv.Itoa(tt.offset)) {
				t.Errorf("message %q does not say where", err)
			}
		})
	}
}

var accepted = []string{
	"0:", "4:spam", "10:0123456789", "3:\x00\xff:",
	"i0e", "i3e", "i-3e", "i-10e", "i10e", "i123456789012345678901234567890e",
	"le", "l4:spam4:eggse", "llleee", "li1eli2eee",
	"de", "d3:cow3:moo4:spam4:eggse", "d4:spaml1:a1:bee", "d0:de1:ad0:0:ee",
	"d1:\x7fi0e1:\x80i0ee", // raw bytes order, not signed chars
	"d1:a0:2:aa0:e",        // a prefix sorts first
}

func TestScanAccepts(t *testing.T) {
	for _, in := range accepted {
		v, err := Parse([]byte(in), Limits{})
		if err != nil {
			t.Errorf("Parse(%q): %v", in, err)
			continue
		}
		if string(v.Raw()) != in || !v.Sorted() {
			t.Errorf("Parse(%q) = %q, sorted %v", in, v.Raw(), v.Sorted())
		}
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) []byte { return []byte(strings.Repeat("l", n) + strings.Repeat("e", n)) }
	tests := []struct {
		name string
		in   []byte
		lim  Limits
		ok   bool
	}{
		{"default depth", deep(100), Limits{}, true},
		{"one deeper", deep(101), Limits{}, false},
		{"depth asked for", deep(5), Limits{Depth: 5}, true},
		{"depth over what was asked for", deep(6), Limits{Depth: 5}, false},
		{"depth at the ceiling", deep(128), Limits{Depth: 1000}, true},
		{"depth over the ceiling", deep(129), Limits{Depth: 1000}, false},
		{"a scalar has depth 0", []byte("i1e"), Limits{Depth: 1}, true},
		{"tokens", []byte("d1:ai1ee"), Limits{Tokens: 3}, true},
		{"too many tokens, value", []byte("d1:ai1ee"), Limits{Tokens: 2}, false},
		{"too many tokens, key", []byte("d1:ai1ee"), Limits{Tokens: 1}, false},
		{"size", []byte("4:spam"), Limits{Size: 6}, true},
		{"too large", []byte("4:spam"), Limits{Size: 5}, false},
		{"what is behind the value counts for the size", []byte("4:spam\n"), Limits{Size: 6, Lenient: true}, false},
		{"lenient depth", deep(101), Limits{Lenient: true}, false},
		{"lenient tokens", []byte("d1:ai1e1:ai1ee"), Limits{Tokens: 4, Lenient: true}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := Scan(tt.in, tt.lim); (err == nil) != tt.ok {
				t.Errorf("Scan = %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestDepthBombIsCheap(t *testing.T) {
	for _, unit := range []string{"l", "d1:a", "d0:"} {
		if err := Scan([]byte(strings.Repeat(unit, 1<<20)), Limits{}); err == nil {
			t.Errorf("a megabyte of %q passed", unit)
		}
	}
}

// The cost of the check for duplicates must not grow with the square of the
// number of keys: this input has a million of them, in descending order.
func TestManyUnsortedKeys(t *testing.T) {
	b := []byte{'d'}
	for i := 999_999; i >= 0; i-- {
		b = AppendString(b, []byte{byte(i >> 16), byte(i >> 8), byte(i)})
		b = append(b, "le"...)
	}
	v, err := Parse(append(b, 'e'), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Sorted() {
		t.Error("descending keys reported as sorted")
	}
	b = AppendString(b, "\x00\x00\x07")
	if err := Scan(append(b, "lee"...), Limits{}); err == nil || !strings.Contains(err.Error(), "duplicate") {
		t.Errorf("duplicate among a million unsorted keys: %v", err)
	}
}

// Unsorted dictionaries inside each other are each sorted once.
func TestNestedUnsorted(t *testing.T) {
	b := []byte("0:")
	for range 100 {
		b = append(append([]byte("d1:z"), b...), "1:ai0ee"...)
	}
	v, err := Parse(b, Limits{})
	if err != nil || v.Sorted() {
		t.Fatalf("Parse = %v, sorted %v; want unsorted", err, v.Sorted())
	}
}

func TestSorted(t *testing.T) {
	v, err := Parse([]byte("d1:bd1:y0:1:x0:e1:ad1:x0:1:y0:ee"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Sorted() || v.Get("b").Sorted() {
		t.Error("unsorted dictionary reported as sorted")
	}
	if !v.Get("a").Sorted() || !v.Get("none").Sorted() || !v.Get("a").Get("x").Sorted() {
		t.Error("sorted part of an unsorted dictionary reported as unsorted")
	}
}

func TestParsePrefix(t *testing.T) {
	v, rest, err := ParsePrefix([]byte("d8:msg_typei1ee\x00payload"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := v.Get("msg_type").Int(); n != 1 || !ok || string(rest) != "\x00payload" {
		t.Errorf("msg_type %d %v, rest %q", n, ok, rest)
	}
	if _, _, err := ParsePrefix([]byte("d1:a"), Limits{}); err == nil {
		t.Error("a cut dictionary passed")
	}
	// Appending to a view must not write into the payload.
	in := []byte("d1:a1:be-payload")
	v, _, _ = ParsePrefix(in, Limits{})
	s, _ := v.Get("a").Str()
	_ = append(v.Raw(), "past"...)
	_ = append(s, "past"...)
	_ = append(v.Get("a").Raw(), "past"...)
	if string(in) != "d1:a1:be-payload" {
		t.Errorf("append through a view changed the input to %q", in)
	}
}

func TestValue(t *testing.T) {
	in := []byte("d3:inti-7e4:listl1:ai2elee3:str5:hello4:zdicd1:kd1:j1:veee")
	v, err := Parse(in, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := v.Get("int").Int(); n != -7 || !ok {
		t.Errorf("int = %d, %v", n, ok)
	}
	if s, ok := v.Get("str").Str(); string(s) != "hello" || !ok {
		t.Errorf("str = %q, %v", s, ok)
	} else if &s[0] != &in[bytes.Index(in, []byte("hello"))] {
		t.Error("the string was copied")
	}
	if s, ok := v.Get("zdic").Get("k").Get("j").Str(); string(s) != "v" || !ok {
		t.Errorf("nested = %q, %v", s, ok)
	}
	var kinds []Kind
	for item := range v.Get("list").Items() {
		kinds = append(kinds, item.Kind())
	}
	if len(kinds) != 3 || kinds[0] != String || kinds[1] != Integer || kinds[2] != List {
		t.Errorf("items = %v", kinds)
	}
	var keys []string
	for k, e := range v.Entries() {
		keys = append(keys, string(k)+" is "+e.Kind().String())
	}
	if got := strings.Join(keys, ", "); got != "int is an integer, list is a list, str is a string, zdic is a dictionary" {
		t.Errorf("entries: %s", got)
	}
}

// Everything a reader may ask of a value of the wrong type answers "no".
func TestValueWrongKind(t *testing.T) {
	for _, in := range []string{"i1e", "1:x", "le", "de", ""} {
		v, _ := Parse([]byte(in), Limits{})
		if _, ok := v.Int(); ok != (in == "i1e") {
			t.Errorf("%q: Int says %v", in, ok)
		}
		if _, ok := v.Str(); ok != (in == "1:x") {
			t.Errorf("%q: Str says %v", in, ok)
		}
		if got := v.Get("x"); got.Kind() != Invalid || got.Raw() != nil {
			t.Errorf("%q: Get found %#v", in, got)
		}
		for range v.Items() {
			t.Errorf("%q has items", in)
		}
		for range v.Entries() {
			t.Errorf("%q has entries", in)
		}
	}
	if Invalid.String() != "missing" {
		t.Error("the zero kind should read as missing")
	}
}

func TestRangesStop(t *testing.T) {
	v, _ := Parse([]byte("ld1:ai1e1:bi2eei2ei3ee"), Limits{})
	n := 0
	for item := range v.Items() {
		for range item.Entries() {
			n++
			break
		}
		break
	}
	if n != 1 {
		t.Errorf("visited %d", n)
	}
}

func TestGetUnsorted(t *testing.T) {
	v, err := Parse([]byte("d1:bi1e1:ai2e1:ci3ee"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int64{"a": 2, "b": 1, "c": 3} {
		if n, ok := v.Get(key).Int(); n != want || !ok {
			t.Errorf("Get(%s) = %d, %v", key, n, ok)
		}
	}
}

func TestInt(t *testing.T) {
	tests := []struct {
		in   string
		want int64
		ok   bool
	}{
		{"i0e", 0, true},
		{"i-1e", -1, true},
		{"i9223372036854775807e", math.MaxInt64, true},
		{"i-9223372036854775808e", math.MinInt64, true},
		{"i9223372036854775808e", 0, false},
		{"i-9223372036854775809e", 0, false},
		{"i18446744073709551616e", 0, false},
		{"i99999999999999999999e", 0, false},
		{"i-18446744073709551617e", 0, false},
		{"i340282366920938463463374607431768211456e", 0, false},
	}
	for _, tt := range tests {
		v, err := Parse([]byte(tt.in), Limits{})
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
		}
		if n, ok := v.Int(); n != tt.want || ok != tt.ok {
			t.Errorf("%s = %d, %v; want %d, %v", tt.in, n, ok, tt.want, tt.ok)
		}
	}
}

func TestAppend(t *testing.T) {
	var b []byte
	b = append(b, 'd')
	b = AppendKeyInt(b, "a", -1)
	b = AppendKeyString(b, "b", []byte("x"))
	b = AppendKey(b, "c")
	b = append(b, 'l')
	b = AppendInt(b, math.MinInt64)
	b = AppendString(b, "")
	b = append(b, "ee"...)
	if want := "d1:ai-1e1:b1:x1:cli-9223372036854775808e0:ee"; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	if err := Scan(b, Limits{}); err != nil {
		t.Error(err)
	}
}

// Scan reports whether b is exactly one bencoded value within lim. It
// allocates nothing unless keys are unsorted. Errors are *Error.
func Scan(b []byte, lim Limits) error {
	_, err := Parse(b, lim)
	return err
}
