package bencode

import (
	"bytes"
	"strings"
	"testing"
)

// What a lenient scan takes beyond canonical bencode, and what is then read of
// key "a". libtorrent 2.0.8 takes all of these.
var lenient = []struct {
	name, in, raw string // raw: what of in is the value
	want          int64
}{
	{"bytes behind", "d1:ai7eex", "d1:ai7ee", 7},
	{"white space behind", "d1:ai7ee \r\n", "d1:ai7ee", 7},
	{"a NUL behind", "d1:ai7ee\x00", "d1:ai7ee", 7},
	{"a value behind", "d1:ai7eed1:ai8ee", "d1:ai7ee", 7},
	{"a key twice", "d1:ai7e1:ai8ee", "", 7},
	{"a key twice, unsorted", "d1:bi1e1:ai7e1:bi2e1:ai8ee", "", 7},
	{"leading zero", "d1:ai07ee", "", 7},
	{"many leading zeros", "d1:ai00000000000000000000000000007ee", "", 7},
	{"negative leading zero", "d1:ai-07ee", "", -7},
	{"negative zero", "d1:ai-0ee", "", 0},
	{"zeros", "d1:ai000ee", "", 0},
	{"leading zero in the length of a key", "d01:ai7ee", "", 7},
	{"leading zero in the length of a string", "d1:ai7e1:b002:xye", "", 7},
	{"double zero as a length", "d1:ai7e1:b00:e", "", 7},
}

func TestLenient(t *testing.T) {
	for _, tt := range lenient {
		t.Run(tt.name, func(t *testing.T) {
			if Scan([]byte(tt.in), Limits{}) == nil {
				t.Error("a strict scan takes it")
			}
			v, err := Parse([]byte(tt.in), Limits{Lenient: true})
			if err != nil {
				t.Fatal(err)
			}
			if want := tt.raw; want == "" && string(v.Raw()) != tt.in || want != "" && string(v.Raw()) != want {
				t.Errorf("the value is %q", v.Raw())
			}
			if n, ok := v.Get("a").Int(); n != tt.want || !ok {
				t.Errorf("a is %d, %v; want %d", n, ok, tt.want)
			}
			if twice := strings.Contains(tt.name, "twice"); v.Sorted() == twice {
				t.Errorf("keys in order and distinct: %v", v.Sorted())
			}
		})
	}
}

// What even libtorrent refuses stays refused.
func TestLenientRejects(t *testing.T) {
	for _, in := range []string{
		"", " de", "\xef\xbb\xbfde", "x", "d1:a", "d1:al", "d1:ai12", "d1:ai1e1:bi2e", "d1:ae", "di1ei2ee",
		"d1:ai+1ee", "d1:ai 1ee", "d1:ai1 ee", "d1:aiee", "d1:ai-ee", "d1:ai1.5ee", "d1:ai1e\ne", "d1:a9:xe",
		"d1:a99999999999999999999:xe", "d1:a00000000000000000000000009:xe",
	} {
		if err := Scan([]byte(in), Limits{Lenient: true}); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

func TestLenientAllocatesNothing(t *testing.T) {
	b := []byte("d1:bi1e1:ai07e1:bi2eetail")
	if n := testing.AllocsPerRun(100, func() {
		if v, err := Parse(b, Limits{Lenient: true}); err != nil || v.Get("a").Kind() != Integer {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzLenient: whatever is canonical is the same to both scans, and what is
// not can be walked all the same, the first of each key being the one that is
// found.
func FuzzLenient(f *testing.F) {
	addSeeds(f)
	for _, tt := range lenient {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		strict, strictErr := Parse(b, Limits{})
		v, err := Parse(b, Limits{Lenient: true})
		if strictErr == nil && (err != nil || !bytes.Equal(v.Raw(), strict.Raw())) {
			t.Fatalf("canonical, but not to a lenient scan: %v", err)
		}
		if err != nil {
			return
		}
		if !bytes.HasPrefix(b, v.Raw()) {
			t.Fatal("the value is not what the input begins with")
		}
		walk(t, v)
	})
}

// walk reads all of a value, and checks that Get agrees with Entries.
func walk(t *testing.T, v Value) {
	v.Int()
	v.Str()
	for item := range v.Items() {
		walk(t, item)
	}
	seen := make(map[string]bool)
	for k, e := range v.Entries() {
		if got := v.Get(string(k)); !seen[string(k)] && &got.Raw()[0] != &e.Raw()[0] {
			t.Errorf("Get(%q) is not the first entry", k)
		}
		seen[string(k)] = true
		walk(t, e)
	}
}
