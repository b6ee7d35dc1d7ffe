package metainfo

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// payload is n bytes without a period that pieces could hide in.
func payload(n int) []byte {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

// plainPieces hashes pieces the plain way.
func plainPieces(data []byte, pieceLength int) string {
	var out []byte
	for len(data) > 0 {
		n := min(pieceLength, len(data))
		sum := sha1.Sum(data[:n])
		out = append(out, sum[:]...)
		data = data[n:]
	}
	return string(out)
}

// write makes a file, and its folders, and returns its path.
func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// mustCreate creates a torrent and reads it back.
func mustCreate(t testing.TB, path string, o CreateOptions) (*Torrent, []byte) {
	t.Helper()
	b, err := Create(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	tor, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return tor, b
}

// wantError checks that err is one line with all of the parts in it.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	s := err.Error()
	if strings.ContainsAny(s, "\n\r") || strings.Contains(s, "bad option") {
		t.Errorf("error %q is not one line that begins with create:", s)
	}
	for _, part := range parts {
		if !strings.Contains(s, part) {
			t.Errorf("error %q lacks %q", s, part)
		}
	}
}

func TestCreateSingleFile(t *testing.T) {
	data := payload(100_000)
	path := write(t, t.TempDir(), "Grüße.bin", data)
	_, b := mustCreate(t, path, CreateOptions{})
	want := enc(d{"info", d{
		"length", len(data), "name", "Grüße.bin", "piece length", 16384, "pieces", plainPieces(data, 16384)}})
	if !bytes.Equal(b, want) {
		t.Errorf("got  %q\nwant %q", b, want)
	}
}

func TestCreateEmptyFile(t *testing.T) {
	_, b := mustCreate(t, write(t, t.TempDir(), "none", nil), CreateOptions{})
	want := enc(d{"info", d{"length", 0, "name", "none", "piece length", 16384, "pieces", ""}})
	if !bytes.Equal(b, want) {
		t.Errorf("got  %q\nwant %q", b, want)
	}
}

// The order is that of the components: "a" and what is in it comes before
// "a-b", although '-' sorts before '/'.
var treeOrder = []string{"B", "a/x", "a/x.d/deep", "a/x.e", "a-b", "a.b", "empty", "z/last", "é"}

func makeTree(t testing.TB) (dir string, all []byte) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "tree")
	data := payload(9 * 7001)
	for i, name := range treeOrder {
		part := data[i*7001 : (i+1)*7001]
		if name == "empty" {
			part = nil
		}
		write(t, dir, name, part)
		all = append(all, part...)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder without files"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, all
}

func TestCreateTree(t *testing.T) {
	dir, all := makeTree(t)
	for _, pieceLength := range []int{0, 1, 7, 7000, 7001, 7002, 16384, 1 << 20} {
		o := CreateOptions{PieceLength: int64(pieceLength), Workers: 1}
		tor, first := mustCreate(t, dir, o)
		checkTorrent(t, tor)
		var names []string
		for _, f := range tor.Files {
			names = append(names, f.SlashPath())
		}
		if !slices.Equal(names, treeOrder) || tor.Name != "tree" || !tor.Multi {
			t.Errorf("torrent %q has files %q, want %q", tor.Name, names, treeOrder)
		}
		if pieceLength == 0 {
			pieceLength = 16384
		}
		if got := string(tor.PieceHashes()); got != plainPieces(all, pieceLength) {
			t.Errorf("pieces of %d bytes do not have the hashes of the files' bytes", pieceLength)
		}
		for _, workers := range []int{0, 3, 64} {
			o.Workers = workers
			if _, b := mustCreate(t, dir, o); !bytes.Equal(b, first) {
				t.Errorf("pieces of %d bytes: %d workers give other bytes than one", pieceLength, workers)
			}
		}
	}
}

// The name is that of the directory, however the path is written.
func TestCreateNames(t *testing.T) {
	dir, _ := makeTree(t)
	t.Chdir(dir)
	for path, want := range map[string]string{
		".": "tree", "../tree": "tree", dir + string(filepath.Separator): "tree", "a": "a", "a/..": "tree", "a/x": "x"} {
		if tor, _ := mustCreate(t, path, CreateOptions{}); tor.Name != want {
			t.Errorf("Create(%q) names it %q, want %q", path, tor.Name, want)
		}
	}
}

// createOptions are options and the keys they lead to.
var createOptions = []struct {
	name string
	o    CreateOptions
	root d // beside info
	info d // beside length, name, piece length and pieces
}{
	{name: "none"},
	{"one tracker", CreateOptions{Trackers: [][]string{{"udp://t.example:6969"}}},
		d{"announce", "udp://t.example:6969"}, nil},
	{"one tracker and empty tiers", CreateOptions{Trackers: [][]string{{}, {"http://t.example/announce"}, nil}},
		d{"announce", "http://t.example/announce"}, nil},
	{"one tier", CreateOptions{Trackers: [][]string{{"http://a.example/", "http://b.example/"}}},
		d{"announce", "http://a.example/", "announce-list", l{l{"http://a.example/", "http://b.example/"}}}, nil},
	{"tiers", CreateOptions{Trackers: [][]string{{"http://a.example/", "https://b.example/"}, {}, {"udp://c.example:1"}}},
		d{"announce", "http://a.example/", "announce-list", l{l{"http://a.example/", "https://b.example/"}, l{"udp://c.example:1"}}}, nil},
	{"one web seed", CreateOptions{WebSeeds: []string{"https://w.example/f"}},
		d{"url-list", "https://w.example/f"}, nil},
	{"web seeds", CreateOptions{WebSeeds: []string{"https://w.example/f", "http://v.example/"}},
		d{"url-list", l{"https://w.example/f", "http://v.example/"}}, nil},
	{"private", CreateOptions{Private: true}, nil, d{"private", 1}},
	{"source", CreateOptions{Source: "SITE"}, nil, d{"source", "SITE"}},
	{"name", CreateOptions{Name: "other.txt"}, nil, d{"name", "other.txt"}},
	{"piece length", CreateOptions{PieceLength: 3}, nil, d{"piece length", 3, "pieces", plainPieces([]byte("hello"), 3)}},
	{"comment", CreateOptions{Comment: "a: b, é"}, d{"comment", "a: b, é"}, nil},
	{"created by", CreateOptions{CreatedBy: "gotor/1"}, d{"created by", "gotor/1"}, nil},
	{"date", CreateOptions{Date: time.Unix(1_700_000_000, 999)}, d{"creation date", 1_700_000_000}, nil},
	{"date in 1970", CreateOptions{Date: time.Unix(0, 0)}, d{"creation date", 0}, nil},
	{"all", CreateOptions{Trackers: [][]string{{"http://a.example/"}}, WebSeeds: []string{"http://w.example/"}, Private: true,
		Source: "S", Comment: "C", CreatedBy: "B", Date: time.Unix(1, 0), Name: "n"},
		d{"announce", "http://a.example/", "comment", "C", "created by", "B", "creation date", 1, "url-list", "http://w.example/"},
		d{"name", "n", "private", 1, "source", "S"}},
}

func TestCreateOptions(t *testing.T) {
	path := write(t, t.TempDir(), "hello.txt", []byte("hello"))
	for _, tt := range createOptions {
		t.Run(tt.name, func(t *testing.T) {
			info := d{"length", 5, "name", "hello.txt", "piece length", 16384, "pieces", plainPieces([]byte("hello"), 16384)}
			want := enc(d{"info", info.set(tt.info...)}.set(tt.root...))
			tor, b := mustCreate(t, path, tt.o)
			if !bytes.Equal(b, want) {
				t.Errorf("got  %q\nwant %q", b, want)
			}
			checkTorrent(t, tor)
			if len(tor.Warnings) > 0 {
				t.Errorf("reading it back warns: %q", tor.Warnings)
			}
		})
	}
}

func TestCreateOptionErrors(t *testing.T) {
	long := strings.Repeat("a", maxText+1)
	many := slices.Repeat([]string{"http://a.example/"}, maxURLs+1)
	tests := []struct {
		name string
		o    CreateOptions
		want string
	}{
		{"negative piece length", CreateOptions{PieceLength: -1}, "piece length -1"},
		{"huge piece length", CreateOptions{PieceLength: maxPieceLength + 1}, "piece length 536870913"},
		{"comment not UTF-8", CreateOptions{Comment: "\xff"}, "UTF-8"},
		{"comment too long", CreateOptions{Comment: long}, "longer than 65536"},
		{"source not UTF-8", CreateOptions{Source: "a\x80"}, "UTF-8"},
		{"creator too long", CreateOptions{CreatedBy: long}, "longer than 65536"},
		{"name not UTF-8", CreateOptions{Name: "\xff"}, "UTF-8"},
		{"name is a path", CreateOptions{Name: "a/b"}, `name "a/b" would be stored as "a_b"`},
		{"name is dotdot", CreateOptions{Name: ".."}, `stored as "_"`},
		{"name has escape codes", CreateOptions{Name: "\x1b[2J"}, `name "\x1b[2J" would be`},
		{"name too long", CreateOptions{Name: long[:221]}, "would be stored as"},
		{"date before 1970", CreateOptions{Date: time.Unix(-1, 0)}, "out of range"},
		{"date after 9999", CreateOptions{Date: time.Unix(maxDate+1, 0)}, "out of range"},
		{"tracker not a URL", CreateOptions{Trackers: [][]string{{"http://ok.example/"}, {"nonsense"}}}, `tracker "nonsense": not an absolute URL`},
		{"tracker scheme", CreateOptions{Trackers: [][]string{{"wss://t.example"}}}, `scheme "wss" is not one of http, https, udp`},
		{"tracker without host", CreateOptions{Trackers: [][]string{{"http:///announce"}}}, "no host"},
		{"tracker port", CreateOptions{Trackers: [][]string{{"udp://t.example:0"}}}, "bad port"},
		{"tracker with space", CreateOptions{Trackers: [][]string{{"http://t.example/ "}}}, "white space"},
		{"tracker empty", CreateOptions{Trackers: [][]string{{""}}}, "not an absolute URL"},
		{"tracker too long", CreateOptions{Trackers: [][]string{{"http://t.example/" + long}}}, "longer than 2048"},
		{"too many trackers", CreateOptions{Trackers: [][]string{many[:60], many[60:]}}, "101 trackers; at most 100"},
		{"web seed scheme", CreateOptions{WebSeeds: []string{"udp://w.example:1"}}, `web seed "udp://w.example:1": scheme`},
		{"too many web seeds", CreateOptions{WebSeeds: many}, "101 web seeds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// Options are looked at first: the path does not exist.
			_, err := Create(context.Background(), filepath.Join(t.TempDir(), "none"), tt.o)
			wantError(t, err, tt.want)
			if !errors.Is(err, ErrOption) {
				t.Errorf("error %v is not ErrOption", err)
			}
		})
	}
}

func TestAutoPieceLength(t *testing.T) {
	const kib, mib, gib = 1 << 10, 1 << 20, 1 << 30
	tests := []struct{ total, want int64 }{
		{0, 16 * kib},
		{1, 16 * kib},
		{2000 * 16 * kib, 16 * kib},
		{2000*16*kib + 1, 32 * kib},
		{100 * mib, 64 * kib},
		{gib, mib},
		{4 * gib, 4 * mib},
		{2000 * 8 * mib, 8 * mib},
		{2000*8*mib + 1, 16 * mib},
		{1000 * gib, 16 * mib},
		{maxPieces * 16 * mib, 16 * mib},
		{maxPieces*16*mib + 1, 32 * mib},
		{maxPieces * maxPieceLength, maxPieceLength},
		{maxTotal, maxPieceLength}, // too many pieces: Create says so
	}
	for _, tt := range tests {
		got := autoPieceLength(tt.total)
		if got != tt.want {
			t.Errorf("%d bytes: pieces of %d, want %d", tt.total, got, tt.want)
		}
	}
}

func TestCreateTooManyPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxPieces+1); err != nil {
		t.Skip(err)
	}
	_, err := Create(context.Background(), path, CreateOptions{PieceLength: 1})
	wantError(t, err, "pieces of 1 bytes make 2000001", "take longer ones")
	if !errors.Is(err, ErrOption) {
		t.Errorf("error %v is not ErrOption", err)
	}
	tor, _ := mustCreate(t, path, CreateOptions{PieceLength: 2})
	if tor.NumPieces() != maxPieces/2+1 {
		t.Errorf("%d pieces", tor.NumPieces())
	}
}

func TestCreateExec(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no execute permission")
	}
	dir := filepath.Join(t.TempDir(), "bin")
	for name, mode := range map[string]os.FileMode{"plain": 0o644, "run": 0o755, "others": 0o655} {
		path := write(t, dir, name, []byte(name))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	tor, _ := mustCreate(t, dir, CreateOptions{})
	var got []string
	for _, f := range tor.Files {
		got = append(got, fmt.Sprint(f.SlashPath(), " ", f.Attr, f.Exec))
	}
	if want := []string{"others false", "plain false", "run xtrue"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	tor, b := mustCreate(t, filepath.Join(dir, "run"), CreateOptions{})
	want := enc(d{"info", d{"attr", "x", "length", 3, "name", "run", "piece length", 16384, "pieces", plainPieces([]byte("run"), 16384)}})
	if !bytes.Equal(b, want) || !tor.Files[0].Exec {
		t.Errorf("got  %q\nwant %q", b, want)
	}
}
