package cmd

import (
	"context"
	"fmt"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
)

// dry tells what get would do with each source, and does none of it: no folder is
// made, no byte of data is asked for. What a link leads to is looked up.
func (g *getter) dry(ctx context.Context) error {
	o, r := g.o, g.r
	o.progress.display(r.s) // for what it tells the console: -q, or lines of JSON
	var first error
	for _, arg := range o.sources {
		err := g.dryOne(ctx, arg)
		if err == nil {
			continue
		}
		if silent(err) || ctx.Err() != nil {
			return err // nobody reads, or nobody waits: the others would be in vain
		}
		r.s.console.Error(err)
		if first == nil {
			first = reported{err}
		}
	}
	return first
}

func (g *getter) dryOne(ctx context.Context, arg string) error {
	o := g.o
	// A link is looked up as show does it, by a client that holds no payload and that
	// nobody can connect to.
	look := lookupOptions{limit: o.metaTime, peers: o.peers, trackers: o.trackers, insecure: o.insecure, progress: o.progress, discoverOptions: o.discoverOptions}
	src, err := look.openKnown(ctx, g.r.s, g.l, arg)
	if err != nil {
		return err
	}
	if err := src.Usable(); err != nil {
		return fmt.Errorf("%s: %w", job.Label(arg), err)
	}
	j := &work{Job: g.r.terms.Prepare(src)}
	if err := g.plan(j, src); err != nil {
		return fmt.Errorf("%s: %w", job.Label(arg), err)
	}
	return g.foretell(arg, j)
}

// foretell prints what a job would do, and fails where the disk has no room for it.
func (g *getter) foretell(arg string, j *work) error {
	f := torrent.Foresee(j.Meta, j.Spec.Place, j.Spec.Wanted)
	rec := record.NewDryRun(arg, j.Meta, f)
	if j.Spec.Stream != nil {
		rec.ToStream()
	}
	if err := g.sayDry(&rec, j); err != nil {
		return err
	}
	// Said after the record: a program wants the numbers most when they do not fit.
	if !rec.Fits {
		return fmt.Errorf("%s: %w: it needs %s, and %s are free in %s", rec.Name, torrent.ErrNoSpace, ui.Bytes(f.Need), ui.Bytes(f.Free), j.Spec.Dir)
	}
	return nil
}

// sayDry prints a record, or the paths that get would print and a line about them.
func (g *getter) sayDry(rec *record.DryRun, j *work) error {
	s := g.r.s
	if g.o.json {
		return writeJSON(s.out, rec)
	}
	text := fmt.Sprintf("%s: would download %s, %s", rec.Name, ui.Count(len(rec.Files), "file"), ui.Bytes(rec.Wanted))
	// The line is talk, so that stdout has nothing but the paths that get would print.
	switch {
	case rec.Path == "":
		text += " to standard output"
	case rec.Need < rec.Wanted:
		text += fmt.Sprintf(", of which %s may be here already", ui.Bytes(rec.Wanted-rec.Need))
	}
	if rec.Free != nil {
		text += fmt.Sprintf("; %s free", ui.Bytes(*rec.Free))
	}
	s.console.Note(text)
	if rec.Path == "" {
		return nil
	}
	return writePaths(s, rec.Path, rec.Files, j.perFile)
}
