package cmd

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// runGet downloads all sources.
func runGet(ctx context.Context, o *getOptions, s *streams) error {
	if o.output == "-" {
		if err := s.wantOut(); err != nil {
			return err
		}
	}
	r, err := newRunner(&o.transferOptions, s)
	if err != nil {
		return err
	}
	l := &loader{s: s, insecure: o.insecure, portable: o.portable, only: o.familyOptions}
	l.header, _ = parseHeaders(o.headers) // checked before
	if o.dryRun {
		return o.dry(ctx, r, l)
	}
	tasks := make([]task, len(o.sources))
	for i, arg := range o.sources {
		tasks[i] = task{label: arg, bad: o.look(ctx, l, arg), prepare: func(ctx context.Context) (*job, error) {
			src, err := l.open(ctx, arg)
			if err != nil {
				return nil, err
			}
			return o.prepare(ctx, r, l, src)
		}}
	}
	return r.all(ctx, tasks)
}

// look says what is wrong with a source that can be looked at without asking
// anybody, where there are several. It keeps nothing: a list may be long.
func (o *getOptions) look(ctx context.Context, l *loader, arg string) error {
	if !o.many() {
		return nil
	}
	fi, err := os.Stat(arg)
	if arg == "-" || isURL(arg) || err == nil && !fi.Mode().IsRegular() && !fi.IsDir() {
		return nil // what can be read only once is read when its turn comes
	}
	quiet := *l
	quiet.mute = true
	src, err := quiet.open(ctx, arg)
	if err == nil {
		err = src.usable()
	}
	return err
}

// prepare makes a job of a source. What a link leads to is planned later, as any
// other torrent is.
func (o *getOptions) prepare(ctx context.Context, r *runner, l *loader, src *source) (*job, error) {
	if err := src.usable(); err != nil {
		return nil, fmt.Errorf("%s: %w", shortArg(src.arg), err)
	}
	if src.link != nil {
		return o.await(ctx, r, l, src)
	}
	j := r.job(src)
	if err := o.plan(r, j, src); err != nil {
		return nil, fmt.Errorf("%s: %w", src.arg, err)
	}
	return j, nil
}

// await makes a job of a link.
func (o *getOptions) await(ctx context.Context, r *runner, l *loader, src *source) (*job, error) {
	limit := metadataLimit(o.metaTime, r.s.errTTY)
	if !src.link.HasV1 {
		c, err := r.client()
		if err != nil {
			return nil, err
		}
		if err := src.follow(ctx, c, limit, r.s.console.Note); err != nil {
			return nil, err
		}
	}
	j := r.job(src)
	j.lookup.MetadataTimeout, j.lookup.Fetch = limit, l.fetchLinked
	if o.output == "-" {
		j.spec.Stream = r.s.out
	} else {
		j.lookup.Dir = stateFolder(o.output, o.many(), isDir)
	}
	j.plan = func(raw []byte, m *metainfo.Torrent) error {
		l.oddities(m)
		return o.plan(r, j, &source{arg: src.arg, raw: raw, meta: m, link: src.link, local: src.local})
	}
	return j, nil
}

// plan decides what of a torrent is downloaded, and where to.
func (o *getOptions) plan(r *runner, j *job, src *source) error {
	m := src.meta
	wanted, err := o.selection(src)
	if err != nil {
		return err
	}
	if err := o.keepTorrent(src); err != nil {
		return err
	}
	first, err := selectFirst(m.Files, wanted, o.first)
	if err != nil {
		return err
	}
	want, err := r.expect(m, wanted, len(o.sources))
	if err != nil {
		return err
	}
	j.meta, j.perFile = m, o.flat || wanted != nil
	j.spec.Selection = torrent.Selection{Wanted: wanted, First: first}
	if o.output == "-" {
		o.stream(j, m, wanted, want, r.s.out)
		return nil
	}
	l := planLayout(o.output, o.flat, o.many(), m, isDir)
	j.spec.Dir, j.spec.Rename, j.spec.Flat = l.dir, l.rename, l.flat
	j.meta = torrent.FitNames(m, l.dir)
	j.spec.Verify = verifier(j.meta, want)
	return nil
}

// keepTorrent writes the .torrent where --save-torrent says: into a folder as
// NAME.torrent. The same torrent may be there already.
func (o *getOptions) keepTorrent(src *source) error {
	if o.save == "" || o.dryRun {
		return nil
	}
	path := o.save
	if endsInSlash(path) {
		if err := os.MkdirAll(path, 0o777); err != nil {
			return fileError("make", path, err)
		}
	}
	if isDir(path) {
		path = filepath.Join(path, src.meta.Name+".torrent")
	}
	return writeSame(path, src.raw, src.meta.InfoHash, "--save-torrent")
}

// stream makes j send the verified bytes to out.
func (o *getOptions) stream(j *job, m *metainfo.Torrent, wanted []bool, want map[int][32]byte, out io.Writer) {
	growPipe(out)
	var archive *tarWriter
	if o.tar {
		archive = newTarWriter(out, m, wanted, o.flat)
		out = archive
	}
	w := newSumWriter(out, m, wanted, want)
	j.spec.Stream, j.streamed = w, func() error {
		if archive != nil {
			if err := archive.end(); err != nil { // of nothing but empty files
				return err
			}
		}
		return w.check()
	}
}

// selection is what the flags say or, without them, the link. nil: all.
func (o *getOptions) selection(src *source) ([]bool, error) {
	if src.link == nil {
		return o.wanted(src.meta.Files, nil)
	}
	return o.wanted(src.meta.Files, src.link.Select)
}

// job is what the flags say about any torrent.
func (r *runner) job(src *source) *job {
	j := &job{source: torrent.Source{Meta: src.meta, Raw: src.raw, Link: src.link, PortableNames: r.o.portable, Local: src.local}}
	r.dress(j)
	return j
}

// dress adds to a job what the flags of this run say: its peers are those of an
// earlier run, too.
func (r *runner) dress(j *job) {
	r.peers.apply(&j.source)
	r.o.mirrorOptions.apply(&j.source)
	r.o.trackers.apply(&j.source)
	j.lookup.PeerNameFailed = r.peers.failed
	j.spec.Overwrite, j.spec.NoSync, j.spec.Prealloc = r.o.overwrite, r.o.noSync, r.o.prealloc
	j.spec.Seed = r.o.seeding()
	r.o.limit(&j.spec.Seeding)
	j.spec.Warn = r.warn
}

// warn prints what a torrent has to say that is no failure.
func (r *runner) warn(text string) { r.s.console.Warn(text) }

// expect is sums.expect; with one source, a digest without a file is noticed
// before anything is downloaded.
func (r *runner) expect(m *metainfo.Torrent, wanted []bool, sources int) (map[int][32]byte, error) {
	want, err := r.sums.expect(m, wanted)
	if err == nil && sources == 1 {
		err = r.sums.unused()
	}
	return want, err
}

// sumWriter passes the stream of -o - on and hashes the files in it that a
// digest is expected of.
type sumWriter struct {
	w     io.Writer
	m     *metainfo.Torrent
	want  map[int][32]byte
	order []int     // selected files with bytes
	left  int64     // of order[0]
	h     hash.Hash // nil: order[0] is not checked
	err   error     // the first mismatch
}

func newSumWriter(w io.Writer, m *metainfo.Torrent, wanted []bool, want map[int][32]byte) *sumWriter {
	s := &sumWriter{w: w, m: m, want: want}
	for i := range m.Files {
		f := &m.Files[i]
		if f.Pad || f.Symlink || wanted != nil && !wanted[i] {
			continue
		}
		if f.Length > 0 {
			s.order = append(s.order, i)
			continue
		}
		if digest, ok := want[i]; ok {
			s.fail(compareSum(m, i, sha256.Sum256(nil), digest))
		}
	}
	s.open()
	return s
}

// open begins the next file.
func (s *sumWriter) open() {
	s.h = nil
	if len(s.order) == 0 {
		return
	}
	s.left = s.m.Files[s.order[0]].Length
	if _, ok := s.want[s.order[0]]; ok {
		s.h = sha256.New()
	}
}

func (s *sumWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	for b := p[:n]; len(b) > 0 && len(s.order) > 0; {
		k := min(int64(len(b)), s.left)
		if s.h != nil {
			s.h.Write(b[:k])
		}
		b = b[k:]
		if s.left -= k; s.left > 0 {
			break
		}
		if s.h != nil {
			i := s.order[0]
			s.fail(compareSum(s.m, i, [32]byte(s.h.Sum(nil)), s.want[i]))
		}
		s.order = s.order[1:]
		s.open()
	}
	return n, err
}

func (s *sumWriter) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// check returns the first mismatch, once everything was written.
func (s *sumWriter) check() error { return s.err }
