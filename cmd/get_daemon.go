package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/remote"
	"gotor/cmd/ui"
)

// This file is get --daemon: a daemon downloads, and we wait for it as for a download
// of our own.

// forDaemon are the flags of get that say something to a daemon, or to us beside one;
// what the others say is up to the daemon.
func forDaemon(flag string) bool {
	switch flag {
	case "daemon", "socket", "url", "token-file", "output", "input-file", "flat", "files", "exclude", "first", "overwrite", "sha256",
		"max-down", "max-up", "seed", "seed-ratio", "seed-time", "seed-idle", "tracker", "peer", "mirror", "header", "insecure",
		"timeout", "stall-timeout", "peer-timeout", "metadata-timeout", "progress", "quiet", "json", "exec", "ipv4-only", "ipv6-only", "help":
		return true
	}
	return false
}

// checkDaemon refuses flags that were given here and mean nothing to a daemon. What
// the environment says is for all commands.
func (o *getOptions) checkDaemon(f *pflag.FlagSet) error {
	var wrong error
	f.Visit(func(f *pflag.Flag) {
		if wrong == nil && f.Annotations[originKey] == nil && !forDaemon(f.Name) {
			wrong = record.Usagef("--%s is up to the daemon; leave it out with --daemon", f.Name)
		}
	})
	switch {
	case wrong != nil:
		return wrong
	case o.output == "-":
		return record.Usagef("-o - needs the bytes here, and a daemon has them there; gotor ctl link makes a URL of a file")
	}
	return nil
}

// daemonGetter carries out one get by a daemon.
type daemonGetter struct {
	o      *getOptions
	s      *streams
	daemon *remote.Client
	loader *job.Loader
	up     *ui.Display
	limits patience // what each begins with
	rows   *followed
}

// runGetDaemon has a daemon download all sources, and waits for them.
func runGetDaemon(ctx context.Context, o *getOptions, s *streams) error {
	d, err := o.daemonOptions.open(s)
	if err != nil {
		return err
	}
	defer d.Close()
	g := &daemonGetter{o: o, s: s, daemon: d, loader: s.loader(o.Family), rows: newFollowed(d)}
	g.loader.Insecure = o.insecure
	g.loader.Header, _ = job.ParseHeaders(o.headers) // checked before
	g.limits = newPatience(o, s)
	g.up = ui.StartDisplay(o.progress.display(s), len(o.sources))
	errs := g.all(ctx)
	g.up.Stop()
	err = worst(errs)
	if sig, ok := err.(interrupted); ok {
		return fmt.Errorf("%w before everything was verified; the daemon goes on with it", sig)
	}
	return err
}

// all adds the sources in their order, and waits for all of them.
func (g *daemonGetter) all(ctx context.Context) []error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(g.o.sources))
	var waiting, following sync.WaitGroup
	following.Go(func() {
		if err := g.rows.run(ctx, g.s.lost); err != nil {
			cancel(err)
		}
	})
	for i, arg := range g.o.sources {
		res := newOutcome(arg, g.o.insecure)
		t, err := g.add(ctx, arg)
		if err != nil {
			errs[i] = g.end(ctx, i, res, nil, err)
			continue
		}
		w := g.rows.watch(t)
		waiting.Go(func() { errs[i] = g.wait(ctx, i, res, w) })
	}
	waiting.Wait()
	cancel(nil)
	following.Wait()
	return errs
}

// add hands one source to the daemon.
func (g *daemonGetter) add(ctx context.Context, arg string) (*record.Torrent, error) {
	t, existing, err := addSource(ctx, g.daemon, g.loader, arg, g.request)
	if err != nil {
		return nil, err
	}
	// Somebody has put it aside, or it had failed: who asks for it now wants it.
	if existing && (t.Paused || t.State == record.StateFailed) {
		if t, err = g.daemon.Do(ctx, t.ID, remote.Start); err != nil {
			return nil, fmt.Errorf("%s: %w", job.Label(arg), err)
		}
	}
	return t, nil
}

// request is what the daemon is asked for, but for the source itself.
func (g *daemonGetter) request(src *job.Source) (a record.Add, err error) {
	o := g.o
	a = record.Add{
		Flat: o.flat, Overwrite: o.overwrite, SHA256: o.sha256,
		Trackers: o.trackers.urls(), Mirrors: o.mirrors,
	}
	for _, v := range o.peers {
		a.Peers = append(a.Peers, strings.FieldsFunc(v, func(c rune) bool { return c == ',' || c == ' ' })...)
	}
	var ok bool
	if a.Dir, a.Name, ok = o.destination().Place(src.Meta); !ok {
		return a, record.Usagef("-o %s: with --daemon and a link it names a folder: write %s/", o.output, o.output)
	}
	if a.Dir != "" && o.url == "" { // a folder of this machine
		if a.Dir, err = filepath.Abs(a.Dir); err != nil {
			return a, err
		}
	}
	if a.Files, err = job.JoinLists(o.Files); err != nil {
		return a, err
	}
	for _, p := range []struct {
		lists    []string
		priority string
	}{{o.First, "high"}, {o.Exclude, "skip"}} {
		for _, l := range p.lists {
			a.Priorities = append(a.Priorities, record.FilePriority{Files: l, Priority: p.priority})
		}
	}
	if o.maxDown > 0 || o.maxUp > 0 {
		a.Limits = &record.RateLimits{MaxDown: int64(o.maxDown), MaxUp: int64(o.maxUp)}
	}
	a.Seed = o.seedGoal()
	return a, nil
}

// seedGoal is what the flags say of the time after; nil: as the daemon thinks right.
func (o *getOptions) seedGoal() *record.SeedGoal {
	if !o.seeding() {
		return nil
	}
	g := &record.SeedGoal{Mode: "forever"}
	if o.limited() {
		g.Mode = "limits"
	}
	if o.ratio.set {
		g.Ratio = &o.ratio.v
	}
	g.Time, g.Idle = o.seedTime.seconds(), o.seedIdle.seconds()
	return g
}

// seconds is nil where nothing was given.
func (v *timeValue) seconds() *int64 {
	if !v.set {
		return nil
	}
	n := int64(v.d.Seconds())
	return &n
}

// wait shows one torrent until it is complete, or will not be, and reports it.
func (g *daemonGetter) wait(ctx context.Context, id int, res *outcome, w *watched) error {
	g.up.Add(ui.Row{ID: id, Source: res.arg, Snapshot: w.snapshot})
	err := g.rows.load(ctx, w)
	if err == nil {
		err = g.await(ctx, w)
	}
	return g.end(ctx, id, res, w, err)
}

// await waits for one torrent.
func (g *daemonGetter) await(ctx context.Context, w *watched) error {
	p := g.limits
	for {
		t, gone := w.now()
		if gone {
			return record.Errorf(record.ExitOther, "%s was removed from the daemon", t.Name)
		}
		now := g.s.now()
		done, again, err := p.judge(now, t)
		if done {
			return err
		}
		if err := pause(ctx, w.changed(t), now, again); err != nil {
			return err
		}
	}
}

// pause waits for news, at the latest until a time (zero: whenever it comes).
func pause(ctx context.Context, news <-chan struct{}, now, until time.Time) error {
	var late <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(until.Sub(now))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-news:
	case <-late:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// end reports how one source ended: the record or the paths, then a line for its
// error. The error that it returns is for the exit code.
func (g *daemonGetter) end(ctx context.Context, id int, res *outcome, w *watched, err error) error {
	if w != nil {
		sn := w.snapshot()
		res.Fill(&sn)
		t, _ := w.now()
		res.Name, res.InfoHash, res.InfoHashV2 = t.Name, t.ID, t.IDV2
		g.up.Finished(id, err)
		if err == nil {
			res.complete, res.Path = true, record.Path(t.Path)
			res.Files, err = g.files(ctx, t)
		}
		if err == nil {
			err = runHook(ctx, g.s, g.o.exec, res)
		}
	}
	var sig interrupted
	if errors.As(context.Cause(ctx), &sig) && err != nil {
		err = sig
	}
	res.End(err)
	if printed := res.report(g.s, &g.o.transferOptions, g.o.flat || g.o.given(), false); err == nil {
		err = printed
	}
	g.up.Over(id, endingOf(err))
	if err == nil || silent(err) || errors.As(err, &sig) {
		return err
	}
	g.s.console.Error(err)
	return reported{err}
}

// files are those that were downloaded, with their final paths.
func (g *daemonGetter) files(ctx context.Context, t *record.Torrent) ([]record.File, error) {
	list, err := g.daemon.Files(ctx, t.ID)
	if err != nil {
		return []record.File{}, err
	}
	out := []record.File{}
	for _, f := range list {
		if f.Priority != "skip" {
			out = append(out, record.File{Index: f.Index, Path: record.Path(filePath(t, &f)), Length: f.Length})
		}
	}
	return out, nil
}

// filePath is where a file of a torrent lies: the path of a torrent is that of its
// single file, or the folder of all.
func filePath(t *record.Torrent, f *record.TorrentFile) string {
	if t.Files == 1 && t.Folder == "" && t.Path != t.Dir {
		return t.Path
	}
	return filepath.Join(t.Path, filepath.FromSlash(f.Path))
}
