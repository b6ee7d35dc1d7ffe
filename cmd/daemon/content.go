package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/session"
)

// This file is how files are read. A torrent that is complete can be read whatever it is
// doing: one that is paused, has been given away for long enough or waits for its turn
// gets a run of which nobody else hears, until its last reader has gone.

// content is an open file of a torrent, which is kept in the engine for it. What the
// torrent is doing may change under it: then it goes on in the next run.
type content struct {
	*torrent.FileReader
	ctx      context.Context // of who reads
	it       *item
	file     int
	path     string
	length   int64
	etag     string
	modified time.Time
	closed   bool
}

// open opens a file. A seed that sleeps is woken, and a complete torrent that does not
// run is run for its readers alone. The caller closes it.
func (v *views) open(ctx context.Context, id string, file int) (record.Content, error) {
	it, e, m, err := v.known(id)
	if err != nil {
		return nil, err
	}
	if file < 0 || file >= len(m.Files) || m.Files[file].Pad || m.Files[file].Symlink {
		return nil, record.NewProblem(record.CodeNotFound, "the torrent has no file %d", file)
	}
	it.read(1)
	r, err := it.openFile(ctx, file)
	if err != nil {
		it.read(-1)
		return nil, err
	}
	f := &named(e, m).Files[file]
	c := &content{
		FileReader: r, ctx: ctx, it: it, file: file, path: f.SlashPath(), length: f.Length,
		etag: fmt.Sprintf("%s-%d", e.ID, file), modified: e.Added,
	}
	if !e.Completed.IsZero() {
		c.modified = e.Completed
	}
	return c, nil
}

// openTries is how many runs a file is opened in: one that ends meanwhile is followed by
// another if the torrent may be read at all.
const openTries = 4

// openFile opens a file in the engine, for one of those that read counts.
func (it *item) openFile(ctx context.Context, file int) (*torrent.FileReader, error) {
	for range openTries {
		r, err := it.runToRead(ctx)
		if err != nil {
			return nil, err
		}
		f, err := r.open(ctx, file)
		if !errors.Is(err, torrent.ErrStopped) {
			return f, notReadable(err)
		}
		if err := r.wait(ctx); err != nil {
			return nil, err
		}
	}
	return nil, notReadable(torrent.ErrStopped)
}

// open opens a file once the run has begun the torrent. ErrStopped: it has ended.
func (r *run) open(ctx context.Context, file int) (*torrent.FileReader, error) {
	select {
	case <-r.begun:
		return r.torrent.Load().OpenFile(ctx, file)
	case <-r.over:
		return nil, torrent.ErrStopped
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// wait waits for the end of a run.
func (r *run) wait(ctx context.Context) error {
	select {
	case <-r.over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// runToRead is a run whose files can be read: that by which the torrent downloads or
// seeds, or else one for readers alone.
func (it *item) runToRead(ctx context.Context) (*run, error) {
	for {
		r, err := it.awaken(ctx)
		if err == nil || ctx.Err() != nil {
			return r, err
		}
		switch r = it.startAlone(); {
		case r == nil:
			return nil, err
		case r.alone:
			return r, nil
		}
		if err := r.wait(ctx); err != nil { // it is about to end
			return nil, err
		}
	}
}

// startAlone has the torrent run for its readers alone, if that is possible and it does
// not run. It returns the run there is, which may be about to end; nil: none.
func (it *item) startAlone() *run {
	e, ok := it.entry()
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.run == nil && ok && it.readsAlone(e) {
		it.launch(true)
	}
	return it.run
}

// readsAlone reports whether the torrent is there for its readers alone: it is complete,
// nobody works on its files, and it has no turn in its swarm. it.mu is held.
func (it *item) readsAlone(e *session.Entry) bool {
	whole := e.Link == "" && !e.Completed.IsZero() && !e.Check
	idle := e.Move == nil && e.Remove == "" && e.Failed == nil && it.broken == nil && !it.held
	return it.readers > 0 && whole && idle && !(needOf(e) == needPeers && it.allowed)
}

// notReadable is why a file cannot be read, as a problem.
func notReadable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, torrent.ErrNotSelected):
		return record.NewProblem(record.CodeConflict, "the file is not selected: it is not downloaded")
	case errors.Is(err, torrent.ErrStopped):
		return record.NewProblem(record.CodeConflict, "the torrent has stopped")
	case errors.Is(err, torrent.ErrUnverifiable):
		return record.NewProblem(record.CodeConflict, "%v: check the torrent, which fetches that piece again", err)
	case errors.Is(err, torrent.ErrBusy):
		return record.NewProblem(record.CodeTooMany, "%v", err)
	}
	return err
}

// read counts those who read files of the torrent: while there are some it does not
// sleep.
func (it *item) read(n int) {
	it.mu.Lock()
	it.readers += n
	if it.readers == 0 && !it.lonely.IsZero() {
		it.lonely = time.Now()
	}
	it.mu.Unlock()
	it.floor.poke(it)
}

// Read implements io.Reader.
func (c *content) Read(b []byte) (int, error) {
	n, err := c.FileReader.Read(b)
	for tries := 0; n == 0 && errors.Is(err, torrent.ErrStopped) && tries < openTries; tries++ {
		if err = c.reopen(); err == nil {
			n, err = c.FileReader.Read(b)
		}
	}
	return n, notReadable(err)
}

// reopen goes on in another run.
func (c *content) reopen() error {
	at, err := c.FileReader.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	next, err := c.it.openFile(c.ctx, c.file)
	if err != nil {
		return err
	}
	if _, err := next.Seek(at, io.SeekStart); err != nil {
		next.Close()
		return err
	}
	c.FileReader.Close()
	c.FileReader = next
	return nil
}

// Close implements io.Closer.
func (c *content) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	c.it.read(-1)
	return c.FileReader.Close()
}

// Path implements record.Content.
func (c *content) Path() string { return c.path }

// Length implements record.Content.
func (c *content) Length() int64 { return c.length }

// ETag implements record.Content.
func (c *content) ETag() string { return c.etag }

// Modified implements record.Content.
func (c *content) Modified() time.Time { return c.modified }
