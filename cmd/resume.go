package cmd

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// resumeOptions are the flags of resume.
type resumeOptions struct {
	transferOptions
	paths []string // see torrent.Unfinished
}

// newResumeCmd describes resume; runF is runResume, or a test's function.
func newResumeCmd(s *streams, runF func(context.Context, *resumeOptions, *streams) error) *cobra.Command {
	o := new(resumeOptions)
	c := &cobra.Command{
		Use:   "resume [flags] PATH...",
		Short: "Go on with interrupted downloads from their folder alone",
		Long: `Resume goes on with a download that was stopped, however that happened. Each PATH
is what get would have printed (the file or the torrent's folder), or a folder;
then every unfinished download in it goes on. What was selected and how it was
laid out is remembered beside the data. Where nothing is unfinished, nothing is
left to do: the code is 0.`,
		Example: examples("gotor resume disk.img", "gotor resume ~/Downloads"),
		Args:    wantArgs(1, -1, "at least one PATH"),
		RunE: func(c *cobra.Command, args []string) error {
			o.paths = args
			if err := o.mirrorOptions.check(nil); err != nil {
				return err
			}
			if err := o.check(len(args)); err != nil {
				return err
			}
			return runF(c.Context(), o, s)
		},
	}
	o.addFlags(c)
	return c
}

// runResume goes on with everything that was begun at the paths.
func runResume(ctx context.Context, o *resumeOptions, s *streams) error {
	r, err := newRunner(&o.transferOptions, s)
	if err != nil {
		return err
	}
	var tasks []task
	for _, path := range o.paths {
		found, err := torrent.Unfinished(path, o.keyDir(s))
		if errors.Is(err, torrent.ErrNothingUnfinished) { // so it is as it should be
			s.console.Note(err.Error())
			continue
		}
		if err != nil {
			// The others are not begun: a path that is wrong is noticed at once.
			return record.WithCode(job.FileCode(err), err)
		}
		// Of a folder, each unfinished download is a task of its own.
		for _, left := range found {
			tasks = append(tasks, task{label: resumeLabel(path, left, len(found)), prepare: func(context.Context) (*work, error) {
				src, spec, err := left.Load()
				if err != nil {
					return nil, err
				}
				j := &work{Job: job.Job{Source: src, Spec: spec}}
				return j, o.plan(r, j, len(o.paths)*len(found))
			}})
		}
	}
	if len(tasks) == 0 {
		return nil
	}
	return r.all(ctx, tasks)
}

// resumeLabel is what a download is called: the path that was given, or its own
// one when there are more in that folder.
func resumeLabel(path string, left torrent.Leftover, n int) string {
	if n == 1 {
		return path
	}
	return filepath.Join(left.Dir, left.Name)
}

// plan adds what the flags say to what the earlier run left: selection and
// layout are its, limits and manners are this run's, peers are both's.
func (o *resumeOptions) plan(r *runner, j *work, tasks int) error {
	want, err := r.expect(j.Source.Meta, j.Spec.Wanted, tasks)
	if err != nil {
		return err
	}
	r.terms.Apply(&j.Job)
	j.Check(j.Source.Meta, want)
	j.perFile = j.Spec.Flat || someLeftOut(j.Meta, j.Spec.Wanted)
	return nil
}

// someLeftOut reports whether a selection leaves out anything that would go to
// disk.
func someLeftOut(m *metainfo.Torrent, wanted []bool) bool {
	for i, yes := range wanted {
		if f := &m.Files[i]; !yes && !f.Pad && !f.Symlink {
			return true
		}
	}
	return false
}
