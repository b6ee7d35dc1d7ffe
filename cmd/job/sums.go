package job

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// sum is one SHA-256 that the user expects of a file.
type sum struct {
	path string // slash-separated; empty: the only file there is
	want [32]byte
	flag bool // given by --sha256, so it must be used
	used bool
}

// Sums is everything the user expects, for all sources together.
type Sums struct {
	list []sum

	mu sync.Mutex // guards the used marks
}

// maxSums bounds a --sha256sums file: a line takes 66 bytes or more.
const maxSums = 64 << 20

// ParseSums reads the values of --sha256 and the file of --sha256sums.
func ParseSums(values []string, file string) (*Sums, error) {
	s := new(Sums)
	for _, v := range values {
		path, digest, ok := cutLast(v, "=")
		if !ok {
			path, digest = "", v
		}
		want, ok := parseDigest(digest)
		if !ok {
			return nil, record.Usagef("--sha256 %q: a SHA-256 has 64 hexadecimal digits, perhaps after PATH=", Clip(v))
		}
		s.list = append(s.list, sum{path: path, want: want, flag: true})
	}
	if file == "" {
		return s, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, ReadError(file, err)
	}
	defer f.Close()
	err = s.readLines(io.LimitReader(f, maxSums))
	if err != nil {
		return nil, fmt.Errorf("--sha256sums: %w", ReadError(file, err))
	}
	return s, nil
}

// cutLast is strings.Cut at the last sep: a path may hold one, a digest not.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// parseDigest reads 64 hexadecimal digits of either case.
func parseDigest(s string) (d [32]byte, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(d) {
		return d, false
	}
	return [32]byte(b), true
}

// readLines reads what sha256sum writes, with or without --tag. Empty lines and
// comments are skipped.
func (s *Sums) readLines(r io.Reader) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 64<<10)
	n := 0
	for in.Scan() {
		n++
		line := strings.TrimRight(in.Text(), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		e, ok := parseSumLine(line)
		if !ok {
			return record.Usagef("line %d is not what sha256sum writes", n)
		}
		s.list = append(s.list, e)
	}
	if err := in.Err(); err != nil {
		return err
	}
	if n == 0 {
		return record.Usagef("it is empty")
	}
	return nil
}

// parseSumLine reads "DIGEST  NAME" with a blank or * before the name (the * is
// for binary, which means nothing here), or "SHA256 (NAME) = DIGEST".
func parseSumLine(line string) (sum, bool) {
	if rest, ok := strings.CutPrefix(line, "SHA256 ("); ok {
		name, digest, ok := cutLast(rest, ") = ")
		want, valid := parseDigest(digest)
		e := sum{path: cleanSumPath(name), want: want}
		return e, ok && valid && e.path != ""
	}
	// A backslash at the start says that the name is escaped.
	line, escaped := strings.CutPrefix(line, `\`)
	digest, name, ok := strings.Cut(line, " ")
	if !ok || len(name) < 2 || name[0] != ' ' && name[0] != '*' {
		return sum{}, false
	}
	name = name[1:]
	if escaped {
		name = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r").Replace(name)
	}
	want, valid := parseDigest(digest)
	e := sum{path: cleanSumPath(name), want: want}
	return e, valid && e.path != ""
}

// cleanSumPath drops the ./ that find puts before names.
func cleanSumPath(name string) string { return strings.TrimPrefix(name, "./") }

// Expect returns the digest expected of each selected file of a torrent, by
// index. A path may begin with the torrent's folder or not.
func (s *Sums) Expect(m *metainfo.Torrent, wanted []bool) (map[int][32]byte, error) {
	if len(s.list) == 0 {
		return nil, nil
	}
	byPath := make(map[string]int)
	only, selected := -1, 0
	for i := range m.Files {
		f := &m.Files[i]
		if f.Pad || f.Symlink || wanted != nil && !wanted[i] {
			continue
		}
		byPath[f.SlashPath()] = i
		only = i
		selected++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[int][32]byte)
	for k := range s.list {
		e := &s.list[k]
		i, ok := byPath[e.path]
		// A list made beside the torrent's folder has its name in each line, one made inside
		// has not.
		if !ok && m.Multi {
			i, ok = byPath[strings.TrimPrefix(e.path, m.Name+"/")]
		}
		if e.path == "" {
			if selected != 1 {
				return nil, record.Usagef("--sha256 without PATH= needs a single file, and %s are selected", countFiles(selected))
			}
			i, ok = only, true
		}
		if !ok {
			continue
		}
		// One of the two is not met, whatever comes: better said before the download.
		if have, twice := out[i]; twice && have != e.want {
			return nil, record.Usagef("two different SHA-256 are given for %s", m.Files[i].SlashPath())
		}
		out[i], e.used = e.want, true
	}
	return out, nil
}

// Unused returns an error when a digest was never compared with anything: the
// user believes that a file was checked which was not.
func (s *Sums) Unused() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	any := len(s.list) == 0
	for _, e := range s.list {
		if e.flag && !e.used {
			return record.Usagef("--sha256 %s=...: no selected file has this path", e.path)
		}
		any = any || e.used
	}
	if !any {
		return record.Usagef("--sha256sums names none of the selected files")
	}
	return nil
}

// verifier returns the hook that compares files with what is expected of them;
// nil when nothing is. It keeps the digests it saw in seen, guarded by its
// caller's rule: one goroutine.
func verifier(m *metainfo.Torrent, want map[int][32]byte) func(context.Context, int, io.Reader) error {
	if len(want) == 0 {
		return nil
	}
	return func(ctx context.Context, file int, r io.Reader) error {
		digest, ok := want[file]
		if !ok {
			return nil
		}
		h := sha256.New()
		if _, err := io.CopyBuffer(h, ctxReader{ctx, r}, make([]byte, 256<<10)); err != nil {
			return err
		}
		return compareSum(m, file, [32]byte(h.Sum(nil)), digest)
	}
}

// compareSum makes the error for a digest that differs.
func compareSum(m *metainfo.Torrent, file int, got, want [32]byte) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%w: %s has SHA-256 %x, not %x", torrent.ErrMismatch, record.Safe(m.Files[file].SlashPath()), got, want)
}

// ctxReader stops reading when its context ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
