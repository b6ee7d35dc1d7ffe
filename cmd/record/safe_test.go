package record

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSafe(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Debian 13.iso", "Debian 13.iso"},
		{"accents", "Grüße 日本語 🎬", "Grüße 日本語 🎬"},
		{"backslash stays", `a\b`, `a\b`},
		{"colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"title", "\x1b]0;owned\a", `\x1b]0;owned\x07`},
		{"newline", "a\nb\r\nc\td", `a\nb\r\nc\td`},
		{"delete", "a\x7fb", `a\x7fb`},
		{"c1 as utf-8", "a\u009b31mb", `a\u009b31mb`},
		{"c1 raw", "a\x9b31mb", `a\x9b31mb`},
		{"bidi override", "photo\u202egpj.exe", `photo\u202egpj.exe`},
		{"isolates", "\u2066x\u2069", `\u2066x\u2069`},
		{"zero width", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"line separator", "a\u2028b\u2029", `a\u2028b\u2029`},
		{"tag characters", "a\U000e0041", `a\U000e0041`},
		{"not utf-8", "caf\xe9", `caf\xe9`},
		{"cut rune", "a\xe6\x97", `a\xe6\x97`},
		{"surrogate", "a\xed\xa0\x80", `a\xed\xa0\x80`},
		{"replacement character", "a\ufffdb", "a\ufffdb"},
		{"nul", "\x00", `\x00`},
		{"empty", "", ""},
	} {
		if got := Safe(c.in); got != c.want {
			t.Errorf("%s: Safe(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestSafeKeepsCleanTextWithoutCopy(t *testing.T) {
	s := strings.Repeat("ordinary name ", 10)
	if n := testing.AllocsPerRun(100, func() { _ = Safe(s) }); n != 0 {
		t.Errorf("%v allocations for clean text", n)
	}
}

// checkSafe fails when s could do anything to a terminal.
func checkSafe(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			t.Fatalf("%U left in %q", r, s)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"", "a\x1b[2J", "\u202e", "\xff\xfe", "\u009b", "x\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Safe(s)
		checkSafe(t, out)
		if Safe(out) != out {
			t.Fatalf("Safe(%q) changes on the second pass", s)
		}
		checkSafe(t, Redact(s))
	})
}

func TestEscapeJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":"b"}` + "\n", `{"a":"b"}` + "\n"},
		{"\"a\u202eb\"", `"a\u202eb"`},
		{"\"\x7f\"", `"\u007f"`},
		{"\"\u009b\"", `"\u009b"`},
		{"\"\U000e0041\"", `"\udb40\udc41"`},
		{"\"日本\"", "\"日本\""},
	} {
		if got := string(EscapeJSON(nil, []byte(c.in))); got != c.want {
			t.Errorf("EscapeJSON(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzEscapeJSON(f *testing.F) {
	f.Add("a\x7f\u202e\U000e0041")
	f.Fuzz(func(t *testing.T, s string) {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		out := EscapeJSON(nil, raw)
		checkSafe(t, string(out))
		var want, got string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if got != want {
			t.Fatalf("the value changed: %q, was %q", got, want)
		}
	})
}

func TestRedact(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct{ in, want string }{
		{"http://t.example/announce", "http://t.example/announce"},
		{"udp://t.example:6969", "udp://t.example:6969"},
		{"https://me:pw@t.example/x", "https://***@t.example/x"},
		{"https://t.example/" + key + "/announce", "https://t.example/***/announce"},
		{"https://t.example/announce/" + strings.ToUpper(key), "https://t.example/announce/***"},
		{"https://t.example/announce?passkey=abc", "https://t.example/announce?passkey=***"},
		{"https://t.example/a?x=1&authkey=zz&torrent_pass=yy", "https://t.example/a?x=***&authkey=***&torrent_pass=***"},
		{"https://t.example/a?" + key, "https://t.example/a?***"},
		{"https://b.example/x?X-Amz-Signature=12&X-Amz-Credential=ab%2F&v=1", "https://b.example/x?X-Amz-Signature=***&X-Amz-Credential=***&v=***"},
		{"https://m.example/debian-13.1.0-amd64-netinst.iso", "https://m.example/debian-13.1.0-amd64-netinst.iso"},
		{`get "http://a:b@c/d": refused`, `get "http://***@c/d": refused`},
		{"two: http://a:b@c/ and http://d:e@f/", "two: http://***@c/ and http://***@f/"},
		{"http://t/a?passkey=abc: refused", "http://t/a?passkey=***: refused"},
		{"(see http://t/a?key=b).", "(see http://t/a?key=***)."},
		{"magnet:?xt=urn:btih:" + key + "01234567&dn=a%20b", "magnet:?xt=urn:btih:" + key + "01234567&dn=a%20b"},
		{"x magnet:?tr=http%3A%2F%2Fme%3Apw%40t%2F" + key + "&dn=a: y", "x magnet:?tr=http%3A%2F%2F***%40t%2F***&dn=a: y"},
		{"MAGNET:?dn=a&tr.1=http://t/a?passkey=x http://a:b@c/", "MAGNET:?dn=a&tr.1=http%3A%2F%2Ft%2Fa%3Fpasskey%3D*** http://***@c/"},
		{"magnet:?tr=http%3A%2F%2Ft%2F0a1b%2...", "magnet:?tr=***..."},
		{"no url at all", "no url at all"},
		{"http://x/\x1b[0m", `http://x/\x1b[0m`},
	} {
		if got := Redact(c.in); got != c.want {
			t.Errorf("Redact(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}
