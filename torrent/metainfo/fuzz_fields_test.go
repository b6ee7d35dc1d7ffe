package metainfo

import (
	"slices"
	"strings"
	"testing"

	"gotor/bencode"
)

// FuzzParseFields fuzzes what FuzzParse hardly finds, since lengths and hash
// counts must fit: torrents that are sound but for their names, sizes and one
// odd key.
func FuzzParseFields(f *testing.F) {
	f.Add("dir", "a\nb/c\nb/d", []byte{1, 200, 0}, int64(16384), uint8(1), "comment", []byte("2:hi"))
	f.Add("..", "../x\n/etc/passwd\n\\\\host", []byte{9, 9, 9}, int64(1), uint8(1), "announce-list", []byte("ll8:http://aee"))
	f.Add("con", "a\na.part\nA\na/b\na", []byte{7}, int64(5), uint8(1), "url-list", []byte("l13:https://a.b/ce"))
	f.Add("d\x1b[m", "p\xff\n\u202eq\n.x.gotor", []byte{250, 251}, int64(16384), uint8(2), "nodes", []byte("ll1:ai1eee"))
	f.Add("h", "a\nb/c\nz", []byte{40, 0, 3}, int64(16384), uint8(3), "name.utf-8", []byte("2:\xc3\xa9"))
	f.Add("s", "s", []byte{80}, int64(16384), uint8(7), "private", []byte("i1e"))
	f.Fuzz(func(t *testing.T, name, paths string, sizes []byte, pieceLength int64, version uint8, key string, value []byte) {
		files := fuzzFiles(paths, sizes)
		if len(files) == 0 || pieceLength < 1 || pieceLength > maxPieceLength || len(paths) > 8<<10 {
			return
		}
		var b []byte
		if version&2 == 0 {
			b = fuzzV1(name, files, pieceLength)
		} else if b = fuzzV2(name, files, version&1 != 0); b == nil {
			return
		}
		if _, err := bencode.Parse(value, bencode.Limits{}); err == nil {
			b = withKey(b, key, value)
		}
		tor, err := Parse(b)
		if err != nil {
			checkError(t, err)
			return
		}
		checkTorrent(t, tor)
		if len(tor.Files) < len(files) {
			t.Errorf("%d files of %d", len(tor.Files), len(files))
		}
		portable, err := Options{PortableNames: true}.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		checkPortable(t, portable)
	})
}

// fuzzFile is a file of a made-up torrent, of any length up to 3 pieces.
type fuzzFile struct {
	path   []string
	length int
}

// fuzzFiles makes a file of each line of paths.
func fuzzFiles(paths string, sizes []byte) (files []fuzzFile) {
	for i, line := range strings.Split(paths, "\n") {
		if i < 30 && len(sizes) > 0 {
			files = append(files, fuzzFile{strings.Split(line, "/"), int(sizes[i%len(sizes)]) * 190})
		}
	}
	return files
}

func fuzzV1(name string, files []fuzzFile, pieceLength int64) []byte {
	var list l
	total := int64(0)
	for _, f := range files {
		list = append(list, d{"length", f.length, "path", components(f.path)})
		total += int64(f.length)
	}
	n := (total + pieceLength - 1) / pieceLength
	return enc(torrent(d{"files", list, "name", name, "piece length", pieceLength, "pieces", hashes(int(n))}))
}

func components(path []string) (out l) {
	for _, c := range path {
		out = append(out, c)
	}
	return out
}

// fuzzV2 makes a version 2 torrent or, with the padding that takes, a hybrid.
// It returns nil if the paths do not make a tree.
func fuzzV2(name string, files []fuzzFile, hybrid bool) []byte {
	const pl = 16384
	slices.SortFunc(files, func(a, b fuzzFile) int { return slices.Compare(a.path, b.path) })
	tree, layers := d{}, d{}
	var list l
	offset := 0
	for i, f := range files {
		if i > 0 && len(f.path) >= len(files[i-1].path) && slices.Equal(f.path[:len(files[i-1].path)], files[i-1].path) || slices.Contains(f.path, "") {
			return nil
		}
		leaf := d{"length", f.length}
		if n := (f.length + pl - 1) / pl; n > 0 {
			root, layer := tree2(n)
			leaf = append(leaf, "pieces root", root)
			layers = layers.set(root, layer)
		}
		tree = plant(tree, f.path, d{"", leaf})
		if rest := offset % pl; rest > 0 && f.length > 0 {
			list = append(list, d{"attr", "p", "length", pl - rest})
			offset += pl - rest
		}
		list = append(list, d{"length", f.length, "path", components(f.path)})
		offset += f.length
	}
	info := v2(tree).set("name", name)
	if hybrid {
		info = info.set("files", list, "pieces", hashes((offset+pl-1)/pl))
	}
	return enc(torrent(info).set("piece layers", layers))
}

// plant returns tree with a leaf at path.
func plant(tree d, path []string, leaf d) d {
	if len(path) == 1 {
		return tree.set(path[0], leaf)
	}
	sub := d{}
	for i := 0; i < len(tree); i += 2 {
		if tree[i].(string) == path[0] {
			sub = tree[i+1].(d)
		}
	}
	return tree.set(path[0], plant(sub, path[1:], leaf))
}

// withKey sets a key of the torrent or, if it belongs there, of info.
func withKey(b []byte, key string, value []byte) []byte {
	v, err := bencode.Parse(b, bencode.Limits{Depth: 128})
	if err != nil {
		return b
	}
	out, info := d{}, d{}
	for k, e := range v.Entries() {
		out = append(out, string(k), raw(e.Raw()))
	}
	for k, e := range v.Get("info").Entries() {
		info = append(info, string(k), raw(e.Raw()))
	}
	switch key {
	case "attr", "length", "name", "name.utf-8", "private", "source", "meta version", "piece length":
		return enc(out.set("info", info.set(key, raw(value))))
	case "info", "piece layers":
		return b
	}
	return enc(out.set(key, raw(value)))
}
