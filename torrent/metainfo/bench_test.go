package metainfo

import (
	"context"
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkParse reads torrents of one piece, of a million pieces and of many
// files. Most of the million's time is the SHA-1 of its 20 MB: "sha1" is that
// alone.
func BenchmarkParse(b *testing.B) {
	large := million()
	files := enc(torrent(multi(10_000).set("files", manyFiles(10_000), "pieces", hashes(1))))
	for _, in := range []struct {
		name string
		b    []byte
	}{{"one piece", enc(torrent(single()))}, {"million pieces", large}, {"ten thousand files", files}} {
		b.Run(in.name, func(b *testing.B) {
			b.SetBytes(int64(len(in.b)))
			b.ReportAllocs()
			for b.Loop() {
				mustParse(b, in.b)
			}
		})
	}
	b.Run("sha1", func(b *testing.B) {
		b.SetBytes(int64(len(large)))
		for b.Loop() {
			sha1.Sum(large)
		}
	})
}

func BenchmarkCleanName(b *testing.B) {
	for _, name := range []string{"plain name.txt", "Grüße – 日本語.mkv", "bad\x1b[1m/name\u202e.txt"} {
		b.Run(fmt.Sprintf("%q", name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				CleanName(name, false)
			}
		})
	}
}

// BenchmarkCreate makes torrents of 256 MiB in the page cache. The floor is
// "sha1": the same bytes hashed by one goroutine out of one cached buffer, so
// "workers=1" is to be close to it, and "workers=0" (one a core) well above.
func BenchmarkCreate(b *testing.B) {
	const size = 256 << 20
	dir := b.TempDir()
	path := filepath.Join(dir, "file")
	chunk := payload(1 << 20)
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	for range size / len(chunk) {
		if _, err := file.Write(chunk); err != nil {
			b.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("sha1", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			for range size / len(chunk) {
				sha1.Sum(chunk)
			}
		}
	})
	for _, workers := range []int{1, 0} {
		for _, pieceLength := range []int64{16 << 10, 256 << 10, 1 << 20, 16 << 20} {
			b.Run(fmt.Sprintf("workers=%d/piece=%dKiB", workers, pieceLength>>10), func(b *testing.B) {
				benchmarkCreate(b, path, size, CreateOptions{PieceLength: pieceLength, Workers: workers})
			})
		}
	}
}

// BenchmarkCreateTree is for the cost of a file: 10,000 of 4 KiB.
func BenchmarkCreateTree(b *testing.B) {
	const n, size = 10_000, 4 << 10
	dir := filepath.Join(b.TempDir(), "tree")
	data := payload(size)
	for i := range n {
		write(b, dir, fmt.Sprintf("%03d/%d", i/100, i), data)
	}
	b.Run("sha1", func(b *testing.B) {
		b.SetBytes(n * size)
		for b.Loop() {
			for range n {
				sha1.Sum(data)
			}
		}
	})
	for _, workers := range []int{1, 0} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			benchmarkCreate(b, dir, n*size, CreateOptions{Workers: workers})
		})
	}
}

func benchmarkCreate(b *testing.B, path string, size int64, o CreateOptions) {
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Create(context.Background(), path, o); err != nil {
			b.Fatal(err)
		}
	}
}
