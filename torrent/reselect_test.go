package torrent

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gotor/torrent/metainfo"
)

// chooseLab is a torrent of four files, of which pieces are shared, and its seed.
type chooseLab struct {
	*lab
	payload []byte
	m       *metainfo.Torrent
	blast   *blast
}

var chooseSizes = []int64{700_001, 500_003, 0, 900_005}

const choosePiece = 32 << 10

func inChooseLab(t *testing.T, story func(l *chooseLab)) {
	inLab(t, func(l *lab) {
		c := &chooseLab{lab: l}
		var files []metainfo.File
		total := int64(0)
		for i, n := range chooseSizes {
			files = append(files, metainfo.File{Path: []string{string(rune('a' + i))}, Length: n})
			total += n
		}
		c.payload = blastPayload(int(total))
		c.m = l.torrent(c.payload, choosePiece, files)
		c.blast = l.seed(c.m, c.payload, nil)
		story(c)
	})
}

// file is what file i must hold.
func (l *chooseLab) file(i int) []byte {
	off := int64(0)
	for _, n := range chooseSizes[:i] {
		off += n
	}
	return l.payload[off : off+chooseSizes[i]]
}

// wantWanted checks that the selected files are there, whole, and no other one under
// its final name but those that were complete before.
func (l *chooseLab) wantWanted(wanted string, also string) {
	l.Helper()
	for i := range chooseSizes {
		name := string(rune('a' + i))
		path := filepath.Join(l.dir, "payload", name)
		_, err := os.Stat(path)
		switch {
		case strings.Contains(wanted, name):
			l.wantFile("payload/"+name, l.file(i))
		case err == nil && !strings.Contains(also, name):
			l.Errorf("%s is there, and was not wanted", name)
		}
	}
	left, _ := filepath.Glob(filepath.Join(l.dir, ".payload.gotor*"))
	if len(left) > 0 {
		l.Errorf("state is left: %v", left)
	}
}

// of is the selection of some files by their names.
func (l *chooseLab) selected(names string) Selection {
	s := Selection{Wanted: make([]bool, len(chooseSizes))}
	for i := range s.Wanted {
		s.Wanted[i] = strings.ContainsRune(names, rune('a'+i))
	}
	return s
}

func TestSelectWhileDownloading(t *testing.T) {
	for name, c := range map[string]struct {
		from string
		to   []string      // one after the other
		gap  time.Duration // between them
		also string        // files that may be complete although not wanted in the end
	}{
		"narrow":           {from: "abcd", to: []string{"a"}, also: "c"},
		"widen":            {from: "a", to: []string{"ad"}},
		"everything":       {from: "b", to: []string{"abcd"}},
		"exchange":         {from: "ab", to: []string{"bd"}},
		"the others":       {from: "a", to: []string{"bcd"}},
		"an empty file":    {from: "a", to: []string{"ac"}},
		"again and again":  {from: "a", to: []string{"b", "d", "abd", "b", "bd"}, gap: 500 * time.Millisecond, also: "acd"},
		"at the same time": {from: "a", to: []string{"b", "d", "abd", "b", "bd"}},
		"back":             {from: "ab", to: []string{"d", "ab"}, gap: time.Second, also: "d"},
		"what it has":      {from: "ab", to: []string{"ab"}},
	} {
		t.Run(name, func(t *testing.T) {
			inChooseLab(t, func(l *chooseLab) {
				o := of(l.m)
				o.Selection = l.selected(c.from)
				tor := l.add(l.client(Config{MaxDown: 128 << 10}), o)
				l.until(tor, "a part", func(s Snapshot) bool { return s.Verified > 200_000 })
				for _, to := range c.to {
					if err := tor.Select(l.selected(to)); err != nil {
						t.Fatal(err)
					}
					time.Sleep(c.gap)
				}
				<-tor.Done()
				if err := tor.Err(); err != nil {
					t.Fatalf("%v; %+v", err, tor.Snapshot())
				}
				last := c.to[len(c.to)-1]
				l.wantWanted(last, c.also)
				want := int64(0)
				for i, n := range chooseSizes {
					if l.selected(last).Wanted[i] {
						want += n
					}
				}
				s := tor.Snapshot()
				if s.Wanted != want || s.Verified != want {
					t.Errorf("%d of %d bytes, want %d", s.Verified, s.Wanted, want)
				}
				// What was there is not fetched again, but for what was on its way and
				// the pieces that lie across the border of a file.
				if most := want + int64(200_000+len(c.to)*(1<<20)); s.Downloaded > most {
					t.Errorf("%d bytes came, for %d", s.Downloaded, want)
				}
			})
		})
	}
}

// Files that are finished stay so, and are not hashed again.
func TestSelectKeepsFinishedFiles(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		o := of(l.m)
		o.Selection = Selection{First: []bool{true, false, false, false}}
		tor := l.add(l.client(Config{MaxDown: 256 << 10}), o)
		first := filepath.Join(l.dir, "payload", "a")
		l.until(tor, "the first file", func(Snapshot) bool { _, err := os.Stat(first); return err == nil })
		before, _ := os.Stat(first)
		if err := tor.Select(l.selected("ab")); err != nil {
			t.Fatal(err)
		}
		<-tor.Done()
		if err := tor.Err(); err != nil {
			t.Fatal(err)
		}
		after, _ := os.Stat(first)
		if !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
			t.Error("a finished file was written again")
		}
		if s := tor.Snapshot(); s.ToCheck > 4*choosePiece {
			t.Errorf("%d bytes were hashed again", s.ToCheck)
		}
		l.wantWanted("ab", "c")
		if err := tor.Select(l.selected("d")); err == nil {
			t.Error("the selection of a complete torrent was changed")
		}
	})
}

// A torrent that is stopped while its selection changes can be gone on with.
func TestSelectAndStop(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond, time.Second} {
		inChooseLab(t, func(l *chooseLab) {
			o := of(l.m)
			o.Selection = l.selected("ab")
			tor := l.add(l.client(Config{MaxDown: 128 << 10}), o)
			l.until(tor, "a part", func(s Snapshot) bool { return s.Verified > 300_000 })
			if err := tor.Select(l.selected("bd")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after)
			tor.Stop()
			<-tor.Stopped()
			o.Selection = l.selected("bd")
			got := l.mustGet(l.client(Config{}), o)
			l.wantWanted("bd", "")
			if s := got.Snapshot(); s.Resumed == 0 && s.Downloaded > int64(len(l.file(1))+len(l.file(3))+2*choosePiece) {
				t.Errorf("nothing was gone on with: %+v", s)
			}
		})
	}
}

// Web servers go on with what is wanted now.
func TestSelectWithWebSeed(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		l.tracker.SetPeers()
		m := lonely(l.m)
		mux := http.NewServeMux()
		for i := range chooseSizes {
			mux.HandleFunc("/payload/"+string(rune('a'+i)), served(l.file(i)))
		}
		m.WebSeeds = []string{l.web(mux)}
		o := of(m)
		o.Selection = l.selected("a")
		tor := l.add(l.client(Config{MaxDown: 128 << 10}), o)
		l.until(tor, "a part", func(s Snapshot) bool { return s.Verified > 200_000 })
		if err := tor.Select(l.selected("bd")); err != nil {
			t.Fatal(err)
		}
		<-tor.Done()
		if err := tor.Err(); err != nil {
			t.Fatalf("%v; %+v", err, tor.Snapshot())
		}
		l.wantWanted("bd", "")
		if s := tor.Snapshot(); s.DownloadedWeb < s.Wanted {
			t.Errorf("%d bytes came from the server, of %d", s.DownloadedWeb, s.Wanted)
		}
	})
}

func TestSelectRefused(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		c := l.client(Config{MaxDown: 1})
		tor, err := c.Add(Source{Meta: l.m, Local: true, Peers: []netip.AddrPort{{}}}, Lookup{})
		l.must(err)
		if err := tor.Select(l.selected("a")); err == nil {
			t.Error("before Begin")
		}
		l.must(tor.Begin(Spec{Place: Place{Dir: l.dir}}))
		for _, names := range []string{"", "z"} {
			if err := tor.Select(l.selected(names)); err == nil {
				t.Errorf("%q was taken", names)
			}
		}
		tor.Stop()
		<-tor.Stopped()
		if err := tor.Select(l.selected("a")); err == nil {
			t.Error("after Stop")
		}
		o := of(l.m)
		o.Stream = io.Discard
		stream := l.add(c, o)
		if err := stream.Select(l.selected("a")); err == nil {
			t.Error("of a stream")
		}
		stream.Stop()
		<-stream.Stopped()
	})
}

// A file that is wanted, then not, then again is still ours, in this run and in the
// next one, also when its .part holds nothing that was verified.
func TestSelectOwnsItsFiles(t *testing.T) {
	for name, nextRun := range map[string]bool{"the same run": false, "the next run": true} {
		t.Run(name, func(t *testing.T) {
			inChooseLab(t, func(l *chooseLab) {
				o := of(l.m)
				o.Selection = l.selected("ad")
				o.First = []bool{true, false, false, false}
				tor := l.add(l.client(Config{MaxDown: 128 << 10}), o)
				l.until(tor, "a part", func(s Snapshot) bool { return s.Verified > 100_000 })
				l.must(os.WriteFile(filepath.Join(l.dir, "payload", "d.part"), make([]byte, 100), 0o600))
				l.must(tor.Select(l.selected("a")))
				time.Sleep(time.Second)
				if nextRun {
					tor.Stop()
					<-tor.Stopped()
					tor = l.add(l.client(Config{}), o)
				} else {
					l.must(tor.Select(l.selected("ad")))
				}
				<-tor.Done()
				if err := tor.Err(); err != nil {
					t.Fatal(err)
				}
				l.wantWanted("ad", "c")
			})
		})
	}
}

// One that is stopped while it still has connections or jobs to let go of leaves a
// record of all that is verified: nothing is hashed again.
func TestStopWhileSelecting(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		o := of(l.m)
		o.Selection = l.selected("ab")
		tor := l.add(l.client(Config{MaxDown: 128 << 10}), o)
		l.until(tor, "a part", func(s Snapshot) bool { return s.Verified > 300_000 })
		tor.core.post(func(time.Time) {
			l.must(tor.choose(l.selected("bd")))
			tor.held.pending++ // the keeper takes its time
		})
		synctest.Wait()
		tor.Stop()
		<-tor.Stopped()
		got := l.mustGet(l.client(Config{}), o)
		l.wantWanted("ab", "")
		if s := got.Snapshot(); s.Resumed < 300_000 || s.ToCheck > 0 {
			t.Errorf("%d bytes were kept, and %d hashed again", s.Resumed, s.ToCheck)
		}
	})
}

// One that was told to stop, and only waits for the disk, is not made to go on.
func TestSelectAfterStop(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		tor, err := newTorrent(l.client(Config{}), Source{Meta: l.m, Local: true}, Lookup{})
		l.must(err)
		l.must(tor.adopt(Spec{Place: Place{Dir: l.dir}, Selection: l.selected("a")}))
		tor.state = StateFinishing
		tor.Stop()
		tor.core.drain()
		if err := tor.choose(l.selected("ab")); !errors.Is(err, ErrStopped) {
			t.Errorf("got %v", err)
		}
	})
}

// Connections that came before it was known what the torrent is wait until its files
// are open, also when the selection changes before they are.
func TestSelectKeepsWaiters(t *testing.T) {
	for name, to := range map[string]string{"the same files": "ab", "other files": "bd"} {
		t.Run(name, func(t *testing.T) {
			inChooseLab(t, func(l *chooseLab) {
				dir := l.TempDir()
				for i := range chooseSizes {
					l.must(os.MkdirAll(filepath.Join(dir, "payload"), 0o700))
					l.must(os.WriteFile(filepath.Join(dir, "payload", string(rune('a'+i))), l.file(i), 0o600))
				}
				seeder := l.client(Config{})
				seed := of(l.m)
				seed.Dir, seed.Seed, seed.SeedOnly = dir, true, true
				l.mustGet(seeder, seed)
				l.tracker.SetPeers() // nobody else is to be had
				src := Source{Link: &metainfo.Link{InfoHash: l.m.InfoHash, HasV1: true}, Local: true, Peers: []netip.AddrPort{l.addr(seeder)}}
				var connected atomic.Int32
				trace := func(e Event) {
					if e.Kind == EventConnected {
						connected.Add(1)
					}
				}
				tor, err := l.client(Config{MaxDown: 256 << 10, Trace: trace}).Add(src, Lookup{})
				l.must(err)
				<-tor.Known()
				tor.core.post(func(now time.Time) {
					l.must(tor.begin(Spec{Place: Place{Dir: l.dir}, Selection: l.selected("ab")}, now))
					l.must(tor.choose(l.selected(to)))
				})
				<-tor.Done()
				l.must(tor.Err())
				l.wantWanted(to, "")
				if n := connected.Load(); n != 1 {
					t.Errorf("%d connections, want the first only", n)
				}
			})
		})
	}
}

// A server that was left because it lacks all that was wanted is asked for what is
// wanted next.
func TestSelectAsksServersAgain(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		m := *l.m
		mux := http.NewServeMux()
		mux.HandleFunc("/payload/b", served(l.file(1)))
		m.WebSeeds = []string{l.web(mux)}
		o := of(&m)
		o.Selection = l.selected("a")
		tor := l.add(l.client(Config{MaxDown: 64 << 10}), o)
		l.until(tor, "the server is left", func(s Snapshot) bool { return len(s.WebSeeds) == 1 && s.WebSeeds[0].State == WebSeedFailed })
		l.must(tor.Select(l.selected("b")))
		<-tor.Done()
		l.must(tor.Err())
		l.wantWanted("b", "")
		if s := tor.Snapshot(); s.DownloadedWeb == 0 {
			t.Errorf("nothing came from the server: %+v", s.WebSeeds)
		}
	})
}
