package torrent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestCheck(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		top := filepath.Join(l.dir, "payload")
		put := func(name string, b []byte) {
			p := filepath.Join(top, filepath.FromSlash(name))
			os.MkdirAll(filepath.Dir(p), 0o755)
			if err := os.WriteFile(p, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		put("a.bin", payload[:300_001])
		put("sub/b.bin", payload[300_001:370_001])
		put("sub/empty", nil)
		put("sub/deep/c.bin", payload[375_536:575_536])
		put("d.bin", payload[575_536:])
		check := func(want string) {
			t.Helper()
			for _, c := range []CheckSpec{{Meta: m, Dir: l.dir, Top: "payload"}, {Meta: m, Dir: top}} {
				var last int64
				c.Progress = func(done, total int64) {
					if last = done; total != m.TotalLength {
						t.Errorf("total %d", total)
					}
				}
				r, err := Check(l.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				got := fmt.Sprint(r.BadPieces)
				for _, f := range r.BadFiles {
					got += fmt.Sprintf(" %d:%s:%d", f.Index, f.Problem, f.BadPieces)
				}
				if got != want || r.OK() != (want == "[]") || last != m.TotalLength {
					t.Errorf("got %s (ok %v, %d hashed), want %s", got, r.OK(), last, want)
				}
			}
		}
		check("[]")
		put("sub/b.bin", append(append([]byte(nil), payload[300_001:370_000]...), payload[370_000]^1))
		check("[5] 1:content:1 4:content:1")
		put("sub/b.bin", payload[300_001:370_000])
		check("[5] 1:size:1 4:content:1")
		os.Rename(filepath.Join(top, "sub", "b.bin"), filepath.Join(top, "sub", "b.bin.part"))
		os.Remove(filepath.Join(top, "d.bin"))
		check("[5 8] 1:unfinished:1 4:content:2 5:missing:1")
	})
}

// unfinished is the one download that there is to go on with.
func (l *lab) unfinished(path string) order {
	l.Helper()
	found, err := Unfinished(path, l.keys())
	if err != nil || len(found) != 1 {
		l.Fatalf("%s: %d found, %v", path, len(found), err)
	}
	src, spec, err := found[0].Load()
	l.must(err)
	return order{Source: src, Spec: spec}
}

func TestUnfinished(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, fs := l.files()
		raw := rawTorrent(payload, 65536, fs, l.tracker.URL)
		l.seed(m, payload, func(c *blastConfig) { c.StallAfter = 200_000 })
		got := l.add(l.client(Config{}), order{Source: Source{Meta: m, Raw: raw},
			Spec: Spec{Place: Place{Rename: "other"}, Selection: Selection{Wanted: []bool{true, false, true, false, true, false}}}})
		l.until(got, "pieces", func(s Snapshot) bool { return s.PiecesDone > 0 })
		got.Stop()
		<-got.Stopped()
		for _, path := range []string{l.dir, filepath.Join(l.dir, "other"), filepath.Join(l.dir, "other.part")} {
			s := l.unfinished(path)
			if s.Rename != "other" || s.Meta.InfoHash != m.InfoHash || string(s.Raw) != string(raw) ||
				fmt.Sprint(s.Wanted) != "[true false true false true false]" || filepath.Clean(s.Dir) != l.dir {
				t.Errorf("%s: %+v", path, s)
			}
		}
		for _, path := range []string{filepath.Join(l.dir, "payload"), t.TempDir(), filepath.Join(l.dir, "none", "none")} {
			if specs, err := Unfinished(path, l.keys()); err == nil {
				t.Errorf("%s: %d specs found", path, len(specs))
			}
		}
		if err := os.WriteFile(filepath.Join(l.dir, ".other.gotor"), []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		if s := l.unfinished(filepath.Join(l.dir, "other")); s.Rename != "other" || s.Wanted != nil || s.Meta.InfoHash != m.InfoHash {
			t.Errorf("with a damaged record: %+v", s)
		}
	})
}
