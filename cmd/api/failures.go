package api

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxFailures wrong tokens in failureSpan shut an address out.
	maxFailures = 10
	failureSpan = time.Minute
	// maxFailing bounds the addresses that are remembered: whoever has many of them
	// must not fill our memory.
	maxFailing = 4096
)

// failures counts wrong tokens by address; of IPv6 by /64, which is what one user
// has.
type failures struct {
	mu sync.Mutex
	by map[netip.Prefix]*[maxFailures]time.Time // when the last ones were, the oldest first
}

// blocked is how long an address has to wait; 0: it need not.
func (f *failures) blocked(from netip.Prefix, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	times := f.by[from]
	if times == nil || times[0].IsZero() {
		return 0
	}
	return max(0, times[0].Add(failureSpan).Sub(now))
}

// add counts one.
func (f *failures) add(from netip.Prefix, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	times := f.by[from]
	if times == nil {
		if len(f.by) >= maxFailing {
			f.forget(now)
		}
		times = new([maxFailures]time.Time)
		f.by[from] = times
	}
	copy(times[:], times[1:])
	times[maxFailures-1] = now
}

// forget makes room: whoever has not failed for long goes, or else somebody.
func (f *failures) forget(now time.Time) {
	for from, times := range f.by {
		if now.Sub(times[maxFailures-1]) >= failureSpan {
			delete(f.by, from)
		}
	}
	for from := range f.by {
		if len(f.by) < maxFailing {
			return
		}
		delete(f.by, from)
	}
}

// sourceOf is whom failures of a request are counted against; the zero prefix for
// all that come over sockets.
func sourceOf(r *http.Request) netip.Prefix {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	addr := at.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}
