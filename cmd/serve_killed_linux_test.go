package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// The tests in this file kill a daemon that is removing the files of a torrent, or moving
// them. They look at the disk and kill it when it has come so far: what has become of the
// files then is to be seen afterwards.

// hauled is a torrent of many files, with files of somebody else beside and among them.
type hauled struct {
	*crashed
	id    string
	raw   []byte
	files map[string][]byte // by path, the torrent's folder first
	alien map[string][]byte // by absolute path
	at    string            // the folder that it is in

	halfway int // how often it was killed so
}

const hauledFiles = 80

// haul makes one that is complete in the first root, and known to a daemon that runs.
func (c *crashed) haul() *hauled {
	c.Helper()
	h := &hauled{crashed: c, files: map[string][]byte{}, alien: map[string][]byte{}, at: c.roots[0]}
	for i := range hauledFiles {
		h.files[filepath.Join("pack", fmt.Sprintf("part%d", i%4), fmt.Sprintf("%03d", i))] = noise(200 + i)
	}
	for _, root := range c.roots {
		h.alien[filepath.Join(root, "pack", "part1", "mine.txt")] = []byte("not of the torrent")
		h.alien[filepath.Join(root, "pack2")] = []byte("nor this")
		h.alien[filepath.Join(root, "other", "000")] = h.files["pack/part0/000"]
	}
	source := c.TempDir()
	writeAll(c.T, source, h.files)
	raw, err := metainfo.Create(c.Context(), filepath.Join(source, "pack"), metainfo.CreateOptions{PieceLength: 16 << 10})
	noErr(c.T, err)
	m, err := metainfo.Parse(raw)
	noErr(c.T, err)
	h.raw, h.id = raw, fmt.Sprintf("%x", m.InfoHash)
	for path, data := range h.alien {
		writeAll(c.T, "/", map[string][]byte{path: data})
	}
	c.start()
	h.add()
	return h
}

func writeAll(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for path, data := range files {
		path = filepath.Join(dir, path)
		noErr(t, os.MkdirAll(filepath.Dir(path), 0o777))
		noErr(t, os.WriteFile(path, data, 0o666))
	}
}

// add adds it to the running daemon, with its files.
func (h *hauled) add() {
	h.Helper()
	writeAll(h.T, h.at, h.files)
	_, existing, err := h.client.Add(context.Background(), record.Add{Raw: h.raw, Dir: h.at})
	if noErr(h.T, err); existing {
		h.Error("what was removed is there")
	}
	h.settled()
}

// until waits for it to be so, and returns its row; nil: it is gone.
func (h *hauled) until(so func(*record.Torrent) bool) *record.Torrent {
	h.Helper()
	tag := `""`
	for {
		r, err := http.NewRequestWithContext(h.Context(), "GET", "http://localhost/api/v1/torrents/"+h.id+"?wait=1m", nil)
		noErr(h.T, err)
		r.Header.Set("If-None-Match", tag)
		resp, err := h.http.Do(r)
		noErr(h.T, err)
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		noErr(h.T, err)
		row := new(record.Torrent)
		switch resp.StatusCode {
		case http.StatusNotFound:
			return nil
		case http.StatusOK:
			noErr(h.T, json.Unmarshal(b, row))
		default:
			h.Fatalf("%s after a minute in which nothing has happened to it: %s", resp.Status, b)
		}
		if so(row) {
			return row
		}
		tag = resp.Header.Get("ETag")
	}
}

// settled waits until nothing is done to its files.
func (h *hauled) settled() *record.Torrent {
	h.Helper()
	return h.until(func(row *record.Torrent) bool {
		return row.State == record.StateSeeding || row.State == record.StateFailed
	})
}

// disk is what lies in all roots.
func (h *hauled) disk() map[string][]byte {
	found := map[string][]byte{}
	for _, root := range h.roots {
		filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				if b, err := os.ReadFile(path); err == nil {
					found[path] = b
				}
			}
			return nil
		})
	}
	return found
}

// wantDisk checks that nothing else lies there but the files of the others, and its own
// in one folder; empty: in none.
func (h *hauled) wantDisk(at string) {
	h.Helper()
	want := maps.Clone(h.alien)
	if at != "" {
		for path, data := range h.files {
			want[filepath.Join(at, path)] = data
		}
	}
	if diff := cmp.Diff(want, h.disk(), cmp.Comparer(bytes.Equal)); diff != "" {
		h.Errorf("on the disk, -want +got:\n%.2000s", diff)
	}
}

// done counts the steps that can be seen of the way from a folder to another one, or to
// nowhere: files that are gone, and files that have come. It may be wrong by those that
// are on their way just now.
func (h *hauled) done(from, to string) (n int) {
	for path := range h.files {
		if _, err := os.Lstat(filepath.Join(from, path)); err != nil {
			n++
		}
		if to != "" {
			if _, err := os.Lstat(filepath.Join(to, path)); err == nil {
				n++
			}
		}
	}
	if to == "" {
		return n
	}
	staged, _ := filepath.Glob(filepath.Join(to, ".*.gotor.move", "*"))
	return n + len(staged)
}

// killAt has something asked of the daemon, which is killed when so many steps were done,
// or there are no more. It reports whether that was answered.
func (h *hauled) killAt(steps int, from, to string, ask func(ctx context.Context) error) (answered bool) {
	h.Helper()
	most := hauledFiles
	if to != "" {
		most *= 2
	}
	result := make(chan error, 1)
	go func() { result <- ask(context.Background()) }()
	for h.done(from, to) < min(steps, most) {
		select {
		case err := <-result:
			if noErr(h.T, err); to == "" {
				steps = 0 // all that there was to do
			}
			result <- nil
		default:
		}
	}
	h.kill()
	if n := h.done(from, to); n > 0 && n < most {
		h.halfway++
	}
	return <-result == nil
}

// removal kills a daemon that removes it with its data. The next one ends that, unless
// nothing had begun.
func (h *hauled) removal(steps int) {
	h.Helper()
	answered := h.killAt(steps, h.at, "", func(ctx context.Context) error {
		_, err := h.client.Remove(ctx, h.id, record.RemoveData)
		return err
	})
	gone := h.done(h.at, "")
	h.start()
	if gone == 0 && !answered {
		// Whether it was begun is seen by what may be done to it.
		if _, err := h.client.Do(context.Background(), h.id, "check"); err == nil {
			if row := h.settled(); row == nil || row.State != record.StateSeeding {
				h.Errorf("its removal was never begun: %+v", row)
			}
			h.wantDisk(h.at)
			return
		}
	}
	h.until(func(*record.Torrent) bool { return false })
	h.wantDisk("")
	h.add()
	h.wantDisk(h.at)
}

// move kills a daemon that moves it to another folder. It is in the old place afterwards,
// or in the new one; in that if the daemon has promised it.
func (h *hauled) move(steps int, to string) {
	h.Helper()
	from := h.at
	answered := h.killAt(steps, from, to, func(ctx context.Context) error {
		_, err := h.client.Move(ctx, h.id, record.Move{Dir: to})
		return err
	})
	h.start()
	row := h.settled()
	if row == nil || row.State != record.StateSeeding || row.Dir != from && row.Dir != to || answered && row.Dir != to {
		h.Fatalf("moved from %s to %s, answered: %v: %+v", from, to, answered, row)
	}
	h.at = row.Dir
	h.wantDisk(h.at)
}

// A daemon that is killed while it removes or moves files leaves them whole: in the old
// place or in the new one, or the next daemon ends what was begun. What is not the
// torrent's stays.
func TestServeKilledWithFiles(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	c := newCrashed(t, shortDir(t))
	c.roots = append(c.roots, filepath.Join(c.dir, "near"))
	if far := otherDisk(t, c.dir); far != "" {
		c.roots = append(c.roots, far)
	}
	h := c.haul()
	rng := rand.New(rand.NewPCG(3, 3))
	for n := range rounds {
		switch n % 3 {
		case 0:
			h.removal(rng.IntN(hauledFiles) + 1)
		default:
			at := slices.Index(c.roots, h.at)
			h.move(rng.IntN(2*hauledFiles)+1, c.roots[(at+1)%len(c.roots)])
		}
	}
	t.Logf("%d of %d were killed between the first step and the last", h.halfway, rounds)
}

// otherDisk is a folder on another file system than dir; empty: there is none.
func otherDisk(t *testing.T, dir string) string {
	far, err := os.MkdirTemp("/dev/shm", "gotor")
	if err != nil {
		t.Logf("nothing is moved to another file system: %v", err)
		return ""
	}
	t.Cleanup(func() { os.RemoveAll(far) })
	var here, there unix.Stat_t
	noErr(t, unix.Stat(dir, &here))
	noErr(t, unix.Stat(far, &there))
	if here.Dev == there.Dev {
		t.Logf("nothing is moved to another file system: %s is on the same", far)
		return ""
	}
	return far
}
