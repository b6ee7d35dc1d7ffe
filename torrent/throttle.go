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

// rate is the limit in bytes per second; 0: none.
func (l *throttle) rate() int64 {
	if lim := l.in.Load(); lim != nil {
		return int64(lim.Limit())
	}
	return 0
}

// lesser is the narrower of two limits of which 0 is none.
func lesser(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// limit changes the limits of one torrent.
func (k *core) limit(s Speed) {
	k.down.set(s.MaxDown)
	k.up.set(s.MaxUp)
}

// maxUp is what a torrent may send, by its own limit and that of all; 0: no limit.
func (k *core) maxUp() int64 { return lesser(k.up.rate(), k.client.up.rate()) }

// SetLimits changes the limits of all torrents together: bytes of payload per
// second, 0 for none. It counts at once, for who waits within a second.
func (c *Client) SetLimits(down, up int64) {
	c.down.set(down)
	c.up.set(up)
}
