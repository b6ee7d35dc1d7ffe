package metainfo

import (
	"crypto/sha1"
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// checkName reports whether s may go to disk.
func checkName(t *testing.T, s string) {
	t.Helper()
	if s == "" || s == "." || s == ".." || len(s) > maxComponent || !utf8.ValidString(s) {
		t.Errorf("name %q cannot go to disk", s)
	}
	for _, r := range s {
		if r == '/' || r == '\\' || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			t.Errorf("name %q has %U in it", s, r)
		}
	}
	if low := strings.ToLower(s); strings.HasPrefix(s, ".") && (strings.HasSuffix(low, ".gotor") || strings.Contains(low, ".gotor.")) {
		t.Errorf("name %q is that of a state file", s)
	}
	if again := CleanName(s, false); again != s {
		t.Errorf("cleaning %q again gives %q", s, again)
	}
}

// checkDistinct reports paths that cannot lie on one disk, with their ".part"
// names, by the plain definition.
func checkDistinct(t *testing.T, paths [][]string, fold bool) {
	t.Helper()
	taken := make(map[string]string)
	norm := func(s string) string {
		if fold {
			s = strings.ToLower(strings.ToUpper(s))
		}
		return s
	}
	for _, p := range paths {
		for dir := path.Dir(strings.Join(p, "/")); dir != "."; dir = path.Dir(dir) {
			taken[norm(dir)] = "folder"
		}
	}
	for _, p := range paths {
		s := strings.Join(p, "/")
		for _, name := range []string{s, s + ".part"} {
			if was, ok := taken[norm(name)]; ok {
				t.Errorf("%q clashes with %s", name, was)
			}
		}
		taken[norm(s)], taken[norm(s+".part")] = "file "+s, "the unfinished "+s
	}
}

// checkTorrent checks everything that must hold for any parsed torrent.
func checkTorrent(t *testing.T, tor *Torrent) {
	t.Helper()
	checkName(t, tor.Name)
	if len(tor.Name) > maxName || tor.PieceLength < 1 || tor.PieceLength > maxPieceLength || len(tor.Files) == 0 {
		t.Errorf("name of %d bytes, piece length %d, %d files", len(tor.Name), tor.PieceLength, len(tor.Files))
	}
	var sum int64
	var onDisk [][]string
	for _, f := range tor.Files {
		if f.Length < 0 || f.Offset < sum || tor.HasV1 && f.Offset != sum {
			t.Errorf("%q has length %d and offset %d after %d bytes", f.Path, f.Length, f.Offset, sum)
		}
		if !tor.HasV1 && f.Length > 0 && f.Offset%tor.PieceLength != 0 {
			t.Errorf("v2: %q does not begin a piece", f.Path)
		}
		sum += f.Length
		for _, c := range f.Path {
			checkName(t, c)
		}
		if !f.Pad && !f.Symlink {
			onDisk = append(onDisk, f.Path)
		}
		if f.Symlink && f.Length != 0 {
			t.Errorf("symlink %q has a length", f.Path)
		}
	}
	checkDistinct(t, onDisk, false)
	if sum != tor.TotalLength || sum > maxTotal {
		t.Errorf("total length %d, sum %d", tor.TotalLength, sum)
	}
	if !tor.Multi && (len(tor.Files) != 1 || len(tor.Files[0].Path) != 1 || tor.Files[0].Path[0] != tor.Name) {
		t.Errorf("single file %q of torrent %q", tor.Files[0].Path, tor.Name)
	}
	if tor.HasV1 {
		checkPieces(t, tor)
	}
	if tor.HasV1 != (tor.CanDownload() == nil) {
		t.Errorf("CanDownload of version %s: %v", tor.Version, tor.CanDownload())
	}
	for _, w := range tor.Warnings {
		for _, r := range w {
			if r < ' ' || r > '~' {
				t.Errorf("warning %q is not safe to print", w)
			}
		}
	}
}

func checkPieces(t *testing.T, tor *Torrent) {
	t.Helper()
	n := int((tor.TotalLength + tor.PieceLength - 1) / tor.PieceLength)
	if tor.NumPieces() != n || len(tor.PieceHashes()) != n*20 {
		t.Errorf("%d pieces and %d bytes of hashes for %d bytes in pieces of %d", tor.NumPieces(), len(tor.PieceHashes()), tor.TotalLength, tor.PieceLength)
	}
	if tor.InfoHash != sha1.Sum(tor.Info) {
		t.Error("the info-hash is not that of Info")
	}
	for i := range min(n, 3) {
		if h := tor.PieceHash(i); string(h[:]) != string(tor.PieceHashes()[i*20:][:20]) {
			t.Errorf("PieceHash(%d) = %x", i, h)
		}
	}
}

// PieceHashes returns all SHA-1 hashes one after the other, aliasing the
// input; nil if the torrent has no version 1 part.
func (t *Torrent) PieceHashes() []byte { return t.pieces }
