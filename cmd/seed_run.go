package cmd

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"gotor/cmd/job"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// seeder carries out one seed.
type seeder struct {
	o *seedOptions
	r *runner
}

// runSeed uploads what is at the paths.
func runSeed(ctx context.Context, o *seedOptions, s *streams) error {
	r, err := newRunner(&o.transferOptions, s)
	if err != nil {
		return err
	}
	r.client = saysPort(r.client, s.console)
	sd := &seeder{o, r}
	tasks := make([]task, len(o.items))
	for i := range o.items {
		item := &o.items[i]
		tasks[i] = task{label: item.label(), prepare: func(ctx context.Context) (*work, error) {
			if item.source == "" {
				return sd.prepareData(ctx, item.path, i)
			}
			return sd.prepareSource(ctx, item)
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
func (sd *seeder) prepareSource(ctx context.Context, item *seedItem) (*work, error) {
	o := sd.o
	l := sd.r.s.loader(o.Family)
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
	// The names as they are on this disk, where the data is looked for.
	src.Meta = torrent.FitNames(src.Meta, item.path)
	dir, top, err := job.Locate(src.Meta, item.path)
	if err != nil {
		return nil, err
	}
	return sd.work(src, wanted, dir, top), nil
}

// prepareData makes a torrent of the data at path and seeds it. id is that of its
// task.
func (sd *seeder) prepareData(ctx context.Context, path string, id int) (*work, error) {
	o, r := sd.o, sd.r
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
	j := sd.work(&job.Source{Raw: raw, Meta: m, Local: true}, nil, dir, top)
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

// work is what is done with the data where it lies.
func (sd *seeder) work(src *job.Source, wanted []bool, dir, top string) *work {
	j := &work{Job: sd.r.terms.Prepare(src), magnet: job.MagnetWith(src.Meta, sd.o.trackers.urls())}
	j.InPlace(src.Meta, dir, top, sd.o.super)
	j.Choose(wanted, nil)
	return j
}
