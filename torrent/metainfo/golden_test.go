package metainfo

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the torrents and golden files anew")

const goldenDir = "../../testdata/torrents"

// odd are torrents named after what is odd about them. Those made by other
// programs are only files: libtorrent-*, mktorrent-*, transmission-*.
func odd() map[string][]byte {
	hyb, layers := hybrid2()
	one := single()
	deep := make([]any, 101)
	for i := range deep {
		deep[i] = "d"
	}
	v2deep := any(leaf2(1))
	for range 101 {
		v2deep = d{"d", v2deep}
	}
	m := map[string]any{
		"ok-single":            torrent(single()),
		"ok-multi":             torrent(multi(30, file(10, "x"), file(0, "empty"), file(20, "sub", "y.txt"))),
		"ok-empty-file":        torrent(one.set("length", 0, "pieces", "")),
		"ok-trailing-newline":  raw(string(enc(torrent(one))) + "\r\n"),
		"ok-trailing-bytes":    raw(string(enc(torrent(one))) + "\x00\x00<!-- 0.002 s -->"),
		"ok-keys-twice":        append(torrent(one), "announce", "http://second.example/", "info", "second"),
		"ok-odd-numbers":       torrent(one).set("creation date", raw("i0001700000000e"), "comment", raw("05:hello")),
		"ok-no-trackers":       d{"info", one},
		"ok-private-source":    torrent(one.set("private", 1, "source", "SRC")),
		"ok-hybrid":            torrent(hyb).set("piece layers", layers),
		"ok-v2-single":         torrent(v2(d{"dir", leaf2(9)})),
		"ok-v2-tree":           torrent(v2(d{"a", leaf2(5), "sub", d{"b", leaf2(0), "c", leaf2(7)}})),
		"ok-v2-one-other-name": torrent(v2(d{"other", leaf2(9)})),
		"ok-v2-meta-version-1": torrent(one.set("meta version", 1)),
		"ok-exec-hidden":       torrent(multi(5, d{"attr", "xh?", "length", 5, "path", l{"run"}})),
		"ok-pad-without-path":  torrent(multi(16389, file(5, "a"), d{"attr", "p", "length", 16379}, file(5, "b"))),
		"ok-pad-by-name": torrent(multi(16389, file(5, "a"),
			file(16379, "_____padding_file_0_if you see this file, please update to BitComet 0.85 or above____"), file(5, "b"))),
		"ok-symlink":            torrent(multi(5, file(5, "a"), d{"attr", "l", "path", l{"ln"}, "symlink path", l{"a"}})),
		"ok-symlink-length":     torrent(multi(5, file(5, "a"), d{"attr", "l", "length", 9, "path", l{"ln"}})),
		"ok-large-piece-length": torrent(one.set("piece length", 128<<20)),
		"ok-utf8-twins": d{"comment", "caf\xe9", "comment.utf-8", "café", "info", d{
			"files", l{d{"length", 5, "path", l{"b\xe9"}, "path.utf-8", l{"bé"}}},
			"name", "n\xe9", "name.utf-8", "né", "piece length", 16384, "pieces", hashes(1)}},
		"ok-utf8-twins-wrong": d{"comment", "c", "comment.utf-8", 7, "info", d{
			"files", l{d{"length", 5, "path", l{"b"}, "path.utf-8", l{"b\xff"}}, d{"length", 5, "path", l{"c"}, "path.utf-8", "c"}},
			"name", "n", "name.utf-8", "n\xff", "piece length", 16384, "pieces", hashes(1)}},
		"ok-path-utf8-only":   torrent(multi(5, d{"length", 5, "path.utf-8", l{"é"}})),
		"ok-keys-unsorted":    d{"info", d{"pieces", hashes(1), "piece length", 16384, "name", "a", "length", 5}, "announce", "http://a.example/"},
		"ok-length-and-files": torrent(multi(5, file(5, "a")).set("length", 99)),
		"ok-name-missing":     torrent(one.set("name", nil)),
		"ok-name-not-string":  torrent(one.set("name", 5)),
		"ok-unknown-keys":     torrent(one.set("zzz", l{d{}, 5}, "aaa", 1)).set("zzz", 1),

		// Row 1 to 4: names.
		"name-traversal":       torrent(one.set("name", "../../etc/passwd")),
		"name-dotdot":          torrent(one.set("name", "..")),
		"name-absolute":        torrent(one.set("name", "/etc/passwd")),
		"name-backslash":       torrent(one.set("name", `..\..\x`)),
		"name-unc":             torrent(one.set("name", `\\host\share`)),
		"name-escape-codes":    torrent(one.set("name", "\x1b]0;pwn\x07\x1b[31mred\u009b31m\n")),
		"name-bidi":            torrent(one.set("name", "gpj\u202eexe.txt")),
		"name-nul":             torrent(one.set("name", "a\x00b")),
		"name-invalid-utf8":    torrent(one.set("name", "a\xff\xfeb\xc0\xae")),
		"name-long":            torrent(one.set("name", strings.Repeat("ä", 200)+".txt")),
		"name-state-file":      torrent(one.set("name", ".a.gotor.lock")),
		"path-traversal":       torrent(multi(5, file(5, "..", "..", "etc", "passwd"))),
		"path-slash-inside":    torrent(multi(5, file(5, "a/../../b"))),
		"path-backslash":       torrent(multi(5, file(5, `..\..\b`))),
		"path-twin-traversal":  torrent(multi(5, d{"length", 5, "path", l{"ok"}, "path.utf-8", l{"..", "x"}})),
		"path-empty-component": torrent(multi(5, file(5, "", "a", ".", "b"))),
		"path-all-dots":        torrent(multi(10, file(5, "."), file(5, ""))),
		"path-state-files":     torrent(multi(5, file(5, ".dir.gotor"), file(0, ".dir.GOTOR.parts"), file(0, ".gotor"))),
		"clash-duplicate":      torrent(multi(15, file(5, "x.txt"), file(5, "x.txt"), file(5, "x.1.txt"))),
		"clash-file-is-folder": torrent(multi(10, file(5, "a"), file(5, "a", "b"))),
		"clash-part":           torrent(multi(15, file(5, "a"), file(5, "a.part"), file(5, "b.part"), file(0, "b"))),
		"clash-after-cleaning": torrent(multi(10, file(5, "a/b"), file(5, "a\x01b"))),
		"clash-normalization":  torrent(multi(20, file(5, "caf\u00e9", "x"), file(5, "cafe\u0301"), file(5, "\u212b.txt"), file(5, "A\u030a.txt"))),
		"clash-case":           torrent(multi(10, file(5, "Read"), file(5, "README"), file(0, "readme"))),
		"symlink-traversal":    torrent(multi(10, d{"attr", "l", "path", l{"ln"}, "symlink path", l{"..", ".."}}, file(10, "ln", "x"))),
		"path-too-deep":        torrent(multi(5, file(5, deep...))),
		"path-too-long":        torrent(multi(5, file(5, strings.Repeat("a", 2048), strings.Repeat("b", 2048)))),

		// Row 5: encoding.
		"bad-empty":                  raw(""),
		"bad-html":                   raw("<!DOCTYPE html><html></html>"),
		"bad-not-a-dictionary":       l{},
		"bad-truncated":              raw(string(enc(torrent(one))[:90])),
		"bad-duplicate-key":          torrent(append(one.set(), "pieces", hashes(1))),
		"bad-duplicate-key-unsorted": torrent(append(d{"pieces", hashes(1)}, one...)),
		"bad-length-leading-zero":    torrent(one.set("length", raw("i05e"))),
		"bad-length-minus-zero":      torrent(one.set("length", raw("i-0e"))),
		"bad-depth-bomb":             raw(strings.Repeat("l", 10_000)),
		"bad-no-info":                d{"announce", "http://a.example/"},
		"bad-info-not-dict":          torrent("info"),

		// Row 6: numbers.
		"bad-piece-length-zero":       torrent(one.set("piece length", 0)),
		"bad-piece-length-negative":   torrent(one.set("piece length", -16384)),
		"bad-piece-length-huge":       torrent(one.set("piece length", 1<<40)),
		"bad-piece-length-missing":    torrent(one.set("piece length", nil)),
		"bad-piece-length-string":     torrent(one.set("piece length", "16384")),
		"bad-piece-length-bignum":     torrent(one.set("piece length", raw("i18446744073709568000e"))),
		"bad-length-negative":         torrent(one.set("length", -5)),
		"bad-length-string":           torrent(one.set("length", "5")),
		"bad-length-missing":          torrent(one.set("length", nil)),
		"bad-length-bignum":           torrent(one.set("length", raw("i18446744073709551621e"))),
		"bad-length-over-total":       torrent(one.set("length", 1<<53+1, "piece length", 512<<20)),
		"bad-sum-overflow":            torrent(multi(5, file(1<<62, "a"), file(1<<62, "b"), file(1<<62, "c"), file(1<<62, "e"))),
		"bad-sum-over-total":          torrent(multi(5, file(1<<52, "a"), file(1<<52, "b"), file(1, "c"))),
		"bad-file-length-negative":    torrent(multi(5, file(10, "a"), file(-5, "b"))),
		"bad-file-length-missing":     torrent(multi(5, d{"path", l{"a"}})),
		"bad-pieces-missing":          torrent(one.set("pieces", nil)),
		"bad-pieces-empty":            torrent(one.set("pieces", "")),
		"bad-pieces-not-20":           torrent(one.set("pieces", hashes(1)[:19])),
		"bad-pieces-too-many":         torrent(one.set("pieces", hashes(2))),
		"bad-pieces-too-few":          torrent(one.set("length", 16385)),
		"bad-pieces-list":             torrent(one.set("pieces", l{hashes(1)})),
		"bad-files-empty":             torrent(multi(0)),
		"bad-files-string":            torrent(one.set("files", "a")),
		"bad-file-not-dict":           torrent(multi(5, "a")),
		"bad-path-missing":            torrent(multi(5, d{"length", 5})),
		"bad-path-empty":              torrent(multi(5, file(5))),
		"bad-path-string":             torrent(multi(5, d{"length", 5, "path", "a"})),
		"bad-path-holds-integer":      torrent(multi(5, file(5, "a", 1))),
		"bad-file-length-name-quoted": torrent(multi(5, d{"length", l{}, "path", l{"\x1b[2J"}})),

		// Row 7: version 2.
		"v2-meta-version-3":            torrent(v2(d{"a", leaf2(5)}).set("meta version", 3, "piece length", 1)),
		"v2-meta-version-bignum":       torrent(v2(d{"a", leaf2(5)}).set("meta version", raw("i99999999999999999999e"))),
		"v2-meta-version-string":       torrent(v2(d{"a", leaf2(5)}).set("meta version", "2")),
		"v2-meta-version-string-v1":    torrent(one.set("meta version", "2")),
		"v2-no-file-tree":              torrent(v2(d{}).set("file tree", nil)),
		"v2-empty-tree":                torrent(v2(d{})),
		"v2-empty-folder":              torrent(v2(d{"dir", d{}})),
		"v2-piece-length-not-power":    torrent(v2(d{"a", leaf2(5)}).set("piece length", 16385)),
		"v2-piece-length-small":        torrent(v2(d{"a", leaf2(5)}).set("piece length", 8192)),
		"v2-root-missing":              torrent(v2(d{"a", d{"", d{"length", 5}}})),
		"v2-root-short":                torrent(v2(d{"a", d{"", d{"length", 5, "pieces root", "short"}}})),
		"v2-root-zero":                 torrent(v2(d{"a", d{"", d{"length", 5, "pieces root", strings.Repeat("\x00", 32)}}})),
		"v2-root-is-file":              torrent(v2(leaf2(5))),
		"v2-file-and-folder":           torrent(v2(d{"a", d{"", leaf2(5)[1], "b", leaf2(5)}})),
		"v2-leaf-not-dict":             torrent(v2(d{"a", d{"", 5}})),
		"v2-node-not-dict":             torrent(v2(d{"a", 5})),
		"v2-length-negative":           torrent(v2(d{"a", d{"", d{"length", -1}}})),
		"v2-tree-unsorted":             torrent(v2(d{"b", leaf2(5), "a", leaf2(5)})),
		"v2-tree-too-deep":             torrent(v2(v2deep)),
		"v2-traversal":                 torrent(v2(d{"..", d{"..", d{"x", leaf2(5)}}, "a/b", leaf2(1)})),
		"v2-too-many-pieces":           torrent(v2(d{"a", leaf2(1 << 50)})),
		"v2-layers-missing":            torrent(v2(d{"a", leaf2(20_000)})),
		"v2-layer-of-file-missing":     torrent(v2(d{"a", leaf2(20_000)})).set("piece layers", d{}),
		"v2-layers-not-dict":           torrent(v2(d{"a", leaf2(20_000)})).set("piece layers", l{}),
		"hybrid-layers-missing":        torrent(hyb),
		"hybrid-layers-empty":          torrent(hyb).set("piece layers", d{}),
		"hybrid-layers-not-dict":       torrent(hyb).set("piece layers", l{}),
		"v2-layer-wrong":               torrent(hyb).set("piece layers", d{layers[0], strings.Repeat("x", 64)}),
		"v2-layer-short":               torrent(hyb).set("piece layers", d{layers[0], layers[1].(string)[:32]}),
		"v2-layer-long":                torrent(hyb).set("piece layers", d{layers[0], layers[1].(string) + strings.Repeat("\x00", 64)}),
		"hybrid-other-name":            torrent(hyb.set("file tree", hyb[1].(d).set("b", nil, "c", leaf2(100)))).set("piece layers", layers),
		"hybrid-other-length":          torrent(hyb.set("file tree", hyb[1].(d).set("b", leaf2(101)))).set("piece layers", layers),
		"hybrid-more-v2-files":         torrent(hyb.set("file tree", hyb[1].(d).set("c", leaf2(1)))).set("piece layers", layers),
		"hybrid-more-v1-files":         torrent(hyb.set("file tree", hyb[1].(d).set("b", nil))).set("piece layers", layers),
		"hybrid-without-padding":       torrent(hyb.set("files", l{file(20_000, "a"), file(100, "b")}, "pieces", hashes(2))).set("piece layers", layers),
		"hybrid-without-v1-files":      torrent(hyb.set("files", nil)).set("piece layers", layers),
		"v1-with-file-tree-no-version": torrent(one.set("file tree", d{})),

		// Row 8: optional keys of the wrong type do not block.
		"wrong-types": d{"announce", 5, "announce-list", "x", "comment", l{}, "created by", 1, "creation date", "now",
			"httpseeds", 5, "info", one.set("attr", 5, "private", "1", "source", 5), "nodes", 5, "piece layers", 5, "url-list", 5},
		"wrong-types-inside": d{"announce-list", l{"http://flat.example/", l{5, "http://a.example/", l{}}, 7},
			"info", multi(5, d{"attr", 5, "length", 5, "path", l{"a"}}), "nodes", l{5, l{}, l{"h"}, l{"h", "p"}, l{"h", 0}, l{"h", 65536}, l{"a b", 1}, l{"h", 1, 2}, l{"ok.example", 6881}, l{"::1", 1}},
			"url-list", l{5, "", "http://ok.example/"}},
		"date-negative":     torrent(one).set("creation date", -1),
		"date-milliseconds": torrent(one).set("creation date", 1<<60),
		"trackers-tiers": d{"announce", "http://ignored.example/", "announce-list", l{l{"http://a.example/announce", "udp://b.example:80"}, l{"https://c.example/x?passkey=1"}},
			"info", one},
		"trackers-empty-list": torrent(one).set("announce-list", l{l{}, l{""}}),
		"trackers-odd": torrent(one).set("announce-list", l{l{"wss://a.example", "dht://", "file:///etc/passwd", " http://space.example/ ",
			"http://dup.example/", "http://dup.example/", "HTTP://upper.example/", "http://", "http://h:0/", "http://h:99999/", "http://[::1]:80/a",
			"not a url", "/relative", "http://e\x1b[31m.example/", "udp://h:1/\xff", "http://" + strings.Repeat("a", 3000)}}),
		"urls-stray":        torrent(one).set("announce", "http://t.example/announce?k=100%&n=a b", "url-list", l{"http://w.example/a b/100%/%41"}),
		"trackers-too-many": torrent(one).set("announce-list", manyTiers(150)),
		"url-list-string":   torrent(one).set("url-list", "http://seed.example/file", "httpseeds", l{"http://seed.example/seed.php"}),
		"url-list-schemes":  torrent(one).set("url-list", l{"ftp://a.example/", "udp://b.example:1/", "https://c.example/", "file:///etc/"}),
	}
	out := make(map[string][]byte, len(m))
	for name, v := range m {
		out[name] = enc(v)
	}
	return out
}

func manyTiers(n int) (tiers l) {
	for i := range n {
		tiers = append(tiers, l{"http://" + strings.Repeat("t", i+1) + "/"})
	}
	return tiers
}

// golden is what a golden file holds.
type golden struct {
	Error        string       `json:"error,omitempty"`
	Name         string       `json:"name,omitempty"`
	Version      string       `json:"version,omitempty"`
	InfoHash     string       `json:"info_hash,omitempty"`
	InfoHashV2   string       `json:"info_hash_v2,omitempty"`
	PieceLength  int64        `json:"piece_length,omitempty"`
	Pieces       int          `json:"pieces,omitempty"`
	TotalLength  int64        `json:"total_length,omitempty"`
	Multi        bool         `json:"multi,omitempty"`
	Private      bool         `json:"private,omitempty"`
	Files        []goldenFile `json:"files,omitempty"`
	Trackers     [][]string   `json:"trackers,omitempty"`
	WebSeeds     []string     `json:"web_seeds,omitempty"`
	HTTPSeeds    []string     `json:"http_seeds,omitempty"`
	Nodes        []string     `json:"nodes,omitempty"`
	Comment      string       `json:"comment,omitempty"`
	CreatedBy    string       `json:"created_by,omitempty"`
	Source       string       `json:"source,omitempty"`
	CreationDate *time.Time   `json:"creation_date,omitempty"`
	CanDownload  string       `json:"can_download,omitempty"`
	Warnings     []string     `json:"warnings,omitempty"`
}

type goldenFile struct {
	Path    string `json:"path"`
	Length  int64  `json:"length"`
	Offset  int64  `json:"offset"`
	Attr    string `json:"attr,omitempty"`
	Skipped bool   `json:"skipped,omitempty"` // padding or a symlink
}

func goldenOf(t *Torrent, err error) golden {
	if err != nil {
		return golden{Error: err.Error()}
	}
	g := golden{
		Name: t.Name, Version: t.Version, PieceLength: t.PieceLength, Pieces: t.NumPieces(), TotalLength: t.TotalLength,
		Multi: t.Multi, Private: t.Private, Trackers: t.Trackers, WebSeeds: t.WebSeeds, HTTPSeeds: t.HTTPSeeds, Nodes: t.Nodes,
		Comment: t.Comment, CreatedBy: t.CreatedBy, Source: t.Source, Warnings: t.Warnings,
	}
	if t.HasV1 {
		g.InfoHash = hex.EncodeToString(t.InfoHash[:])
	}
	if t.HasV2 {
		g.InfoHashV2 = hex.EncodeToString(t.InfoHashV2[:])
	}
	for _, f := range t.Files {
		g.Files = append(g.Files, goldenFile{f.SlashPath(), f.Length, f.Offset, f.Attr, f.Pad || f.Symlink})
	}
	if !t.CreationDate.IsZero() {
		g.CreationDate = &t.CreationDate
	}
	if err := t.CanDownload(); err != nil {
		g.CanDownload = err.Error()
	}
	return g
}

func TestGolden(t *testing.T) {
	made := odd()
	if *update {
		for name, b := range made {
			if err := os.WriteFile(filepath.Join(goldenDir, name+".torrent"), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.torrent"))
	if err != nil || len(files) < len(made) {
		t.Fatalf("%d torrents in %s (%v), want %d or more: run with -update", len(files), goldenDir, err, len(made))
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".torrent")
		t.Run(name, func(t *testing.T) {
			if name == "clash-case" && foldCase(false) {
				t.Skip("names clash here that elsewhere do not")
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if want, ok := made[name]; ok && !bytes.Equal(b, want) {
				t.Error("the file is not what the table says: run with -update")
			}
			tor, err := Parse(b)
			if err == nil {
				checkTorrent(t, tor)
			}
			compareGolden(t, strings.TrimSuffix(path, ".torrent")+".golden.json", goldenOf(tor, err))
		})
	}
}

func compareGolden(t *testing.T, path string, got golden) {
	t.Helper()
	if *update {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "\t")
		if err := e.Encode(got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want golden
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", filepath.Base(path), diff)
	}
}
