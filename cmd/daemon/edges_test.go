package daemon

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
)

// part is a torrent of three files, of which a daemon has fetched the one in the middle.
// Its pieces at both ends hold bytes of the other two.
func (h *home) part() (p payload, from string) {
	h.Helper()
	p = h.files("album", map[string]int{"one": 100_000, "three": 70_000, "two": 150_000})
	from, _ = h.seed(p)
	return p, from
}

// partly starts a daemon that has fetched the second file of p, and restarts it.
func (h *home) partly(p payload, from string) (d *Daemon, stop func()) {
	h.Helper()
	d, stop = h.start()
	_, _, err := d.Add(h.Context(), record.Add{Raw: p.raw, Files: "1", Peers: []string{from}})
	h.must(err)
	h.until(d, p.id, record.StateSeeding)
	stop()
	d, stop = h.start()
	time.Sleep(time.Second) // until it is decided who has a turn
	return d, stop
}

// content reads a whole file from a daemon.
func (h *home) content(d *Daemon, id string, file int) ([]byte, error) {
	h.Helper()
	c, err := d.Open(h.Context(), id, file)
	h.must(err)
	defer c.Close()
	return io.ReadAll(c)
}

// A part of a torrent is whole after a restart, and damage at its edges is found and
// mended. What is kept for that goes with the torrent, whether its files go or not.
func TestEdgesOfAPart(t *testing.T) {
	inLab(t, func(l *lab) {
		h := l.home()
		p, from := h.part()
		want, err := os.ReadFile(filepath.Join(p.path, "three"))
		l.must(err)
		for _, data := range []string{record.KeepData, record.RemoveData} {
			d, stop := h.partly(p, from)
			if got, err := h.content(d, p.id, 1); err != nil || !bytes.Equal(got, want) {
				t.Errorf("after a restart: %d of %d bytes, %v", len(got), len(want), err)
			}
			for _, off := range []int{0, len(want) - 1} {
				bad := slices.Clone(want)
				bad[off]++
				l.must(os.WriteFile(h.data("album", "three"), bad, 0o666))
				_, err = d.Check(l.Context(), p.id)
				l.must(err)
				h.untilSo(d, p.id, "mended", func(t *record.Torrent) bool {
					got, err := os.ReadFile(h.data("album", "three"))
					return t.State == record.StateSeeding && err == nil && bytes.Equal(got, want)
				})
			}
			if got, err := h.content(d, p.id, 1); err != nil || !bytes.Equal(got, want) {
				t.Errorf("mended: %d of %d bytes, %v", len(got), len(want), err)
			}
			if row := h.row(d, p.id); len(row.Warnings) != 0 || row.Verified != int64(len(want)) {
				t.Errorf("it is %+v", row)
			}
			if got, want := l.names(h.data()), []string{".album.gotor.parts", "album/three"}; !slices.Equal(got, want) {
				t.Errorf("files %q, want %q", got, want)
			}
			_, err = d.Remove(l.Context(), p.id, data)
			l.must(err)
			stop()
			left := []string{"album/three"}
			if data == record.RemoveData {
				left = nil
			}
			if got := l.names(h.data()); !slices.Equal(got, left) {
				t.Errorf("removed with data=%s: files %q, want %q", data, got, left)
			}
		}
	})
}

// A part that is paused, or was given away for long enough, is read whole as well, right
// away and after a restart.
func TestEdgesOfAPartAtRest(t *testing.T) {
	never := record.Patch{Seed: record.Some(record.SeedPatch{Mode: record.Some("never")})}
	for state, rest := range map[string]func(h *home, d *Daemon, id string) error{
		record.StatePaused:    func(h *home, d *Daemon, id string) error { _, err := d.Pause(h.Context(), id); return err },
		record.StateCompleted: func(h *home, d *Daemon, id string) error { _, err := d.Patch(h.Context(), id, never, 0); return err },
	} {
		inLab(t, func(l *lab) {
			h := l.home()
			p, from := h.part()
			want, err := os.ReadFile(filepath.Join(p.path, "three"))
			l.must(err)
			d, stop := h.start()
			_, _, err = d.Add(h.Context(), record.Add{Raw: p.raw, Files: "1", Peers: []string{from}})
			l.must(err)
			h.until(d, p.id, record.StateSeeding)
			l.must(rest(h, d, p.id))
			for range 2 {
				h.until(d, p.id, state)
				if got, err := h.content(d, p.id, 1); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d of %d bytes, %v", state, len(got), len(want), err)
				}
				stop()
				d, stop = h.start()
			}
			stop()
		})
	}
}

// Where nobody has kept the edges, who reads is told so at once and the row says how many
// there are; a check has them fetched.
func TestEdgesOfAPartLost(t *testing.T) {
	inLab(t, func(l *lab) {
		h := l.home()
		p, from := h.part()
		_, stop := h.partly(p, from)
		stop()
		l.must(os.Remove(h.data(".album.gotor.parts")))
		d, stop := h.start()
		time.Sleep(time.Second)
		began := time.Now()
		_, err := h.content(d, p.id, 1)
		wantCode(t, err, record.CodeConflict)
		if span := time.Since(began); span > time.Second {
			t.Errorf("that took %v", span)
		}
		says := func(what string) bool {
			return slices.ContainsFunc(h.row(d, p.id).Warnings, func(w string) bool {
				return strings.Contains(w, "cannot be verified: 2;") && strings.HasSuffix(w, what)
			})
		}
		if !says("left out") {
			t.Errorf("warnings %q", h.row(d, p.id).Warnings)
		}
		_, err = d.Check(l.Context(), p.id)
		l.must(err)
		h.untilSo(d, p.id, "fetched", func(t *record.Torrent) bool { return t.State == record.StateSeeding && says("fetched again") })
		want, err := os.ReadFile(filepath.Join(p.path, "three"))
		l.must(err)
		if got, err := h.content(d, p.id, 1); err != nil || !bytes.Equal(got, want) {
			t.Errorf("fetched: %d of %d bytes, %v", len(got), len(want), err)
		}
		stop()
	})
}
