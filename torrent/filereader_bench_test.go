package torrent

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"gotor/torrent/metainfo"
)

// BenchmarkOpenFile reads a file of a seed, and the same bytes without gotor in between.
func BenchmarkOpenFile(b *testing.B) {
	const size = 64 << 20
	payload := blastPayload(size)
	m, err := metainfo.Parse(rawTorrent(payload, 256<<10, nil))
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	path := filepath.Join(dir, "payload")
	if err := os.WriteFile(path, payload, 0o600); err != nil {
		b.Fatal(err)
	}
	c, err := NewClient(Config{Port: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	o := order{Source: Source{Meta: m, Local: true}, Spec: Spec{Place: Place{Dir: dir}, Seeding: Seeding{Seed: true, SeedOnly: true}}}
	t, err := o.begin(c)
	if err != nil {
		b.Fatal(err)
	}
	if <-t.Done(); t.Err() != nil {
		b.Fatal(t.Err())
	}
	read := func(b *testing.B, r io.ReadSeeker) {
		buf := make([]byte, 64<<10)
		b.SetBytes(size)
		for b.Loop() {
			r.Seek(0, io.SeekStart)
			for n := 0; n < size; {
				k, err := r.Read(buf)
				if err != nil {
					b.Fatal(err)
				}
				n += k
			}
		}
	}
	b.Run("gotor", func(b *testing.B) {
		r, err := t.OpenFile(b.Context(), 0)
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		b.ReportAllocs()
		read(b, r)
	})
	b.Run("file", func(b *testing.B) {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		read(b, f)
	})
}
