package torrent

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
)

// ErrBug: gotor itself failed, by a panic that its torrent survived. What was
// verified is on disk, and the process goes on with its other torrents.
var ErrBug = errors.New("bug in gotor, please report it")

// crashTime is how long a torrent has to save its state after a panic. Whatever
// that left locked may keep it from doing so for ever.
const crashTime = 10 * time.Second

// bugError makes an error of what recover returned, with the place of the panic.
// Deferred functions call it.
func bugError(v any) error { return fmt.Errorf("%w: %v (%s)", ErrBug, v, panicSite()) }

// panicSite is the place of the panic that is being recovered: the first frame
// behind those of the runtime that raise it.
func panicSite() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for raised := false; ; {
		f, more := frames.Next()
		inside := strings.HasPrefix(f.Function, "runtime.")
		if raised && !inside {
			return fmt.Sprintf("%s:%d", f.File[strings.LastIndexByte(f.File, '/')+1:], f.Line)
		}
		raised = raised || f.Function == "runtime.gopanic"
		if !more {
			return "unknown place"
		}
	}
}

// crashed ends the torrent, from any goroutine. One that was complete and seeds
// has failed all the same. If it hangs, those who wait for it are let go.
func (t *Torrent) crashed(err error) {
	if t.outcome.crash(err) {
		time.AfterFunc(crashTime, func() {
			t.outcome.abandon(Snapshot{InfoHash: fmt.Sprintf("%x", t.core.hash), State: StateFailed})
			t.core.box.close()
		})
	}
	t.core.post(func(time.Time) { t.finish(err) })
}

// guard runs f. A panic in it ends all torrents, which have it in common, and
// not the process.
func (c *Client) guard(f func()) {
	defer c.caught()
	f()
}

// caught is deferred where a panic ends all torrents.
func (c *Client) caught() {
	if v := recover(); v != nil {
		c.bug(v)
	}
}

// bug is what others call with what they have recovered, deferred.
func (c *Client) bug(v any) {
	err := bugError(v)
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.torrents.all {
		t.crashed(err)
	}
}
