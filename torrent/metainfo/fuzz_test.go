package metainfo

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse feeds anything to Parse. It must say no with an *Error or return a
// torrent for which everything holds that the rest of gotor relies on.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.torrent"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		tor, err := Parse(b)
		if !bytes.Equal(b, before) {
			t.Fatal("Parse changed its input")
		}
		portable, err2 := Options{PortableNames: true}.Parse(b)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("portable names decide whether it is a torrent: %v, %v", err, err2)
		}
		if err != nil {
			checkError(t, err)
			return
		}
		checkTorrent(t, tor)
		checkPortable(t, portable)
		again, _ := Parse(before)
		if diff := cmp.Diff(goldenOf(tor, nil), goldenOf(again, nil)); diff != "" {
			t.Errorf("two results for one input:\n%s", diff)
		}
		alone, err := ParseInfo(tor.Info)
		if err != nil {
			t.Fatalf("info alone is refused: %v", err)
		}
		if alone.InfoHash != tor.InfoHash || alone.InfoHashV2 != tor.InfoHashV2 || alone.Name != tor.Name || !cmp.Equal(alone.Files, tor.Files) {
			t.Error("info alone is another torrent")
		}
	})
}

// FuzzParseInfo feeds anything to ParseInfo, which has the metadata of magnet
// links to deal with: bytes from a stranger.
func FuzzParseInfo(f *testing.F) {
	hyb, _ := hybrid2()
	for _, info := range []d{single(), multi(30, file(10, "x"), file(20, "..", "y")), v2(d{"a", leaf2(5)}), hyb} {
		f.Add(enc(info))
	}
	f.Fuzz(func(t *testing.T, info []byte) {
		tor, err := ParseInfo(info)
		if err != nil {
			checkError(t, err)
			return
		}
		checkTorrent(t, tor)
		if !bytes.Equal(tor.Info, info) {
			t.Error("Info is not the input")
		}
		// The same in a .torrent, but for the layers that version 2 alone needs there.
		whole, err := Parse(slices.Concat([]byte("d4:info"), info, []byte("e")))
		if err == nil && (whole.InfoHash != tor.InfoHash || !cmp.Equal(whole.Files, tor.Files)) {
			t.Error("in a .torrent it is another torrent")
		}
		if err != nil && tor.HasV1 {
			t.Errorf("in a .torrent it is refused: %v", err)
		}
	})
}

// checkPortable checks a torrent parsed with portable names.
func checkPortable(t *testing.T, tor *Torrent) {
	t.Helper()
	checkTorrent(t, tor)
	checkWindows(t, tor.Name)
	var onDisk [][]string
	for _, file := range tor.Files {
		for _, c := range file.Path {
			checkWindows(t, c)
		}
		if !file.Pad && !file.Symlink {
			onDisk = append(onDisk, file.Path)
		}
	}
	checkDistinct(t, onDisk, true)
}

// checkWindows reports whether Windows can have a file called s.
func checkWindows(t *testing.T, s string) {
	t.Helper()
	if strings.ContainsAny(s, `<>:"|?*`) || strings.HasSuffix(s, ".") || strings.HasSuffix(s, " ") || reservedOnWindows(s) {
		t.Errorf("Windows cannot have %q", s)
	}
	if again := CleanName(s, true); again != s {
		t.Errorf("portable: cleaning %q again gives %q", s, again)
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"", ".", "..", "a/b", `a\b`, "\x1b[31m", "\u202e", "con", "con ", "com¹.x", ".x.gotor", "\xff", "a\xc0\xaf",
		"con" + strings.Repeat(" ", 260) + ".a", "." + strings.Repeat("a", 260) + ".gotor", strings.Repeat(".", 300),
		strings.Repeat("é", 200) + ".txt", strings.Repeat("a", 233) + strings.Repeat(" .", 20), ".gotor." + strings.Repeat("x", 250)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := CleanName(s, false)
		checkName(t, name)
		if name != CleanName(strings.Clone(s), false) {
			t.Error("two results for one input")
		}
		p := CleanName(s, true)
		checkName(t, p)
		checkWindows(t, p)
		short := clean(s, false, maxName)
		if len(short) > maxName || !utf8.ValidString(short) || clean(short, false, maxName) != short {
			t.Errorf("as a torrent's name: %q", short)
		}
		checkName(t, short)
	})
}

// FuzzResolve takes a path per line through cleaning and renaming, as Parse
// does: no two files may meet on disk.
func FuzzResolve(f *testing.F) {
	f.Add("a\na.part\na/b\nA", false)
	f.Add("x.txt\nx.txt\nx.1.txt", true)
	f.Add("../../etc\n/etc\n./etc\n..\n.\n", false)
	f.Add("con\nCON.1\ncon.\ncon ", true)
	f.Add(".x.gotor\n_x.gotor\n.x.gotor.part", false)
	f.Add(strings.Repeat("a", 260)+"\n"+strings.Repeat("a", 261), false)
	f.Add(strings.Repeat("a", 244)+".part\n"+strings.Repeat("a", 244)+"\n"+strings.Repeat("a", 244), false)
	f.Add("."+strings.Repeat("a", 238)+".gotorxx\n."+strings.Repeat("a", 238)+".gotorxx", true)
	f.Fuzz(func(t *testing.T, lines string, portable bool) {
		var paths [][]string
		for i, line := range strings.Split(lines, "\n") {
			if i == 50 {
				break
			}
			paths = append(paths, CleanPath(strings.Split(line, "/"), portable))
		}
		cleaned, again := clone(paths), clone(paths)
		resolve(paths, portable)
		resolve(again, portable)
		if !slices.Equal(join(paths), join(again)) {
			t.Errorf("two results for one input: %q, %q", paths, again)
		}
		checkDistinct(t, paths, portable)
		for i, p := range paths {
			for _, c := range p {
				checkName(t, c)
				if portable {
					checkWindows(t, c)
				}
			}
			if !slices.Equal(CleanPath(p, portable), p) {
				t.Errorf("cleaning %q again changes it", p)
			}
			if last := len(p) - 1; !slices.Equal(p[:last], cleaned[i][:last]) {
				t.Errorf("the folder of %q has changed from %q", p, cleaned[i])
			}
		}
		if n := resolve(again, portable); n != 0 {
			t.Errorf("resolved again, %d files are renamed", n)
		}
	})
}
