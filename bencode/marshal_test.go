package bencode

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answer is what a tracker says, with a part that is read elsewhere.
type answer struct {
	Interval int64      `bencode:"interval"`
	Failure  string     `bencode:"failure reason,omitempty"`
	Peers    RawMessage `bencode:"peers,omitempty"`
	Private  bool       `bencode:"private,omitempty"`
	hidden   int
}

func TestMarshal(t *testing.T) {
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"integer", -7, "i-7e"},
		{"string", "spam", "4:spam"},
		{"bytes", []byte{0, 255}, "2:\x00\xff"},
		{"list", []any{1, "a", []int{2}}, "li1e1:ali2eee"},
		{"empty list", []int{}, "le"},
		{"map is sorted by bytes", map[string]int{"b": 1, "aa": 2, "a": 3, "B": 4, "é": 5}, "d1:Bi4e1:ai3e2:aai2e1:bi1e2:\xc3\xa9i5ee"},
		{"struct is sorted", answer{Interval: 1800, Failure: "no", Peers: RawMessage("le"), Private: true},
			"d14:failure reason2:no8:intervali1800e5:peersle7:privatei1ee"},
		{"empty fields are left out", answer{hidden: 1}, "d8:intervali0ee"},
		{"pointer", &answer{}, "d8:intervali0ee"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Marshal(tt.in)
			if err != nil || string(b) != tt.want {
				t.Errorf("Marshal = %q, %v; want %q", b, err, tt.want)
			}
		})
	}
}

// lying is a type that encodes itself as whatever it holds.
type lying string

func (s lying) MarshalBencode() ([]byte, error) { return []byte(s), nil }

// What has no canonical form is refused, also where a type writes its own.
func TestMarshalRefuses(t *testing.T) {
	deep := any(1)
	for range maxDepth + 1 {
		deep = []any{deep}
	}
	tests := []struct {
		name string
		in   any
	}{
		{"nil", nil},
		{"nil pointer", (*answer)(nil)},
		{"float", 1.5},
		{"channel", make(chan int)},
		{"map with other keys", map[int]int{1: 2}},
		{"empty raw message", map[string]RawMessage{"a": nil}},
		{"broken raw message", RawMessage("i05e")},
		{"two raw values", RawMessage("i1ei2e")},
		{"raw keys out of order", RawMessage("d1:b0:1:a0:e")},
		{"raw keys twice", RawMessage("d1:a0:1:a0:e")},
		{"own encoding broken", lying("5:spam")},
		{"own encoding empty", lying("")},
		{"too deep", deep},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Marshal(tt.in)
			if err == nil || b != nil {
				t.Fatalf("Marshal = %q, %v; want an error", b, err)
			}
			if s := err.Error(); !strings.HasPrefix(s, "bencode: ") || strings.Contains(s, "\n") {
				t.Errorf("error %q", s)
			}
		})
	}
}

func TestUnmarshal(t *testing.T) {
	in := []byte("d14:failure reason2:no8:intervali1800e5:peersld2:ip1:aee7:privatei1e5:zzzzzi5ee")
	var got answer
	if err := Unmarshal(in, &got, Limits{}); err != nil {
		t.Fatal(err)
	}
	want := answer{Interval: 1800, Failure: "no", Peers: RawMessage("ld2:ip1:aee"), Private: true}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	clear(in)
	if string(got.Peers) != "ld2:ip1:aee" || got.Failure != "no" {
		t.Error("what was decoded aliases the input")
	}
	var v any
	if err := Unmarshal([]byte("d1:ali1e1:xee \n"), &v, Limits{Lenient: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"a": []any{int64(1), "x"}}, v); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// panicking is a type whose decoding goes wrong.
type panicking struct{}

func (*panicking) UnmarshalBencode([]byte) error { panic("out of order") }

func TestUnmarshalRefuses(t *testing.T) {
	tests := []struct {
		name, in string
		into     any
		lim      Limits
	}{
		{"broken", "d8:intervali05ee", new(answer), Limits{}},
		{"trailing", "dex", new(answer), Limits{}},
		{"trailing space not asked for", "de\n", new(answer), Limits{}},
		{"size", "d8:intervali1ee", new(answer), Limits{Size: 10}},
		{"depth", "llee", new(any), Limits{Depth: 1}},
		{"tokens", "li1ei2ee", new(any), Limits{Tokens: 2}},
		{"announced length", "2147483647:x", new(string), Limits{}},
		{"depth bomb", strings.Repeat("l", 1<<20), new(any), Limits{}},
		{"string for an integer", "d8:interval4:soone", new(answer), Limits{}},
		{"list for a struct", "le", new(answer), Limits{}},
		{"integer beyond int64", "d8:intervali9223372036854775808ee", new(answer), Limits{}},

		{"negative for unsigned", "i-1e", new(uint), Limits{}},
		{"not a pointer", "i1e", answer{}, Limits{}},
		{"nil", "i1e", nil, Limits{}},
		{"list longer than the array", "li1ei2ei3ei4ei5ee", new([2]int), Limits{}},
		{"panic in a type", "de", new(panicking), Limits{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Unmarshal([]byte(tt.in), tt.into, tt.lim)
			if err == nil {
				t.Fatalf("Unmarshal(%.40q) into %T passed", tt.in, tt.into)
			}
			if s := err.Error(); !strings.HasPrefix(s, "bencode: ") || strings.Contains(s, "\n") {
				t.Errorf("error %q", s)
			}
		})
	}
}

func TestGoString(t *testing.T) {
	v, err := Parse([]byte("2:\x00\xff"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.GoString(), `bencode.Value("2:\x00\xff")`; got != want {
		t.Errorf("GoString = %s, want %s", got, want)
	}
}
