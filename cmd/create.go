package cmd

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// torrentOptions say what a new torrent holds beside the data; create and seed
// share them.
type torrentOptions struct {
	name        string   // "" is the last part of the path
	trackers    []string // a tier each, its URLs separated by commas
	webSeeds    []string
	private     bool
	comment     string
	source      string
	pieceLength sizeValue // 0: chosen by the size
	noDate      bool      // nothing that differs between two runs
}

// addFlags describes the flags.
func (o *torrentOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "`NAME` of the file or folder in the torrent (default: that of PATH)")
	f.StringArrayVar(&o.trackers, "tracker", nil, "announce `URL`; may be repeated, each is a tier; several of one tier with commas")
	f.StringArrayVar(&o.webSeeds, "web-seed", nil, "`URL` of the same data over HTTP; may be repeated")
	f.BoolVar(&o.private, "private", false, "only the trackers may tell peers (BEP 27)")
	f.StringVar(&o.comment, "comment", "", "store `TEXT` as the comment")
	f.StringVar(&o.source, "source", "", "store `TEXT` as the source, which changes the info-hash")
	f.Var(&o.pieceLength, "piece-length", "bytes per piece; 0 chooses by the size")
	f.BoolVar(&o.noDate, "no-date", false, "store no date and no program name")
}

// createOptions are the flags of create.
type createOptions struct {
	torrentOptions
	progress progressOptions
	path     string // of the data
	output   string // "" is NAME.torrent here, "-" is stdout
	force    bool   // an existing torrent may be replaced
}

// newCreateCmd describes create; runF is runCreate, or a test's function.
func newCreateCmd(s *streams, runF func(context.Context, *createOptions, *streams) error) *cobra.Command {
	o := new(createOptions)
	c := &cobra.Command{
		Use:   "create [flags] PATH",
		Short: "Make a torrent of a file or a folder",
		Long: `Create makes a torrent of the file or folder PATH and prints the torrent's path.
Nothing is left out silently: what cannot be stored is an error. With --no-date
the same data and flags always give the same bytes.`,
		Example: examples("gotor create --tracker http://tracker.example:6969/announce disk.img",
			"gotor create -o - --private --source corp build/ > build.torrent"),
		Args: wantArgs(1, 1, "one PATH"),
		RunE: func(c *cobra.Command, args []string) error {
			o.path = args[0]
			return runF(c.Context(), o, s)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write the torrent to `FILE`; - is stdout (default: NAME.torrent here)")
	o.torrentOptions.addFlags(c)
	f.BoolVar(&o.force, "force", false, "overwrite an existing torrent")
	o.progress.addFlags(c)
	return c
}

// runCreate hashes the data and writes the torrent.
func runCreate(ctx context.Context, o *createOptions, s *streams) error {
	out, err := o.target(s)
	if err != nil {
		return err
	}
	// The display ends before anything is printed: a bar must not stand in the way.
	up := ui.StartDisplay(o.progress.display(s), 1)
	b, err := o.make(ctx, o.path, up, 0, s)
	up.Stop()
	if err != nil {
		return err
	}
	if out == "-" {
		_, err = s.out.Write(b)
		return err
	}
	if err := writeNew(out, b, o.force); err != nil {
		return err
	}
	_, err = io.WriteString(s.out, s.path(out)+"\n")
	return err
}

// make hashes the data at path, which is shown under an id, and returns the torrent
// of it. Errors of metainfo that lie in the options are wrong usage, all others are
// about files.
func (o *torrentOptions) make(ctx context.Context, path string, up *ui.Display, id int, s *streams) ([]byte, error) {
	opts := metainfo.CreateOptions{
		Name: o.name, PieceLength: int64(o.pieceLength), WebSeeds: o.webSeeds, Private: o.private,
		Comment: o.comment, Source: o.source,
	}
	// A flag each is a tier (BEP 12), which are asked one after the other; those in one
	// flag are of one tier, which are asked in any order.
	for _, tier := range o.trackers {
		opts.Trackers = append(opts.Trackers, strings.Split(tier, ","))
	}
	// Date and program are the only things that differ between two runs.
	if !o.noDate {
		opts.Date, opts.CreatedBy = s.now(), userAgent()
	}
	b, err := hashShown(ctx, path, opts, up, id)
	var bad *fs.PathError
	switch {
	case errors.Is(err, metainfo.ErrOption):
		return nil, record.WithCode(record.ExitUsage, err)
	case errors.As(err, &bad): // which is not always what was given: a file in a folder
		return nil, job.ReadError(bad.Path, err)
	case err != nil:
		return nil, record.WithCode(job.FileCode(err), err)
	}
	return b, nil
}

// target is where the torrent goes: stdout, a file, or NAME.torrent in a folder.
// An existing one is noticed here, before hours of hashing.
func (o *createOptions) target(s *streams) (string, error) {
	out := o.output
	if out == "-" {
		return out, s.wantOut()
	}
	if out == "" || job.IsDir(out) || job.EndsInSlash(out) {
		name := o.name
		if name == "" {
			abs, err := filepath.Abs(o.path) // . has a name, too
			if err != nil {
				return "", record.WithCode(job.FileCode(err), err)
			}
			name = filepath.Base(abs)
		}
		out = filepath.Join(out, name+".torrent")
	}
	if _, err := os.Lstat(out); err == nil && !o.force {
		return "", existsError(out)
	}
	return out, nil
}

// hashShown makes the torrent and shows it as a check: bytes hashed of bytes to
// hash.
func hashShown(ctx context.Context, path string, opts metainfo.CreateOptions, up *ui.Display, id int) ([]byte, error) {
	var done, total atomic.Int64
	opts.Progress = func(d, t int64) {
		done.Store(d)
		total.Store(t)
	}
	name := filepath.Base(path)
	up.Add(ui.Row{ID: id, Source: path, Snapshot: func() torrent.Snapshot {
		return torrent.Snapshot{Name: name, State: torrent.StateChecking, Checked: done.Load(), ToCheck: total.Load()}
	}})
	defer up.Remove(id) // seed shows the torrent itself in its place
	return metainfo.Create(ctx, path, opts)
}
