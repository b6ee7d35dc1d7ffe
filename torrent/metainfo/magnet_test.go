package metainfo

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMagnet(t *testing.T) {
	v1 := [20]byte{0xab, 19: 0x01}
	v2 := [32]byte{0xcd, 31: 0x02}
	const (
		hex1 = "ab00000000000000000000000000000000000001"
		hex2 = "cd00000000000000000000000000000000000000000000000000000000000002"
	)
	for _, c := range []struct {
		name string
		t    Torrent
		want string
	}{
		{"only a name", Torrent{Name: "disk.img", HasV1: true, InfoHash: v1}, "magnet:?xt=urn:btih:" + hex1 + "&dn=disk.img"},
		{"tiers in order", Torrent{Name: "a", HasV1: true, InfoHash: v1,
			Trackers: [][]string{{"http://x/announce?passkey=1&k=2", "udp://y:1"}, {"http://z/a"}}},
			"magnet:?xt=urn:btih:" + hex1 + "&dn=a&tr=http%3A%2F%2Fx%2Fannounce%3Fpasskey%3D1%26k%3D2&tr=udp%3A%2F%2Fy%3A1&tr=http%3A%2F%2Fz%2Fa"},
		{"web seed", Torrent{Name: "a", HasV1: true, InfoHash: v1, WebSeeds: []string{"http://w/"}},
			"magnet:?xt=urn:btih:" + hex1 + "&dn=a&ws=http%3A%2F%2Fw%2F"},
		{"a name that is no word", Torrent{Name: "a b&tr=c+ü%", HasV1: true, InfoHash: v1},
			"magnet:?xt=urn:btih:" + hex1 + "&dn=a%20b%26tr%3Dc%2B%C3%BC%25"},
		{"version 2", Torrent{Name: "a", HasV2: true, InfoHashV2: v2}, "magnet:?xt=urn:btmh:1220" + hex2 + "&dn=a"},
		{"hybrid", Torrent{Name: "a", HasV1: true, HasV2: true, InfoHash: v1, InfoHashV2: v2},
			"magnet:?xt=urn:btih:" + hex1 + "&xt=urn:btmh:1220" + hex2 + "&dn=a"},
	} {
		if got := c.t.Magnet(); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// What a URL parser reads from the link is what went in.
func TestMagnetReadBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a ö+&=.bin")
	if err := os.WriteFile(file, []byte("data"), 0o666); err != nil {
		t.Fatal(err)
	}
	tiers := [][]string{{"http://a.example/announce?x=1&y=%20"}, {"udp://b.example:6969"}}
	raw, err := Create(context.Background(), file, CreateOptions{Trackers: tiers})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	link := m.Magnet()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Scheme != "magnet" || q.Get("dn") != m.Name || !slices.Equal(q["tr"], slices.Concat(tiers...)) {
		t.Errorf("%s reads as %v", link, q)
	}
	if strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		t.Errorf("not plain ASCII: %q", link)
	}
}
