package torrent

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// edges is a torrent of three files whose pieces are shared, of which somebody wants the
// one in the middle to seed it.
type edges struct {
	*lab
	order
	payload []byte
	blast   *blast
}

const (
	edgesFirst = 100_000
	edgesWant  = 150_000
	edgesPiece = 32 << 10
)

func inEdges(t *testing.T, story func(l *edges)) {
	inLab(t, func(l *lab) {
		e := &edges{lab: l, payload: blastPayload(edgesFirst + edgesWant + 70_000)}
		m := l.torrent(e.payload, edgesPiece, testFiles(edgesFirst, edgesWant, 70_000))
		e.order = order{Source: Source{Meta: m}, Spec: Spec{Selection: Selection{Wanted: []bool{false, true, false}}, Seeding: Seeding{Seed: true}}}
		e.blast = l.seed(m, e.payload, nil)
		story(e)
	})
}

// file is what the wanted file holds.
func (l *edges) file() []byte { return l.payload[edgesFirst : edgesFirst+edgesWant] }

// path is where it is.
func (l *edges) path() string { return filepath.Join(l.dir, "payload", "b") }

// alone takes the only other one who has the payload away.
func (l *edges) alone() {
	l.tracker.SetPeers()
	l.blast.Stop()
}

// end stops a torrent and its client.
func (l *edges) end(c *Client, t *Torrent) {
	l.Helper()
	t.Stop()
	<-t.Stopped()
	l.must(c.Close())
}

// wantWhole reads the whole file from a torrent.
func (l *edges) wantWhole(t *Torrent) {
	l.Helper()
	got, err := io.ReadAll(l.open(t, 1))
	if err != nil || !bytes.Equal(got, l.file()) {
		l.Errorf("read %d of %d bytes: %v", len(got), edgesWant, err)
	}
}

// TestEdgesKept: the pieces at the edges of a selection are verified in later runs, with
// nobody to ask: from the record, by their hashes, and to seed only.
func TestEdgesKept(t *testing.T) {
	inEdges(t, func(l *edges) {
		states := filepath.Join(l.dir, "..", "states")
		c := l.client(Config{StateDir: states})
		l.end(c, l.mustGet(c, l.order))
		l.wantNames(".payload.gotor.parts", "payload/b")
		l.alone()
		for _, run := range []struct {
			name           string
			only, recheck  bool
			states         string
			hashed, fromIt int64
		}{
			{"go on", false, false, states, 5 * edgesPiece, edgesWant},
			{"seed", true, false, states, 0, edgesWant},
			{"seed, hashed again", true, true, states, 5 * edgesPiece, edgesWant},
			{"seed, nothing remembered", true, false, "", 5 * edgesPiece, edgesWant},
		} {
			o := l.order
			o.SeedOnly, o.Recheck = run.only, run.recheck
			o.Warn = func(text string) { t.Errorf("%s: warned: %s", run.name, text) }
			c := l.client(Config{StateDir: run.states})
			tr := l.mustGet(c, o)
			if s := tr.Snapshot(); s.ToCheck != run.hashed || s.Verified != run.fromIt || s.Wanted != edgesWant {
				t.Errorf("%s: %d bytes hashed, %d of %d verified", run.name, s.ToCheck, s.Verified, s.Wanted)
			}
			l.wantWhole(tr)
			l.end(c, tr)
			l.wantNames(".payload.gotor.parts", "payload/b")
		}
	})
}

// TestEdgeDamaged: a bad byte in a piece at the edge is found, by a seed as by a download,
// which fetches the piece again.
func TestEdgeDamaged(t *testing.T) {
	inEdges(t, func(l *edges) {
		c := l.client(Config{})
		l.end(c, l.mustGet(c, l.order))
		for _, off := range []int64{0, edgesWant - 1} {
			l.must(spoilAt(l.path(), off))
			only := l.order
			only.SeedOnly = true
			if _, err := l.get(l.client(Config{}), only); !errors.Is(err, ErrMismatch) {
				t.Errorf("a seed of a damaged edge: %v", err)
			}
			c := l.client(Config{})
			o := l.order
			o.Recheck, o.Overwrite = true, true
			tr := l.mustGet(c, o)
			if s := tr.Snapshot(); s.Downloaded != edgesPiece {
				t.Errorf("%d bytes were fetched, want one piece", s.Downloaded)
			}
			l.wantWhole(tr)
			l.end(c, tr)
			l.wantFile("payload/b", l.file())
			l.wantNames(".payload.gotor.parts", "payload/b")
		}
	})
}

// TestEdgesLost: where nobody has kept them, a reader is told so at once, and the user
// how many pieces that concerns.
func TestEdgesLost(t *testing.T) {
	inEdges(t, func(l *edges) {
		c := l.client(Config{})
		l.end(c, l.mustGet(c, l.order))
		l.must(os.Remove(filepath.Join(l.dir, ".payload.gotor.parts")))
		l.alone()
		o, warned := l.order, ""
		o.SeedOnly = true
		o.Warn = func(text string) { warned += text }
		tr := l.mustGet(l.client(Config{}), o)
		if want := "pieces at the edges of the selected files that cannot be verified: 2; they hold parts of other files, which nobody has kept, and are left out"; warned != want {
			t.Errorf("warned %q, want %q", warned, want)
		}
		r, began := l.open(tr, 1), time.Now()
		if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, ErrUnverifiable) {
			t.Errorf("read %d bytes of the first edge: %v", n, err)
		}
		from := int64(4*edgesPiece - edgesFirst)
		got, err := readRange(r, from, edgesWant)
		if n := int64(7*edgesPiece - edgesFirst); !bytes.Equal(got, l.file()[from:n]) || !errors.Is(err, ErrUnverifiable) {
			t.Errorf("read %d bytes between the edges, want %d: %v", len(got), n-from, err)
		}
		if span := time.Since(began); span != 0 {
			t.Errorf("that took %v", span)
		}
	})
}

// TestEdgesGo: who does not seed keeps nothing, nor who has seeded enough.
func TestEdgesGo(t *testing.T) {
	inEdges(t, func(l *edges) {
		o := l.order
		o.Seed, o.Recheck = false, true
		o.Warn = func(text string) { t.Errorf("warned of edges that never were here: %s", text) }
		<-l.mustGet(l.client(Config{}), o).Stopped()
		l.wantNames("payload/b")
		o.Seed, o.Recheck, o.Warn = true, false, nil
		tr := l.mustGet(l.client(Config{}), o)
		l.wantNames(".payload.gotor.parts", "payload/b")
		tr.SetSeeding(Seeding{})
		<-tr.Stopped()
		l.wantNames("payload/b")
		tr = l.add(l.client(Config{}), o)
		tr.SetSeeding(Seeding{})
		<-tr.Stopped()
		l.wantNames("payload/b")
		o.SeedTime = time.Minute
		tr = l.mustGet(l.client(Config{}), o)
		l.wantNames(".payload.gotor.parts", "payload/b")
		<-tr.Stopped()
		l.must(tr.Err())
		l.wantNames("payload/b")
	})
}

// TestEdgesMove: what is kept goes where the files go, and is believed there.
func TestEdgesMove(t *testing.T) {
	dir := otherDisk(t)
	inEdges(t, func(l *edges) {
		states := filepath.Join(l.dir, "..", "states")
		c := l.client(Config{StateDir: states})
		l.end(c, l.mustGet(c, l.order))
		l.alone()
		from, to := Place{Dir: l.dir}, Place{Dir: dir, Rename: "mine"}
		l.must(Relocate(l.Context(), RelocateSpec{Meta: l.Meta, From: from, To: to, KeyDir: l.keys(), StateDir: states}))
		l.wantNames()
		o := l.order
		o.Place, o.SeedOnly = to, true
		c = l.client(Config{StateDir: states})
		tr := l.mustGet(c, o)
		if s := tr.Snapshot(); s.ToCheck != 0 || s.Verified != edgesWant {
			t.Errorf("%d bytes hashed, %d verified", s.ToCheck, s.Verified)
		}
		l.wantWhole(tr)
		l.end(c, tr)
		_, err := RemoveFiles(RemoveSpec{Place: to, Meta: l.Meta, Complete: true, Unfinished: true, KeyDir: l.keys()})
		l.must(err)
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}
