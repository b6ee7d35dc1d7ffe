package metainfo

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// manyFiles is a list of n files of one byte.
func manyFiles(n int) (files l) {
	for i := range n {
		files = append(files, d{"length", 1, "path", l{fmt.Sprint(i)}})
	}
	return files
}

func TestMostFiles(t *testing.T) {
	info := multi(maxFiles).set("files", manyFiles(maxFiles))
	if tor := mustParse(t, enc(torrent(info))); len(tor.Files) != maxFiles || len(tor.Warnings) > 0 {
		t.Errorf("%d files, warnings %q", len(tor.Files), tor.Warnings)
	}
	wantMalformed(t, enc(torrent(info.set("files", manyFiles(maxFiles+1)))), "more than 200000 files")

	tree := make(d, 0, 2*maxFiles+2)
	for i := range maxFiles + 1 {
		tree = append(tree, fmt.Sprintf("%06d", i), leaf2(0))
	}
	wantMalformed(t, enc(torrent(v2(tree))), "more than 200000 files")
	if tor := mustParse(t, enc(torrent(v2(tree[2:])))); len(tor.Files) != maxFiles {
		t.Errorf("version 2: %d files", len(tor.Files))
	}
}

// A small version 2 torrent can describe paths of any size: each file of a deep
// folder has all its components.
func TestMostComponents(t *testing.T) {
	const depth = 99
	deep := func(files int) any {
		dir := make(d, 0, 2*files)
		for i := range files {
			dir = append(dir, fmt.Sprintf("%06d", i), leaf2(0))
		}
		for range depth {
			dir = d{"d", dir}
		}
		return torrent(v2(dir))
	}
	mustParse(t, enc(deep(maxComponents/(depth+1))))
	wantMalformed(t, enc(deep(maxComponents/(depth+1)+1)), "more than 3000000 path components")
}

func TestMostPathBytes(t *testing.T) {
	long := strings.Repeat("x", 2047)
	mustParse(t, enc(torrent(multi(5, file(5, long, long+"x")))))
	wantMalformed(t, enc(torrent(multi(5, file(5, long, long+"xx")))), "4097 bytes long")
	mustParse(t, enc(torrent(v2(d{long, d{long + "x", leaf2(1)}}))))
	wantMalformed(t, enc(torrent(v2(d{long, d{long + "xx", leaf2(1)}}))), "4097 bytes long")
}

func TestMostPieces(t *testing.T) {
	good := single().set("length", maxPieces, "piece length", 1, "pieces", hashes(maxPieces))
	if tor := mustParse(t, enc(torrent(good))); tor.NumPieces() != maxPieces {
		t.Errorf("%d pieces", tor.NumPieces())
	}
	wantMalformed(t, enc(torrent(good.set("length", maxPieces+1, "pieces", hashes(maxPieces+1)))), "2000001 pieces; at most")
}

func TestMostBytes(t *testing.T) {
	// Any whole number up to the limits, and none beyond.
	for length, want := range map[int64]string{
		maxTotal:     "need 16777216 piece hashes",
		maxTotal + 1: "takes the total over",
		1<<63 - 1:    "takes the total over",
	} {
		wantMalformed(t, enc(torrent(single().set("length", length, "piece length", maxPieceLength))), want)
	}
	mustParse(t, enc(torrent(single().set("piece length", maxPieceLength))))
	wantMalformed(t, enc(torrent(single().set("piece length", maxPieceLength+1))), "must be 1 to 536870912")
	wantMalformed(t, make([]byte, MaxSize+1), "too large")
}

// What is optional is cut, with one warning.
func TestOptionalKeysAreCut(t *testing.T) {
	var nodes, seeds l
	for i := range 150 {
		nodes = append(nodes, l{"node.example", i + 1})
		seeds = append(seeds, fmt.Sprintf("http://seed%d.example/", i))
	}
	b := enc(torrent(single().set("source", strings.Repeat("s", maxText+1))).
		set("comment", strings.Repeat("é", maxText), "nodes", nodes, "url-list", seeds, "httpseeds", seeds))
	tor := mustParse(t, b)
	checkTorrent(t, tor)
	if len(tor.Nodes) != maxURLs || len(tor.WebSeeds) != maxURLs || len(tor.HTTPSeeds) != maxURLs {
		t.Errorf("%d nodes, %d and %d seeds", len(tor.Nodes), len(tor.WebSeeds), len(tor.HTTPSeeds))
	}
	if len(tor.Source) != maxText || len(tor.Comment) != maxText {
		t.Errorf("source of %d bytes, comment of %d", len(tor.Source), len(tor.Comment))
	}
	if len(tor.Warnings) != 5 {
		t.Errorf("warnings %q", tor.Warnings)
	}
}

func TestWarningsAreCut(t *testing.T) {
	var files l
	for i := range 150 {
		files = append(files, d{"attr", 5, "length", 1, "path", l{fmt.Sprint(i)}})
	}
	tor := mustParse(t, enc(torrent(multi(150).set("files", files, "pieces", hashes(1)))))
	if n := len(tor.Warnings); n != maxWarnings+1 || tor.Warnings[n-1] != "50 more warnings" {
		t.Errorf("%d warnings, the last %q", n, tor.Warnings[n-1])
	}
}

// million is a torrent of a million pieces, 20 MB long.
func million() []byte {
	const n = 1_000_000
	return enc(torrent(single().set("length", int64(n)<<18, "piece length", 1<<18, "pieces", hashes(n))))
}

// The piece hashes stay where they are: parsing costs the same few small
// allocations for a million pieces as for one.
func TestParseAllocatesLittle(t *testing.T) {
	small, large := enc(torrent(single())), million()
	allocs := func(b []byte) float64 { return testing.AllocsPerRun(3, func() { mustParse(t, b) }) }
	one, many := allocs(small), allocs(large)
	if one != many || one > 40 {
		t.Errorf("%v allocations for one piece, %v for a million; want the same, 40 at most", one, many)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	mustParse(t, large)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes allocated for a million pieces", n)
	}
}
