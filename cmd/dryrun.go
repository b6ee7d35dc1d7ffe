package cmd

import (
	"context"
	"encoding/hex"
	"fmt"

	"gotor/cmd/term"
	"gotor/torrent"
)

// dryRecord is the object of get --dry-run --json: what a download would do.
type dryRecord struct {
	V        int          `json:"v"`
	Event    string       `json:"event"` // "dry_run"
	Source   string       `json:"source"`
	Name     string       `json:"name"`
	InfoHash string       `json:"info_hash"`
	Path     string       `json:"path,omitempty"` // none with -o -
	Files    []resultFile `json:"files"`
	Wanted   int64        `json:"wanted"` // bytes of the files
	Need     int64        `json:"need"`   // of these, bytes that have no place on the disk yet
	Free     *int64       `json:"free"`   // bytes there are room for; null: not known
	Fits     bool         `json:"fits"`
}

// dry tells what get would do with each source, and does none of it: no folder is
// made, no byte of data is asked for. What a link leads to is looked up.
func (o *getOptions) dry(ctx context.Context, r *runner, l *loader) error {
	newPrinter(r.s, o.progress) // for what it tells the console: -q, or lines of JSON
	var first error
	for _, arg := range o.sources {
		err := o.dryOne(ctx, r, l, arg)
		if err == nil {
			continue
		}
		if silent(err) || ctx.Err() != nil {
			return err
		}
		r.s.console.error(err)
		if first == nil {
			first = reported{err}
		}
	}
	return first
}

func (o *getOptions) dryOne(ctx context.Context, r *runner, l *loader, arg string) error {
	look := lookupOptions{limit: o.metaTime, peers: o.peers, trackers: o.trackers, insecure: o.insecure, progress: o.progress, discoverOptions: o.discoverOptions}
	src, err := look.openKnown(ctx, l, arg)
	if err != nil {
		return err
	}
	if err := src.usable(); err != nil {
		return fmt.Errorf("%s: %w", shortArg(arg), err)
	}
	j, err := o.plan(r, src)
	if err != nil {
		return fmt.Errorf("%s: %w", shortArg(arg), err)
	}
	return o.foretell(r.s, arg, j)
}

// foretell prints what a job would do, and fails where the disk has no room for it.
func (o *getOptions) foretell(s *streams, arg string, j *job) error {
	f := torrent.Foresee(j.spec)
	rec := dryRecord{V: eventVersion, Event: "dry_run", Source: term.Redact(arg), Name: j.spec.Meta.Name,
		InfoHash: hex.EncodeToString(j.spec.Meta.InfoHash[:]), Path: f.Root, Files: []resultFile{}, Need: f.Need, Fits: f.Fits()}
	for _, file := range f.Files {
		rec.Files = append(rec.Files, resultFile{Index: file.Index, Path: file.Path, Length: file.Length})
		rec.Wanted += file.Length
	}
	if f.Free >= 0 {
		rec.Free = &f.Free
	}
	if j.spec.Stream != nil { // nothing is written
		rec.Path, rec.Free, rec.Need, rec.Fits = "", nil, 0, true
	}
	if err := o.sayDry(s, &rec, j); err != nil {
		return err
	}
	if !rec.Fits {
		return fmt.Errorf("%s: %w: it needs %s, and %s are free in %s", rec.Name, torrent.ErrNoSpace, term.Bytes(f.Need), term.Bytes(f.Free), j.spec.Dir)
	}
	return nil
}

// sayDry prints a record, or the paths that get would print and a line about them.
func (o *getOptions) sayDry(s *streams, rec *dryRecord, j *job) error {
	if o.json {
		return writeJSON(s.out, rec)
	}
	text := fmt.Sprintf("%s: would download %s, %s", rec.Name, count(len(rec.Files), "file"), term.Bytes(rec.Wanted))
	switch {
	case rec.Path == "":
		text += " to standard output"
	case rec.Need < rec.Wanted:
		text += fmt.Sprintf(", of which %s may be here already", term.Bytes(rec.Wanted-rec.Need))
	}
	if rec.Free != nil {
		text += fmt.Sprintf("; %s free", term.Bytes(*rec.Free))
	}
	s.console.note(text)
	if rec.Path == "" {
		return nil
	}
	paths := result{Path: rec.Path, Files: rec.Files}
	return paths.writePaths(s, j.perFile)
}
