package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// This file is the life of one task, from its argument to its last line.

// one carries out a task from beginning to end and reports it: the record or
// the paths, then a line for its error. loaded is called when it is only to seed
// from now on. The error it returns is for the exit code.
func (r *runner) one(ctx context.Context, t task, loaded func()) error {
	defer r.links.put(t.id, "")
	res := newOutcome(t.label, r.o.insecure)
	j, tor, err := r.begin(ctx, t)
	if j != nil {
		defer j.turn.give(tor)
	}
	if err == nil {
		err = r.finish(ctx, t, j, tor, res)
	}
	// From here on the record tells the truth about the end, also if nobody reads it.
	err = explain(ctx, err)
	res.End(err)
	// Data that is seeded is announced when others can find it, which may take a while:
	// the next task need not wait for that.
	if err == nil && j.magnet != "" {
		loaded()
		r.awaitFinders(ctx, tor, res)
	}
	printed := r.report(t.id, j, res)
	// Nobody reads what the others would print, so none of them goes on.
	if errors.Is(printed, errStdoutGone) {
		r.cancel(printed)
		err = printed
	}
	if err == nil {
		err = printed
	}
	if err == nil && j.Spec.Seed {
		loaded()
		err = r.seed(ctx, j, tor, res)
	}
	if tor != nil {
		tor.Stop() // it may have to seed, although its command failed
	}
	r.up.Over(t.id, endingOf(err))
	return r.complain(err, j, tor)
}

// endingOf is what the display is told of an error.
func endingOf(err error) ui.Ending {
	var sig interrupted
	switch {
	case errors.As(err, &sig):
		return ui.EndedEarly
	case err != nil:
		return ui.EndedBadly
	}
	return ui.EndedWell
}

// complain prints the error of a task, unless another line tells it.
func (r *runner) complain(err error, j *work, tor *torrent.Torrent) error {
	if err == nil || silent(err) {
		return err
	}
	var sig interrupted
	if errors.As(err, &sig) {
		// What is left on disk can be gone on with: not a stream, nor data that was there
		// before, and not before it is known what there is to download.
		if tor != nil && j.Meta != nil && j.Spec.Stream == nil && !j.Spec.SeedOnly {
			r.kept.Store(true)
		}
		return sig // one line for all, printed at the end
	}
	r.s.console.Error(err)
	return reported{err}
}

// report prints how the task with that id has gone so far.
func (r *runner) report(id int, j *work, res *outcome) error {
	switch {
	case j == nil:
		return res.report(r.s, r.o, false, false)
	case j.magnet != "" && res.complete:
		return res.announce(r.s, r.o, j.magnet, func(line string) error { return r.links.put(id, line) })
	}
	return res.report(r.s, r.o, j.perFile, j.Spec.Stream != nil)
}

// begin makes a task ready and hands it to the engine. The job is not nil once it
// has its turn, the torrent once it is added.
func (r *runner) begin(ctx context.Context, t task) (*work, *torrent.Torrent, error) {
	j, err := r.ready(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	c, err := r.client()
	if err != nil {
		return j, nil, record.WithCode(record.ExitOther, err) // a port below 1024 is no file
	}
	// Of the time for the whole run, a task gets what is left when its turn comes.
	j.Lookup.Timeout = r.left()
	tor, err := c.Add(j.Source, j.Lookup)
	if err != nil {
		return j, nil, fmt.Errorf("%s: %w", job.Label(t.label), err)
	}
	r.up.Add(ui.Row{ID: t.id, Source: t.label, Snapshot: tor.Snapshot, Givers: tor.Givers})
	return j, tor, nil
}

// ready prepares a task and waits for its turn.
func (r *runner) ready(ctx context.Context, t task) (*work, error) {
	if left := r.left(); left > 0 {
		var stop func()
		ctx, stop = context.WithTimeoutCause(ctx, left, torrent.ErrTimeout)
		defer stop()
	}
	j, err := t.prepare(ctx)
	// A source that was read while the time ran out is not begun any more.
	if err == nil && ctx.Err() == nil {
		if err = r.take(ctx, j, t.label); err == nil {
			return j, nil
		}
	}
	if errors.Is(context.Cause(ctx), torrent.ErrTimeout) {
		return nil, fmt.Errorf("%s: %w", job.Label(t.label), r.overtime())
	}
	if err == nil {
		err = ctx.Err()
	}
	return nil, err
}

// left is how much of the time for the whole run is left, at least 1 ns; 0 when
// there is no limit.
func (r *runner) left() time.Duration {
	if r.total <= 0 {
		return 0
	}
	return max(r.total-r.s.now().Sub(r.start), 1)
}

// run waits until it is known what a job is about, has the engine do it, and waits for
// the outcome. When ctx ends, the download is stopped in good order first; waits is how
// it stood then.
func (r *runner) run(ctx context.Context, j *work, tor *torrent.Torrent) (waits torrent.Snapshot, err error) {
	if err := r.launch(ctx, j, tor); err != nil {
		tor.Stop()
		<-tor.Done()
		return waits, err
	}
	select {
	case <-tor.Done():
	case <-ctx.Done():
		waits = tor.Snapshot() // before the stop, which ends connections and forgets why it waited
		tor.Stop()
		<-tor.Done()
	}
	return waits, tor.Err()
}

// launch begins a torrent as soon as it is known. When the torrent or ctx ends first,
// it is not begun, which is no error here.
func (r *runner) launch(ctx context.Context, j *work, tor *torrent.Torrent) error {
	if !awaitKnown(ctx, tor) {
		return nil
	}
	if j.plan != nil {
		if err := j.plan(tor.Metainfo()); err != nil {
			return err
		}
	}
	// What is only seeded waits for nobody: it has all it wants.
	if !j.Spec.SeedOnly {
		j.Spec.StallTimeout, j.Spec.PeerTimeout = r.stall, r.lone
	}
	j.Spec.Timeout = r.left()
	if err := tor.Begin(j.Spec); err != nil {
		return err
	}
	j.begun = true
	return nil
}

// awaitKnown waits until it is known what a torrent is, and reports whether it is: the
// torrent or ctx may end first.
func awaitKnown(ctx context.Context, tor *torrent.Torrent) bool {
	select {
	case <-tor.Known():
	case <-tor.Done():
	case <-ctx.Done():
	}
	select {
	case <-tor.Known(): // which goes before the others
		return true
	default:
		return false
	}
}

// finish has a job done and does what comes after it: the digests of a
// stream, the command of --exec, or the story of why it failed.
func (r *runner) finish(ctx context.Context, t task, j *work, tor *torrent.Torrent, res *outcome) error {
	waits, err := r.run(ctx, j, tor)
	sn := tor.Snapshot()
	res.Fill(&sn)
	res.Peers = tor.Givers()
	res.Name, res.InfoHash = sn.Name, sn.InfoHash
	if err == nil && j.streamed != nil {
		err = j.streamed()
	}
	if m := j.Meta; j.begun {
		res.Name, res.Files = m.Name, selectedFiles(m, j, tor)
		if m.HasV2 {
			res.InfoHashV2 = record.Hex(m.InfoHashV2[:])
		}
		if j.Spec.Stream == nil {
			res.Path = record.Path(tor.Root())
		}
	}
	r.up.Finished(t.id, err)
	if res.complete = err == nil; res.complete {
		return runHook(ctx, r.s, r.o.exec, res)
	}
	switch _, stopped := interruptOf(ctx); {
	case !stopped && lonely(err) && !plain(err, &sn):
		ui.Explain(r.s.console, &sn)
	case stopped && ui.Stuck(&waits):
		ui.Explain(r.s.console, &waits)
	}
	return fmt.Errorf("%s: %w", sn.Name, r.advise(err, j))
}

// lonely reports whether the reason for an error lies with trackers and peers.
func lonely(err error) bool {
	for _, e := range []error{torrent.ErrNoMetadata, torrent.ErrNoPeers, torrent.ErrNoTracker, torrent.ErrNoMirror, torrent.ErrStalled, torrent.ErrTimeout} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// seed keeps a complete torrent going until the user stops it, one of its limits
// is reached, or a later task wants the same torrent, which will seed as well;
// none is a failure.
func (r *runner) seed(ctx context.Context, j *work, tor *torrent.Torrent, res *outcome) error {
	select {
	case <-ctx.Done():
		tor.Stop()
	case <-j.turn.wanted: // the other has the same data, and perhaps more
		tor.Stop()
	case <-tor.Stopped(): // its time is over
	}
	<-tor.Stopped()
	sn := tor.Snapshot()
	r.s.console.Note(sn.Name + ": " + ui.SeededText(&sn))
	if err := tor.Err(); err != nil { // it was complete, so this is a failure of ours
		return fmt.Errorf("%s: %w", sn.Name, err)
	}
	if j.magnet == "" {
		return nil // it was reported as a download
	}
	res.Fill(&sn)
	res.Reach(&sn)
	return writeResult(r.s, r.o, &res.Result)
}

// selectedFiles lists the files of a job with their final paths.
func selectedFiles(m *metainfo.Torrent, j *work, tor *torrent.Torrent) []record.File {
	out := []record.File{}
	for i := range m.Files {
		f := &m.Files[i]
		if f.Pad || f.Symlink || j.Spec.Wanted != nil && !j.Spec.Wanted[i] {
			continue
		}
		path := f.SlashPath()
		if j.Spec.Stream == nil {
			path = record.Path(tor.Path(i))
		}
		out = append(out, record.File{Index: i, Path: path, Length: f.Length})
	}
	return out
}
