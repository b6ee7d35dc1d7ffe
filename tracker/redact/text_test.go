package redact

import (
	"strings"
	"testing"
)

// secrets are of every kind that people have in URLs.
var secrets = map[string]string{
	"hex passkey":     "0123456789abcdef0123456789abcdef",
	"16 hex digits":   "9f86d081884c7d65",
	"UUID":            "550e8400-e29b-41d4-a716-446655440000",
	"UUID, upper":     "550E8400-E29B-41D4-A716-446655440000",
	"base64url":       "aB3-eF6_hI9jK2lM5nO8pQ",
	"base64url, long": "dGhpcyBpcyBhIHNlY3JldCBvZiBtaW5lIQ-_Z",
	"base32":          "mfrggzdfmztwq2lkn5xgc3dnmvzg6y3l",
	"web token":       "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl-_x",
	"letters only":    "aBcDeFgHiJkLmNoPqRsTuVwX",
	"escaped":         "%30%31%32%33%34%35%36%37%38%39%61%62%63%64%65%66",
}

// TestSecrets: none of them is shown, wherever it stands.
func TestSecrets(t *testing.T) {
	for name, s := range secrets {
		for _, before := range []string{
			"http://t.example/%/announce", "https://t.example/announce/%", "http://t.example/announce.php?passkey=%", "http://t.example/a?x=%",
			"http://t.example/a?%", "http://t.example/x/%.torrent", "http://%:x@t.example/a", "http://%@t.example/a", "http:/me:%@t.example/a",
			"http://t.example/a#%", "udp://t.example:1/%", "wss://t.example/%/announce", "magnet:?xt=urn:btih:abc&tr=http%3A%2F%2Ft.example%2F%",
			"magnet:?dn=x&key=%", "magnet:?dn=x&%",
		} {
			raw := strings.Replace(before, "%", s, 1)
			if strings.HasPrefix(before, "magnet") {
				i := strings.LastIndex(before, "%")
				raw = before[:i] + strings.ReplaceAll(s, "%", "%25") + before[i+1:]
			}
			if got := URL(raw); strings.Contains(got, s) {
				t.Errorf("%s: %s is shown as %s", name, raw, got)
			}
			if strings.HasPrefix(before, "http:/me") {
				continue // not a URL within a text
			}
			if got := Text("Get \"" + raw + "\": refused (" + raw + ")."); strings.Contains(got, s) || !strings.Contains(got, "refused") {
				t.Errorf("%s: a text with %s is shown as %s", name, raw, got)
			}
		}
	}
}

// TestHarmless: what is no secret is left alone.
func TestHarmless(t *testing.T) {
	for _, s := range []string{
		"", "no url at all", "torrent 0123456789abcdef0123456789abcdef01234567 was given twice", "/home/me/550e8400-e29b-41d4-a716-446655440000.iso: no space",
		"https://m.example/debian-13.1.0-amd64-netinst.iso", "http://t.example/announce", "http://t.example/Some-Show-S01E02-1080p-WEB/file.mkv",
		"http://t.example/internationalization/Documentation_Of_Something", "udp://t.example:6969/announce: no answer in time",
		"http://[2001:db8::1]:80/announce", "dial tcp 127.0.0.1:80: connection refused", "a = b, x=y", "basic tracker", "the bearer of it",
	} {
		if got := Text(s); got != s {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"invalid passkey=abc, sir":                       "invalid passkey=***",
		"Authorization: Bearer abcdefghijklmnop1 denied": "Authorization: Bearer *** denied",
		"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln.":      "token ***",
		"a http://u:p@h/x, b":                            "a http://***@h/x, b",
	} {
		if got := Text(in); !strings.HasPrefix(got, want) {
			t.Errorf("%q is shown as %q", in, got)
		}
	}
}

func TestTextIsBounded(t *testing.T) {
	for _, s := range []string{strings.Repeat("x", 2<<20), strings.Repeat("x ", 2<<20), strings.Repeat("http://h/ ", 1<<18), "http://h/" + strings.Repeat("a", 2<<20)} {
		if n := len(Text(s)); n > maxText+10 {
			t.Errorf("%.10q...: %d bytes", s, n)
		}
	}
}

// FuzzText: a password is gone wherever a URL stands, what was redacted stays as it
// is, and nothing grows beyond the bound.
func FuzzText(f *testing.F) {
	f.Add("see ", "t.example/announce", " now")
	f.Add("magnet:?tr=", "udp%3A%2F%2Fh", "&dn=x")
	f.Add("\"", "[::1]:80/%zz?a=b;c#d", "\"")
	f.Fuzz(func(t *testing.T, before, rest, after string) {
		got := Text(before + rest + after)
		if len(got) > maxText*4 {
			t.Fatalf("%d bytes", len(got))
		}
		if len(before)+len(rest)+len(after) > 1000 || strings.ContainsAny(rest, "/?#@"+ends) {
			return
		}
		// The scheme must be seen as one, and not as what a link before it has.
		if before != "" && !strings.HasSuffix(before, " ") {
			return
		}
		if got := Text(before + "http://user:S3CRET@" + rest + "/x " + after); strings.Contains(got, "S3CRET") && !strings.Contains(before+rest+after, "S3CRET") {
			t.Errorf("got %s", got)
		}
	})
}
