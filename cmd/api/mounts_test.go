package api

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is mounted is behind the rules for names, tokens and pages, and is told who
// asks: a token that may only look may send it questions by POST.
func TestMounts(t *testing.T) {
	const path = "/transmission/rpc"
	h := newHarness(t, 1, func(c *Config) {
		c.Mounts = map[string]http.Handler{path: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "change=%v socket=%v", MayChange(r), OverSocket(r))
		})}
	})
	look, err := os.ReadFile(filepath.Join(h.dir, readTokenFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		headers []string
		status  int
		body    string
	}{
		{nil, 200, "change=true socket=false"},
		{[]string{"Authorization", "Bearer " + strings.TrimSpace(string(look))}, 200, "change=false socket=false"},
		{[]string{"Authorization", ""}, 401, "unauthorized"},
		{[]string{"Authorization", "Bearer wrong"}, 401, "unauthorized"},
		{[]string{"Origin", "http://evil.example"}, 403, "forbidden"},
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			if method == http.MethodGet && tt.status == 403 {
				continue // a GET changes nothing
			}
			for _, end := range []string{"", "/"} {
				a := h.send(h.request(method, path+end, "", tt.headers...))
				if a.StatusCode != tt.status || !strings.Contains(string(a.body), tt.body) {
					t.Errorf("%s %s %v: %d %s", method, end, tt.headers, a.StatusCode, a.body)
				}
			}
		}
	}
	r := h.request(http.MethodPost, path, "")
	r.Host = "evil.example"
	if a := h.send(r); a.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a strange name: %d", a.StatusCode)
	}
}

// The page is beside what is mounted, and answers for its own paths only.
func TestMountsBesideThePage(t *testing.T) {
	h := newHarness(t, 0, func(c *Config) {
		c.Mounts = map[string]http.Handler{"/transmission/rpc": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, "rpc") })}
		c.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, "page") })
	})
	for path, want := range map[string]string{
		"/": "page", "/index.html": "page", "/assets/x.js": "page", "/transmission/rpc": "rpc", "/transmission/rpc/": "rpc", base + "/docs/": "<title>gotor API</title>",
		"/nothing": `"not_found"`, base + "/nothing": `"not_found"`, "/transmission/": `"not_found"`,
	} {
		if a := h.send(h.request(http.MethodGet, path, "")); !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s, want %s", path, a.StatusCode, a.body, want)
		}
	}
}
