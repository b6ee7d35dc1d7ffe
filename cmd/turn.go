package cmd

import (
	"context"

	"gotor/cmd/job"
	"gotor/torrent"
)

// turn lets the tasks of a run that are about the same torrent work on it one
// after the other: it may lie unfinished in two folders, be given as a file and
// as a link, or with different selections, or simply twice. What one has done,
// the next finds on disk.
type turn struct {
	// free holds, while nobody has the turn, the torrent of who had it last: nil
	// if there was none.
	free chan *torrent.Torrent
	// wanted gets a value from each who waits, as soon as who has the turn has
	// nothing to do but seed, and receives it.
	wanted chan struct{}
}

func newTurn() *turn {
	t := &turn{make(chan *torrent.Torrent, 1), make(chan struct{})}
	t.free <- nil
	return t
}

// take waits until the others have ended, or ctx has. Only after nil it must be
// given back.
func (t *turn) take(ctx context.Context) error {
	for {
		select {
		case last := <-t.free:
			return t.follow(ctx, last)
		case t.wanted <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow waits until the last torrent has let go of its files.
func (t *turn) follow(ctx context.Context, last *torrent.Torrent) error {
	if last == nil {
		return nil
	}
	select {
	case <-last.Stopped():
		return nil
	case <-ctx.Done():
		t.free <- last
		return ctx.Err()
	}
}

// give ends a turn. The torrent, nil if it came to none, was told to stop.
func (t *turn) give(last *torrent.Torrent) { t.free <- last }

// take waits for the turn of a job. Of a link nothing but the info-hash is known.
func (r *runner) take(ctx context.Context, j *work, label string) error {
	hash := j.Source.InfoHash()
	r.mu.Lock()
	t, again := r.turns[hash]
	if !again {
		t = newTurn()
		r.turns[hash] = t
	}
	r.mu.Unlock()
	// Said only where somebody waits: that the same is given twice may be on purpose.
	if again && len(t.free) == 0 {
		r.s.console.Note(job.Label(label) + ": the same torrent as another one, which is done first")
	}
	if err := t.take(ctx); err != nil {
		return err
	}
	j.turn = t
	return nil
}
