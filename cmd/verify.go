package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"gotor/cmd/term"
	"gotor/piece"
	"gotor/piece/storage"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	progress progressOptions
	source   string
	path     string
	files    []string
	json     bool
	insecure bool
	portable bool
}

func newVerifyCmd(s *streams, runF func(context.Context, *verifyOptions, *streams) error) *cobra.Command {
	o := new(verifyOptions)
	c := &cobra.Command{
		Use:   "verify [flags] SOURCE PATH",
		Short: "Check data against a torrent, without writing",
		Long: `Verify hashes the data at PATH and compares it with the torrent SOURCE. PATH is
the file, the torrent's folder, or the folder that holds one of them. Nothing is
written, whatever is found.

The code is 0 when every file is complete and right. Otherwise each bad file is
printed on stdout with what is wrong, and the code is 8.`,
		Example: examples("gotor verify debian.torrent ~/Downloads", "gotor verify --json build.torrent build/ | jq .bad_pieces"),
		Args:    wantArgs(2, 2, "SOURCE and PATH"), ValidArgsFunction: torrentArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.source, o.path = args[0], args[1]
			return runF(c.Context(), o, s)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.StringArrayVar(&o.files, "files", nil, "only the files in `LIST`, as in get")
	f.BoolVar(&o.portable, "portable-names", false, "the data was laid out with --portable-names")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates")
	o.progress.addFlags(c)
	return c
}

func runVerify(ctx context.Context, o *verifyOptions, s *streams) error {
	p := newPrinter(s, o.progress)
	l := &loader{s: s, insecure: o.insecure, portable: o.portable}
	src, err := l.load(ctx, o.source)
	if err != nil {
		return err
	}
	m := src.meta
	if err := m.CanDownload(); err != nil {
		return fmt.Errorf("%s: %w", o.source, err)
	}
	wanted, err := selectFiles(m.Files, o.files)
	if err != nil {
		return err
	}
	if _, err := os.Stat(o.path); err != nil {
		return readError(o.path, err)
	}
	v := newVerification(m, o.path, wanted)
	if err := v.run(ctx, p); err != nil {
		return err
	}
	return v.report(s, o.json)
}

// verification is one check of data on disk.
type verification struct {
	m       *metainfo.Torrent
	root    string
	spec    storage.Spec
	layout  *piece.Layout
	checked atomic.Int64
	bad     []atomic.Bool // per piece
	files   []fileReport  // per file that is wrong
}

// fileReport says what is wrong with a file.
type fileReport struct {
	Index     int    `json:"index"`
	Path      string `json:"path"`
	Problem   string `json:"problem"` // "missing", "unfinished", "size" or "content"
	BadPieces int    `json:"bad_pieces"`

	text string // the problem for people
}

// newVerification finds out how path holds the torrent's data.
func newVerification(m *metainfo.Torrent, root string, wanted []bool) *verification {
	v := &verification{m: m, root: root, bad: make([]atomic.Bool, m.NumPieces())}
	files := make([]storage.File, len(m.Files))
	prefix, single := "", ""
	switch {
	case m.Multi && holdsTorrent(root, m):
		prefix = m.Name
	case !m.Multi && !isDir(root):
		root, single = filepath.Dir(root), filepath.Base(root)
	}
	for i := range m.Files {
		f := &m.Files[i]
		p := path.Join(prefix, f.SlashPath())
		if single != "" {
			p = single
		}
		files[i] = storage.File{Path: p, Length: f.Length, Offset: f.Offset, Pad: f.Pad || f.Symlink,
			Wanted: !f.Pad && !f.Symlink && (wanted == nil || wanted[i])}
	}
	name := m.Name
	if single != "" {
		name = single
	}
	v.spec = storage.Spec{Dir: root, Name: name, Files: files, TotalLength: m.TotalLength, PieceLength: m.PieceLength, ReadOnly: true}
	return v
}

// holdsTorrent reports whether root is the folder around the torrent's folder
// rather than that folder itself: the first file that is found in one of them
// decides.
func holdsTorrent(root string, m *metainfo.Torrent) bool {
	if !isDir(filepath.Join(root, m.Name)) {
		return false
	}
	for i := range m.Files {
		if m.Files[i].Pad || m.Files[i].Symlink {
			continue
		}
		p := filepath.FromSlash(m.Files[i].SlashPath())
		if _, err := os.Lstat(filepath.Join(root, m.Name, p)); err == nil {
			return true
		}
		if _, err := os.Lstat(filepath.Join(root, p)); err == nil {
			return false
		}
	}
	return true
}

// run hashes everything on all processors.
func (v *verification) run(ctx context.Context, p printer) (err error) {
	if v.layout, err = piece.NewLayout(v.m.TotalLength, v.m.PieceLength); err != nil {
		return withCode(exitMalformed, err)
	}
	store, err := storage.Open(v.spec)
	if err != nil {
		return err
	}
	defer store.Close()
	up := startUpdater(p, 1)
	up.add(row{source: v.root, snapshot: v.snapshot})
	err = piece.Check(ctx, piece.CheckConfig{
		Layout: v.layout, Hash: v.m.PieceHash, Reader: store, Workers: runtime.GOMAXPROCS(0), Pieces: v.pieces,
		OnPiece: func(i int, ok bool) {
			v.checked.Add(v.layout.PieceLen(i))
			if !ok {
				v.bad[i].Store(true)
			}
		},
	})
	up.stop()
	if err != nil {
		return err
	}
	for i := range v.spec.Files {
		if !v.spec.Files[i].Wanted {
			continue
		}
		st, err := store.Stat(i)
		if err != nil {
			return err
		}
		v.judge(i, st)
	}
	return nil
}

// pieces yields the pieces that touch a selected file.
func (v *verification) pieces(yield func(int) bool) {
	next := 0
	for i := range v.spec.Files {
		f := &v.spec.Files[i]
		if !f.Wanted || f.Length == 0 {
			continue
		}
		last := int((f.Offset + f.Length - 1) / v.m.PieceLength)
		for n := max(next, int(f.Offset/v.m.PieceLength)); n <= last; n++ {
			if !yield(n) {
				return
			}
		}
		next = max(next, last+1)
	}
}

func (v *verification) snapshot() torrent.Snapshot {
	return torrent.Snapshot{Name: v.m.Name, InfoHash: fmt.Sprintf("%x", v.m.InfoHash), State: torrent.StateChecking,
		Checked: v.checked.Load(), ToCheck: v.total(), Pieces: v.m.NumPieces()}
}

// total is the number of bytes that are hashed.
func (v *verification) total() (n int64) {
	for i := range v.pieces {
		n += v.layout.PieceLen(i)
	}
	return n
}

// judge reports file i if it is not as it should be. A bad piece counts against
// every file that shares it: nobody can tell which of them is wrong.
func (v *verification) judge(i int, st storage.FileState) {
	f := &v.spec.Files[i]
	r := fileReport{Index: i, Path: f.Path}
	if f.Length > 0 {
		for n := f.Offset / v.m.PieceLength; n <= (f.Offset+f.Length-1)/v.m.PieceLength; n++ {
			if v.bad[n].Load() {
				r.BadPieces++
			}
		}
	}
	switch {
	case st.Kind == storage.Missing:
		r.Problem, r.text = "missing", "missing"
	case st.Kind == storage.Part:
		r.Problem, r.text = "unfinished", fmt.Sprintf("unfinished (%s)", badPieces(r.BadPieces))
	case st.Kind == storage.Conflict && st.Size == f.Length:
		r.Problem, r.text = "size", "not a regular file"
	case st.Size != f.Length:
		r.Problem, r.text = "size", fmt.Sprintf("%d bytes, should be %d", st.Size, f.Length)
	case r.BadPieces > 0:
		r.Problem, r.text = "content", badPieces(r.BadPieces)
	default:
		return
	}
	v.files = append(v.files, r)
}

func badPieces(n int) string { return count(n, "bad piece") }

// verifyRecord is the object of verify --json.
type verifyRecord struct {
	V         int          `json:"v"`
	Name      string       `json:"name"`
	InfoHash  string       `json:"info_hash"`
	OK        bool         `json:"ok"`
	Pieces    int          `json:"pieces"` // checked
	BadPieces []int        `json:"bad_pieces"`
	Files     []fileReport `json:"files"` // what is wrong
}

// report prints the outcome.
func (v *verification) report(s *streams, json bool) error {
	rec := verifyRecord{V: eventVersion, Name: v.m.Name, InfoHash: fmt.Sprintf("%x", v.m.InfoHash), BadPieces: []int{}, Files: v.files}
	for i := range v.pieces {
		rec.Pieces++
		if v.bad[i].Load() {
			rec.BadPieces = append(rec.BadPieces, i)
		}
	}
	if rec.Files == nil {
		rec.Files = []fileReport{}
	}
	rec.OK = len(rec.BadPieces) == 0 && len(rec.Files) == 0
	var err error
	if json {
		err = writeJSON(s.out, rec)
	} else {
		_, err = io.WriteString(s.out, v.text(&rec))
	}
	if err != nil || rec.OK {
		return err
	}
	return codef(exitMismatch, "%s does not match: %s of %d, %s", v.m.Name, badPieces(len(rec.BadPieces)), rec.Pieces,
		count(len(rec.Files), "bad file"))
}

// text is a line for each bad file, or one that all is well.
func (v *verification) text(rec *verifyRecord) string {
	if rec.OK {
		return fmt.Sprintf("%s: ok, %s\n", term.Safe(v.m.Name), count(rec.Pieces, "piece"))
	}
	var b strings.Builder
	for _, f := range rec.Files {
		fmt.Fprintf(&b, "%s: %s\n", term.Safe(f.Path), f.text)
	}
	return b.String()
}
