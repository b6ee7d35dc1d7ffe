package cmd

import (
	"fmt"
	"io"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// outcome is how one source ended: what programs are told, and what else get,
// resume and seed have to know of it.
type outcome struct {
	record.Result

	arg      string // the source, with its secrets: for --exec
	complete bool   // the files are there, whatever --exec makes of them
}

// newOutcome is that of a source of which nothing is known yet.
func newOutcome(arg string, insecure bool) *outcome {
	return &outcome{Result: record.NewResult(arg, insecure), arg: arg}
}

// report prints the outcome of one source: the record or the paths on stdout,
// and the record on stderr where progress is JSON. streamed: stdout carries the
// bytes, so the record goes to stderr.
func (r *outcome) report(s *streams, o *transferOptions, perFile, streamed bool) error {
	if streamed {
		if o.json || o.events() {
			s.console.Event(&r.Result)
		}
		return nil
	}
	if err := writeResult(s, o, &r.Result); err != nil || o.json || !r.complete {
		return err
	}
	return writePaths(s, r.Path, r.Files, perFile)
}

// announce says that seeding has begun: link prints a line with the magnet link,
// which is what others need, or there is a record with it.
func (r *outcome) announce(s *streams, o *transferOptions, magnet string, link func(line string) error) error {
	r.Magnet = magnet
	begun := r.Result // the record of the end is another one
	begun.Event = "seeding"
	if err := writeResult(s, o, &begun); err != nil || o.json {
		return err
	}
	return link(magnet + "\n")
}

// writeResult prints a record wherever one was asked for.
func writeResult(s *streams, o *transferOptions, r *record.Result) error {
	if o.events() {
		s.console.Event(r)
	}
	if o.json {
		return writeJSON(s.out, r)
	}
	return nil
}

// events reports whether stderr carries JSON.
func (o *transferOptions) events() bool { return o.progress.mode == ui.ModeJSON && !o.progress.quiet }

// writePaths prints the final path, or that of each file, in one write.
func writePaths(s *streams, root string, files []record.File, perFile bool) error {
	if !perFile {
		_, err := io.WriteString(s.out, s.path(root)+"\n")
		return err
	}
	// In one write: with several sources at a time, the paths of one stay together.
	var b []byte
	for _, f := range files {
		b = fmt.Appendln(b, s.path(f.Path))
	}
	_, err := s.out.Write(b)
	return err
}
