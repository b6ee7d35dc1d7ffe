package torrent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

// open opens a file of a torrent that works.
func (l *lab) open(t *Torrent, file int) *FileReader {
	l.Helper()
	r, err := t.OpenFile(l.Context(), file)
	l.must(err)
	l.Cleanup(func() { r.Close() })
	return r
}

// readRange reads n bytes from off on.
func readRange(r *FileReader, off, n int64) ([]byte, error) {
	if _, err := r.Seek(off, io.SeekStart); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	k, err := io.ReadFull(r, b)
	return b[:k], err
}

// TestRandomRanges: several readers read a thousand ranges of several files while
// these are downloaded, and each byte is that of the file.
func TestRandomRanges(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8<<20 + 12345)
		sizes := []int64{1000, 3 << 20, 0, 5<<20 + 7, int64(len(payload)) - 8<<20 - 1007}
		m := l.torrent(payload, 64<<10, testFiles(sizes...))
		for range 3 {
			l.seedAt(m, payload, 400<<10)
		}
		tr := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Seeding: Seeding{Seed: true}}})
		var g sync.WaitGroup
		for seed := range uint64(8) {
			g.Go(func() {
				rng := rand.New(rand.NewPCG(seed, 0))
				for range 1000 / 8 {
					i := rng.IntN(len(sizes))
					f := &m.Files[i]
					off := rng.Int64N(f.Length + 1)
					n := min(rng.Int64N(200<<10), f.Length-off)
					r, err := tr.OpenFile(l.Context(), i)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := readRange(r, off, n)
					if err != nil || !bytes.Equal(got, payload[f.Offset+off:][:n]) {
						t.Errorf("file %d, %d bytes at %d: %d bytes, equal %v: %v", i, n, off, len(got), bytes.Equal(got, payload[f.Offset+off:][:len(got)]), err)
					}
					r.Close()
				}
			})
		}
		g.Wait()
		<-tr.Done()
		l.must(tr.Err())
	})
}

// testFiles are files of these sizes in a folder.
func testFiles(sizes ...int64) (files []metainfo.File) {
	for i, n := range sizes {
		files = append(files, metainfo.File{Path: []string{string(rune('a' + i))}, Length: n})
	}
	return files
}

// TestFileReader: what a reader says at the edges of its file, and who gets none.
func TestFileReader(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.torrent(payload, 64<<10, testFiles(100_000, 200_000))
		l.seed(m, payload, nil)
		c := l.client(Config{})
		early, err := c.Add(Source{Meta: m, Local: true}, Lookup{})
		l.must(err)
		if _, err := early.OpenFile(l.Context(), 0); err == nil {
			t.Error("a file of a torrent that was not begun is opened")
		}
		early.Stop()
		<-early.Stopped()
		tr := l.add(c, order{Source: Source{Meta: m}, Spec: Spec{Selection: Selection{Wanted: []bool{false, true}}, Seeding: Seeding{Seed: true}}})
		for _, i := range []int{0, -1, 2} {
			if _, err := tr.OpenFile(l.Context(), i); !errors.Is(err, ErrNotSelected) {
				t.Errorf("file %d: %v", i, err)
			}
		}
		r := l.open(tr, 1)
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, payload[100_000:]) {
			t.Errorf("read %d bytes: %v", len(got), err)
		}
		if n, err := r.Read(nil); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		if at, err := r.Seek(-1, io.SeekEnd); at != 199_999 || err != nil || r.Size() != 200_000 {
			t.Errorf("sought to %d of %d: %v", at, r.Size(), err)
		}
		var b [10]byte
		if n, err := r.Read(b[:]); n != 1 || err != nil || b[0] != payload[299_999] {
			t.Errorf("the last byte: %d, %v", n, err)
		}
		if _, err := r.Seek(-1, io.SeekStart); err == nil {
			t.Error("sought to before the file")
		}
		r.Close()
		r.Seek(0, io.SeekStart)
		if _, err := r.Read(b[:]); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("read of a closed one: %v", err)
		}
		for range maxReaders {
			l.open(tr, 1)
		}
		if _, err := tr.OpenFile(l.Context(), 1); !errors.Is(err, ErrBusy) {
			t.Errorf("one reader too many: %v", err)
		}
		tr.Stop()
		<-tr.Stopped()
		if _, err := tr.OpenFile(l.Context(), 1); !errors.Is(err, ErrStopped) {
			t.Errorf("opened after the end: %v", err)
		}
	})
}

// TestReadEnds: a read that waits ends with its context, with Close and with the
// torrent, whichever comes first.
func TestReadEnds(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.single(payload, 64<<10)
		tr := l.add(l.client(Config{Port: 6881}), of(m)) // there is nobody who has it
		l.until(tr, "downloading", func(s Snapshot) bool { return s.State == StateDownloading })
		read := func(ctx context.Context) (*FileReader, chan error) {
			r, err := tr.OpenFile(ctx, 0)
			l.must(err)
			got := make(chan error, 1)
			go func() {
				var b [1]byte
				_, err := r.Read(b[:])
				got <- err
			}()
			return r, got
		}
		ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
		defer cancel()
		_, timed := read(ctx)
		if err := <-timed; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the context: %v", err)
		}
		r, closed := read(l.Context())
		time.Sleep(time.Second)
		r.Close()
		if err := <-closed; !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		_, stopped := read(l.Context())
		time.Sleep(time.Second)
		tr.Stop()
		if err := <-stopped; !errors.Is(err, ErrStopped) {
			t.Errorf("after Stop: %v", err)
		}
	})
}

// meddle writes into a file, and sees to it that it looks younger: two changes in one
// tick of the disk's clock look alike.
func (l *lab) meddle(path string, off int64) {
	l.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	l.must(err)
	_, err = f.WriteAt([]byte("changed"), off)
	l.must(err)
	l.must(f.Close())
	fi, err := os.Stat(path)
	l.must(err)
	l.must(os.Chtimes(path, time.Time{}, fi.ModTime().Add(time.Second)))
}

// TestReadOfChangedFile: what somebody else has written into a file that is seeded is
// not read: the reader gets an error for what is bad, and the rest as it was.
func TestReadOfChangedFile(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 64<<10)
		path := filepath.Join(l.dir, "payload")
		l.must(os.WriteFile(path, payload, 0o644))
		tr := l.add(l.client(Config{Port: 6881}), order{Source: Source{Meta: m}, Spec: Spec{Seeding: Seeding{Seed: true, SeedOnly: true}}})
		<-tr.Done()
		l.must(tr.Err())
		r := l.open(tr, 0)
		if got, err := readRange(r, 0, 100); err != nil || !bytes.Equal(got, payload[:100]) {
			t.Fatalf("before the change: %v", err)
		}
		l.meddle(path, 200<<10)
		if got, err := readRange(r, 200<<10, 7); err == nil {
			t.Errorf("the change is read: %q", got)
		}
		if got, err := readRange(r, 0, 192<<10); err != nil || !bytes.Equal(got, payload[:192<<10]) {
			t.Errorf("what is before the change: %v", err)
		}
	})
}

// TestReadWhileFetchedAgain: in a download the bad piece is fetched once more, and the
// reader only waits.
func TestReadWhileFetchedAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		l.seedAt(m, payload, 200<<10)
		tr := l.add(l.client(Config{}), of(m))
		r := l.open(tr, 0)
		first, err := readRange(r, 0, 64<<10)
		if err != nil || !bytes.Equal(first, payload[:64<<10]) {
			t.Fatalf("the first piece: %v", err)
		}
		l.meddle(filepath.Join(l.dir, "payload.part"), 1000)
		if got, err := readRange(r, 0, 64<<10); err != nil || !bytes.Equal(got, payload[:64<<10]) {
			t.Errorf("after the change: equal %v: %v", bytes.Equal(got, first), err)
		}
		<-tr.Done()
		l.must(tr.Err())
		l.wantFile("payload", payload)
	})
}
