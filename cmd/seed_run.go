package cmd

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// runSeed uploads what is at the paths.
func runSeed(ctx context.Context, o *seedOptions, s *streams) error {
	r, err := newRunner(&o.transferOptions, s)
	if err != nil {
		return err
	}
	r.client = saysPort(r.client, s.console)
	tasks := make([]task, len(o.items))
	for i := range o.items {
		item := &o.items[i]
		tasks[i] = task{label: item.label(), prepare: func(ctx context.Context) (*job, error) {
			if item.source == "" {
				return o.prepareData(ctx, r, item.path, i)
			}
			return o.prepareSource(ctx, r, item)
		}}
	}
	return r.all(ctx, tasks)
}

// saysPort makes a client that says where it listens: whoever names it with --peer
// needs that, and so does who opens the port in a firewall.
func saysPort(client func() (*torrent.Client, error), c *ui.Console) func() (*torrent.Client, error) {
	return sync.OnceValues(func() (*torrent.Client, error) {
		made, err := client()
		switch {
		case err != nil:
		case made.Port() == 0:
			c.Note("listening on no port: only peers that it finds can download")
		default:
			c.Note(fmt.Sprintf("listening on port %d", made.Port()))
		}
		return made, err
	})
}

// prepareSource seeds the data of a torrent that exists.
func (o *seedOptions) prepareSource(ctx context.Context, r *runner, item *seedItem) (*job, error) {
	l := &loader{s: r.s, insecure: o.insecure, portable: o.portable, only: o.familyOptions}
	src, err := l.load(ctx, item.source)
	if err != nil {
		return nil, err
	}
	if err := src.meta.CanDownload(); err != nil {
		return nil, fmt.Errorf("%s: %w", item.source, err)
	}
	wanted, err := o.wanted(src.meta.Files, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", item.source, err)
	}
	src.meta = torrent.FitNames(src.meta, item.path)
	dir, top, err := locate(src.meta, item.path)
	if err != nil {
		return nil, err
	}
	return o.job(r, src, wanted, dir, top), nil
}

// prepareData makes a torrent of the data at path and seeds it. id is that of its
// task.
func (o *seedOptions) prepareData(ctx context.Context, r *runner, path string, id int) (*job, error) {
	looks := look(ctx, path) // before a byte is read: whatever changes from now on is seen
	raw, err := o.made.make(ctx, path, r.up, id, r.s)
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
	dir, top := path, "" // what the path is needs no guess here
	if !m.Multi {
		dir, top = filepath.Dir(path), filepath.Base(path)
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
		return record.Errorf(record.ExitFile, "%s exists already and is another torrent; choose another with %s, or remove it", path, flag)
	}
	return writeNew(path, raw, false)
}

// job is the work with the data where it lies.
func (o *seedOptions) job(r *runner, src *source, wanted []bool, dir, top string) *job {
	j := r.job(src)
	j.meta, j.magnet = src.meta, o.trackers.link(src.meta)
	j.spec.Dir, j.spec.Rename, j.spec.Flat = dir, top, src.meta.Multi && top == ""
	j.spec.Wanted = wanted
	j.spec.SeedOnly, j.spec.SuperSeed = true, o.super
	return j
}
