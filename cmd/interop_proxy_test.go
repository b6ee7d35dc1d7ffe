//go:build interop && linux

package cmd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// proxied is a gotor serve that is seen below a path of another server.
type proxied struct {
	*served
	*testing.T
	root string // with a slash at its end
}

// testProxy puts nginx before gotor serve as docs/serve.md has it, below a path, and
// uses the daemon as it is seen from outside.
func testProxy(t *testing.T, l *lab) {
	l.need(t, "nginx")
	s := l.swarm(t, setup{payload: oddTree()})
	page, err := os.ReadFile("../docs/serve.md")
	must(t, err)
	block := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/serve.md has no block for nginx")
	}
	const root = "http://box.example/torrents/"
	d := s.serve("--listen", "127.0.0.1:7470", "--host", root)
	startNginx(t, l, s.me, t.TempDir(), "server { listen 80; listen 8443;\n"+string(block[1])+"}")
	must(t, os.CopyFS(d.roots[0], os.DirFS(s.data)))
	p := &proxied{d, t, root}
	// box.example is where nginx is.
	d.web.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr != "box.example:80" {
			t.Errorf("a link leads to %s", addr)
		}
		return s.me.dial(ctx, network, s.me.addr(80))
	}}
	at := p.add(s)
	p.content(s, at)
	p.events()
	p.docs()
	p.browser()
}

// send sends a request to where ref leads from the daemon's root. Headers are pairs.
func (p *proxied) send(method, ref string, body io.Reader, header ...string) *http.Response {
	p.Helper()
	req, err := http.NewRequest(method, p.from(p.root, ref), body)
	must(p.T, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := p.web.Do(req)
	must(p.T, err)
	p.Cleanup(func() { resp.Body.Close() })
	return resp
}

// read is send with the token, and the body of a good answer.
func (p *proxied) read(method, ref string, body io.Reader, header ...string) (*http.Response, []byte) {
	p.Helper()
	resp := p.send(method, ref, body, append([]string{"Authorization", "Bearer " + apiToken}, header...)...)
	b, err := io.ReadAll(resp.Body)
	must(p.T, err)
	if resp.StatusCode >= 300 {
		p.Fatalf("%s %s: %s %s", method, ref, resp.Status, b)
	}
	return resp, b
}

// from is where ref leads that stands at a URL.
func (p *proxied) from(at, ref string) string {
	p.Helper()
	u, err := url.Parse(at)
	must(p.T, err)
	to, err := u.Parse(ref)
	must(p.T, err)
	return to.String()
}

// add adds the torrent of a swarm, and returns where it is.
func (p *proxied) add(s *swarm) (at string) {
	p.Helper()
	file, err := os.ReadFile(s.torrent)
	must(p.T, err)
	resp, _ := p.read("POST", "api/v1/torrents", bytes.NewReader(file), "Content-Type", "application/x-bittorrent")
	at = p.from(p.root+"api/v1/torrents", resp.Header.Get("Location"))
	_, b := p.read("GET", at+"?until=done&wait=60s", nil)
	var row record.Torrent
	must(p.T, json.Unmarshal(b, &row))
	is(p.served, "the state of what the Location leads to", row.State, record.StateSeeding)
	return at
}

// content reads parts of a file by links that need no token.
func (p *proxied) content(s *swarm, at string) {
	p.Helper()
	_, b := p.read("GET", at+"/files", nil)
	var files struct{ Items []record.TorrentFile }
	must(p.T, json.Unmarshal(b, &files))
	for _, f := range files.Items {
		if f.Length < 1000 {
			continue
		}
		want, err := os.ReadFile(filepath.Join(s.data, s.payload.name, f.Path))
		must(p.T, err)
		_, b := p.read("POST", at+"/files/"+string(jsonOf(p.T, f.Index))+"/links", nil)
		var l record.FileLink
		must(p.T, json.Unmarshal(b, &l))
		if !strings.HasPrefix(l.URL, p.root+"api/v1/") {
			p.Errorf("a link of what is at %s: %s", p.root, l.URL)
		}
		resp := p.send("GET", l.URL, nil, "Range", "bytes=100-899")
		got, err := io.ReadAll(resp.Body)
		must(p.T, err)
		if resp.StatusCode != http.StatusPartialContent || !bytes.Equal(got, want[100:900]) {
			p.Errorf("%s: %s, %s", f.Path, resp.Status, difference(want[100:900], got))
		}
	}
}

// events follows what happens: the first event is here while the answer goes on.
func (p *proxied) events() {
	p.Helper()
	resp := p.send("GET", "api/v1/events", nil, "Authorization", "Bearer "+apiToken)
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(line, "event: hello") && !strings.HasPrefix(line, "id:") && !strings.HasPrefix(line, "retry:") {
		p.Errorf("events: %s, %q, %v", resp.Status, line, err)
	}
}

// docs opens the page with the description, and all that it needs.
func (p *proxied) docs() {
	p.Helper()
	resp, page := p.read("GET", "docs/", nil)
	at := resp.Request.URL.String()
	if at != p.root+"api/v1/docs/" {
		p.Errorf("the page is at %s", at)
	}
	parts := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(page, -1)
	if len(parts) < 3 {
		p.Errorf("the page is %s", page)
	}
	for _, m := range parts {
		p.read("GET", p.from(at, string(m[1])), nil)
	}
}

// browser signs in as a page does, by a link with a code, and looks around with the
// cookie.
func (p *proxied) browser() {
	p.Helper()
	_, b := p.read("POST", "api/v1/session/code", nil)
	var l record.LoginLink
	must(p.T, json.Unmarshal(b, &l))
	if !strings.HasPrefix(l.URL, p.root) {
		p.Errorf("the link to sign in is %s", l.URL)
	}
	const origin, page = "Origin", "http://box.example"
	in := p.send("POST", "api/v1/session", bytes.NewReader(jsonOf(p.T, map[string]string{"code": l.Code})), "Content-Type", "application/json", origin, page)
	cookies := in.Cookies()
	if in.StatusCode != http.StatusNoContent || len(cookies) != 1 {
		p.Fatalf("signing in: %s, %v", in.Status, cookies)
	}
	if resp := p.send("GET", "api/v1/torrents", nil, "Cookie", cookies[0].Name+"="+cookies[0].Value); resp.StatusCode != http.StatusOK {
		p.Errorf("with the cookie: %s", resp.Status)
	}
	if resp := p.send("GET", "api/v1/torrents", nil); resp.StatusCode != http.StatusUnauthorized {
		p.Errorf("without one: %s", resp.Status)
	}
}
