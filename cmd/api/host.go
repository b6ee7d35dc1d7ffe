package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// hostRule knows the names under which a daemon may be called. A page of a stranger
// can have its own name resolve to our address, but the name stays in the request.
type hostRule struct {
	names map[string]bool // lower case, without port; addresses in their shortest form
}

// newHostRule knows localhost, and the names that were configured.
func newHostRule(names []string) hostRule {
	h := hostRule{names: map[string]bool{"localhost": true}}
	for _, n := range names {
		h.names[canonicalHost(n)] = true
	}
	return h
}

// allows reports whether a request names us: localhost, a loopback address, the
// address at which it came in, or a name that was configured.
func (h hostRule) allows(r *http.Request) bool {
	host := canonicalHost(r.Host)
	if h.names[host] {
		return true
	}
	// An address is nobody's to have resolved elsewhere.
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if addr.IsLoopback() {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap().WithZone("") == addr
}

// canonicalHost is the host of HOST, HOST:PORT or [HOST]:PORT in lower case.
func canonicalHost(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	s = strings.ToLower(strings.TrimSuffix(strings.Trim(s, "[]"), "."))
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap().WithZone("").String()
	}
	return s
}
