package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gotor/cmd/job"
	"gotor/torrent/metainfo"
)

// getter carries out one get.
type getter struct {
	o *getOptions
	r *runner
	l *job.Loader // of all sources
}

// runGet downloads all sources.
func runGet(ctx context.Context, o *getOptions, s *streams) error {
	if o.daemon {
		return runGetDaemon(ctx, o, s)
	}
	if o.output == "-" {
		if err := s.wantOut(); err != nil {
			return err
		}
	}
	r, err := newRunner(&o.transferOptions, s)
	if err != nil {
		return err
	}
	l := s.loader(o.Family)
	l.Insecure, l.Portable = o.insecure, o.portable
	l.Header, _ = job.ParseHeaders(o.headers) // checked before
	g := &getter{o, r, l}
	if o.dryRun { // checked as a run is, up to here
		return g.dry(ctx)
	}
	tasks := make([]task, len(o.sources))
	for i, arg := range o.sources {
		tasks[i] = task{label: arg, bad: g.look(ctx, arg), prepare: func(ctx context.Context) (*work, error) {
			src, err := l.Open(ctx, arg)
			if err != nil {
				return nil, err
			}
			return g.prepare(ctx, src)
		}}
	}
	return r.all(ctx, tasks)
}

// look says what is wrong with a source that can be looked at without asking
// anybody, where there are several. It keeps nothing: a list may be long.
func (g *getter) look(ctx context.Context, arg string) error {
	if !g.o.many() {
		return nil
	}
	fi, err := os.Stat(arg)
	if arg == "-" || job.IsURL(arg) || err == nil && !fi.Mode().IsRegular() && !fi.IsDir() {
		return nil // what can be read only once is read when its turn comes
	}
	src, err := g.l.Quiet().Open(ctx, arg)
	if err == nil {
		err = src.Usable()
	}
	return err
}

// prepare makes a job of a source. What a link leads to is planned later, as any
// other torrent is.
func (g *getter) prepare(ctx context.Context, src *job.Source) (*work, error) {
	if err := src.Usable(); err != nil {
		return nil, fmt.Errorf("%s: %w", job.Label(src.Arg), err)
	}
	if src.Link != nil {
		return g.await(ctx, src)
	}
	j := &work{Job: g.r.terms.Prepare(src)}
	if err := g.plan(j, src); err != nil {
		return nil, fmt.Errorf("%s: %w", src.Arg, err)
	}
	return j, nil
}

// await makes a job of a link.
func (g *getter) await(ctx context.Context, src *job.Source) (*work, error) {
	o, r := g.o, g.r
	limit := metadataLimit(o.metaTime, r.s.errTTY)
	if !src.Link.HasV1 {
		// A public key (BEP 46): the DHT says which torrent it means today. The client that
		// asks is the one that downloads, so that its nodes are used for both.
		c, err := r.client()
		if err != nil {
			return nil, err
		}
		if err := src.Follow(ctx, c, limit, r.s.console.Note); err != nil {
			return nil, err
		}
	}
	j := &work{Job: r.terms.Prepare(src)}
	j.Lookup.MetadataTimeout, j.Lookup.Fetch = limit, g.l.FetchLinked
	if o.output == "-" {
		j.Spec.Stream = r.s.out // so that nobody looks for files; plan puts what is around it
	} else {
		j.Lookup.Dir = o.destination().StateFolder()
	}
	j.plan = func(raw []byte, m *metainfo.Torrent) error {
		g.l.Oddities(m)
		return g.plan(j, &job.Source{Arg: src.Arg, Raw: raw, Meta: m, Link: src.Link, Local: src.Local})
	}
	return j, nil
}

// plan decides what of a torrent is downloaded, and where to.
func (g *getter) plan(j *work, src *job.Source) error {
	o, m := g.o, src.Meta
	wanted, err := o.Wanted(m.Files, src.Selected())
	if err != nil {
		return err
	}
	// Kept as soon as it is known: a download may fail, and a link may be of no use later.
	if err := g.keepTorrent(src); err != nil {
		return err
	}
	first, err := o.FirstOf(m.Files, wanted)
	if err != nil {
		return err
	}
	want, err := g.r.expect(m, wanted, len(o.sources))
	if err != nil {
		return err
	}
	j.Meta, j.perFile = m, o.flat || wanted != nil
	j.Choose(wanted, first)
	if o.output == "-" {
		g.stream(j, m, wanted, want)
		return nil
	}
	j.ToFiles(m, o.destination(), want)
	return nil
}

// destination is where the flags want the files.
func (o *getOptions) destination() job.Destination {
	return job.Destination{Output: o.output, Flat: o.flat, Several: o.many()}
}

// keepTorrent writes the .torrent where --save-torrent says: into a folder as
// NAME.torrent. The same torrent may be there already.
func (g *getter) keepTorrent(src *job.Source) error {
	o := g.o
	if o.save == "" || o.dryRun {
		return nil
	}
	path := o.save
	if job.EndsInSlash(path) {
		if err := os.MkdirAll(path, 0o777); err != nil {
			return job.FileError("make", path, err)
		}
	}
	if job.IsDir(path) {
		path = filepath.Join(path, src.Meta.Name+".torrent")
	}
	return writeSame(path, src.Raw, src.Meta.InfoHash, "--save-torrent")
}

// stream makes j send the verified bytes to stdout.
func (g *getter) stream(j *work, m *metainfo.Torrent, wanted []bool, want map[int][32]byte) {
	out := g.r.s.out
	growPipe(out) // fewer switches between us and the reader
	var archive *job.TarWriter
	if g.o.tar {
		archive = job.NewTarWriter(out, m, wanted, g.o.flat)
		out = archive
	}
	w := job.NewSumWriter(out, m, wanted, want)
	j.Spec.Stream, j.streamed = w, func() error {
		if archive != nil {
			if err := archive.End(); err != nil { // of nothing but empty files
				return err
			}
		}
		return w.Check()
	}
}

// expect is Sums.Expect; with one source, a digest without a file is noticed
// before anything is downloaded.
func (r *runner) expect(m *metainfo.Torrent, wanted []bool, sources int) (map[int][32]byte, error) {
	want, err := r.sums.Expect(m, wanted)
	if err == nil && sources == 1 {
		err = r.sums.Unused()
	}
	return want, err
}
