package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"gotor/cmd/term"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// task is one download of a run: what the user called it, and how to find out
// what it is.
type task struct {
	label string // the argument; it may hold secrets
	// prepare loads the torrent and decides where its files go. It may take its
	// time (a URL), and ends with ctx.
	prepare func(ctx context.Context) (*job, error)
}

// job is a download, or data to be seeded, that is ready to start.
type job struct {
	spec    torrent.Spec
	perFile bool   // stdout gets a line per file
	magnet  string // of data to be seeded: what stdout gets instead of paths
	// streamed checks what went to stdout; nil unless the job streams.
	streamed func() error
}

// runner carries out tasks; get, resume and seed share it.
type runner struct {
	// Immutable once newRunner has returned.
	s     *streams
	o     *transferOptions
	sums  *sums
	peers []netip.AddrPort // of --peer, looked up
	start time.Time        // when total began
	total time.Duration    // limit for the whole run; 0: none
	stall time.Duration    // limit without a verified byte; 0: none
	lone  time.Duration    // limit without peers; 0: none

	client func() (*torrent.Client, error) // made when the first job needs it
	made   *torrent.Client                 // by client; nil if it was not needed
	up     *updater
	cancel context.CancelCauseFunc // stops all jobs
	kept   atomic.Bool             // a job that was interrupted left something to go on with

	mu    sync.Mutex
	begun map[[20]byte]string // guarded by mu; what each torrent was called first
}

// newRunner checks what needs more than the flags themselves: files and names.
// The client, which opens a port and starts workers, waits for a source that can
// be downloaded.
func newRunner(ctx context.Context, o *transferOptions, s *streams, r resolver) (*runner, error) {
	run := &runner{s: s, o: o, start: s.now(), begun: map[[20]byte]string{}}
	run.total, run.stall, run.lone = o.limits(s.errTTY)
	var err error
	if run.sums, err = parseSums(o.sha256, o.sha256sums); err != nil {
		return nil, err
	}
	if run.peers, err = parsePeers(ctx, o.peers, r); err != nil {
		return nil, err
	}
	if o.seeding() {
		if err = o.uploadOptions.prepare(); err != nil {
			return nil, err
		}
	}
	run.client = sync.OnceValues(func() (*torrent.Client, error) {
		cfg := torrent.Config{
			Port: int(o.port), MaxMemory: int64(o.maxMemory), MaxDown: int64(o.maxDown), Name: userAgent(), Insecure: o.insecure,
		}
		o.configure(&cfg, s, o.seeding())
		c, err := torrent.NewClient(cfg)
		run.made = c
		return c, err
	})
	return run, nil
}

// all runs the tasks, at most --jobs at a time and begun in their order, and
// returns the error of the run. What went wrong with a source is reported
// already; what is left to print is that a signal came.
func (r *runner) all(ctx context.Context, tasks []task) error {
	errs := r.each(ctx, tasks)
	if len(tasks) > 1 {
		errs = append(errs, r.sums.unused())
	}
	err := worst(errs)
	sig, ok := err.(interrupted)
	switch {
	case ok && r.kept.Load():
		return fmt.Errorf("%w before everything was verified; the same command goes on from here", sig)
	case ok:
		return fmt.Errorf("%w before everything was verified", sig)
	}
	return err
}

// each runs the tasks and returns their errors. When it returns, nothing of
// this run goes on: the display, the client and its connections have ended.
func (r *runner) each(ctx context.Context, tasks []task) []error {
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	r.up = startUpdater(newPrinter(r.s, r.o.progress), len(tasks))
	if r.o.insecure {
		r.s.console.warn("TLS certificates are not verified (--insecure)")
	}
	errs := make([]error, len(tasks))
	places := semaphore.NewWeighted(int64(r.o.jobs))
	var wg sync.WaitGroup
	for i, t := range tasks {
		if places.Acquire(ctx, 1) != nil {
			errs[i] = explain(ctx, context.Canceled)
			continue
		}
		wg.Go(func() {
			// What seeds has been downloaded: its place is for the next.
			loaded := sync.OnceFunc(func() { places.Release(1) })
			defer loaded()
			errs[i] = r.one(ctx, t, loaded)
		})
	}
	wg.Wait()
	r.up.stop()
	if r.made != nil {
		r.made.Close() // says goodbye to trackers, 2 s at most
	}
	return errs
}

// worst is the error that decides about the exit code: that we had to stop,
// else the first in the order of the command line.
func worst(errs []error) error {
	var first error
	for _, err := range errs {
		var sig interrupted
		if errors.Is(err, errStdoutGone) || errors.As(err, &sig) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// one carries out a task from beginning to end and reports it: the record or
// the paths, then a line for its error. loaded is called when it is only to seed
// from now on. The error it returns is for the exit code.
func (r *runner) one(ctx context.Context, t task, loaded func()) error {
	res := &result{V: eventVersion, Event: "result", Source: term.Redact(t.label), arg: t.label, Files: []resultFile{}, Trackers: []trackerEvent{}, Insecure: r.o.insecure}
	j, tor, err := r.begin(ctx, t)
	if err == nil {
		err = r.finish(ctx, t, j, tor, res)
	}
	err = explain(ctx, err)
	res.end(err)
	printed := r.report(j, res)
	if errors.Is(printed, errStdoutGone) {
		r.cancel(printed)
		err = printed
	}
	if err == nil {
		err = printed
	}
	if err == nil && j.spec.Seed {
		loaded()
		err = r.seed(ctx, j, tor, res)
	}
	if tor != nil {
		tor.Stop() // it may have to seed, although its command failed
		r.up.remove(t.label)
	}
	return r.complain(err, j, tor)
}

// complain prints the error of a task, unless another line tells it.
func (r *runner) complain(err error, j *job, tor *torrent.Torrent) error {
	if err == nil || silent(err) {
		return err
	}
	var sig interrupted
	if errors.As(err, &sig) {
		if tor != nil && j.spec.Stream == nil && !j.spec.SeedOnly {
			r.kept.Store(true)
		}
		return sig // one line for all, printed at the end
	}
	r.s.console.error(err)
	return reported{err}
}

// report prints how a task has gone so far.
func (r *runner) report(j *job, res *result) error {
	switch {
	case j == nil:
		return res.report(r.s, r.o, false, false)
	case j.magnet != "" && res.complete:
		return res.announce(r.s, r.o, j.magnet)
	}
	return res.report(r.s, r.o, j.perFile, j.spec.Stream != nil)
}

// begin prepares a task and hands it to the engine. The job is not nil once it
// is prepared, the torrent once it runs.
func (r *runner) begin(ctx context.Context, t task) (*job, *torrent.Torrent, error) {
	left := time.Duration(0)
	if r.total > 0 {
		left = max(r.total-r.s.now().Sub(r.start), 1)
		var stop func()
		ctx, stop = context.WithTimeoutCause(ctx, left, torrent.ErrTimeout)
		defer stop()
	}
	j, err := t.prepare(ctx)
	if errors.Is(context.Cause(ctx), torrent.ErrTimeout) {
		return nil, nil, fmt.Errorf("%s: %w", t.label, torrent.ErrTimeout)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	c, err := r.client()
	if err != nil {
		return j, nil, withCode(exitOther, err) // a port below 1024 is no file
	}
	if !j.spec.SeedOnly {
		j.spec.StallTimeout, j.spec.PeerTimeout = r.stall, r.lone
	}
	j.spec.Timeout = left
	tor, err := c.Add(j.spec)
	if err != nil {
		return j, nil, fmt.Errorf("%s: %w", t.label, err)
	}
	r.up.add(row{source: t.label, snapshot: tor.Snapshot})
	return j, tor, nil
}

// finish waits for a download and does what comes after it: the digests of a
// stream, the command of --exec, or the story of why it failed. When ctx ends,
// the download is stopped in good order first.
func (r *runner) finish(ctx context.Context, t task, j *job, tor *torrent.Torrent, res *result) error {
	m := j.spec.Meta
	res.Name, res.InfoHash = m.Name, fmt.Sprintf("%x", m.InfoHash)
	select {
	case <-tor.Done():
	case <-ctx.Done():
		tor.Stop()
		<-tor.Done()
	}
	err := tor.Err()
	sn := tor.Snapshot()
	res.fill(&sn)
	if err == nil && j.streamed != nil {
		err = j.streamed()
	}
	if j.spec.Stream == nil {
		res.Path = tor.Root()
	}
	res.Files = selectedFiles(m, j, tor)
	r.up.finished(t.label, err)
	if res.complete = err == nil; res.complete {
		return runHook(ctx, r.s, r.o.exec, res)
	}
	if _, stopped := interruptOf(ctx); !stopped && lonely(err) {
		explainFailure(r.s.console, &sn)
	}
	return fmt.Errorf("%s: %w", sn.Name, err)
}

// lonely reports whether the reason for an error lies with trackers and peers.
func lonely(err error) bool {
	for _, e := range []error{torrent.ErrNoPeers, torrent.ErrNoTracker, torrent.ErrStalled, torrent.ErrTimeout} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// seed keeps a complete torrent going until the user stops it or one of its
// limits is reached; neither is a failure.
func (r *runner) seed(ctx context.Context, j *job, tor *torrent.Torrent, res *result) error {
	select {
	case <-ctx.Done():
		tor.Stop()
	case <-tor.Stopped(): // its time is over
	}
	<-tor.Stopped()
	sn := tor.Snapshot()
	r.s.console.note(sn.Name + ": " + seededText(&sn))
	if j.magnet == "" {
		return nil // it was reported as a download
	}
	res.fill(&sn)
	return res.record(r.s, r.o)
}

// claim fails when the torrent was given before: its files cannot be written
// twice.
func (r *runner) claim(infoHash [20]byte, label string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.begun[infoHash]; ok {
		return usagef("%s: the same torrent as %s", label, first)
	}
	r.begun[infoHash] = label
	return nil
}

// selectedFiles lists the files of a job with their final paths.
func selectedFiles(m *metainfo.Torrent, j *job, tor *torrent.Torrent) []resultFile {
	out := []resultFile{}
	for i := range m.Files {
		f := &m.Files[i]
		if f.Pad || f.Symlink || j.spec.Wanted != nil && !j.spec.Wanted[i] {
			continue
		}
		path := f.SlashPath()
		if j.spec.Stream == nil {
			path = tor.Path(i)
		}
		out = append(out, resultFile{Index: i, Path: path, Length: f.Length})
	}
	return out
}
