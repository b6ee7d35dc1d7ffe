package torrent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

func TestOneSeed(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(3<<20 + 777)
		m := l.single(payload, 256<<10)
		seed := l.seed(m, payload, nil)
		c := l.client(Config{})
		got := l.mustGet(c, of(m))
		l.wantFile("payload", payload)
		l.wantNames("payload")
		s := got.Snapshot()
		if s.State != StateDone || s.Verified != int64(len(payload)) || s.Wasted != 0 || seed.Sent() != int64(len(payload)) {
			t.Errorf("%+v, the seed sent %d", s, seed.Sent())
		}
		c.Close()
		var events []string
		for _, e := range l.tracker.Events() {
			events = append(events, e.Event)
		}
		if len(events) != 3 || events[0] != "started" || events[1] != "completed" || events[2] != "stopped" {
			t.Errorf("the tracker heard %v", events)
		}
	})
}

func TestTwoHalves(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		l.seed(m, payload, func(c *blastConfig) { c.Have = func(p int) bool { return p%2 == 0 } })
		l.seed(m, payload, func(c *blastConfig) { c.Have = func(p int) bool { return p%2 == 1 }; c.Plain = true })
		l.mustGet(l.client(Config{}), of(m))
		l.wantFile("payload", payload)
	})
}

// "One of three peers sending corrupt blocks": it is found out and banned.
func TestOneLiarOfThree(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		m := l.single(payload, 256<<10)
		l.seed(m, payload, nil)
		liar := l.seed(m, payload, func(c *blastConfig) { c.Corrupt = func(_, begin int) bool { return begin == 16<<10 } })
		l.seed(m, payload, nil)
		got := l.mustGet(l.client(Config{}), of(m))
		l.wantFile("payload", payload)
		if s := got.Snapshot(); s.Wasted == 0 || liar.Sent() == 0 {
			t.Errorf("nothing wasted, although the liar sent %d bytes: %+v", liar.Sent(), s)
		}
	})
}

func TestOnlyALiar(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 256<<10)
		l.seed(m, payload, func(c *blastConfig) { c.Corrupt = func(int, int) bool { return true } })
		got, err := l.get(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}})
		if !errors.Is(err, ErrNoPeers) {
			t.Errorf("got %v, want no peers left", err)
		}
		if s := got.Snapshot(); s.Verified != 0 || len(s.PeerErrors) == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestSeedDiesMidway(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		m := l.single(payload, 256<<10)
		l.seed(m, payload, func(c *blastConfig) { c.CloseAfter = 3<<20 + 5 })
		l.seed(m, payload, func(c *blastConfig) { c.UnchokeAfter = time.Second })
		l.mustGet(l.client(Config{}), of(m))
		l.wantFile("payload", payload)
	})
}

// A seed that says nothing more holds blocks; they are asked of the other.
func TestSeedStalls(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 256<<10)
		l.seed(m, payload, func(c *blastConfig) { c.StallAfter = 1 << 20 })
		l.seed(m, payload, nil)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{StallTimeout: 10 * time.Minute}}})
		l.wantFile("payload", payload)
	})
}

func TestDeadFirstTracker(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 256<<10)
		m.Trackers = [][]string{{"http://10.9.9.9/announce"}, {l.tracker.URL}}
		l.seed(m, payload, nil)
		l.mustGet(l.client(Config{}), of(m))
		l.wantFile("payload", payload)
	})
}

// Each clock strikes at its time, to the virtual second.
func TestLimits(t *testing.T) {
	payload := blastPayload(4 << 20)
	for name, c := range map[string]struct {
		spec  order
		story func(l *lab, m *metainfo.Torrent)
		want  error
		after time.Duration
	}{
		"nobody":     {spec: order{Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}}, want: ErrNoPeers, after: time.Minute},
		"the job":    {spec: order{Spec: Spec{Limits: Limits{Timeout: time.Minute}}}, want: ErrTimeout, after: time.Minute},
		"no tracker": {spec: order{Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}}, story: func(l *lab, m *metainfo.Torrent) { m.Trackers = [][]string{{"http://10.9.9.9/announce"}} }, want: ErrNoTracker, after: time.Minute},
		"it refuses": {spec: order{Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}}, story: func(l *lab, m *metainfo.Torrent) { l.tracker.Fail("go away") }, want: ErrNoTracker, after: time.Minute},
		"no source":  {spec: order{}, story: func(l *lab, m *metainfo.Torrent) { m.Trackers = nil }, want: ErrNoPeers},
		"stalled": {spec: order{Spec: Spec{Limits: Limits{StallTimeout: time.Minute}}}, story: func(l *lab, m *metainfo.Torrent) {
			l.seed(m, payload, func(c *blastConfig) { c.Have = func(p int) bool { return p < 4 } })
		}, want: ErrStalled, after: time.Minute},
		"choked for ever": {spec: order{Spec: Spec{Limits: Limits{StallTimeout: time.Minute}}}, story: func(l *lab, m *metainfo.Torrent) {
			l.seed(m, payload, func(c *blastConfig) { c.UnchokeAfter = time.Hour })
		}, want: ErrStalled, after: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m := l.single(payload, 256<<10)
				if c.story != nil {
					c.story(l, m)
				}
				spec := c.spec
				spec.Meta = m
				got, err := l.get(l.client(Config{}), spec)
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if d := got.Snapshot().Elapsed; d < c.after || d > c.after+5*time.Second {
					t.Errorf("ended after %v, want %v", d, c.after)
				}
			})
		})
	}
}

// What was verified before a stop is neither fetched nor hashed again.
func TestResumeClean(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		m := l.single(payload, 256<<10)
		seed := l.seed(m, payload, nil)
		c := l.client(Config{})
		first := l.add(c, order{Source: Source{Meta: m, Raw: []byte("the torrent")}})
		l.until(first, "some pieces", func(s Snapshot) bool { return s.PiecesDone >= 8 })
		first.Stop()
		<-first.Stopped()
		if !errors.Is(first.Err(), ErrStopped) {
			t.Fatalf("stopped with %v", first.Err())
		}
		l.wantNames(".payload.gotor", ".payload.gotor.lock", ".payload.gotor.torrent", "payload.part")
		kept := first.Snapshot().Verified
		sent := seed.Sent()
		second := l.mustGet(c, of(m))
		l.wantFile("payload", payload)
		l.wantNames("payload")
		s := second.Snapshot()
		if s.Resumed != kept || s.ToCheck != 0 || s.Downloaded != int64(len(payload))-kept {
			t.Errorf("kept %d, resumed %d, hashed %d, fetched %d", kept, s.Resumed, s.ToCheck, s.Downloaded)
		}
		if extra := seed.Sent() - sent - s.Downloaded; extra != 0 {
			t.Errorf("the seed sent %d bytes too many", extra)
		}
	})
}

// After kill -9 the record is open: what it claims is sampled, the rest of what
// may be on disk is hashed, nothing is lost.
func TestResumeAfterKill(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		m := l.single(payload, 64<<10)
		l.seed(m, payload, nil)
		c := l.client(Config{MaxDown: 200 << 10})
		first := l.add(c, of(m))
		l.until(first, "a record and pieces after it", func(s Snapshot) bool { return s.Elapsed > 12*time.Second })
		// The disk as it is at this moment is what a kill would leave.
		dead := l.copyDir()
		first.Stop()
		<-first.Stopped()
		before := first.Snapshot().Verified
		l.dir = dead
		second := l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Dir: dead}}})
		l.wantFile("payload", payload)
		s := second.Snapshot()
		if s.Resumed < before-300<<10 || s.ToCheck == 0 {
			t.Errorf("of %d verified bytes %d were kept, %d hashed", before, s.Resumed, s.ToCheck)
		}
	})
}

// copyDir copies the lab's folder without the lock, and returns the copy.
func (l *lab) copyDir() string {
	l.Helper()
	to := l.TempDir()
	list, err := os.ReadDir(l.dir)
	if err != nil {
		l.Fatal(err)
	}
	for _, e := range list {
		b, err := os.ReadFile(filepath.Join(l.dir, e.Name()))
		if err == nil && filepath.Ext(e.Name()) != ".lock" {
			err = os.WriteFile(filepath.Join(to, e.Name()), b, 0o644)
		}
		if err != nil {
			l.Fatal(err)
		}
	}
	return to
}

func TestDamagedRecord(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(2 << 20)
		m := l.single(payload, 256<<10)
		l.seed(m, payload, nil)
		os.WriteFile(filepath.Join(l.dir, ".payload.gotor"), []byte("garbage"), 0o600)
		half := append(append([]byte(nil), payload[:1<<20]...), make([]byte, 1<<20)...)
		os.WriteFile(filepath.Join(l.dir, "payload.part"), half, 0o644)
		got := l.mustGet(l.client(Config{}), of(m))
		l.wantFile("payload", payload)
		if s := got.Snapshot(); s.Resumed != 1<<20 || s.Downloaded != 1<<20 {
			t.Errorf("resumed %d, fetched %d", s.Resumed, s.Downloaded)
		}
	})
}

func TestCompleteAlready(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(2 << 20)
		m := l.single(payload, 256<<10)
		seed := l.seed(m, payload, nil)
		path := filepath.Join(l.dir, "payload")
		os.WriteFile(path, payload, 0o644)
		before, _ := os.Stat(path)
		l.mustGet(l.client(Config{}), of(m))
		after, _ := os.Stat(path)
		l.wantNames("payload")
		if seed.Sent() != 0 || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("complete data was touched; the seed sent %d", seed.Sent())
		}
	})
}

func TestConflict(t *testing.T) {
	payload := blastPayload(2 << 20)
	for name, other := range map[string][]byte{
		"one byte differs": append(append([]byte(nil), payload[:100]...), append([]byte{payload[100] ^ 1}, payload[101:]...)...),
		"shorter":          payload[:1000],
		"longer":           append(append([]byte(nil), payload...), 'x'),
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m := l.single(payload, 256<<10)
				l.seed(m, payload, nil)
				os.WriteFile(filepath.Join(l.dir, "payload"), other, 0o644)
				if _, err := l.get(l.client(Config{}), of(m)); !errors.Is(err, ErrFileConflict) && !errors.Is(err, storage.ErrConflict) {
					t.Errorf("got %v, want a conflict", err)
				}
				l.wantFile("payload", other)
				l.wantNames("payload")
				l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Overwrite: true}}})
				l.wantFile("payload", payload)
				l.wantNames("payload")
			})
		})
	}
}

func TestAnotherTorrentOfThatName(t *testing.T) {
	inLab(t, func(l *lab) {
		one, two := blastPayload(2<<20), blastPayload(1<<20)
		m1, m2 := l.single(one, 256<<10), l.single(two, 256<<10)
		l.seed(m1, one, nil)
		c := l.client(Config{MaxDown: 500 << 10})
		first := l.add(c, of(m1))
		l.until(first, "pieces", func(s Snapshot) bool { return s.PiecesDone > 1 })
		if _, err := l.get(c, of(m2)); !errors.Is(err, storage.ErrLocked) {
			t.Errorf("while it runs: %v", err)
		}
		first.Stop()
		<-first.Stopped()
		if _, err := l.get(c, of(m2)); !errors.Is(err, ErrFileConflict) {
			t.Errorf("after it stopped: %v", err)
		}
		l.mustGet(l.client(Config{}), of(m1))
		l.wantFile("payload", one)
	})
}

// files is a torrent with files of awkward sizes, padding and an empty one.
func (l *lab) files() (*metainfo.Torrent, []byte, []metainfo.File) {
	fs := []metainfo.File{
		{Path: []string{"a.bin"}, Length: 300_001},
		{Path: []string{"sub", "b.bin"}, Length: 70_000},
		{Path: []string{"sub", "empty"}, Length: 0},
		{Path: []string{".pad", "5535"}, Length: 5535, Attr: "p"},
		{Path: []string{"sub", "deep", "c.bin"}, Length: 200_000},
		{Path: []string{"d.bin"}, Length: 1},
	}
	var n int64
	for _, f := range fs {
		n += f.Length
	}
	payload := blastPayload(int(n))
	clear(payload[370_001 : 370_001+5535])
	return l.torrent(payload, 65536, fs), payload, fs
}

func TestTree(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		l.seed(m, payload, nil)
		got := l.mustGet(l.client(Config{}), of(m))
		l.wantNames("payload/a.bin", "payload/d.bin", "payload/sub/b.bin", "payload/sub/deep/c.bin", "payload/sub/empty")
		l.wantFile("payload/a.bin", payload[:300_001])
		l.wantFile("payload/sub/b.bin", payload[300_001:370_001])
		l.wantFile("payload/sub/deep/c.bin", payload[375_536:575_536])
		l.wantFile("payload/d.bin", payload[575_536:])
		l.wantFile("payload/sub/empty", nil)
		if got.Root() != filepath.Join(l.dir, "payload") {
			t.Errorf("root %s", got.Root())
		}
	})
}

// Unselected neighbours never appear; a later run selects more and fetches only
// what is new.
func TestSelection(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		l.seed(m, payload, nil)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m},
			Spec: Spec{Place: Place{Flat: true}, Selection: Selection{Wanted: []bool{false, true, false, false, false, false}}}})
		l.wantNames("sub/b.bin")
		l.wantFile("sub/b.bin", payload[300_001:370_001])
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Flat: true}}})
		l.wantNames("a.bin", "d.bin", "sub/b.bin", "sub/deep/c.bin", "sub/empty")
		l.wantFile("a.bin", payload[:300_001])
	})
}

// Files of First come before the others, and a resumed download remembers them.
func TestFirst(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, fs := l.files()
		l.seed(m, payload, func(c *blastConfig) { c.StallAfter = 4 * 65536 }) // the pieces of c.bin
		spec := order{Source: Source{Meta: m, Raw: rawTorrent(payload, 65536, fs, l.tracker.URL)},
			Spec: Spec{Selection: Selection{First: []bool{false, false, false, false, true, false}}}}
		got := l.add(l.client(Config{}), spec)
		l.until(got, "the first file", func(s Snapshot) bool {
			b, err := os.ReadFile(filepath.Join(l.dir, "payload", "sub", "deep", "c.bin"))
			return err == nil && bytes.Equal(b, payload[375_536:575_536])
		})
		if s := got.Snapshot(); s.PiecesDone > 4 {
			t.Errorf("%d pieces were there before the file of 4", s.PiecesDone)
		}
		got.Stop()
		<-got.Stopped()
		if s := l.unfinished(l.dir); !slices.Equal(s.First, spec.First) {
			t.Errorf("resumed with %+v", s)
		}
	})
}

func TestSelectionGrowsWhileUnfinished(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		seed := l.seed(m, payload, func(c *blastConfig) { c.StallAfter = 150_000 })
		first := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Selection: Selection{Wanted: []bool{false, true, false, false, true, false}}}})
		l.until(first, "a piece", func(s Snapshot) bool { return s.PiecesDone > 0 })
		first.Stop()
		<-first.Stopped()
		seed.Stop()
		l.seed(m, payload, nil)
		l.mustGet(l.client(Config{}), of(m))
		l.wantFile("payload/a.bin", payload[:300_001])
		l.wantFile("payload/sub/deep/c.bin", payload[375_536:575_536])
		l.wantNames("payload/a.bin", "payload/d.bin", "payload/sub/b.bin", "payload/sub/deep/c.bin", "payload/sub/empty")
	})
}

// Verify is asked before a file gets its name.
func TestVerifyHook(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		l.seed(m, payload, nil)
		refuse := errors.New("not what I wanted")
		var got []byte
		_, err := l.get(l.client(Config{}), order{Source: Source{Meta: m},
			Spec: Spec{Selection: Selection{Wanted: []bool{true, false, false, false, false, false}}, Hooks: Hooks{Verify: func(_ context.Context, file int, r io.Reader) error {
				if file != 0 {
					t.Errorf("asked about file %d", file)
				}
				got, _ = io.ReadAll(r)
				return refuse
			}}}})
		if !errors.Is(err, refuse) || !bytes.Equal(got, payload[:300_001]) {
			t.Errorf("%v after %d bytes", err, len(got))
		}
		if _, err := os.Stat(filepath.Join(l.dir, "payload", "a.bin.part")); err != nil {
			t.Errorf("the .part is gone: %v", err)
		}
	})
}

func TestStream(t *testing.T) {
	for name, pieceLength := range map[string]int{"ring in memory": 64 << 10, "ring in a file": 16 << 20} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(5*pieceLength/4 + 6<<20)
				m := l.single(payload, pieceLength)
				l.seed(m, payload, nil)
				l.seed(m, payload, nil)
				var out bytes.Buffer
				l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Hooks: Hooks{Stream: &out}}})
				if !bytes.Equal(out.Bytes(), payload) {
					t.Errorf("%d bytes came out that are not the payload", out.Len())
				}
				l.wantNames()
			})
		})
	}
}

func TestStreamOfOneFile(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		l.seed(m, payload, nil)
		var out bytes.Buffer
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m},
			Spec: Spec{Selection: Selection{Wanted: []bool{false, true, false, false, false, true}}, Hooks: Hooks{Stream: &out}}})
		if want := append(append([]byte(nil), payload[300_001:370_001]...), payload[575_536:]...); !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%d bytes came out, want %d", out.Len(), len(want))
		}
	})
}

// slowPipe takes n writes and then fails.
type slowPipe struct {
	left int
	wait time.Duration
}

func (p *slowPipe) Write(b []byte) (int, error) {
	time.Sleep(p.wait)
	if p.left--; p.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestStreamReaderGoesAway(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		m := l.single(payload, 64<<10)
		l.seed(m, payload, nil)
		if _, err := l.get(l.client(Config{}), order{Source: Source{Meta: m},
			Spec: Spec{Hooks: Hooks{Stream: &slowPipe{left: 3}}}}); !errors.Is(err, ErrStream) || !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v", err)
		}
	})
}

// A slow reader slows the download: no more is fetched than the ring holds.
func TestStreamBackPressure(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(64 << 20)
		m := l.single(payload, 256<<10)
		seed := l.seed(m, payload, nil)
		got := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Hooks: Hooks{Stream: &slowPipe{left: 10, wait: time.Minute}}}})
		time.Sleep(90 * time.Second)
		if ahead := seed.Sent(); ahead > streamMemory+2<<20 {
			t.Errorf("%d bytes were fetched while the reader took one piece", ahead)
		}
		got.Stop()
		<-got.Stopped()
		time.Sleep(20 * time.Minute) // let the reader come back, so that nothing hangs in it
	})
}

// Two gotors with half of the data each trade.
func TestTrade(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		_, ha := l.host()
		a, err := NewClient(Config{Network: ha, Name: "gotor/a", Port: 6881})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		dirA, dirB := t.TempDir(), t.TempDir()
		half := append(append([]byte(nil), payload[:2<<20]...), make([]byte, 2<<20)...)
		os.WriteFile(filepath.Join(dirA, "payload.part"), half, 0o644)
		half = append(make([]byte, 2<<20), payload[2<<20:]...)
		os.WriteFile(filepath.Join(dirB, "payload.part"), half, 0o644)
		m.Trackers = nil
		ta := l.add(a, order{Source: Source{Meta: m, Peers: []netip.AddrPort{ap("10.99.0.1:1")}}, Spec: Spec{Place: Place{Dir: dirA}, Seeding: Seeding{Seed: true}}})
		tb := l.add(l.client(Config{}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{netip.AddrPortFrom(ha.Addr(), 6881)}}, Spec: Spec{Place: Place{Dir: dirB}}})
		<-tb.Done()
		<-ta.Done()
		if ta.Err() != nil || tb.Err() != nil {
			t.Fatal(ta.Err(), tb.Err())
		}
		for _, d := range []string{dirA, dirB} {
			l.dir = d
			l.wantFile("payload", payload)
		}
		if s := ta.Snapshot(); s.State != StateSeeding || s.Uploaded < 2<<20 {
			t.Errorf("%+v", s)
		}
	})
}

// A stop that comes while the user's own check runs ends it; what was verified
// stays.
func TestStopWhileVerifying(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 256<<10)
		seed := l.seed(m, payload, nil)
		verifying := make(chan bool)
		got := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Hooks: Hooks{Verify: func(ctx context.Context, _ int, _ io.Reader) error {
			close(verifying)
			<-ctx.Done()
			return ctx.Err()
		}}}})
		<-verifying
		got.Stop()
		<-got.Stopped()
		if !errors.Is(got.Err(), ErrStopped) {
			t.Errorf("stopped with %v", got.Err())
		}
		l.wantNames(".payload.gotor", ".payload.gotor.lock", "payload.part")
		again := l.mustGet(l.client(Config{}), of(m))
		if s := again.Snapshot(); s.Resumed != int64(len(payload)) || s.ToCheck != 0 || seed.Sent() != int64(len(payload)) {
			t.Errorf("%+v", s)
		}
		l.wantNames("payload")
	})
}

// A record that claims what somebody has deleted or cut is not believed, neither
// a clean one nor one that a kill left open.
func TestClaimsOfMissingData(t *testing.T) {
	for name, hurt := range map[string]func(path string) error{
		"deleted": os.Remove,
		"cut":     func(path string) error { return os.Truncate(path, 100_000) },
	} {
		for _, killed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				inLab(t, func(l *lab) {
					m, payload, _ := l.files()
					l.seed(m, payload, func(c *blastConfig) { c.Have = func(p int) bool { return p < 4 } })
					got := l.add(l.client(Config{}), of(m))
					l.until(got, "a record of four pieces", func(s Snapshot) bool { return s.PiecesDone == 4 && s.Elapsed > 12*time.Second })
					dir := l.dir
					if killed {
						dir = l.copyTree()
					}
					got.Stop()
					<-got.Stopped()
					l.dir = dir
					if err := hurt(filepath.Join(dir, "payload", "a.bin.part")); err != nil {
						t.Fatal(err)
					}
					l.seed(m, payload, nil)
					l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Dir: dir}}})
					l.wantFile("payload/a.bin", payload[:300_001])
				})
			})
		}
	}
}

// copyTree copies the lab's folder, with folders in it and without the lock.
func (l *lab) copyTree() string {
	l.Helper()
	to := l.TempDir()
	if err := os.CopyFS(to, os.DirFS(l.dir)); err != nil {
		l.Fatal(err)
	}
	os.Remove(filepath.Join(to, ".payload.gotor.lock"))
	return to
}

// A selection that grows finds what an earlier, smaller one completed.
func TestSelectionsOneAfterTheOther(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		seed := l.seed(m, payload, nil)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Selection: Selection{Wanted: []bool{false, true, false, false, false, false}}}})
		seed.Stop()
		half := l.seed(m, payload, func(c *blastConfig) { c.StallAfter = 150_000 })
		got := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Selection: Selection{Wanted: []bool{true, false, false, false, false, false}}}})
		l.until(got, "a piece", func(s Snapshot) bool { return s.PiecesDone > 0 })
		got.Stop()
		<-got.Stopped()
		half.Stop()
		l.seed(m, payload, nil)
		l.mustGet(l.client(Config{}), of(m))
		l.wantFile("payload/a.bin", payload[:300_001])
		l.wantFile("payload/sub/b.bin", payload[300_001:370_001])
	})
}

// Seeding ends with the time for the whole job, as a success.
func TestSeedingEndsInTime(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 256<<10)
		l.seed(m, payload, nil)
		got := l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{Timeout: time.Minute}, Seeding: Seeding{Seed: true}}})
		begin := time.Now()
		<-got.Stopped()
		if d := time.Since(begin); got.Err() != nil || d > 61*time.Second || d < 50*time.Second {
			t.Errorf("ended with %v after %v", got.Err(), d)
		}
	})
}

// Overwrite is for what was selected: a neighbour that was not stays as it is,
// also where it shares a piece.
func TestOverwriteSparesNeighbours(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, _ := l.files()
		l.seed(m, payload, nil)
		edited := append([]byte("edited"), payload[6:300_001]...)
		edited[300_000] ^= 1 // in the piece that both files share
		os.MkdirAll(filepath.Join(l.dir, "payload"), 0o755)
		os.WriteFile(filepath.Join(l.dir, "payload", "a.bin"), edited, 0o644)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m},
			Spec: Spec{Place: Place{Overwrite: true}, Selection: Selection{Wanted: []bool{false, true, false, false, false, false}}}})
		l.wantFile("payload/a.bin", edited)
		l.wantFile("payload/sub/b.bin", payload[300_001:370_001])
	})
}
