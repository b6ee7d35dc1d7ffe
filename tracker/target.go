package tracker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxAddrs is how many addresses of one family are tried.
const maxAddrs = 4

// target is a tracker at the addresses of one family.
type target interface {
	judge() Judge // of the exchange
	announce(ctx context.Context, c *Client, r Request) (Response, error)
	scrape(ctx context.Context, c *Client, hashes [][20]byte) ([]ScrapeResult, error)
}

// grace says how much longer the second family may take when the first has
// answered in the given time.
type grace func(took time.Duration) time.Duration

// announceGrace is patient, as the first answer is handed on at once, but for
// a stop: that delays our exit, and a family may not be routed at all.
func announceGrace(e Event) grace {
	if e == EventStopped {
		return func(took time.Duration) time.Duration { return max(2*took, 100*time.Millisecond) }
	}
	return func(time.Duration) time.Duration { return 3 * time.Second }
}

// scrapeGrace is none: one answer says it all.
func scrapeGrace(time.Duration) time.Duration { return 0 }

// ask calls do, concurrently, for each family in which the tracker has
// addresses. It returns nil if one of them succeeded, once the others have
// ended or used up the grace.
func (c *Client) ask(ctx context.Context, judge Judge, rawURL string, more grace, do func(context.Context, target) error) error {
	ctx, leave, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if judge == nil {
		judge = anywhere{}
	}
	u, err := parseURL(rawURL)
	if err == nil {
		err = c.visit(judge, u)
	}
	if err != nil {
		return &urlError{Redact(rawURL), err}
	}
	if u.Scheme != "udp" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, httpTimeout)
		defer cancel()
	}
	targets, err := c.targets(ctx, u, judge)
	if err == nil {
		err = askAll(ctx, targets, more, do)
	}
	if err != nil {
		return &urlError{Redact(rawURL), err}
	}
	return nil
}

// askAll is ask for known targets. With one of them it starts no goroutine.
func askAll(ctx context.Context, targets []target, more grace, do func(context.Context, target) error) error {
	if len(targets) == 1 {
		return do(ctx, targets[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	errs := make(chan error, len(targets))
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, t := range targets {
		wg.Go(func() { errs <- do(ctx, t) })
	}
	var worst error
	ok := false
	for range targets {
		err := <-errs
		switch {
		case err == nil && !ok:
			ok = true
			timer := time.AfterFunc(more(time.Since(start)), cancel)
			defer timer.Stop()
		case err != nil && (worst == nil || errors.As(err, new(*Failure))):
			worst = err // what the tracker says explains more than what the network does
		}
	}
	if ok {
		return nil
	}
	return worst
}

// CheckURL says why a URL, which a user gave, can never be a tracker's; the error
// wraps ErrURL and does not quote the URL.
func CheckURL(raw string) error {
	_, err := parseURL(raw)
	return err
}

// parseURL checks a tracker's URL.
func parseURL(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrURL, maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" { // err quotes the URL, with its secrets
		return nil, fmt.Errorf("%w: not a URL", ErrURL)
	}
	switch u.Scheme {
	case "http", "https":
	case "udp":
		if u.Port() == "" {
			return nil, fmt.Errorf("%w: udp needs a port", ErrURL)
		}
	default:
		return nil, fmt.Errorf("%w: scheme %q, want http, https or udp", ErrURL, cut(u.Scheme))
	}
	if err := checkHost(u); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	return u, nil
}

// checkHost refuses what url.Parse lets through in a host.
func checkHost(u *url.URL) error {
	if u.Hostname() == "" {
		return errors.New("no host")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return errors.New("port out of range")
		}
	}
	return nil
}

// targets returns the tracker in each family it has addresses in.
func (c *Client) targets(ctx context.Context, u *url.URL, judge Judge) ([]target, error) {
	if u.Scheme != "udp" && !c.direct(u) {
		return []target{httpTarget{url: u, by: judge}}, nil
	}
	addrs, err := c.allowed(ctx, judge, u, u.Hostname())
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, family := range families(addrs) {
		if u.Scheme == "udp" {
			targets = append(targets, newUDPTarget(u, family, judge))
		} else {
			targets = append(targets, httpTarget{u, family, judge})
		}
	}
	return targets, nil
}

// direct reports whether we connect to u's host ourselves, by its name as it
// stands: no proxy, and nothing to be converted to ASCII.
func (c *Client) direct(u *url.URL) bool {
	proxy, err := c.cfg.Proxy(newRequest(u))
	return proxy == nil && err == nil && isASCII(u.Host)
}

// isASCII reports whether net/http takes a host as it stands.
func isASCII(host string) bool {
	return strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) < 0
}

// resolve returns the addresses of a host, at least one.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	addrs, err := c.cfg.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, networkError(ctx, err)
	}
	if len(addrs) == 0 {
		return nil, &unreachable{errors.New("the name has no address")}
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, nil
}

// families splits addresses into IPv4 and IPv6, leaving out empty families.
func families(addrs []netip.Addr) [][]netip.Addr {
	var v4, v6 []netip.Addr
	for _, a := range addrs {
		if a.Is4() && len(v4) < maxAddrs {
			v4 = append(v4, a)
		} else if a.Is6() && len(v6) < maxAddrs {
			v6 = append(v6, a)
		}
	}
	switch {
	case v6 == nil:
		return [][]netip.Addr{v4}
	case v4 == nil:
		return [][]netip.Addr{v6}
	}
	return [][]netip.Addr{v4, v6}
}
