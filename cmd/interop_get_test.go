//go:build interop && linux

package cmd_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// payloads are the two shapes that every seeder serves.
var payloads = map[string]payload{"file": oddFile(7_654_321), "tree": oddTree()}

// testSeeders downloads each shape from each seeder.
func testSeeders(t *testing.T, l *lab) {
	for name, client := range clients {
		for shape, payload := range payloads {
			t.Run(caseName(name, shape), func(t *testing.T) {
				t.Parallel()
				s := l.swarm(t, setup{payload: payload})
				s.seed(client)
				s.get()
			})
		}
	}
}

// testMakers downloads torrents of each maker, and of all usual piece lengths.
func testMakers(t *testing.T, l *lab) {
	for maker := range makers {
		for shape, payload := range payloads {
			t.Run(caseName(maker, shape), func(t *testing.T) {
				t.Parallel()
				s := l.swarm(t, setup{payload: payload, maker: maker})
				s.seed(libtorrent{})
				s.get()
			})
		}
	}
	for log2 := 18; log2 <= 24; log2++ {
		t.Run(fmt.Sprintf("piece length %d KiB", 1<<log2>>10), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(40_123_457), pieceLog2: log2})
			s.seed(libtorrent{})
			s.get()
		})
	}
}

// testCreate compares what gotor create makes with other makers' work, and has
// the other clients seed and read it.
func testCreate(t *testing.T, l *lab) {
	t.Run("same info-hash as mktorrent", func(t *testing.T) {
		t.Parallel()
		plain := payload{"plain", map[string]int{"a": 300_001, "b": 0, "c/d": 1_000_003, "c/e": 5}}
		for shape, p := range map[string]payload{"file": oddFile(7_654_321), "tree": plain} {
			for _, log2 := range []int{15, 18, 20} {
				dir := t.TempDir()
				p.write(t, dir)
				var got [2]hash
				for i, maker := range []string{"mktorrent", "gotor"} {
					out := filepath.Join(t.TempDir(), "x.torrent")
					makers[maker](t, l, filepath.Join(dir, p.name), out, log2, []string{"http://10.88.0.1/announce"})
					got[i] = infoHash(t, out)
				}
				if got[0] != got[1] {
					t.Errorf("%s, pieces of 2^%d: info-hash %v, mktorrent's is %v", shape, log2, got[1], got[0])
				}
			}
		}
	})
	t.Run("reproducible", func(t *testing.T) {
		t.Parallel()
		dir, p := t.TempDir(), oddTree()
		p.write(t, dir)
		var made [2][]byte
		for i := range made {
			out := filepath.Join(t.TempDir(), "x.torrent")
			run(t, l.gotor, "create", "--no-date", "-o", out, filepath.Join(dir, p.name))
			b, err := os.ReadFile(out)
			must(t, err)
			made[i] = b
		}
		if !bytes.Equal(made[0], made[1]) {
			t.Error("two runs with --no-date differ")
		}
	})
	t.Run("transmission-show", func(t *testing.T) {
		t.Parallel()
		l.need(t, "transmission-show")
		s := l.swarm(t, setup{payload: oddTree(), maker: "gotor"})
		if out := run(t, l.path("transmission-show"), s.torrent); !strings.Contains(out, s.hash.String()) {
			t.Errorf("transmission-show does not show the info-hash %v:\n%s", s.hash, out)
		}
	})
	for name, client := range clients {
		t.Run(caseName("seeded by", name), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddTree(), maker: "gotor"})
			s.seed(client)
			s.get()
		})
	}
}
