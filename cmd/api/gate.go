package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gotor/cmd/record"
)

// base is where the routes of the API begin.
const base = "/api/v1"

// gate is who may do what. Its rules stand in the order of admit, and each answers by
// itself.
type gate struct {
	host    hostRule
	keys    *Keys
	logins  *logins
	fails   failures
	cross   *http.CrossOriginProtection
	origins map[string]bool // of other sites that may call us, exactly
	// closed are the paths outside of base that need a token; a page's files do not.
	closed []string
	mounts []string // paths whose handlers judge what changes something
	// signed reports whether a request has a signature for the file that it asks for.
	signed func(r *http.Request) bool
	now    func() time.Time
}

// newGate makes the gate of a server.
func newGate(c Config, keys *Keys) (*gate, error) {
	in, err := openLogins(c.StateDir, keys)
	if err != nil {
		return nil, err
	}
	g := &gate{host: newHostRule(c.Hosts), keys: keys, logins: in, cross: http.NewCrossOriginProtection(), origins: make(map[string]bool),
		signed: func(*http.Request) bool { return false }, now: time.Now}
	g.fails.by = make(map[netip.Prefix]*[maxFailures]time.Time)
	for _, o := range c.Origins {
		if err := g.cross.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
		g.origins[o] = true
	}
	return g, nil
}

// admit lets through what may be done, with the level of the caller in its context.
func (g *gate) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		harden(w.Header())
		if !g.host.allows(r) {
			refuse(w, record.NewProblem(record.CodeMisdirected, "the daemon is not called %q here: allow the name with --host", r.Host))
			return
		}
		if g.preflight(w, r) {
			return
		}
		l, byCookie, p := g.caller(w, r)
		if p == nil {
			p = g.crossSite(r, byCookie)
		}
		if p == nil {
			p = g.permit(r, l)
		}
		if p != nil {
			if p.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", challenge(r))
			}
			refuse(w, p)
			return
		}
		next.ServeHTTP(w, r.WithContext(withLevel(r.Context(), l)))
	})
}

// challenge is how a caller may show who it is. Basic comes first: some clients know it,
// and stumble over others before it. It is not for a page, which has a form for the
// token: the browser would open a window of its own, and keep the page waiting for it.
func challenge(r *http.Request) string {
	mode := r.Header.Get("Sec-Fetch-Mode") // not sent over plain HTTP, but to localhost
	if mode != "" && mode != "navigate" || r.Header.Get("X-Requested-With") != "" {
		return `Bearer realm="gotor"`
	}
	return `Basic realm="gotor", Bearer realm="gotor"`
}

// harden sets the headers that every answer has. A page sets its own policy.
func harden(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, no-cache")
}

// preflight says to pages of the origins that may call us what they may send, and
// answers their question for it.
func (g *gate) preflight(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if !g.origins[origin] {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Expose-Headers", "ETag, Location, Gotor-Existing, Retry-After, Content-Range, Accept-Ranges")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, Idempotency-Key, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// caller is who asks: by the socket, a token, a cookie or a signed link. A wrong
// token is counted; whoever has sent too many is not listened to for a while, but
// for browsers that are signed in.
func (g *gate) caller(w http.ResponseWriter, r *http.Request) (l level, byCookie bool, p *record.Problem) {
	if linkOf(r.Context()).owner {
		return owner, false, nil
	}
	if token, sent := tokenOf(r); sent {
		if p := g.barred(w, r); p != nil {
			return nobody, false, p
		}
		if l, _ := g.keys.level(token); l != nobody {
			return l, false, nil
		}
		g.fails.add(sourceOf(r), g.now())
		return nobody, false, record.NewProblem(record.CodeUnauthorized, "wrong token")
	}
	if c, err := r.Cookie(g.logins.cookieName()); err == nil {
		l, renewed := g.logins.level(c.Value, g.now())
		if renewed {
			g.logins.set(w, r, c.Value)
		}
		if l != nobody {
			return l, true, nil
		}
	}
	if looks(r) && g.signed(r) {
		return guest, false, nil
	}
	return nobody, false, nil
}

// barred is the answer to an address with too many wrong tokens.
func (g *gate) barred(w http.ResponseWriter, r *http.Request) *record.Problem {
	wait := g.fails.blocked(sourceOf(r), g.now())
	if wait == 0 {
		return nil
	}
	retryAfter(w, wait)
	return record.NewProblem(record.CodeTooMany, "too many wrong tokens from this address: wait %d s", int(wait/time.Second)+1)
}

// crossSite refuses what a page of another site makes a browser send: all that
// changes something and, where the browser adds our cookie, looking, too.
func (g *gate) crossSite(r *http.Request, byCookie bool) *record.Problem {
	if byCookie && looks(r) {
		changing := *r
		changing.Method = http.MethodPost
		r = &changing
	}
	if g.cross.Check(r) != nil {
		return record.NewProblem(record.CodeForbidden, "a page of another site must not ask for this: allow its origin with --allow-origin")
	}
	return nil
}

// permit compares what is asked for with what the caller may do.
func (g *gate) permit(r *http.Request, l level) *record.Problem {
	switch {
	case g.isOpen(r):
		return nil
	case l == nobody:
		return record.NewProblem(record.CodeUnauthorized, "a token is needed: it is in the file token of the daemon's state folder")
	case l == reader && slices.Contains(g.mounts, r.URL.Path):
		return nil
	case l <= reader && !looks(r):
		return record.NewProblem(record.CodeForbidden, "this token may look, but change nothing")
	}
	return nil
}

// isOpen reports whether a path has no secret: whether the daemon lives, how to sign
// in, what the API is like, and the files of pages, which are the same everywhere.
func (g *gate) isOpen(r *http.Request) bool {
	rest, isAPI := strings.CutPrefix(r.URL.Path, base+"/")
	switch {
	case isAPI && rest == "session":
		return true // it judges by itself
	case !looks(r):
		return false
	case isAPI:
		return rest == "openapi.json" || rest == "openapi.yaml" || strings.HasPrefix(rest, "docs/")
	}
	return !slices.ContainsFunc(g.closed, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) })
}

// looks reports whether a request changes nothing.
func looks(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// tokenOf is the token of a request: as a bearer, or as a password for programs that
// know nothing else. sent: there was something that should be one.
func tokenOf(r *http.Request) (token string, sent bool) {
	h := r.Header.Get("Authorization")
	if h == "" {
		return "", false
	}
	if scheme, t, ok := strings.Cut(h, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(t), true
	}
	_, password, _ := r.BasicAuth()
	return password, true
}
