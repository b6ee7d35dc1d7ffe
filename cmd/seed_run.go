package cmd

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// runSeed uploads what is at a path.
func runSeed(ctx context.Context, o *seedOptions, s *streams) error {
	r, err := newRunner(&o.transferOptions, s)
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
	l := &loader{s: r.s, insecure: o.insecure, portable: o.portable, only: o.familyOptions}
	src, err := l.load(ctx, o.source)
	if err != nil {
		return nil, err
	}
	if err := src.meta.CanDownload(); err != nil {
		return nil, fmt.Errorf("%s: %w", o.source, err)
	}
	wanted, err := o.wanted(src.meta.Files, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.source, err)
	}
	src.meta = torrent.FitNames(src.meta, o.path)
	dir, top, err := locate(src.meta, o.path)
	if err != nil {
		return nil, err
	}
	return o.job(r, src, wanted, dir, top), nil
}

// prepareData makes a torrent of the data and seeds it.
func (o *seedOptions) prepareData(ctx context.Context, r *runner) (*job, error) {
	looks := look(ctx, o.path) // before a byte is read: whatever changes from now on is seen
	raw, err := o.made.make(ctx, o.path, newPrinter(r.s, o.progress), r.s)
	if err != nil {
		return nil, err
	}
	m, err := metainfo.Options{PortableNames: o.portable}.Parse(raw)
	if err != nil {
		return nil, err
	}
	if o.torrent != "" {
		if err := writeSame(o.torrent, raw, m.InfoHash, "--torrent"); err != nil {
			return nil, err
		}
	}
	dir, top := o.path, "" // what the path is needs no guess here
	if !m.Multi {
		dir, top = filepath.Dir(o.path), filepath.Base(o.path)
	}
	j := o.job(r, &source{raw: raw, meta: m, local: true}, nil, dir, top)
	j.spec.Verified = make([]fs.FileInfo, len(m.Files))
	for i := range m.Files {
		name := "."
		if m.Multi {
			name = m.Files[i].SlashPath()
		}
		j.spec.Verified[i] = looks[name]
	}
	return j, nil
}

// look says what the files at path look like, by their names below it, with
// slashes; "." is path itself. What cannot be seen is left out: whoever needs it
// will find the reason.
func look(ctx context.Context, path string) map[string]fs.FileInfo {
	looks := map[string]fs.FileInfo{}
	if fi, err := os.Stat(path); err != nil || !fi.IsDir() {
		looks["."] = fi
		return looks
	}
	fs.WalkDir(os.DirFS(path), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if fi, err := d.Info(); err == nil {
				looks[name] = fi
			}
		}
		return ctx.Err()
	})
	return looks
}

// writeSame writes a torrent to a file, unless the file holds the same torrent
// already, perhaps with another date: then this is not the first run. flag is the
// one that named it.
func writeSame(path string, raw []byte, infoHash [20]byte, flag string) error {
	if old, err := os.ReadFile(path); err == nil {
		if m, err := metainfo.Parse(old); err == nil && m.InfoHash == infoHash {
			return nil
		}
		return codef(exitFile, "%s exists already and is another torrent; choose another with %s, or remove it", path, flag)
	}
	return writeNew(path, raw, false)
}

// job is the work with the data where it lies.
func (o *seedOptions) job(r *runner, src *source, wanted []bool, dir, top string) *job {
	spec := r.spec(src.meta, src.raw, wanted)
	spec.Dir, spec.Rename, spec.Flat = dir, top, src.meta.Multi && top == ""
	spec.Local, spec.SeedOnly, spec.SuperSeed = src.local, true, o.super
	return &job{magnet: o.trackers.link(src.meta), spec: spec}
}
