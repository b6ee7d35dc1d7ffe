package session

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// How commits are put together, and how soon a disk that has failed is tried again.
const (
	maxBatch   = 4 << 20 // bytes for one sync
	maxWaiting = 256     // commits for one sync
	lazySpan   = time.Minute
	retryFirst = time.Second
	retryMost  = 30 * time.Second
)

// committer writes what is committed. Its goroutine, run, is the only one that touches
// the journal and changes entries; stop ends it and waits.
type committer struct {
	mem     *memory
	journal *journal
	files   *metafiles
	synced  func(time.Duration)

	commits chan *commit
	quit    chan struct{}
	done    chan struct{}
	last    error // of the end; to be read when done is closed
	health  health

	pause time.Duration // between two tries to write again
	tried time.Time
}

func newCommitter(s *Store, o Options) *committer {
	return &committer{
		mem: s.mem, files: s.files, synced: o.Synced,
		journal: &journal{dir: s.dir, small: cmp.Or(o.small, smallSnapshot)},
		commits: make(chan *commit), quit: make(chan struct{}), done: make(chan struct{}),
	}
}

// commit is a Commit that waits.
type commit struct {
	ops  []Op
	err  error
	done chan struct{} // closed when err is set
}

func (c *committer) do(ctx context.Context, ops []Op) error {
	w := &commit{ops: ops, done: make(chan struct{})}
	select {
	case c.commits <- w:
	case <-c.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends run, which writes what is left, and says whether it could.
func (c *committer) stop() error {
	close(c.quit)
	<-c.done
	return c.last
}

func (c *committer) run() {
	defer close(c.done)
	lazy, retry := stopped(), stopped()
	defer lazy.Stop()
	defer retry.Stop()
	armed := false
	for {
		if c.journal.file == nil {
			retry.Reset(max(0, time.Until(c.tried.Add(c.pause))))
		}
		select {
		case w := <-c.commits:
			c.batch(w)
		case <-c.mem.woken:
			if !armed {
				lazy.Reset(lazySpan)
				armed = true
			}
		case <-lazy.C:
			armed = false
			c.writeDirty()
		case <-retry.C:
			c.recover()
		case <-c.quit:
			c.finish()
			return
		}
	}
}

// stopped is a timer that is not running.
func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// finish is the end: whoever waits already is served.
func (c *committer) finish() {
	for {
		select {
		case w := <-c.commits:
			c.batch(w)
			continue
		default:
		}
		break
	}
	c.last = c.writeDirty()
	c.journal.abandon()
}

// batch carries out a commit and those that wait behind it, with one sync.
func (c *committer) batch(first *commit) {
	if err := c.writable(); err != nil {
		first.fail(err)
		return
	}
	var (
		together = newDraft(c.mem)
		frames   []byte
		taken    []*commit
	)
	for w := first; w != nil; {
		var err error
		if frames, err = c.take(together, frames, w.ops); err != nil {
			w.fail(err)
		} else {
			taken = append(taken, w)
		}
		if w = nil; len(taken) < maxWaiting && len(frames) < maxBatch {
			select {
			case w = <-c.commits:
			default:
			}
		}
	}
	if len(taken) == 0 {
		return
	}
	err := c.write(frames)
	if err == nil {
		c.mem.publish(together.ops)
		c.files.follow(together.entries)
	}
	for _, w := range taken {
		w.fail(err)
	}
	c.tidy()
}

// take puts a commit on top of those before it, or leaves these as they were.
func (c *committer) take(together *draft, frames []byte, ops []Op) ([]byte, error) {
	own := newDraft(together)
	for _, o := range ops {
		if err := own.do(o); err != nil {
			return frames, err
		}
	}
	frames, err := appendOps(frames, own.ops)
	if err == nil {
		together.merge(own)
	}
	return frames, err
}

// fail ends a commit, with nil if it was carried out.
func (w *commit) fail(err error) {
	w.err = err
	close(w.done)
}

// write appends frames, and tells how it went.
func (c *committer) write(frames []byte) error {
	if len(frames) == 0 {
		return nil
	}
	began := time.Now()
	if err := c.journal.append(frames); err != nil {
		return c.broken(err)
	}
	if c.synced != nil {
		c.synced(time.Since(began))
	}
	return nil
}

// writeDirty writes what was counted. What it fails to write is in the snapshot of the
// recovery.
func (c *committer) writeDirty() error {
	if err := c.writable(); err != nil {
		return err
	}
	var frames []byte
	ops := c.mem.clean()
	for i := range ops {
		if err := ops[i].encode(); err != nil {
			return err
		}
		frames = appendFrame(frames, ops[i].kind, ops[i].id, ops[i].content)
		if len(frames) >= maxBatch {
			if err := c.write(frames); err != nil {
				return err
			}
			frames = frames[:0]
		}
	}
	err := c.write(frames)
	c.tidy()
	return err
}

// tidy rewrites a journal that has become long. If that fails, the journal goes on, or
// the session is broken.
func (c *committer) tidy() {
	if c.journal.file == nil || !c.journal.long() {
		return
	}
	if err := c.journal.rewrite(c.mem.all); err != nil && c.journal.file == nil {
		c.broken(err)
	}
}

// writable tries to write again, if it is time to, and says why nothing can be written.
func (c *committer) writable() error {
	if c.journal.file == nil && time.Since(c.tried) >= min(c.pause, retryFirst) {
		c.recover()
	}
	if c.journal.file == nil {
		_, err := c.health.get()
		return err
	}
	return nil
}

// recover writes all that was promised to new files.
func (c *committer) recover() {
	if c.journal.file != nil {
		return
	}
	if err := c.journal.rewrite(c.mem.all); err != nil {
		c.broken(err)
		return
	}
	c.pause = 0
	c.health.set(nil)
}

// broken notes that nothing can be written for a while.
func (c *committer) broken(err error) error {
	c.tried = time.Now()
	c.pause = min(max(2*c.pause, retryFirst), retryMost)
	err = fmt.Errorf("%w: %w", ErrUnwritable, err)
	c.health.set(err)
	return err
}
