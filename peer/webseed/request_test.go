package webseed

import (
	"net/http"
	"strings"
	"testing"
)

// elsewhere serves the torrent on a second host and notes what is sent there.
func (r *rig) elsewhere(seen *[]*http.Request) {
	inner := r.file()
	r.serve("10.0.0.2", func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		*seen = append(*seen, q)
		r.mu.Unlock()
		inner.ServeHTTP(w, q)
	})
}

// TestRedirect: followed, remembered, and the user's secrets stay at home.
func TestRedirect(t *testing.T) {
	inRig(t, 20<<20, 1<<20, func(r *rig) {
		var seen []*http.Request
		r.elsewhere(&seen)
		r.handler = http.RedirectHandler("http://mallory:pw@10.0.0.2/there?sig=1#x", http.StatusFound)
		r.cfg.URL = func(int) string { return "http://alice:secret@10.0.0.1/file" }
		r.cfg.Header = http.Header{"X-Token": {"s3cret"}, "Host": {"files.example"}}
		r.mustGet(New(r.cfg))
		if len(r.requests) != 1 || len(seen) < 2 {
			t.Errorf("%d requests to the origin, %d behind the redirect", len(r.requests), len(seen))
		}
		q := r.requests[0]
		user, pass, _ := q.BasicAuth()
		if user != "alice" || pass != "secret" || q.Header.Get("X-Token") != "s3cret" || q.Host != "files.example" {
			t.Errorf("the origin was sent %v for host %s", q.Header, q.Host)
		}
		for _, q := range seen {
			if q.Header.Get("Authorization") != "" || q.Header.Get("X-Token") != "" || q.Header.Get("Referer") != "" || q.Host != "10.0.0.2" || q.URL.RawQuery != "sig=1" {
				t.Errorf("somebody else was sent %v, query %q, host %q", q.Header, q.URL.RawQuery, q.Host)
			}
		}
	})
}

// TestRedirectExpires: what a redirect led to refuses after a while, as signed
// URLs do; the origin is asked again.
func TestRedirectExpires(t *testing.T) {
	for _, status := range []int{401, 403, 404} {
		inRig(t, 24<<20, 1<<20, func(r *rig) {
			n := 0
			inner := r.file()
			r.serve("10.0.0.2", func(w http.ResponseWriter, q *http.Request) {
				if n++; n == 2 {
					w.WriteHeader(status)
					return
				}
				inner.ServeHTTP(w, q)
			})
			r.handler = http.RedirectHandler("http://10.0.0.2/signed", http.StatusTemporaryRedirect)
			r.mustGet(New(r.cfg))
			if len(r.requests) != 2 {
				t.Errorf("%d: the origin was asked %d times, want twice", status, len(r.requests))
			}
		})
	}
}

func TestRedirectLoop(t *testing.T) {
	inRig(t, blk, blk, func(r *rig) {
		r.handler = http.RedirectHandler("/again", http.StatusMovedPermanently)
		r.wantError(true, "redirects")
		if n := len(r.requests); n != maxRedirects+1 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestSameOriginRedirect keeps the header.
func TestSameOriginRedirect(t *testing.T) {
	inRig(t, blk, blk, func(r *rig) {
		inner := r.file()
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path == "/file" {
				http.Redirect(w, q, "http://10.0.0.1:80/new", http.StatusSeeOther)
				return
			}
			inner.ServeHTTP(w, q)
		})
		r.cfg.Header = http.Header{"X-Token": {"s3cret"}}
		r.mustGet(New(r.cfg))
		if r.requests[1].Header.Get("X-Token") != "s3cret" {
			t.Errorf("the header is lost: %v", r.requests[1].Header)
		}
	})
}

// TestLongHeader: the header of an answer is bounded.
func TestLongHeader(t *testing.T) {
	inRig(t, blk, blk, func(r *rig) {
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*maxHeader))
			w.Write(r.data)
		})
		r.wantError(false, "")
	})
}

func TestSameOrigin(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"http://a/x", "http://A:80/y", true},
		{"https://a/x", "https://a:443/y", true},
		{"http://a/", "https://a/", false},
		{"http://a/", "http://a:81/", false},
		{"http://a/", "http://a.b/", false},
		{"https://a:80/", "https://a/", false},
	} {
		if got := sameOrigin(mustParse(c.a), mustParse(c.b)); got != c.want {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

// TestProxy: everything goes through the proxy that was named.
func TestProxy(t *testing.T) {
	inRig(t, 3*blk, blk, func(r *rig) {
		inner := r.file()
		r.serve("10.0.0.3", func(w http.ResponseWriter, q *http.Request) {
			if q.RequestURI != origin+"/file" {
				t.Errorf("the proxy is asked for %s", q.RequestURI)
			}
			inner.ServeHTTP(w, q)
		})
		r.cfg.Proxy = http.ProxyURL(mustParse("http://10.0.0.3"))
		r.mustGet(New(r.cfg))
		if n := len(r.requests); n > 0 {
			t.Errorf("%d requests did not go through the proxy", n)
		}
	})
}
