package torrent

import (
	"sync/atomic"

	"golang.org/x/time/rate"

	"gotor/piece"
)

// throttle is a limit for payload that all connections have in common, and that
// may be changed while they run. The zero value is none.
type throttle struct{ in atomic.Pointer[rate.Limiter] }

// set changes it to a number of bytes per second; 0 and less: no limit. The burst
// is a tenth of a second, but at least two blocks: they are sent and asked for
// whole.
func (l *throttle) set(perSecond int64) {
	if perSecond <= 0 {
		l.in.Store(nil)
		return
	}
	l.in.Store(rate.NewLimiter(rate.Limit(perSecond), max(int(perSecond/10), 2*piece.BlockSize)))
}

// SetLimits changes the limits of all torrents together: bytes of payload per
// second, 0 for none. It counts at once, for who waits within a second.
func (c *Client) SetLimits(down, up int64) {
	c.down.set(down)
	c.up.set(up)
}
