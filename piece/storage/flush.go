package storage

import "sync"

// flushStride is how many bytes are written to a file before their write-back
// is started: enough to make long runs on the disk, little enough that the last
// fsync finds most of it done.
const flushStride = 8 << 20

// flusher starts the write-back of what has been written, so that Sync and
// Finish find little left to do. It is one goroutine per Store, because starting
// may wait for the disk, and a writer has other work.
type flusher struct {
	files chan *file
	quit  chan struct{}
	done  sync.WaitGroup
}

// start starts the goroutine, where the system has such a call.
func (fl *flusher) start(c *cache) {
	if !canStartWriteback {
		return
	}
	fl.files, fl.quit = make(chan *file, 64), make(chan struct{})
	fl.done.Go(func() {
		for {
			select {
			case f := <-fl.files:
				if h := c.get(&f.h); h != nil {
					startWriteback(h)
					c.release(h)
				}
			case <-fl.quit:
				return
			}
		}
	})
}

// wrote counts bytes written to a file. When the flusher is behind, the next
// write tries again.
func (fl *flusher) wrote(f *file, n int64) {
	if fl.files == nil || f.unflushed.Add(n) < flushStride {
		return
	}
	select {
	case fl.files <- f:
		f.unflushed.Store(0)
	default:
	}
}

// stop ends the goroutine and waits for it.
func (fl *flusher) stop() {
	if fl.quit != nil {
		close(fl.quit)
		fl.done.Wait()
	}
}
