package daemon

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
)

// Whoever changes the file of a torrent while that sleeps has nothing wrong given away:
// neither to who reads it nor to a peer. It fails, and says why; with the file as it was,
// it goes on.
func TestChangedAsleep(t *testing.T) {
	const size = 300_000
	replace := func(path string, data []byte, when time.Time) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return err
		}
		return os.Chtimes(path, when, when)
	}
	for name, change := range map[string]func(path string, was []byte, st os.FileInfo) error{
		"truncated": func(path string, _ []byte, _ os.FileInfo) error { return os.Truncate(path, size/2) },
		"emptied":   func(path string, _ []byte, _ os.FileInfo) error { return os.Truncate(path, 0) },
		"longer":    func(path string, was []byte, _ os.FileInfo) error { return os.WriteFile(path, append(was, 'x'), 0o666) },
		"gone":      func(path string, _ []byte, _ os.FileInfo) error { return os.Remove(path) },
		"a byte": func(path string, was []byte, st os.FileInfo) error {
			was[size-1] ^= 1
			if err := os.WriteFile(path, was, 0o666); err != nil {
				return err
			}
			return os.Chtimes(path, time.Time{}, st.ModTime().Add(time.Second))
		},
		"another with its time": func(path string, was []byte, st os.FileInfo) error {
			other := filepath.Join(filepath.Dir(path), "other")
			was[0] ^= 1
			if err := os.WriteFile(other, was, 0o666); err != nil {
				return err
			}
			if err := os.Chtimes(other, st.ModTime(), st.ModTime()); err != nil {
				return err
			}
			return os.Rename(other, path)
		},
		"a link to another": func(path string, was []byte, st os.FileInfo) error {
			other := filepath.Join(filepath.Dir(path), "other")
			was[0] ^= 1
			if err := replace(path, was, st.ModTime()); err != nil {
				return err
			}
			if err := os.Rename(path, other); err != nil {
				return err
			}
			return os.Symlink("other", path)
		},
	} {
		for _, paused := range []bool{false, true} {
			state := record.StateSeeding
			if paused {
				state = record.StatePaused
			}
			t.Run(name+", "+state, func(t *testing.T) {
				inLab(t, func(l *lab) {
					p := l.file("film", size)
					h := l.home()
					d, stop := h.start()
					defer stop()
					h.fetched(d, p)
					if paused {
						_, err := d.Pause(l.Context(), p.id)
						l.must(err)
					}
					h.until(d, p.id, state)
					time.Sleep(2 * sleepAfter)
					if n := d.Stats().Active; n != 0 {
						t.Fatalf("%d are awake", n)
					}
					path := h.data("film")
					right, err := os.ReadFile(path)
					l.must(err)
					st, err := os.Stat(path)
					l.must(err)
					l.must(change(path, bytes.Clone(right), st))

					if !paused {
						l.wantNothing(p, h.at(d))
					} else if f, err := d.Open(l.Context(), p.id, 0); err == nil {
						if got, err := io.ReadAll(f); err == nil || !bytes.HasPrefix(right, got) {
							t.Errorf("%d bytes were read, error %v", len(got), err)
						}
						l.must(f.Close())
					}
					if row := h.until(d, p.id, record.StateFailed); row.Error == nil || row.Error.Detail == "" {
						t.Errorf("failed without a reason: %+v", row.Error)
					}
					_, err = d.Open(l.Context(), p.id, 0)
					wantCode(t, err, record.CodeConflict)

					l.must(replace(path, right, time.Now()))
					_, err = d.Start(l.Context(), p.id, false)
					l.must(err)
					f, err := d.Open(l.Context(), p.id, 0)
					l.must(err)
					l.readAll(f, nil, p.path)
					l.must(f.Close())
				})
			})
		}
	}
}

// wantNothing has a leech ask somebody for a payload, who must give it nothing.
func (l *lab) wantNothing(p payload, from string) {
	l.Helper()
	_, h := l.host()
	c, err := torrent.NewClient(torrent.Config{Network: h, Name: "gotor/leech", Workers: 1})
	l.must(err)
	defer c.Close()
	t, err := c.Add(torrent.Source{Meta: p.meta, Raw: p.raw, Local: true, Peers: []netip.AddrPort{netip.MustParseAddrPort(from)}}, torrent.Lookup{})
	l.must(err)
	l.must(t.Begin(torrent.Spec{Place: torrent.Place{Dir: l.TempDir()}}))
	time.Sleep(10 * time.Minute)
	if s := t.Snapshot(); s.Downloaded != 0 {
		l.Errorf("a peer was given %d bytes, %d of them wrong", s.Downloaded, s.Wasted)
	}
}
