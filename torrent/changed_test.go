package torrent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/wire"
	"gotor/piece/storage"
)

// spoil overwrites some bytes of a file in its place, as late as a file system
// with coarse times needs to notice it.
func (l *lab) spoil(path string, off int64) {
	l.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		l.Fatal(err)
	}
	_, err = f.WriteAt([]byte("these bytes are not of the torrent"), off)
	if err := errors.Join(err, f.Close()); err != nil {
		l.Fatal(err)
	}
	l.touch(path, 3*time.Second)
}

// touch moves a file's time on, by as much as the moments of a test are short of.
func (l *lab) touch(path string, by time.Duration) {
	l.Helper()
	fi, err := os.Stat(path)
	if err == nil {
		err = os.Chtimes(path, time.Time{}, fi.ModTime().Add(by))
	}
	if err != nil {
		l.Fatal(err)
	}
}

// stopHalfway downloads about half of a payload, and stops there after change was
// called with the path of the .part file.
func (l *lab) stopHalfway(c *Client, s order, change func(path string)) *Torrent {
	l.Helper()
	t := l.add(c, s)
	l.until(t, "half of it", func(s Snapshot) bool { return s.PiecesDone >= s.Pieces/2 })
	change(filepath.Join(l.dir, "payload.part"))
	t.Stop()
	<-t.Stopped()
	return t
}

// A seed vouches for what it has verified, not for what lies there when it ends.
func TestSeedSpoiledBeforeItsEnd(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(300_000))
		c := l.client(Config{StateDir: l.TempDir()})
		seed := l.mustGet(c, spec)
		path := filepath.Join(spec.Dir, "payload")
		os.Chmod(path, 0o600)
		l.spoil(path, 100_000)
		seed.Stop()
		<-seed.Stopped()
		if _, err := l.get(c, spec); !errors.Is(err, ErrMismatch) {
			t.Errorf("seeds again: %v, want a mismatch", err)
		}
	})
}

// What somebody else has changed is not given away, and the user is told.
func TestSeedSpoiledWhileItServes(t *testing.T) {
	for name, change := range map[string]func(l *lab, path string){
		"overwritten": func(l *lab, path string) { l.spoil(path, 100_000) },
		"replaced": func(l *lab, path string) {
			b, _ := os.ReadFile(path)
			if err := errors.Join(os.WriteFile(path+".new", append([]byte("new"), b[3:]...), 0o600), os.Rename(path+".new", path)); err != nil {
				l.Fatal(err)
			}
		},
		"cut":     func(l *lab, path string) { l.must(os.Truncate(path, 1000)) },
		"removed": func(l *lab, path string) { l.must(os.Remove(path)) },
		"a folder": func(l *lab, path string) {
			l.must(os.Remove(path))
			l.must(os.Mkdir(path, 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(300_000)
				spec := l.seedSpec(payload)
				var told []string
				spec.Warn = func(text string) { told = append(told, text) }
				seeder := l.client(Config{})
				seed := l.mustGet(seeder, spec)
				path := filepath.Join(spec.Dir, "payload")
				os.Chmod(path, 0o600)
				change(l, path)
				l.seed(spec.Meta, payload, func(c *blastConfig) { c.UnchokeAfter = time.Minute })
				got := l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
				l.wantFile("payload", payload)
				if s := got.Snapshot(); s.Wasted != 0 {
					t.Errorf("%d bad bytes were sent", s.Wasted)
				}
				if s := seed.Snapshot(); len(told) != 1 || !strings.Contains(told[0], path) || s.Verified == s.Wanted {
					t.Errorf("told %q, %d of %d bytes are good", told, s.Verified, s.Wanted)
				}
			})
		})
	}
}

// A change that is noticed while the file is hashed again is not forgotten: it is looked
// at once more.
func TestChangeDuringTheLook(t *testing.T) {
	h := holdings{rehashing: map[int]bool{3: false, 5: false}}
	if !h.postpone(3) || h.postpone(4) {
		t.Error("not what is hashed again, and nothing else, is postponed")
	}
	if again := h.rehashed([]int{3, 5}); len(again) != 1 || again[0] != 3 {
		t.Errorf("once more: %v, want 3", again)
	}
	if h.postpone(3) {
		t.Error("postponed when all is over")
	}
}

// slowLook is a Storage whose Stores take long to look at a file that was changed, and
// list it again meanwhile: two readers may notice it at the same time, one of them when
// the list was taken already.
type slowLook struct{ spoiled atomic.Bool }

func (l *slowLook) Open(spec storage.Spec) (Store, error) {
	s, err := fileStorage{}.Open(spec)
	return slowLookStore{s, l}, err
}

type slowLookStore struct {
	Store
	*slowLook
}

func (s slowLookStore) Renew(file int) (storage.FileState, error) {
	if s.spoiled.Load() {
		time.Sleep(10 * time.Second)
	}
	return s.Store.Renew(file)
}

func (s slowLookStore) Changed() []int {
	files := s.Store.Changed()
	if s.spoiled.Load() {
		return []int{0}
	}
	return files
}

// Who reads from a changed file while it is looked at again tells nothing new.
func TestSeedSpoiledToldOnce(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		spec := l.seedSpec(payload)
		var told []string
		spec.Warn = func(text string) { told = append(told, text) }
		disk := new(slowLook)
		seeder := l.client(Config{Storage: disk})
		seed := l.mustGet(seeder, spec)
		path := filepath.Join(spec.Dir, "payload")
		l.must(os.Remove(path))
		l.must(os.Mkdir(path, 0o700))
		disk.spoiled.Store(true)
		l.seed(spec.Meta, payload, func(c *blastConfig) { c.UnchokeAfter = time.Minute })
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		synctest.Wait() // for who tells
		if s := seed.Snapshot(); len(told) != 1 || !strings.Contains(told[0], path) || s.Verified != 0 {
			t.Errorf("told %q, %d bytes are good", told, s.Verified)
		}
	})
}

// A seed whose file only looks changed goes on with it.
func TestSeedTouched(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		spec := l.seedSpec(payload)
		spec.Warn = func(text string) { t.Error(text) }
		seeder := l.client(Config{})
		seed := l.mustGet(seeder, spec)
		l.touch(filepath.Join(spec.Dir, "payload"), time.Hour)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		l.wantFile("payload", payload)
		if s := seed.Snapshot(); s.Verified != s.Wanted {
			t.Errorf("%+v", s)
		}
	})
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// A clean record does not vouch for what was changed before it was written.
func TestSpoiledBeforeStop(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		l.seed(m, payload, nil)
		c := l.client(Config{MaxDown: 1 << 20})
		var good int
		l.stopHalfway(c, of(m), func(path string) {
			b, _ := os.ReadFile(path)
			for good = 0; !bytes.Equal(b[good<<16:(good+1)<<16], payload[good<<16:(good+1)<<16]); good++ {
			}
			l.spoil(path, int64(good)<<16)
		})
		l.mustGet(c, of(m))
		l.wantFile("payload", payload)
	})
}

// After a kill, one damaged piece of many that the record claims is found.
func TestSpoiledAfterKill(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		m := l.single(payload, 16<<10)
		l.seed(m, payload, nil)
		c := l.client(Config{MaxDown: 400 << 10})
		first := l.add(c, of(m))
		l.until(first, "a record", func(s Snapshot) bool { return s.Elapsed > 12*time.Second })
		dead := l.copyDir()
		first.Stop()
		<-first.Stopped()
		l.dir = dead
		path := filepath.Join(dead, "payload.part")
		b, err := os.ReadFile(path)
		l.must(err)
		for p := 0; p < 512; p++ {
			if bytes.Equal(b[p<<14:(p+1)<<14], payload[p<<14:(p+1)<<14]) {
				l.spoil(path, int64(p)<<14)
				break
			}
		}
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Dir: dead}}})
		l.wantFile("payload", payload)
	})
}

// Whatever is done to a file while it is downloaded: what stands there in the
// end is the torrent's, or the download fails.
func TestChangedWhileDownloading(t *testing.T) {
	payload := blastPayload(4 << 20)
	for name, c := range map[string]struct {
		change func(l *lab, part string)
		want   error
	}{
		"cut":    {change: func(l *lab, part string) { l.must(os.Truncate(part, 70_000)) }},
		"longer": {change: func(l *lab, part string) { l.must(os.Truncate(part, 5<<20)) }},
		"zeroed": {change: func(l *lab, part string) {
			l.must(os.WriteFile(part, make([]byte, 4<<20), 0o644))
			l.touch(part, time.Second)
		}},
		"overwritten": {change: func(l *lab, part string) {
			b := make([]byte, 4<<20)
			l.must(os.WriteFile(part, b, 0o644))
			l.spoil(part, 1)
		}},
		"removed": {change: func(l *lab, part string) { l.must(os.Remove(part)) }},
		"replaced": {change: func(l *lab, part string) {
			l.must(os.WriteFile(part+".new", make([]byte, 4<<20), 0o644))
			l.must(os.Rename(part+".new", part))
		}},
		"replaced by a link": {want: ErrFileConflict, change: func(l *lab, part string) {
			l.must(os.WriteFile(filepath.Join(l.dir, "theirs"), payload, 0o644))
			l.must(os.Remove(part))
			l.must(os.Symlink("theirs", part))
		}},
		"link under its final name": {want: storage.ErrConflict, change: func(l *lab, part string) {
			l.must(os.Symlink("/dev/null", filepath.Join(l.dir, "payload")))
		}},
		"lock removed": {change: func(l *lab, part string) { l.must(os.Remove(filepath.Join(l.dir, ".payload.gotor.lock"))) }},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m := l.single(payload, 64<<10)
				l.seed(m, payload, nil)
				got := l.add(l.client(Config{MaxDown: 1 << 20}), of(m))
				l.until(got, "half of it", func(s Snapshot) bool { return s.PiecesDone >= 32 })
				c.change(l, filepath.Join(l.dir, "payload.part"))
				<-got.Done()
				if !errors.Is(got.Err(), c.want) || c.want == nil && got.Err() != nil {
					l.Fatalf("ended with %v, want %v", got.Err(), c.want)
				}
				if c.want == nil {
					l.wantFile("payload", payload)
					l.wantNames("payload")
				}
			})
		})
	}
}

// Files that are complete are looked at once more when all are.
func TestChangedWhenFinished(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l *lab, folder string)
		failed bool
	}{
		"removed":      {change: func(l *lab, folder string) { l.must(os.Remove(filepath.Join(folder, "a.bin"))) }},
		"folder moved": {failed: true, change: func(l *lab, folder string) { l.must(os.Rename(folder, folder+".moved")) }},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m, payload, files := l.files()
				l.seed(m, payload, nil)
				first := make([]bool, len(files))
				first[0] = true
				got := l.add(l.client(Config{MaxDown: 100 << 10}), order{Source: Source{Meta: m}, Spec: Spec{Selection: Selection{First: first}}})
				l.until(got, "the first file", func(Snapshot) bool {
					_, err := os.Stat(filepath.Join(l.dir, m.Name, "a.bin"))
					return err == nil
				})
				c.change(l, filepath.Join(l.dir, m.Name))
				<-got.Done()
				if err := got.Err(); (err != nil) != c.failed {
					l.Fatalf("ended with %v", err)
				}
				if !c.failed {
					l.wantFile(m.Name+"/a.bin", payload[:files[0].Length])
				}
			})
		})
	}
}

// A complete file with holes is a complete file.
func TestSparseFile(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		clear(payload[1<<20 : 3<<20])
		m := l.single(payload, 64<<10)
		path := filepath.Join(l.dir, "payload")
		f, err := os.Create(path)
		l.must(err)
		f.WriteAt(payload[:1<<20], 0)
		f.WriteAt(payload[3<<20:], 3<<20)
		l.must(f.Close())
		l.mustGet(l.client(Config{}), of(m))
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Seeding: Seeding{Seed: true, SeedOnly: true}}})
	})
}

// A .part file that is too long is cut, however much of it is good.
func TestLongPart(t *testing.T) {
	for name, whole := range map[string]bool{"half": false, "whole": true} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(4 << 20)
				m := l.single(payload, 64<<10)
				seed := l.seed(m, payload, nil)
				c := l.client(Config{MaxDown: 1 << 20})
				l.stopHalfway(c, of(m), func(path string) {
					b, err := os.ReadFile(path)
					l.must(err)
					if whole {
						b = payload
					}
					l.must(os.WriteFile(path, append(bytes.Clone(b), "more than it should be"...), 0o644))
					l.touch(path, time.Second)
				})
				sent := seed.Sent()
				l.mustGet(c, of(m))
				l.wantFile("payload", payload)
				if whole && seed.Sent() != sent {
					t.Errorf("%d bytes were fetched", seed.Sent()-sent)
				}
			})
		})
	}
}

// When the user's own check refuses a file, what is on disk is looked at: the
// record may claim what the disk did not keep.
func TestVerifyHeals(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		seed := l.seed(m, payload, nil)
		c := l.client(Config{MaxDown: 1 << 20})
		l.stopHalfway(c, of(m), func(string) {})
		part := filepath.Join(l.dir, "payload.part")
		before, err := os.Stat(part)
		l.must(err)
		b, _ := os.ReadFile(part)
		p := 0
		for !bytes.Equal(b[p<<16:(p+1)<<16], payload[p<<16:(p+1)<<16]) {
			p++
		}
		l.spoil(part, int64(p)<<16)
		l.must(os.Chtimes(part, time.Time{}, before.ModTime())) // as if the disk had done it
		asked := 0
		right := func(_ context.Context, _ int, r io.Reader) error {
			asked++
			if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, payload) {
				return ErrMismatch
			}
			return nil
		}
		l.mustGet(c, order{Source: Source{Meta: m}, Spec: Spec{Hooks: Hooks{Verify: right}}})
		l.wantFile("payload", payload)
		if extra := seed.Sent() - int64(len(payload)); asked != 2 || extra > 1<<20 {
			t.Errorf("asked %d times, %d bytes fetched again", asked, extra)
		}

		l.must(os.Remove(filepath.Join(l.dir, "payload")))
		never := func(context.Context, int, io.Reader) error { asked++; return ErrMismatch }
		asked = 0
		got, err := l.get(c, order{Source: Source{Meta: m}, Spec: Spec{Hooks: Hooks{Verify: never}}})
		if !errors.Is(err, ErrMismatch) || asked != 1 {
			t.Errorf("a file that is as the torrent says, and not as the user says: %v, asked %d times", err, asked)
		}
		if s := got.Snapshot(); s.Verified != s.Wanted {
			t.Errorf("%d of %d bytes are left", s.Verified, s.Wanted)
		}
	})
}

// heed is a Storage whose stores let a test look at each write, and fail Sync.
type heed struct {
	write func(dir string)
	sync  error
}

type heedStore struct {
	Store
	heed
	dir string
}

func (h heed) Open(s storage.Spec) (Store, error) {
	st, err := fileStorage{}.Open(s)
	return &heedStore{st, h, s.Dir}, err
}

func (s *heedStore) WriteVec(b [][]byte, off int64) error {
	s.write(s.dir)
	return s.Store.WriteVec(b, off)
}

func (s *heedStore) Sync() error { return s.sync }

// There is something to go on with before the first byte of data, and also when
// no data ever becomes durable.
func TestStateBeforeData(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 64<<10)
		raw := rawTorrent(payload, 64<<10, nil)
		l.seed(m, payload, nil)
		broken := errors.New("disk on fire")
		look := func(dir string) {
			if s := l.unfinished(dir); !bytes.Equal(s.Raw, raw) || s.Rename != "mine" {
				t.Errorf("at a write: %+v", s)
			}
		}
		c := l.client(Config{Storage: heed{look, broken}, MaxDown: 300 << 10})
		if _, err := l.get(c, order{Source: Source{Meta: m, Raw: raw}, Spec: Spec{Place: Place{Rename: "mine"}}}); !errors.Is(err, broken) {
			t.Errorf("ended with %v", err)
		}
		look(l.dir)
	})
}

// A record of an older version is a hint: what it claims is hashed.
func TestOldRecord(t *testing.T) {
	r := testRecord()
	old := bytes.Replace(r.encode(), []byte("7:versioni2e"), []byte("7:versioni1e"), 1)
	got, err := decodeRecord(old, r.infoHash, 16, 2)
	if err != nil || got.files != nil || got.side != (storage.Mark{}) || !bytes.Equal(got.have, r.have) {
		t.Errorf("%+v, %v", got, err)
	}
}

// "When the local node discards a piece" (BEP 54) its peers are told: of each piece
// that somebody else has spoiled, and of no other.
func TestLostPiecesAreTold(t *testing.T) {
	inLab(t, func(l *lab) {
		const told, bad = 9, 100_000 / (16 << 10)
		spec := l.seedSpec(blastPayload(300_000))
		seeder := l.client(Config{})
		l.mustGet(seeder, spec)
		_, h := l.host()
		conn, err := h.DialContext(l.Context(), "tcp", l.addr(seeder).String())
		l.must(err)
		defer conn.Close()
		b := wire.AppendHandshake(nil, wire.Handshake{Features: wire.FeatureExtended | wire.FeatureFast, InfoHash: spec.Meta.InfoHash, PeerID: wire.NewPeerID("-XX0000-")})
		b = wire.AppendExtHandshake(b, wire.ExtHandshake{M: map[string]byte{wire.ExtDontHave: told}})
		_, err = conn.Write(wire.Append(b, wire.Message{ID: wire.Interested}))
		l.must(err)
		r := bufio.NewReader(conn)
		_, err = r.Discard(wire.HandshakeLen)
		l.must(err)
		path := filepath.Join(spec.Dir, "payload")
		l.must(os.Chmod(path, 0o600))
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		for lost := -1; lost < 0; {
			m := readMessage(l.T, r)
			switch {
			case m.ID == wire.Unchoke:
				l.spoil(path, 100_000)
				_, err := conn.Write(wire.Append(nil, wire.Message{ID: wire.Request, Index: bad, Length: 16 << 10}))
				l.must(err)
			case m.ID == wire.Extended && m.Ext == told:
				i, err := wire.ParseDontHave(m.Payload)
				l.must(err)
				if lost = int(i); lost != bad {
					t.Errorf("piece %d is lost, want %d", lost, bad)
				}
			}
		}
		conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if n, err := io.Copy(io.Discard, r); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes more, %v", n, err)
		}
	})
}

// readMessage reads the next message that is no keep-alive.
func readMessage(t *testing.T, r *bufio.Reader) wire.Message {
	t.Helper()
	for {
		head, err := r.Peek(4)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4+binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		if len(b) == 4 {
			continue
		}
		m, err := wire.Parse(b[4:])
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}
