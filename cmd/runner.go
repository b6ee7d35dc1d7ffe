package cmd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"gotor/cmd/job"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// task is one download of a run: what the user called it, and how to find out
// what it is.
type task struct {
	id    int    // place among the tasks of the run; set by runner.each
	label string // the argument; it may hold secrets
	bad   error  // what a first look found wrong with it: then it is reported at once
	// prepare loads the torrent and decides where its files go. It may take its
	// time (a URL), and ends with ctx.
	prepare func(ctx context.Context) (*work, error)
}

// work is a download, or data to be seeded, that is ready to be added.
type work struct {
	job.Job
	// plan decides what is done with what a link leads to, and fills in the rest of
	// the job; nil where that is known from the start.
	plan    func(raw []byte, m *metainfo.Torrent) error
	begun   bool   // by the engine
	perFile bool   // stdout gets a line per file
	magnet  string // of data to be seeded: what stdout gets instead of paths
	// streamed checks what went to stdout; nil unless the job streams.
	streamed func() error
	// turn is given back when the task ends; nil before it is begun.
	turn *turn
}

// runner carries out tasks; get, resume and seed share it.
type runner struct {
	// Immutable once newRunner has returned.
	s     *streams
	o     *transferOptions
	sums  *job.Sums
	terms *job.Terms
	start time.Time     // when total began
	total time.Duration // limit for the whole run; 0: none
	stall time.Duration // limit without a verified byte; 0: none
	lone  time.Duration // limit without peers; 0: none

	client func() (*torrent.Client, error) // made when the first job needs it
	made   *torrent.Client                 // by client; nil if it was not needed
	up     *ui.Display
	trace  *ui.Tracer              // nil: nobody wants to know
	cancel context.CancelCauseFunc // stops all jobs
	kept   atomic.Bool             // a job that was interrupted left something to go on with
	links  *inOrder                // of what is seeded, to stdout; by id of the tasks

	mu    sync.Mutex
	turns map[[20]byte]*turn // guarded by mu; of each torrent
}

// newRunner checks what needs more than the flags themselves, such as files.
// The client, which opens a port and starts workers, waits for a source that can
// be downloaded.
func newRunner(o *transferOptions, s *streams) (*runner, error) {
	run := &runner{s: s, o: o, start: s.now(), turns: map[[20]byte]*turn{}, links: newInOrder(s.out)}
	run.trace = o.verbose.tracer(s.console)
	run.total, run.stall, run.lone = o.limits(s.errTTY)
	var err error
	if run.sums, err = job.ParseSums(o.sha256, o.sha256sums); err != nil {
		return nil, err
	}
	peers, err := o.ParsePeers(o.peers, s.console.Warn)
	if err != nil {
		return nil, err
	}
	run.terms = o.terms(peers, s.console.Warn)
	// A state folder that cannot be made is noticed before hours of downloading.
	if o.seeding() {
		if err = o.uploadOptions.prepare(); err != nil {
			return nil, err
		}
	}
	run.client = sync.OnceValues(func() (*torrent.Client, error) {
		cfg := torrent.Config{
			Port: int(o.port), MaxMemory: int64(o.maxMemory), MaxDown: int64(o.maxDown), Name: userAgent(), Insecure: o.insecure,
		}
		o.uploadOptions.configure(&cfg, s, o.seeding())
		if err := o.discoverOptions.configure(&cfg, s, o.seeding()); err != nil {
			return nil, err
		}
		o.verbose.configure(&cfg, run.trace)
		c, err := torrent.NewClient(cfg)
		run.made = c
		return c, err
	})
	return run, nil
}

// all runs the tasks, at most --jobs at a time and begun in their order, fewer where the
// process may open few files, and returns the error of the run. What went wrong with a
// source is reported already; what is left to print is that a signal came.
func (r *runner) all(ctx context.Context, tasks []task) error {
	errs := r.each(ctx, tasks)
	// With several sources a digest may be for any of them; that it was for none is
	// known now only. With one, plan has noticed it.
	if len(tasks) > 1 {
		errs = append(errs, r.sums.Unused())
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
	r.up = ui.StartDisplay(r.o.progress.display(r.s), len(tasks))
	r.trace.Start()
	if r.o.insecure {
		r.s.console.Warn("TLS certificates are not verified (--insecure)")
	}
	errs := make([]error, len(tasks))
	places := semaphore.NewWeighted(int64(min(r.o.jobs, torrent.Room())))
	var wg sync.WaitGroup
	for _, i := range badFirst(tasks) {
		t := tasks[i]
		// The places are given out in the order of the arguments, here and not in the
		// goroutines, where chance would decide.
		if places.Acquire(ctx, 1) != nil {
			errs[i] = explain(ctx, context.Canceled)
			continue
		}
		t.id = i
		wg.Go(func() {
			// What seeds has been downloaded: its place is for the next.
			loaded := sync.OnceFunc(func() { places.Release(1) })
			defer loaded()
			errs[i] = r.one(ctx, t, loaded)
		})
	}
	wg.Wait()
	// In this order: the last lines come after the bar is gone, and the last events of
	// the engine after its end.
	r.up.Stop()
	if r.made != nil {
		r.made.Close() // says goodbye to trackers, 2 s at most
	}
	r.trace.Stop()
	return errs
}

// badFirst are the places of the tasks in the order in which they are begun: what
// will fail anyway is said before the first download, which may take hours.
func badFirst(tasks []task) []int {
	order := make([]int, 0, len(tasks))
	for i := range tasks {
		if tasks[i].bad != nil {
			order = append(order, i)
		}
	}
	for i := range tasks {
		if tasks[i].bad == nil {
			order = append(order, i)
		}
	}
	return order
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
