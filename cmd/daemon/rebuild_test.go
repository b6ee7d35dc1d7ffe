package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// Without its list the daemon says what is missing, and brings it back when it is told
// to: paused, where the data is.
func TestRebuild(t *testing.T) {
	inLab(t, func(l *lab) {
		h := l.home()
		second := filepath.Join(h.dir, "second")
		h.set.Roots.Value = append(h.set.Roots.Value, second)
		p := l.file("film", 40_000)
		d, stop := h.start()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Paused: true, Dir: second})
		l.must(err)
		stop()
		raw, err := os.ReadFile(p.path)
		l.must(err)
		l.must(os.WriteFile(filepath.Join(second, "film"), raw, 0o666))
		for _, name := range []string{"snapshot", "journal"} {
			l.must(os.Remove(filepath.Join(h.dir, "state", "session", name)))
		}

		d, stop = h.start()
		lines, _ := d.Logs(0, levelError, 0)
		if len(d.List().Torrents) != 0 || len(lines) != 1 || !strings.Contains(lines[0].Text, "--rebuild") {
			l.Errorf("%d torrents, and %v", len(d.List().Torrents), lines)
		}
		stop()
		for _, name := range []string{"snapshot", "journal"} {
			l.must(os.Remove(filepath.Join(h.dir, "state", "session", name)))
		}

		h.rebuild = true
		d, stop = h.start()
		defer stop()
		row, err := d.Torrent(p.id)
		l.must(err)
		if !row.Paused || row.Dir != d.parts.roots[1] {
			l.Errorf("paused is %v, it is in %s", row.Paused, row.Dir)
		}
	})
}
