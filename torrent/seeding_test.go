package torrent

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

func TestSeedClock(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		name  string
		clock seedClock
		sent  map[int]int64 // what has been sent from that second on
		want  int           // the second in which it is enough
	}{
		{"time", seedClock{span: 90 * time.Second}, nil, 90},
		{"idle from the start", seedClock{idle: time.Minute}, nil, 60},
		{"idle after uploads", seedClock{idle: time.Minute}, map[int]int64{5: 1, 45: 2}, 105},
		{"ratio", seedClock{ratio: 2, bytes: 50}, map[int]int64{30: 99, 70: 100}, 70},
		{"ratio reached in earlier runs", seedClock{ratio: 0.5, bytes: 100}, map[int]int64{0: 60}, 1},
		{"the first of several", seedClock{ratio: 2, bytes: 50, span: time.Minute, idle: time.Hour}, map[int]int64{30: 99}, 60},
		{"ratio of nothing", seedClock{ratio: 2, span: time.Minute}, nil, 60},
	} {
		c.clock.begin(0, start)
		sent, over := int64(0), -1
		for s := 0; s < 200 && over < 0; s++ {
			if n, ok := c.sent[s]; ok {
				sent = n
			}
			if s > 0 && c.clock.look(sent, at(s)) {
				over = s
			}
		}
		if over != c.want {
			t.Errorf("%s: enough after %d s, want %d", c.name, over, c.want)
		}
	}
}

// A limit must be noticed although nobody looks: next says when.
func TestSeedClockNext(t *testing.T) {
	now := time.Unix(1000, 0)
	var idle seedClock
	if !idle.next(true).IsZero() {
		t.Error("a torrent that does not seed wants to be looked at")
	}
	c := seedClock{ratio: 1, bytes: 1000, span: time.Hour}
	c.begin(0, now)
	if !c.next(false).Equal(now) {
		t.Error("does not look at what earlier runs sent")
	}
	c.look(0, now)
	if got := c.next(false).Sub(now); got != time.Hour {
		t.Errorf("looks after %v although nobody may ask for anything", got)
	}
	if got := c.next(true).Sub(now); got != seedLook {
		t.Errorf("looks after %v, want %v", got, seedLook)
	}
	now = now.Add(time.Second)
	c.look(800, now) // 800 bytes a second: 200 are left
	if got := c.next(true).Sub(now); got != 250*time.Millisecond {
		t.Errorf("looks after %v, want to be there when the ratio is reached", got)
	}
}

// seedSpec is a complete payload on disk, to be seeded.
func (l *lab) seedSpec(payload []byte) order {
	l.Helper()
	dir := l.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "payload"), payload, 0o400); err != nil {
		l.Fatal(err)
	}
	return order{Source: Source{Meta: l.single(payload, 16<<10), Local: true}, Spec: Spec{Place: Place{Dir: dir}, Seeding: Seeding{Seed: true, SeedOnly: true}}}
}

func TestSeedOnly(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		seeder := l.client(Config{StateDir: l.TempDir()})
		spec := l.seedSpec(payload)
		seed := l.mustGet(seeder, spec)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		l.wantFile("payload", payload)
		seed.Stop()
		<-seed.Stopped()
		if err := seed.Err(); err != nil {
			t.Errorf("a seed that was stopped failed: %v", err)
		}
		names, _ := os.ReadDir(spec.Dir)
		if len(names) != 1 {
			t.Errorf("seeding left %v beside the data", names)
		}

		again := l.mustGet(seeder, spec)
		s := again.Snapshot()
		if s.ToCheck != 0 {
			t.Errorf("%d bytes were hashed again", s.ToCheck)
		}
		if s.Ratio < 1 || s.Uploaded != 0 {
			t.Errorf("ratio %v with %d bytes uploaded in this run; the first run sent everything once", s.Ratio, s.Uploaded)
		}
		again.Stop()
		<-again.Stopped()
		enough := spec
		enough.SeedRatio = 0.9
		<-l.mustGet(seeder, enough).Stopped() // it was reached in the first run

		if err := os.Chmod(filepath.Join(spec.Dir, "payload"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(spec.Dir, "payload"), payload[1:], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := l.get(seeder, spec); !errors.Is(err, ErrMismatch) {
			t.Errorf("data that has changed since: %v, want ErrMismatch", err)
		}
	})
}

// hashed is a folder with the files a and b, and what is known of it by somebody
// who has just hashed it.
func (l *lab) hashed(a, b []byte, pieceLength int) order {
	l.Helper()
	spec := order{Spec: Spec{Place: Place{Dir: l.TempDir(), Flat: true}, Seeding: Seeding{Seed: true, SeedOnly: true}}}
	var files []metainfo.File
	for name, data := range map[string][]byte{"a": a, "b": b} {
		path := filepath.Join(spec.Dir, name)
		old := time.Unix(1e9, 5000)
		if err := errors.Join(os.WriteFile(path, data, 0o600), os.Chtimes(path, old, old)); err != nil {
			l.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b"} {
		fi, err := os.Lstat(filepath.Join(spec.Dir, name))
		if err != nil {
			l.Fatal(err)
		}
		spec.Verified = append(spec.Verified, fi)
		files = append(files, metainfo.File{Path: []string{name}, Length: fi.Size()})
	}
	spec.Meta = l.torrent(slices.Concat(a, b), pieceLength, files)
	return spec
}

// Who has just hashed the files tells what they looked like before: as long as
// they still do nothing is hashed, and else what has changed is.
func TestSeedVerified(t *testing.T) {
	const (
		pieceLen, a, b = 10, 56, 34 // the sixth piece is in both
		ofA, ofB       = 60, 40     // bytes of the pieces
	)
	for name, c := range map[string]struct {
		change func(s *order, a, b string) error // between the hashing and the seeding
		hashed int64
		err    error
	}{
		"unchanged": {func(*order, string, string) error { return nil }, 0, nil},
		"touched": {func(_ *order, _, b string) error {
			return os.Chtimes(b, time.Time{}, time.Unix(1e9, 6000))
		}, ofB, nil},
		"unknown":        {func(s *order, _, _ string) error { s.Verified[1] = nil; return nil }, ofB, nil},
		"not said":       {func(s *order, _, _ string) error { s.Verified = nil; return nil }, a + b, nil},
		"of other files": {func(s *order, _, _ string) error { s.Verified = s.Verified[1:]; return nil }, a + b, nil},
		"rewritten":      {func(_ *order, a, _ string) error { return os.WriteFile(a, make([]byte, 56), 0o600) }, ofA, ErrMismatch},
		"cut":            {func(_ *order, a, _ string) error { return os.Truncate(a, 55) }, 0, ErrMismatch}, // nothing of it is wanted then
		"gone":           {func(_ *order, _, b string) error { return os.Remove(b) }, ofB, ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(a + b)
				spec := l.hashed(payload[:a], payload[a:], pieceLen)
				if err := c.change(&spec, filepath.Join(spec.Dir, "a"), filepath.Join(spec.Dir, "b")); err != nil {
					t.Fatal(err)
				}
				seed, err := l.get(l.client(Config{}), spec)
				if !errors.Is(err, c.err) {
					t.Errorf("%v, want %v", err, c.err)
				}
				if s := seed.Snapshot(); s.Checked != c.hashed || s.ToCheck != c.hashed {
					t.Errorf("%d of %d bytes hashed, want %d", s.Checked, s.ToCheck, c.hashed)
				}
			})
		})
	}
}

// A part of a torrent is seeded without the pieces at its edge as long as the file beside
// it is not there: nobody can tell what is wrong with them. Who reads is told, and does
// not wait for them.
func TestSeedPart(t *testing.T) {
	const pieceLen, a, b = 10, 56, 34 // the sixth piece is in both
	for name, c := range map[string]struct {
		change func(a, b string) error
		read   int // bytes of a that are verified
		err    error
	}{
		"all there":               {func(string, string) error { return nil }, a, nil},
		"the other is missing":    {func(_, b string) error { return os.Remove(b) }, 50, nil},
		"the other is cut":        {func(_, b string) error { return os.Truncate(b, 1) }, 50, nil},
		"the other is wrong":      {func(_, b string) error { return os.WriteFile(b, make([]byte, 34), 0o600) }, 0, ErrMismatch},
		"the edge is wrong":       {func(a, _ string) error { return spoilAt(a, 55) }, 0, ErrMismatch},
		"wrong before the edge":   {func(a, b string) error { return errors.Join(os.Remove(b), spoilAt(a, 49)) }, 0, ErrMismatch},
		"not known whose fault":   {func(a, b string) error { return errors.Join(os.Remove(b), spoilAt(a, 55)) }, 50, nil},
		"the selected one is cut": {func(a, _ string) error { return os.Truncate(a, 55) }, 0, ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(a + b)
				spec := l.hashed(payload[:a], payload[a:], pieceLen)
				spec.Verified, spec.Wanted = nil, []bool{true, false}
				l.must(c.change(filepath.Join(spec.Dir, "a"), filepath.Join(spec.Dir, "b")))
				seed, err := l.get(l.client(Config{}), spec)
				if !errors.Is(err, c.err) {
					t.Fatalf("%v, want %v", err, c.err)
				}
				if err != nil {
					return
				}
				if s := seed.Snapshot(); s.Verified != int64(c.read) || s.Wanted != s.Verified {
					t.Errorf("%d of %d bytes are verified, want %d", s.Verified, s.Wanted, c.read)
				}
				r, err := seed.OpenFile(l.Context(), 0)
				l.must(err)
				defer r.Close()
				var want error
				if c.read < a {
					want = ErrUnverifiable
				}
				if got, err := io.ReadAll(r); !bytes.Equal(got, payload[:c.read]) || err != want {
					t.Errorf("read %d bytes and %v, want %d and %v", len(got), err, c.read, want)
				}
			})
		})
	}
}

// spoilAt changes one byte of a file.
func spoilAt(path string, off int64) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[off] ^= 1
	return os.WriteFile(path, b, 0o600)
}

// What was verified by the caller does not count as uploaded in earlier runs, and
// what was uploaded in them still counts.
func TestSeedVerifiedKeepsTheRatio(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		spec := l.hashed(payload[:200_000], payload[200_000:], 16<<10)
		seeder := l.client(Config{StateDir: l.TempDir()})
		seed := l.mustGet(seeder, spec)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		seed.Stop()
		<-seed.Stopped()
		again := l.mustGet(seeder, spec)
		if s := again.Snapshot(); s.ToCheck != 0 || s.Ratio < 1 || s.Uploaded != 0 {
			t.Errorf("%d bytes hashed, ratio %v, %d bytes uploaded", s.ToCheck, s.Ratio, s.Uploaded)
		}
	})
}

func TestSeedOnlyMissing(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(300_000))
		if err := os.Remove(filepath.Join(spec.Dir, "payload")); err != nil {
			t.Fatal(err)
		}
		if _, err := l.get(l.client(Config{}), spec); !errors.Is(err, ErrMismatch) {
			t.Errorf("got %v, want ErrMismatch", err)
		}
	})
}

func TestSeedLimits(t *testing.T) {
	for name, limit := range map[string]func(*order){
		"ratio": func(s *order) { s.SeedRatio = 0.9 },
		"time":  func(s *order) { s.SeedTime = time.Hour },
		"idle":  func(s *order) { s.SeedIdle = 10 * time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(300_000)
				spec := l.seedSpec(payload)
				limit(&spec)
				seeder := l.client(Config{})
				seed := l.mustGet(seeder, spec)
				l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
				<-seed.Stopped()
				if s := seed.Snapshot(); s.State != StateDone || seed.Err() != nil {
					t.Errorf("state %s, error %v", s.State, seed.Err())
				}
			})
		})
	}
}

// A download that goes on to seed keeps its ratio over a restart, and the folder
// clean.
func TestSeedAfterDownload(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.single(payload, 16<<10)
		l.seed(m, payload, nil)
		c := l.client(Config{StateDir: l.TempDir()})
		first := l.mustGet(c, order{Source: Source{Meta: m}, Spec: Spec{Seeding: Seeding{Seed: true}}})
		l.tracker.SetPeers()
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(c)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		up := first.Snapshot().Uploaded
		first.Stop()
		<-first.Stopped()
		l.wantNames("payload")
		second := l.mustGet(c, order{Source: Source{Meta: m}, Spec: Spec{Seeding: Seeding{Seed: true}}})
		if s := second.Snapshot(); s.ToCheck != 300_000 || s.Ratio != float64(up)/300_000 {
			t.Errorf("%d bytes to hash, ratio %v after %d bytes sent", s.ToCheck, s.Ratio, up)
		}
	})
}

// A super-seed sends each piece about once: the leechers give it to each other.
func TestSuperSeed(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(2 << 20)
		spec := l.seedSpec(payload)
		spec.SuperSeed = true
		seeder := l.client(Config{})
		seed := l.mustGet(seeder, spec)
		var leechers []*Client
		peers := []netip.AddrPort{l.addr(seeder)}
		for range 4 {
			c := l.client(Config{})
			leechers, peers = append(leechers, c), append(peers, l.addr(c))
		}
		var all []*Torrent
		for _, c := range leechers {
			all = append(all, l.add(c, order{Source: Source{Meta: spec.Meta, Peers: peers}, Spec: Spec{Place: Place{Dir: l.TempDir()}, Seeding: Seeding{Seed: true}}}))
		}
		for _, x := range all {
			<-x.Done()
			if err := x.Err(); err != nil {
				t.Fatal(err)
			}
		}
		if up := seed.Snapshot().Uploaded; up > 3<<20 {
			t.Errorf("the seed sent %d bytes of a torrent of %d to four leechers", up, len(payload))
		}
	})
}

// Alone with a super-seed, one leecher gets everything.
func TestSuperSeedOneLeecher(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		spec := l.seedSpec(payload)
		spec.SuperSeed = true
		seeder := l.client(Config{})
		l.mustGet(seeder, spec)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		l.wantFile("payload", payload)
	})
}

func TestGains(t *testing.T) {
	var g gains
	if !g.note(3) || g.note(4) {
		t.Error("the loop is to be told of the first piece only")
	}
	if p, all := g.take(); all || len(p) != 2 {
		t.Errorf("took %v, all %v", p, all)
	}
	for i := range maxGains + 1 {
		g.note(i)
	}
	if p, all := g.take(); !all || len(p) != 0 {
		t.Errorf("%d pieces wait although all are looked at anew", len(p))
	}
	if !g.note(1) {
		t.Error("the loop is not told again")
	}
}

// What a seed has sent is written down within about a minute, and while nobody asks
// for anything nothing is.
func TestSeedRecords(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(300_000))
		spec.SeedOnly = false
		a := new(attic)
		seeder := l.client(Config{Archive: a})
		seed := l.mustGet(seeder, spec)
		time.Sleep(time.Hour)
		if n := a.saved(); n != 1 {
			t.Errorf("%d records in an idle hour, want the first only", n)
		}
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		time.Sleep(2*seedRecord + time.Second)
		r, err := seed.held.archive.read(a.Load(spec.Meta.InfoHash), nil)
		l.must(err)
		if up := seed.Snapshot().Uploaded; up < 300_000 || r.uploaded != up {
			t.Errorf("%d bytes are remembered, of %d", r.uploaded, up)
		}
		n := a.saved()
		time.Sleep(time.Hour)
		if got := a.saved(); got != n || n > 4 {
			t.Errorf("%d records, and %d after an hour in which nothing was sent", n, got)
		}
	})
}
