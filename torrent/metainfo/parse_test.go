package metainfo

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotor/bencode"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t testing.TB, b []byte) *Torrent {
	t.Helper()
	tor, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return tor
}

// wantMalformed checks that b is refused with an *Error about want.
func wantMalformed(t *testing.T, b []byte, want string) {
	t.Helper()
	_, err := Parse(b)
	checkError(t, err)
	if err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want %q in it", err, want)
	}
}

// checkError checks what must hold for every error of Parse.
func checkError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want an *Error", err)
	}
	s := err.Error()
	if !strings.HasPrefix(s, "malformed torrent: ") && !(e.Unsupported && strings.HasPrefix(s, "unsupported torrent: ")) {
		t.Errorf("error %q does not say malformed or unsupported", s)
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			t.Errorf("error %q is not safe to print", s)
		}
	}
	if len(s) > 300 {
		t.Errorf("error of %d bytes", len(s))
	}
}

func TestErrorsAreSafe(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(goldenDir, "*.torrent"))
	refused := 0
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(b); err != nil {
			checkError(t, err)
			refused++
		}
	}
	if refused < 50 {
		t.Errorf("%d torrents refused, there should be more", refused)
	}
}

// The cause is kept: where the encoding is broken, the offset can be had.
func TestErrorCause(t *testing.T) {
	_, err := Parse([]byte("d4:infod1:xi+5eee"))
	var syntax *bencode.Error
	if !errors.As(err, &syntax) || syntax.Offset != 11 {
		t.Errorf("error %v does not lead to byte 11", err)
	}
	_, err = ParseInfo([]byte("d1:x"))
	if !errors.As(err, &syntax) || !strings.Contains(err.Error(), "info: bencode") {
		t.Errorf("error %v does not lead to the encoding", err)
	}
}

func TestQuote(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		{"\x1b[2J\n\u202e", `"\x1b[2J\n\u202e"`},
		{"\xff", `"\xff"`},
		{strings.Repeat("a", 64), `"` + strings.Repeat("a", 64) + `"`},
		{strings.Repeat("a", 65), `"` + strings.Repeat("a", 64) + `"...`},
		{strings.Repeat("a", 63) + "é", `"` + strings.Repeat("a", 63) + `"...`},
		{strings.Repeat("a", 60) + strings.Repeat("\x80", 10), `"` + strings.Repeat("a", 60) + `"...`},
	}
	for _, tt := range tests {
		if got := quote(tt.in); got != tt.want {
			t.Errorf("quote(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

// BEP 9: "The metadata is [...] the info-dictionary part of the torrent file".
// What it holds is read alike, alone or not.
func TestParseInfo(t *testing.T) {
	hyb, layers := hybrid2()
	for name, b := range map[string][]byte{
		"v1":     enc(torrent(multi(30, file(10, "x"), file(20, "..", "y")))),
		"v2":     enc(torrent(v2(d{"a", leaf2(5), "b", leaf2(6)}))),
		"hybrid": enc(torrent(hyb).set("piece layers", layers)),
	} {
		whole := mustParse(t, b)
		alone, err := ParseInfo(whole.Info)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkTorrent(t, alone)
		want := goldenOf(whole, nil)
		want.Trackers = nil
		if diff := cmp.Diff(want, goldenOf(alone, nil)); diff != "" {
			t.Errorf("%s: alone it is another torrent:\n%s", name, diff)
		}
	}
	// The layers are not part of the info dictionary: they come later.
	if _, err := ParseInfo(enc(v2(d{"a", leaf2(20_000)}))); err != nil {
		t.Errorf("without layers: %v", err)
	}
	for _, s := range []string{"", "le", "5:hello", "de", string(enc(single())) + "\n", string(enc(torrent(single())))} {
		_, err := ParseInfo([]byte(s))
		checkError(t, err)
	}
}

// Names are made up the same way, by either kind of hash.
func TestParseWithoutName(t *testing.T) {
	info := enc(v2(d{"a", leaf2(5)}).set("name", ""))
	tor, err := ParseInfo(info)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(info)
	if want := hex.EncodeToString(sum[:]); tor.Name != want || len(tor.Warnings) != 1 {
		t.Errorf("name %q, want %q; warnings %q", tor.Name, want, tor.Warnings)
	}
}

// Nothing that is as large as the content is copied.
func TestParseAliasesInput(t *testing.T) {
	b := enc(torrent(single()))
	tor := mustParse(t, b)
	at := bytes.Index(b, []byte("d6:length"))
	if &tor.Info[0] != &b[at] || cap(tor.Info) != len(tor.Info) {
		t.Error("Info is not a view of the input")
	}
	if at = bytes.Index(b, []byte("hash of")); &tor.PieceHashes()[0] != &b[at] || cap(tor.PieceHashes()) != 20 {
		t.Error("PieceHashes is not a view of the input")
	}
	if tor.InfoHash != sha1.Sum(tor.Info) || tor.InfoHashV2 != ([32]byte{}) || tor.HasV2 {
		t.Error("the info-hashes are not those of version 1")
	}
}

func TestHashesOfVersion2(t *testing.T) {
	tor := mustParse(t, enc(torrent(v2(d{"a", leaf2(5)}))))
	if tor.PieceHash(0) != ([20]byte{}) || tor.PieceHashes() != nil || tor.InfoHash != ([20]byte{}) || tor.NumPieces() != 1 {
		t.Error("a version 2 torrent has hashes of version 1")
	}
	var e *Error
	if err := tor.CanDownload(); !errors.As(err, &e) || !e.Unsupported || e.Unwrap() != nil {
		t.Errorf("CanDownload: %v", err)
	}
	if tor.InfoHashV2 != sha256.Sum256(tor.Info) {
		t.Error("the info-hash is not that of Info")
	}
}

// Version 2 pieces begin with files; there is nothing in the gaps.
func TestOffsetsOfVersion2(t *testing.T) {
	tree := d{"a", leaf2(5), "b", leaf2(0), "c", leaf2(16384), "e", leaf2(0), "f", leaf2(1)}
	tor := mustParse(t, enc(torrent(v2(tree))))
	var offsets []int64
	for _, f := range tor.Files {
		offsets = append(offsets, f.Offset)
	}
	if want := []int64{0, 5, 16384, 32768, 32768}; !slices.Equal(offsets, want) || tor.NumPieces() != 3 || tor.TotalLength != 16390 {
		t.Errorf("offsets %v, want %v; %d pieces, %d bytes", offsets, want, tor.NumPieces(), tor.TotalLength)
	}
}

func TestPortableNames(t *testing.T) {
	b := enc(torrent(multi(20, file(5, "aux", "a:b?"), file(5, "AUX", "A:B?"), file(5, "x."), file(5, "x"))))
	tor, err := Options{PortableNames: true}.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range tor.Files {
		got = append(got, f.SlashPath())
	}
	if want := []string{"_aux/a_b_", "_AUX/A_B_.1", "x", "x.1"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	alone, err := Options{PortableNames: true}.ParseInfo(tor.Info)
	if err != nil || !cmp.Equal(alone.Files, tor.Files) {
		t.Errorf("alone: %v, %v", alone, err)
	}
	if !foldCase(false) {
		if tor := mustParse(t, b); tor.Files[1].SlashPath() != "AUX/A:B?" {
			t.Errorf("names were made portable without being asked to: %q", tor.Files[1].SlashPath())
		}
	}
}

// A link may stand where a file does: it is never made.
func TestSymlinkDoesNotClash(t *testing.T) {
	link := d{"attr", "l", "length", 0, "path", l{"a"}, "symlink path", l{"b"}}
	tor := mustParse(t, enc(torrent(multi(5, link, file(5, "a")))))
	if got := tor.Files[1].SlashPath(); got != "a" || !tor.Files[0].Symlink {
		t.Errorf("the file is called %q", got)
	}
	tor = mustParse(t, enc(torrent(v2(d{"a", d{"", d{"attr", "l", "symlink path", l{"b"}}}, "b", leaf2(7)}))))
	if f := tor.Files[0]; !f.Symlink || f.Length != 0 || f.Attr != "l" {
		t.Errorf("version 2: %+v", f)
	}
}

// The same list of files in a single-file hybrid.
func TestHybridSingle(t *testing.T) {
	info := d{"file tree", d{"a.txt", leaf2(5)}, "length", 5, "meta version", 2, "name", "a.txt", "piece length", 16384, "pieces", hashes(1)}
	tor := mustParse(t, enc(torrent(info)))
	if tor.Version != "hybrid" || tor.Multi || tor.CanDownload() != nil {
		t.Errorf("version %s, multi %v: %v", tor.Version, tor.Multi, tor.CanDownload())
	}
	checkTorrent(t, tor)
	wantMalformed(t, enc(torrent(info.set("name", "b.txt"))), "differ at file 0")
}

// plainRoot folds hashes up to one, padded to a power of two first.
func plainRoot(level []string, pad string) string {
	for n := len(level); n&(n-1) != 0; n++ {
		level = append(level, pad)
	}
	for len(level) > 1 {
		up := make([]string, len(level)/2)
		for i := range up {
			h := sha256.Sum256([]byte(level[2*i] + level[2*i+1]))
			up[i] = string(h[:])
		}
		level = up
	}
	return level[0]
}

// BEP 52: "pieces whose blocks are all beyond the end of file are padded with
// zero hashes at the leaf layer", whatever the size of a piece is.
func TestPieceLayers(t *testing.T) {
	for _, pieceLength := range []int{16 << 10, 32 << 10, 1 << 20} {
		zeros := make([]string, pieceLength/blockSize)
		for i := range zeros {
			zeros[i] = string(make([]byte, hashSize))
		}
		pad := plainRoot(zeros, "")
		for n := 2; n <= 17; n++ {
			layer := make([]string, n)
			for i := range layer {
				layer[i] = root2(i)
			}
			root := plainRoot(slices.Clone(layer), pad)
			file := d{"", d{"length", n*pieceLength - 3, "pieces root", root}}
			info := v2(d{"a", file}).set("piece length", pieceLength)
			good := d{root, strings.Join(layer, "")}
			tor := mustParse(t, enc(torrent(info).set("piece layers", good)))
			if tor.NumPieces() != n {
				t.Errorf("%d pieces, want %d", tor.NumPieces(), n)
			}
			layer[n/2] = root2(99)
			bad := d{root, strings.Join(layer, "")}
			wantMalformed(t, enc(torrent(info).set("piece layers", bad)), "do not hash to its pieces root")
		}
	}
}

func TestPieceLayersOdd(t *testing.T) {
	root, layer := tree2(2)
	leaf := func(n int) d { return d{"", d{"length", n, "pieces root", root}} }
	good := d{root, layer}
	// Two files of the same content share a layer.
	tor := mustParse(t, enc(torrent(v2(d{"a", leaf(20_000), "b", leaf(20_001)})).set("piece layers", good)))
	if tor.NumPieces() != 4 {
		t.Errorf("%d pieces, want 4", tor.NumPieces())
	}
	wantMalformed(t, enc(torrent(v2(d{"a", leaf(20_000), "b", leaf(40_000)})).set("piece layers", good)), "different length")
	// Layers of no file and keys that are no hash do no harm.
	extra := d{}.set("short", "x", root, layer, strings.Repeat("\xff", 32), 5)
	mustParse(t, enc(torrent(v2(d{"a", leaf(20_000)})).set("piece layers", extra)))
	wantMalformed(t, enc(torrent(v2(d{"a", leaf(20_000)})).set("piece layers", d{root, l{}})), "do not hash")
	// A file of one piece has its root as its only hash and needs no layer.
	mustParse(t, enc(torrent(v2(d{"a", leaf(16_384)})).set("piece layers", 5)))
}

// Lengths of the two lists of a hybrid are not added up.
func TestHybridCountsOnce(t *testing.T) {
	hyb, layers := hybrid2()
	tor := mustParse(t, enc(torrent(hyb).set("piece layers", layers)))
	if tor.TotalLength != 20_000+12_768+100 || tor.NumPieces() != 3 {
		t.Errorf("%d bytes, %d pieces", tor.TotalLength, tor.NumPieces())
	}
}

// Is tells one torrent from another, whatever else is in the file.
func TestIs(t *testing.T) {
	const info = "d6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:01234567890123456789e"
	hash := sha1.Sum([]byte(info))
	for in, want := range map[string]bool{
		"d4:info" + info + "e":                      true,
		"d8:announce5:x://y4:info" + info + "e\r\n": true,
		"d4:info" + info + "4:infod1:ai1eee":        true, // the first of two, as Parse takes it
		"d4:infod1:ai1ee4:info" + info + "e":        false,
		"d4:infod1:ai1eee":                          false,
		"d1:a" + info + "e":                         false,
		"l4:info" + info + "e":                      false,
		info:                                        false,
		"":                                          false,
		"d4:info" + info[:len(info)-1]:              false,
		"d4:info" + strings.Repeat("l", 1000) + "ee": false,
	} {
		if got := Is([]byte(in), hash); got != want {
			t.Errorf("%q: %v", in, got)
		}
		if m, err := Parse([]byte(in)); err == nil && (m.InfoHash == hash) != want {
			t.Errorf("%q: Parse finds %x", in, m.InfoHash)
		}
	}
}

// ParseInfo reads an info dictionary alone, as it comes from peers (BEP 9). It
// keeps info. Errors are *Error. Piece layers of version 2 are not in it and
// not checked.
func ParseInfo(info []byte) (*Torrent, error) { return Options{}.ParseInfo(info) }

// ParseInfo is the function ParseInfo with options.
func (o Options) ParseInfo(info []byte) (*Torrent, error) {
	v, err := infoDict(info)
	if err != nil {
		return nil, err
	}
	p := parser{portable: o.PortableNames, t: new(Torrent)}
	if err := p.info(v); err != nil {
		return nil, err
	}
	return p.done(), nil
}
