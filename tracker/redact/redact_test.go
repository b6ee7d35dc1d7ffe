package redact

import (
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	const hex32, hex40 = "0123456789abcdef0123456789ABCDEF", "0123456789abcdef0123456789abcdef01234567"
	for in, want := range map[string]string{
		"":                                                                   "",
		"http://tracker.example/announce":                                    "http://tracker.example/announce",
		"udp://tracker.example:6969":                                         "udp://tracker.example:6969",
		"http://[2001:db8::1]:80/announce":                                   "http://[2001:db8::1]:80/announce",
		"http://[2001:db8::1]/announce":                                      "http://[2001:db8::1]/announce",
		"https://me:geheim@tracker.example/a":                                "https://***@tracker.example/a",
		"https://me:ge@heim@tracker.example/a":                               "https://***@tracker.example/a",
		"https://me:ge/heim@tracker.example/a":                               "https://***",
		"https://me:ge?heim@tracker.example/a":                               "https://***",
		"http://t.example/@scope/x":                                          "http://t.example/@scope/x",
		"http://t.example/" + hex32 + "/announce":                            "http://t.example/***/announce",
		"http://t.example/announce/" + hex40:                                 "http://t.example/announce/***",
		"http://t.example/announce.php?passkey=abc":                          "http://t.example/announce.php?passkey=***",
		"http://t.example/a?pk=1&uid=2;x=&geheim":                            "http://t.example/a?pk=***&uid=***&x=&***",
		"http://t.example/a#geheim":                                          "http://t.example/a#***",
		"http://t.example/a?x=y#geheim?z":                                    "http://t.example/a?x=***#***",
		"http://t.example/aB3dE6gH9jK2mN5pQ8sT1v/a":                          "http://t.example/***/a",
		"http://t.example/550e8400-e29b-41d4-a716-446655440000/announce":     "http://t.example/***/announce",
		"http://t.example/AbC-dEf_1234567890-aBcDeFgHiJkLmN/announce":        "http://t.example/***/announce",
		"https://t.example/ubuntu-24.04.1-desktop-amd64.iso.torrent":         "https://t.example/ubuntu-24.04.1-desktop-amd64.iso.torrent",
		"https://t.example/a-long-name-of-something-nobody-hides-2024.iso":   "https://t.example/a-long-name-of-something-nobody-hides-2024.iso",
		"https://t.example/documentation/internationalization":               "https://t.example/documentation/internationalization",
		"https://t.example/" + hex40 + ".torrent":                            "https://t.example/***.torrent",
		"https://s3.example/b/k?X-Amz-Signature=ab12&X-Amz-Credential=me%2F": "https://s3.example/b/k?X-Amz-Signature=***&X-Amz-Credential=***",
		"plain/file.torrent":                                                 "plain/file.torrent",
		"tracker.example/x?passkey=a&u=http://b/":                            "tracker.example/x?passkey=***&u=***",
		"magnet:?xt=urn:btih:" + hex40 + "&dn=A+name&tr=udp%3A%2F%2Ft.example%3A1%2F" + hex32 + "&x.pe=1.2.3.4:5": "magnet:?xt=urn:btih:" + hex40 + "&dn=A+name&tr=udp%3A%2F%2Ft.example%3A1%2F***&x.pe=1.2.3.4:5",
		"magnet:?xt.1=urn:btih:abc&token=geheim&tr=%zz":                                                           "magnet:?xt.1=urn:btih:abc&token=***&tr=***",
	} {
		if got := URL(in); got != want {
			t.Errorf("URL(%q)\n = %q, want\n   %q", in, got, want)
		}
	}
}

func TestURLIsBounded(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("x", 1e4), "http://" + strings.Repeat("x/", 1e4), "http://h/?" + strings.Repeat("a=b&", 1e4),
		"magnet:?" + strings.Repeat("tr=http://x&", 5e3), "http://" + strings.Repeat("@", 1e4), strings.Repeat("x", 1e6),
	} {
		if got := URL(s); len(got) > maxURL+50 {
			t.Errorf("%.20s...: %d bytes", s, len(got))
		}
	}
}

func FuzzURL(f *testing.F) {
	f.Add("http://", "host/path")
	f.Add("magnet:?tr=", "udp%3A%2F%2Fh")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(URL(a+b)) > maxURL+50 {
			t.Error("too long")
		}
		// What stands between :// and @ is gone wherever URLs can have it.
		if strings.ContainsAny(b, "/?#@") {
			return
		}
		if got := URL("http://user:S3CRET@" + b + "/x"); strings.Contains(got, "S3CRET") {
			t.Errorf("got %s", got)
		}
	})
}
