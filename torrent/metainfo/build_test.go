package metainfo

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"gotor/bencode"
)

// Torrents for tests are written as literals: d is a dictionary in the order
// given, l a list, raw is encoded already.
type (
	d   []any
	l   []any
	raw string
)

func enc(v any) []byte { return appendAny(nil, v) }

func appendAny(b []byte, v any) []byte {
	switch v := v.(type) {
	case raw:
		return append(b, v...)
	case string:
		return bencode.AppendString(b, v)
	case int:
		return bencode.AppendInt(b, int64(v))
	case int64:
		return bencode.AppendInt(b, v)
	case l:
		b = append(b, 'l')
		for _, e := range v {
			b = appendAny(b, e)
		}
		return append(b, 'e')
	case d:
		b = append(b, 'd')
		for _, e := range v {
			b = appendAny(b, e)
		}
		return append(b, 'e')
	}
	panic(fmt.Sprintf("cannot encode %T", v))
}

// set returns a copy of v with keys replaced or, at their sorted place, added;
// a nil value removes the key.
func (v d) set(pairs ...any) d {
	out := append(d(nil), v...)
	for i := 0; i < len(pairs); i += 2 {
		out = out.set1(pairs[i].(string), pairs[i+1])
	}
	return out
}

func (v d) set1(key string, value any) d {
	i := 0
	for i < len(v) && v[i].(string) < key {
		i += 2
	}
	rest := v[i:]
	if len(rest) > 0 && rest[0].(string) == key {
		rest = rest[2:]
	}
	out := append(d(nil), v[:i]...)
	if value != nil {
		out = append(out, key, value)
	}
	return append(out, rest...)
}

// hashes is a pieces string for n pieces.
func hashes(n int) string { return strings.Repeat("hash of a v1 piece..", n) }

// single is a good torrent of one file, five bytes long.
func single() d {
	return d{"length", 5, "name", "a.txt", "piece length", 16384, "pieces", hashes(1)}
}

// file is an entry of files.
func file(length any, path ...any) d { return d{"length", length, "path", l(path)} }

// multi is a torrent of a directory; total is that of its files.
func multi(total int64, files ...any) d {
	const pl = 16384
	return d{"files", l(files), "name", "dir", "piece length", pl, "pieces", hashes(int((total + pl - 1) / pl))}
}

func torrent(info any) d {
	return d{"announce", "http://tracker.example/announce", "info", info}
}

// leaf2 is a file of a v2 tree; small ones need no piece layer.
func leaf2(length int) d {
	if length == 0 {
		return d{"", d{"length", 0}}
	}
	return d{"", d{"length", length, "pieces root", root2(length)}}
}

func root2(length int) string {
	h := sha256.Sum256(fmt.Append(nil, length))
	return string(h[:])
}

// v2 is a version 2 info dictionary.
func v2(tree any) d {
	return d{"file tree", tree, "meta version", 2, "name", "dir", "piece length", 16384}
}

// hybrid2 is a hybrid of two files, the first of 20,000 bytes and padded.
func hybrid2() (info, layers d) {
	root, layer := tree2(2)
	info = d{
		"file tree", d{
			"a", d{"", d{"length", 20_000, "pieces root", root}},
			"b", leaf2(100),
		},
		"files", l{
			file(20_000, "a"),
			d{"attr", "p", "length", 12_768, "path", l{".pad", "12768"}},
			file(100, "b"),
		},
		"meta version", 2, "name", "dir", "piece length", 16384, "pieces", hashes(3),
	}
	return info, d{root, layer}
}

// tree2 makes a piece layer of n hashes and computes its root the slow way:
// padded to a power of two first. The piece length is that of a block.
func tree2(n int) (root, layer string) {
	size := 1
	for size < n {
		size *= 2
	}
	level := make([]string, size)
	for i := range level {
		level[i] = string(make([]byte, 32))
		if i < n {
			level[i] = root2(i + 1)
			layer += level[i]
		}
	}
	for len(level) > 1 {
		for i := range len(level) / 2 {
			h := sha256.Sum256([]byte(level[2*i] + level[2*i+1]))
			level[i] = string(h[:])
		}
		level = level[:len(level)/2]
	}
	return level[0], layer
}
