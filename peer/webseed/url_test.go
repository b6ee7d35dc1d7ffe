package webseed

import (
	"net/url"
	"testing"
)

func TestFileURL(t *testing.T) {
	for _, c := range []struct {
		entry, name string
		path        []string
		want        string
	}{
		{"http://mirror.com/file.exe", "x", nil, "http://mirror.com/file.exe"},
		{"http://mirror.com/pub/", "file.exe", nil, "http://mirror.com/pub/file.exe"},
		{"http://mirror.com", "file.exe", nil, "http://mirror.com/file.exe"},
		{"http://mirror.com/pub/", "michael", []string{"Readme.txt"}, "http://mirror.com/pub/michael/Readme.txt"},
		{"http://mirror.com/pub", "michael", []string{"Readme.txt"}, "http://mirror.com/pub/michael/Readme.txt"},
		{"http://m/", "a b", []string{"ü", "50%?#&+;.txt"}, "http://m/a%20b/%C3%BC/50%25%3F%23%26%2B%3B.txt"},
		{"http://m/", "a/b", []string{"..", "c\\d"}, "http://m/a%2Fb/%2E%2E/c%5Cd"},
		{"http://m/x%20y/?token=1&a=b", "n", []string{"f"}, "http://m/x%20y/n/f?token=1&a=b"},
		{"http://u:p@m:8080/x?sig=%2F", "n", nil, "http://u:p@m:8080/x?sig=%2F"},
		{"http://m/x#frag", "n", nil, "http://m/x"},
		{"http://m/%2F/", "\xff", nil, "http://m/%2F/%FF"},
		{"http://m/a b/", "n", nil, "http://m/a%20b/n"},
		{"/no/host", "n", nil, ""},
		{"http://m/%zz", "n", nil, ""},
	} {
		if got := FileURL(c.entry, c.name, c.path); got != c.want {
			t.Errorf("%s + %q %q:\n%s, want\n%s", c.entry, c.name, c.path, got, c.want)
		}
	}
}

func FuzzFileURL(f *testing.F) {
	f.Add("http://m/a/?q", "name", "path")
	f.Fuzz(func(t *testing.T, entry, name, part string) {
		s := FileURL(entry, name, []string{part})
		if s == "" {
			return
		}
		base, err := url.Parse(entry)
		if err != nil {
			t.Fatalf("%q makes %q", entry, s)
		}
		u, err := url.Parse(s)
		if err != nil || u.Host != base.Host || u.RawQuery != base.RawQuery || u.Fragment != "" {
			t.Errorf("%q + %q/%q = %q: %v", entry, name, part, s, err)
		}
	})
}

func TestScriptURL(t *testing.T) {
	h := [20]byte{0x9c, 'A', '-', ' ', '&'}
	const zeros = "%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00"
	for _, c := range []struct {
		got, want string
	}{
		{scriptURL("http://m/seed", h, 3, 0, 9, true), "http://m/seed?info_hash=%9CA-%20%26" + zeros + "&piece=3"},
		{scriptURL("http://m/s?a=b#c", h, 8, 10, 20, false), "http://m/s?a=b&info_hash=%9CA-%20%26" + zeros + "&piece=8&ranges=10-20"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want\n%s", c.got, c.want)
		}
	}
}
