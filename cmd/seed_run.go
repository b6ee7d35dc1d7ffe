package cmd

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"gotor/cmd/job"
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
		tasks[i] = task{label: item.label(), prepare: func(ctx context.Context) (*work, error) {
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
func (o *seedOptions) prepareSource(ctx context.Context, r *runner, item *seedItem) (*work, error) {
	l := r.s.loader(o.Family)
	l.Insecure, l.Portable = o.insecure, o.portable
	src, err := l.Load(ctx, item.source)
	if err != nil {
		return nil, err
	}
	if err := src.Meta.CanDownload(); err != nil {
		return nil, fmt.Errorf("%s: %w", item.source, err)
	}
	wanted, err := o.Wanted(src.Meta.Files, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", item.source, err)
	}
	src.Meta = torrent.FitNames(src.Meta, item.path)
	dir, top, err := job.Locate(src.Meta, item.path)
	if err != nil {
		return nil, err
	}
	return o.job(r, src, wanted, dir, top), nil
}

// prepareData makes a torrent of the data at path and seeds it. id is that of its
// task.
func (o *seedOptions) prepareData(ctx context.Context, r *runner, path string, id int) (*work, error) {
	looks := job.LookAt(ctx, path) // before a byte is read: whatever changes from now on is seen
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
	j := o.job(r, &job.Source{Raw: raw, Meta: m, Local: true}, nil, dir, top)
	j.Spec.Verified = make([]fs.FileInfo, len(m.Files))
	for i := range m.Files {
		name := "."
		if m.Multi {
			name = m.Files[i].SlashPath()
		}
		j.Spec.Verified[i] = looks[name]
	}
	return j, nil
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
func (o *seedOptions) job(r *runner, src *job.Source, wanted []bool, dir, top string) *work {
	j := &work{Job: r.terms.Prepare(src), magnet: job.MagnetWith(src.Meta, o.trackers.urls())}
	j.InPlace(src.Meta, dir, top, o.super)
	j.Choose(wanted, nil)
	return j
}
