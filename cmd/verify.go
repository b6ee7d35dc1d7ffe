package cmd

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	selectOptions
	headerOption
	progress progressOptions
	source   string
	path     string // of the data, see job.Locate
	json     bool
	insecure bool
	portable bool // names on disk are as --portable-names made them
}

// newVerifyCmd describes verify; runF is runVerify, or a test's function.
func newVerifyCmd(s *streams, runF func(context.Context, *verifyOptions, *streams) error) *cobra.Command {
	o := new(verifyOptions)
	c := &cobra.Command{
		Use:        "verify [flags] SOURCE PATH",
		SuggestFor: []string{"check"},
		Short:      "Check data against a torrent, without writing",
		Long: `Verify hashes the data at PATH and compares it with the torrent SOURCE. PATH is
the file, the torrent's folder, or the folder that holds one of them. Nothing is
written, whatever is found.

The code is 0 when every file is complete and right. Otherwise each bad file is
printed on stdout with what is wrong, and the code is 8.`,
		Example: examples("gotor verify debian.torrent ~/Downloads", "gotor verify --json build.torrent build/ | jq .bad_pieces"),
		Args:    wantArgs(2, 2, "SOURCE and PATH"), ValidArgsFunction: torrentThenData,
		RunE: func(c *cobra.Command, args []string) error {
			o.source, o.path = args[0], args[1]
			if err := o.headerOption.check(c.Flags(), o.source); err != nil {
				return err
			}
			return runF(c.Context(), o, s)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	o.selectOptions.addFlags(f)
	o.headerOption.addFlag(f)
	f.BoolVar(&o.portable, "portable-names", false, "the data was laid out with --portable-names")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates")
	o.progress.addFlags(c)
	return c
}

// runVerify compares data with a torrent. Nothing here or below writes: storage
// is opened for reading only.
func runVerify(ctx context.Context, o *verifyOptions, s *streams) error {
	// Before anything is said: with -q or --progress json it is said otherwise.
	p := o.progress.display(s)
	l := s.loader(job.Family{})
	l.Insecure, l.Portable, l.Header = o.insecure, o.portable, o.header()
	src, err := l.Load(ctx, o.source)
	if err != nil {
		return err
	}
	m := src.Meta
	if err := m.CanDownload(); err != nil {
		return fmt.Errorf("%s: %w", o.source, err)
	}
	wanted, err := o.Wanted(m.Files, nil)
	if err != nil {
		return err
	}
	// As they were laid out: on some disks names are cut, or told apart, otherwise.
	m = torrent.FitNames(m, o.path)
	spec := torrent.CheckSpec{Meta: m, Wanted: wanted}
	if spec.Dir, spec.Top, err = job.Locate(m, o.path); err != nil {
		return err
	}
	report, err := check(ctx, spec, p)
	if err != nil {
		return err
	}
	return printVerify(s, m, report, o.json)
}

// check hashes with a bar.
func check(ctx context.Context, spec torrent.CheckSpec, p ui.Printer) (*torrent.CheckReport, error) {
	var done, total atomic.Int64
	spec.Progress = func(d, t int64) {
		done.Store(d)
		total.Store(t)
	}
	up := ui.StartDisplay(p, 1)
	defer up.Stop()
	// There is no Torrent to ask for a snapshot: a check is a bar and nothing else.
	up.Add(ui.Row{Source: spec.Dir, Snapshot: func() torrent.Snapshot {
		return torrent.Snapshot{Name: spec.Meta.Name, InfoHash: fmt.Sprintf("%x", spec.Meta.InfoHash), State: torrent.StateChecking,
			Checked: done.Load(), ToCheck: total.Load(), Pieces: spec.Meta.NumPieces()}
	}})
	return torrent.Check(ctx, spec)
}

// printVerify prints what a check found and makes it an error where it is bad.
func printVerify(s *streams, m *metainfo.Torrent, c *torrent.CheckReport, json bool) (err error) {
	rec := record.NewVerify(m, c)
	if json {
		err = writeJSON(s.out, rec)
	} else {
		_, err = io.WriteString(s.out, ui.VerifyText(m, c))
	}
	if err != nil || rec.OK {
		return err
	}
	return record.Errorf(record.ExitMismatch, "%s does not match: %s of %d, %s", rec.Name, ui.Count(len(rec.BadPieces), "bad piece"), rec.Pieces,
		ui.Count(len(rec.Files), "bad file"))
}
