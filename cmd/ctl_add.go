package cmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/remote"
	"gotor/torrent/metainfo"
)

// addOptions are the flags of ctl add.
type addOptions struct {
	add            record.Add
	files          []string
	maxDown, maxUp rateValue
	trackers       addedTrackers
	headers        []string
	insecure       bool
}

const ctlAddLong = `Add hands torrents to the daemon and prints the info-hash of each on stdout. A
SOURCE is as for gotor get: files, URLs and standard input are read here, what a
link leads to is found by the daemon. One that is there already stays as it is.

A torrent goes where the daemon's settings say, or into --dir, a folder of the
daemon. It is on the daemon's disk when its info-hash is printed: nothing can lose
it any more.`

func ctlAdd() *ctlVerb {
	o := new(addOptions)
	return &ctlVerb{
		use: "add [flags] SOURCE...", short: "Add torrents", long: ctlAddLong,
		examples: []string{"gotor ctl add debian.torrent", "id=$(gotor ctl add --paused --label linux 'magnet:?xt=urn:btih:...')"},
		args:     wantArgs(1, -1, "at least one SOURCE"), others: torrentArgs,
		flags: o.addFlags,
		run: func(ctx context.Context, c *control, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			var err error
			if o.add.Dir, err = c.folder(o.add.Dir); err != nil {
				return err
			}
			return o.all(ctx, c, args)
		},
	}
}

func (o *addOptions) addFlags(f *pflag.FlagSet) {
	a := &o.add
	f.StringVar(&a.Dir, "dir", "", "download into `DIR`, a folder of the daemon")
	f.StringVar(&a.Name, "name", "", "call the file or folder `NAME`")
	f.BoolVar(&a.Flat, "flat", false, "leave out the torrent's own folder")
	f.StringArrayVar(&o.files, "files", nil, "only the files in `LIST`; see gotor help files")
	f.BoolVar(&a.Paused, "paused", false, "do not begin yet")
	f.BoolVar(&a.StartNow, "now", false, "begin at once, whoever waits")
	f.StringArrayVar(&a.Labels, "label", nil, "give it the label `NAME`; may be repeated")
	f.Var(&o.maxDown, "max-down", "download at most so much per second, like 500K (bytes) or 10Mbit; 0: no limit")
	f.Var(&o.maxUp, "max-up", "upload at most so much per second, like 500K (bytes) or 10Mbit; 0: no limit")
	f.BoolVar(&a.Sequential, "sequential", false, "download the pieces in their order")
	f.BoolVar(&a.Check, "check", false, "hash what is there, whatever is remembered of it")
	f.BoolVar(&a.Overwrite, "overwrite", false, "replace files that hold other data")
	f.StringArrayVar(&a.SHA256, "sha256", nil, "expected SHA-256 of a file: `[PATH=]HEX`; may be repeated")
	o.trackers.addFlag(f, "announce to")
	f.StringArrayVar(&a.Peers, "peer", nil, "add the peer `HOST:PORT` by hand; may be repeated")
	f.StringArrayVar(&a.Mirrors, "mirror", nil, "download from the web server at `URL` too; may be repeated")
	f.StringArrayVar(&o.headers, "header", nil, "send `'NAME: VALUE'` to the server of SOURCE, to nobody else; may be repeated")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates of SOURCE")
}

// check refuses what no daemon would take.
func (o *addOptions) check(sources []string) error {
	a := &o.add
	if len(sources) > 1 && a.Name != "" {
		return record.Usagef("--name is for one torrent; give one SOURCE")
	}
	if err := job.CheckMirrors(a.Mirrors); err != nil {
		return err
	}
	a.Trackers = o.trackers.urls()
	if err := job.CheckTrackers(a.Trackers); err != nil {
		return err
	}
	if _, err := job.ParseHeaders(o.headers); err != nil {
		return err
	}
	if len(o.headers) > 0 {
		if err := job.OneOrigin(sources, nil); err != nil {
			return err
		}
	}
	var err error
	if a.Files, err = job.JoinLists(o.files); err != nil {
		return err
	}
	if o.maxDown > 0 || o.maxUp > 0 {
		a.Limits = &record.RateLimits{MaxDown: int64(o.maxDown), MaxUp: int64(o.maxUp)}
	}
	return nil
}

// all adds the sources one after the other: what fails is told at once, and does not
// keep the others.
func (o *addOptions) all(ctx context.Context, c *control, sources []string) error {
	l := c.s.loader(job.Family{})
	l.Insecure = o.insecure
	l.Header, _ = job.ParseHeaders(o.headers) // checked before
	var first error
	for _, arg := range sources {
		err := o.one(ctx, c, l, arg)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || len(sources) == 1 {
			return err
		}
		c.s.console.Error(err)
		if first == nil {
			first = reported{err}
		}
	}
	return first
}

// one adds one source and tells of it.
func (o *addOptions) one(ctx context.Context, c *control, l *job.Loader, arg string) error {
	t, existing, err := addSource(ctx, c.daemon, l, arg, func(*job.Source) (record.Add, error) { return o.add, nil })
	if err != nil {
		return err
	}
	what := "added"
	if existing {
		what = "is there already"
	}
	if err := c.changed(t, what); err != nil || c.json {
		return err
	}
	_, err = io.WriteString(c.s.out, record.Safe(t.ID)+"\n")
	return err
}

// addSource reads a source and hands it to a daemon. request is what is asked for
// beside the source.
func addSource(ctx context.Context, d *remote.Client, l *job.Loader, arg string, request func(*job.Source) (record.Add, error)) (t *record.Torrent, existing bool, err error) {
	src, err := l.Open(ctx, arg)
	if err != nil {
		return nil, false, err
	}
	if err := src.Usable(); err != nil {
		return nil, false, fmt.Errorf("%s: %w", job.Label(arg), err)
	}
	a, err := request(src)
	if err != nil {
		return nil, false, err
	}
	if a.Raw = src.Raw; a.Raw == nil {
		a.Source = metainfo.TrimLink(src.Arg) // of a URL that redirects to a link, the URL
	}
	if t, existing, err = d.Add(ctx, a); err != nil {
		return nil, false, fmt.Errorf("%s: %w", job.Label(arg), err)
	}
	return t, existing, nil
}
