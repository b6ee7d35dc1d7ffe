package job

import (
	"os"
	"strings"
	"testing"

	"gotor/cmd/record"
)

func TestIsLink(t *testing.T) {
	t.Chdir(t.TempDir())
	file := strings.Repeat("ab", 20)
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]bool{
		"magnet:?xt=": true, "MAGNET:": true, aHashOfNobody: true, strings.ToUpper(aHashOfNobody): true, strings.Repeat("a", 32): true,
		strings.Repeat("0", 64): true, "1220" + strings.Repeat("0", 64): true,
		" magnet:?xt=": true, "<magnet:?xt=>": true, aHashOfNobody + "\n": true,
		file: false, "x.torrent": false, "-": false, "http://h/" + aHashOfNobody: false, aHashOfNobody[1:]: false, strings.Repeat("g", 40): false, "magnet": false,
	} {
		if got := IsLink(arg); got != want {
			t.Errorf("isLink(%q) = %v", arg, got)
		}
	}
}

func TestShortArg(t *testing.T) {
	link := "magnet:?xt=urn:btih:" + aHashOfNobody + "&tr=http%3A%2F%2Fh%2F0a1b2c3d4e5f6a7b8c9d0e1f%2Fannounce"
	for arg, want := range map[string]string{
		link:                           "magnet:?xt=urn:btih:" + aHashOfNobody + "&tr=http%3A%2F%2Fh%2...",
		"magnet:?dn=a\x1b":             `magnet:?dn=a\x1b`,
		"x.torrent":                    "x.torrent",
		"magnet:?tr=http%3A%2F%2Fh%2F": "magnet:?tr=http%3A%2F%2Fh%2F",
	} {
		if got := Label(arg); got != want {
			t.Errorf("%q: %q, want %q", arg, got, want)
		}
	}
	if got := record.Redact(Label(link)); strings.Contains(got, "0a1b2c") {
		t.Errorf("%q", got)
	}
}

func TestIsHash(t *testing.T) {
	for s, want := range map[string]bool{
		strings.Repeat("0a", 20): true, strings.Repeat("0A", 32): true, strings.Repeat("a", 32): true, strings.Repeat("7", 32): true,
		strings.Repeat("0g", 20): false, strings.Repeat("1", 32): false, "": false, "abc": false, strings.Repeat("a", 39): false,
	} {
		if IsHash(s) != want {
			t.Errorf("isHash(%q) = %v", s, !want)
		}
	}
}
