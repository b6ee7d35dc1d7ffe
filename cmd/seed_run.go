package cmd

import (
	"context"
	"fmt"
	"net"
	"os"

	"gotor/torrent/metainfo"
)

// runSeed uploads what is at a path.
func runSeed(ctx context.Context, o *seedOptions, s *streams) error {
	r, err := newRunner(ctx, &o.transferOptions, s, net.DefaultResolver)
	if err != nil {
		return err
	}
	t := task{label: o.source, prepare: func(ctx context.Context) (*job, error) { return o.prepareSource(ctx, r) }}
	if o.source == "" {
		t = task{label: o.path, prepare: func(ctx context.Context) (*job, error) { return o.prepareData(ctx, r) }}
	}
	return r.all(ctx, []task{t})
}

// prepareSource seeds the data of a torrent that exists.
func (o *seedOptions) prepareSource(ctx context.Context, r *runner) (*job, error) {
	l := &loader{s: r.s, insecure: o.insecure, portable: o.portable}
	src, err := l.load(ctx, o.source)
	if err != nil {
		return nil, err
	}
	if err := src.meta.CanDownload(); err != nil {
		return nil, fmt.Errorf("%s: %w", o.source, err)
	}
	wanted, err := selectFiles(src.meta.Files, o.files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.source, err)
	}
	return o.job(r, src, wanted)
}

// prepareData makes a torrent of the data and seeds it.
func (o *seedOptions) prepareData(ctx context.Context, r *runner) (*job, error) {
	raw, err := o.made.make(ctx, o.path, newPrinter(r.s, o.progress), r.s)
	if err != nil {
		return nil, err
	}
	m, err := metainfo.Options{PortableNames: o.portable}.Parse(raw)
	if err != nil {
		return nil, err
	}
	if o.torrent != "" {
		if err := writeSame(o.torrent, raw, m.InfoHash); err != nil {
			return nil, err
		}
	}
	return o.job(r, &source{raw: raw, meta: m, local: true}, nil)
}

// writeSame writes a torrent to a file, unless the file holds the same torrent
// already, perhaps with another date: then this is not the first run.
func writeSame(path string, raw []byte, infoHash [20]byte) error {
	if old, err := os.ReadFile(path); err == nil {
		if m, err := metainfo.Parse(old); err == nil && m.InfoHash == infoHash {
			return nil
		}
		return codef(exitFile, "%s exists already and is another torrent; choose another with --torrent, or remove it", path)
	}
	return writeNew(path, raw, false)
}

// job is the work with the data where it lies.
func (o *seedOptions) job(r *runner, src *source, wanted []bool) (*job, error) {
	j := &job{magnet: src.meta.Magnet(), spec: r.spec(src.meta, src.raw, wanted)}
	var err error
	if j.spec.Dir, j.spec.Rename, err = locate(src.meta, o.path); err != nil {
		return nil, err
	}
	j.spec.Flat = src.meta.Multi && j.spec.Rename == ""
	j.spec.Local, j.spec.SeedOnly, j.spec.SuperSeed = src.local, true, o.super
	return j, nil
}
