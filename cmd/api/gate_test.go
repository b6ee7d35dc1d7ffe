package api

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
)

// A token is made at the first start, in files that only the user can read, and there
// is no way in without one.
func TestTokens(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenKeys(KeyOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	token := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(filepath.Join(dir, name)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v", name, info.Mode())
		}
		return strings.TrimSpace(string(b))
	}
	all, look := token(tokenFile), token(readTokenFile)
	if len(all) < 43 || all == look { // 256 bits of base64
		t.Errorf("tokens %q %q", all, look)
	}
	h := newHarness(t, 1, func(c *Config) { c.Keys = k })
	as := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	h.want(200, "GET", "/", "", as(all)...)
	h.want(401, "GET", "/", "", "Authorization", "")
	h.want(401, "GET", "/", "", as("")...)
	h.want(401, "GET", "/", "", as(all+"x")...)
	h.want(401, "GET", "/?token="+all, "", "Authorization", "") // never in a query
	if a := h.want(401, "GET", "/torrents", "", "Authorization", ""); a.Header.Get("WWW-Authenticate") != `Basic realm="gotor", Bearer realm="gotor"` {
		t.Errorf("401 without the way in: %q", a.Header)
	}
	// What a page asks for opens no window of the browser.
	for _, page := range [][]string{{"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Mode", "no-cors"}, {"X-Requested-With", "gotor"}} {
		if a := h.want(401, "GET", "/torrents", "", "Authorization", "", page[0], page[1]); a.Header.Get("WWW-Authenticate") != `Bearer realm="gotor"` {
			t.Errorf("%q: the challenge %q", page, a.Header.Get("WWW-Authenticate"))
		}
	}
	if a := h.want(401, "GET", "/torrents", "", "Authorization", "", "Sec-Fetch-Mode", "navigate"); !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic") {
		t.Errorf("an address that is opened: the challenge %q", a.Header.Get("WWW-Authenticate"))
	}

	// To look is not to change.
	if got := decode[record.About](h, h.want(200, "GET", "/", "", as(look)...)).Access; got != "read" {
		t.Errorf("access %q", got)
	}
	h.want(200, "GET", "/torrents", "", as(look)...)
	id := fakeID(0)
	for _, path := range []string{"/torrents/" + id + "/pause", "/torrents", "/torrents:batch", "/shutdown", "/token", "/session/code"} {
		h.want(403, "POST", path, "", as(look)...)
	}
	h.want(403, "PATCH", "/settings", `{}`, as(look)...)
	h.want(403, "DELETE", "/torrents/"+id, "", as(look)...)
	h.want(403, "GET", "/torrents/"+id+"/trackers?secrets=true", "", as(look)...)
	h.want(403, "GET", "/torrents/"+id+"/metainfo", "", as(look)...)
	if a := h.want(200, "GET", "/torrents/"+id+"/trackers", "", as(look)...); bytes.Contains(a.body, []byte("hunter2")) {
		t.Errorf("a secret: %s", a.body)
	}

	// A rotated token is void, and another daemon on the folder knows the new one.
	rotated := decode[struct{ Token string }](h, h.want(200, "POST", "/token", `{}`, as(all)...)).Token
	h.want(401, "GET", "/", "", as(all)...)
	h.want(200, "GET", "/", "", as(rotated)...)
	h.want(200, "GET", "/", "", as(look)...)
	if rotated != token(tokenFile) {
		t.Error("the file has another token")
	}
	if err := os.WriteFile(filepath.Join(dir, tokenFile), []byte("a token by hand, long enough\nsecond line"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Reload(); err != nil {
		t.Fatal(err)
	}
	h.want(200, "GET", "/", "", as("a token by hand, long enough")...)
}

// Tokens that would be no protection are refused.
func TestTokensRefused(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]KeyOptions{
		"short": {Dir: dir, Token: "hunter2"}, "short in a file": {Dir: dir, File: short}, "no file": {Dir: dir, File: filepath.Join(dir, "none", "x")},
		"one for both": {Dir: dir, File: filepath.Join(dir, readTokenFile)},
	} {
		if _, err := OpenKeys(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	k, err := OpenKeys(KeyOptions{Dir: dir, Token: testToken})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Rotate(false); err == nil {
		t.Error("a token of the environment was rotated")
	}
}

// Programs that know nothing else send the token as a password.
func TestBasic(t *testing.T) {
	h := newHarness(t, 0, nil)
	for user, want := range map[string]int{"anybody": 200, "": 200} {
		r := h.request("GET", base+"/", "")
		r.SetBasicAuth(user, testToken)
		if a := h.send(r); a.StatusCode != want {
			t.Errorf("user %q: %d", user, a.StatusCode)
		}
	}
	r := h.request("GET", base+"/", "")
	r.SetBasicAuth(testToken, "x")
	if a := h.send(r); a.StatusCode != 401 {
		t.Errorf("the token as user: %d", a.StatusCode)
	}
}

// A browser trades the token for a cookie that scripts cannot read and other sites do
// not send; it can be revoked, ends with its token, and outlives the daemon.
func TestCookie(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenKeys(KeyOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(filepath.Join(dir, tokenFile))
	token := strings.TrimSpace(string(b))
	open := func() *harness { return newHarness(t, 1, func(c *Config) { c.Keys, c.StateDir = k, dir }) }
	h := open()
	signIn := func(body string) *http.Cookie {
		t.Helper()
		a := h.want(204, "POST", "/session", body, "Authorization", "")
		return a.Cookies()[0]
	}
	c := signIn(`{"token":"` + token + `"}`)
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" || c.MaxAge != 30*24*3600 {
		t.Errorf("cookie %+v", c)
	}
	with := func(c *http.Cookie) []string {
		return []string{"Authorization", "", "Cookie", c.Name + "=" + c.Value, "Sec-Fetch-Site", "same-origin"}
	}
	h.want(200, "GET", "/torrents", "", with(c)...)
	h.want(200, "PATCH", "/settings", `{}`, with(c)...)
	if kept, _ := os.ReadFile(filepath.Join(dir, loginsFile)); bytes.Contains(kept, []byte(c.Value)) || len(kept) == 0 {
		t.Errorf("the file has the cookie itself, or nothing: %s", kept)
	}
	h = open() // another start of the daemon
	h.want(200, "GET", "/torrents", "", with(c)...)

	// A cookie is renewed when it is a day old, and over after 30 days.
	now := time.Now()
	h.s.gate.now = func() time.Time { return now }
	now = now.Add(25 * time.Hour)
	if a := h.want(200, "GET", "/torrents", "", with(c)...); len(a.Cookies()) != 1 || a.Cookies()[0].Value != c.Value {
		t.Errorf("not renewed: %q", a.Header)
	}
	now = now.Add(29*24*time.Hour + 23*time.Hour)
	h.want(200, "GET", "/torrents", "", with(c)...)
	now = now.Add(30*24*time.Hour + time.Second)
	h.want(401, "GET", "/torrents", "", with(c)...)

	// Signing out revokes; so does a new token.
	c = signIn(`{"token":"` + token + `"}`)
	if a := h.want(204, "DELETE", "/session", "", with(c)...); a.Cookies()[0].MaxAge >= 0 {
		t.Errorf("the cookie stays: %q", a.Header)
	}
	h.want(401, "GET", "/torrents", "", with(c)...)
	c = signIn(`{"token":"` + token + `"}`)
	again, err := k.Rotate(false)
	if err != nil {
		t.Fatal(err)
	}
	h.want(401, "GET", "/torrents", "", with(c)...)

	// A code is good once, and for ten minutes.
	owner := []string{"Authorization", "Bearer " + again}
	code := h.code(owner...)
	c = signIn(`{"code":"` + code + `"}`)
	h.want(200, "PATCH", "/settings", `{}`, with(c)...)
	h.want(401, "POST", "/session", `{"code":"`+code+`"}`, "Authorization", "")
	code = h.code(owner...)
	now = now.Add(10*time.Minute + time.Second)
	h.want(401, "POST", "/session", `{"code":"`+code+`"}`, "Authorization", "")
	h.want(422, "POST", "/session", `{}`, "Authorization", "")

	// Under TLS it is for TLS only.
	r := h.request("POST", base+"/session", `{"code":"`+h.code(owner...)+`"}`, "Authorization", "")
	r.TLS = httptest.NewRequest("GET", "https://localhost/", nil).TLS
	if a := h.send(r); !a.Cookies()[0].Secure {
		t.Errorf("not secure: %q", a.Header)
	}
}

// What is kept of logins, codes and addresses has a bound.
func TestLoginsAreBounded(t *testing.T) {
	h := newHarness(t, 0, nil)
	l := h.s.gate.logins
	now := time.Now()
	for i := range 2 * maxLogins {
		l.code(now.Add(time.Duration(i) * time.Second))
		if _, err := l.begin(full, h.s.gate.keys.fullSum(), now.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.by) != maxLogins || len(l.codes) != maxCodes {
		t.Errorf("%d logins, %d codes", len(l.by), len(l.codes))
	}
	f := &h.s.gate.fails
	for i := range 3 * maxFailing {
		r := &http.Request{RemoteAddr: netip4(i)}
		f.add(sourceOf(r), now)
	}
	if len(f.by) > maxFailing {
		t.Errorf("%d addresses", len(f.by))
	}
}

func netip4(i int) string {
	return net.JoinHostPort(net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)).String(), "1234")
}

// A name that is not ours is refused before anything else, the probes and the page
// included.
func TestHost(t *testing.T) {
	h := newHarness(t, 0, func(c *Config) {
		c.Hosts = []string{"NAS.example.org"}
		c.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, "page") })
	})
	local := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 7470}
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:1": 200, "localhost.": 200, "127.0.0.1:7470": 200, "127.1.2.3": 200, "[::1]:7470": 200, "nas.example.org": 200, "192.0.2.7:7470": 200,
		"": 421, "evil.example": 421, "localhost.evil.example": 421, "nas.example.org.evil": 421, "192.0.2.8": 421, "0.0.0.0": 421, "[::ffff:192.0.2.7]": 200, "x localhost": 421,
		"127.0.0.1.evil.example": 421,
	} {
		for _, path := range []string{base + "/", "/livez", "/", base + "/openapi.json"} {
			r := h.request("GET", path, "")
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(local)))
			r.Host = host
			if a := h.send(r); a.StatusCode != want {
				t.Errorf("host %q, %s: %d, want %d", host, path, a.StatusCode, want)
			}
		}
	}
	r := h.request("POST", base+"/session", `{"token":"wrong"}`)
	r.Host = "evil.example"
	if a := h.send(r); a.StatusCode != 421 {
		t.Errorf("%d: another rule came first", a.StatusCode)
	}
}

// What a page of another site makes a browser send does nothing, whatever secret goes
// with it; with the cookie it sees nothing, either.
func TestCrossSite(t *testing.T) {
	h := newHarness(t, 1, func(c *Config) { c.Origins = []string{"https://friend.example"} })
	c := h.want(204, "POST", "/session", `{"token":"`+testToken+`"}`).Cookies()[0]
	cookie := c.Name + "=" + c.Value
	pause := "/torrents/" + fakeID(0) + "/pause"
	for _, from := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		h.want(403, "POST", pause, "", from...)
		h.want(403, "POST", pause, "", append(from, "Authorization", "", "Cookie", cookie)...)
		h.want(403, "GET", "/torrents", "", append(from, "Authorization", "", "Cookie", cookie)...)
		h.want(403, "POST", "/session", `{"token":"`+testToken+`"}`, from...)
	}
	for _, from := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {"Origin", "http://localhost:7470"}, {"Sec-Fetch-Site", "cross-site", "Origin", "https://friend.example"}} {
		h.want(202, "POST", pause, "", append(from, "Authorization", "", "Cookie", cookie)...)
		h.want(200, "GET", "/torrents", "", append(from, "Authorization", "", "Cookie", cookie)...)
	}

	// Only an origin that is listed exactly hears that it may read answers.
	for origin, want := range map[string]string{"https://friend.example": "https://friend.example", "https://friend.example.evil": "", "http://friend.example": "", "": ""} {
		if got := h.do("GET", "/torrents", "", "Origin", origin).Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("origin %q: allowed %q", origin, got)
		}
	}
	ask := []string{"Authorization", "", "Access-Control-Request-Method", "PATCH", "Origin"}
	if a := h.do("OPTIONS", "/settings", "", append(ask, "https://friend.example")...); a.StatusCode != 204 || !strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "PATCH") {
		t.Errorf("preflight: %d %q", a.StatusCode, a.Header)
	}
	if a := h.do("OPTIONS", "/settings", "", append(ask, "https://evil.example")...); a.StatusCode < 400 || a.Header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("preflight of a stranger: %d %q", a.StatusCode, a.Header)
	}
}

// GET changes nothing.
func TestGetChangesNothing(t *testing.T) {
	h := newHarness(t, 1, nil)
	before := h.fake.revision
	for path := range h.s.routes.api.OpenAPI().Paths {
		if path == "/events" {
			continue // does not end
		}
		r := strings.NewReplacer("{id}", fakeID(0), "{addr}", "192.0.2.1:1", "{i}", "0").Replace(path)
		h.do("GET", r, "")
	}
	if h.fake.revision != before || h.fake.ended || len(h.fake.added) != 0 {
		t.Error("something has changed")
	}
}

// A form of a stranger's page can send text and forms, but nothing that we take.
func TestBodyTypes(t *testing.T) {
	h := newHarness(t, 1, nil)
	settings, one := "/settings", "/torrents/"+fakeID(0)
	for _, c := range []struct {
		method, path, kind string
		want               int
	}{
		{"PATCH", settings, "application/json", 200}, {"PATCH", settings, "application/merge-patch+json; charset=utf-8", 200},
		{"PATCH", settings, "text/plain", 415}, {"PATCH", settings, "", 415}, {"PATCH", settings, "application/x-www-form-urlencoded", 415},
		{"PATCH", settings, "multipart/form-data; boundary=x", 415}, {"PATCH", settings, "application/x-bittorrent", 415}, {"PATCH", settings, "application/json, text/plain", 415},
		{"POST", one + "/pause", "text/plain", 415}, {"POST", one + "/pause", "application/json", 202},
		{"POST", "/torrents", "text/plain", 415}, {"POST", "/torrents", "application/x-www-form-urlencoded", 415}, {"POST", "/torrents:batch", "application/x-bittorrent", 415},
		{"DELETE", one, "text/plain", 415}, {"PATCH", one + "/files", "application/merge-patch+json", 415},
	} {
		h.want(c.want, c.method, c.path, `{}`, "Content-Type", c.kind)
	}
}

// Ten wrong tokens in a minute shut an address out, and no other one.
func TestFailures(t *testing.T) {
	h := newHarness(t, 0, nil)
	now := time.Now()
	h.s.gate.now = func() time.Time { return now }
	try := func(from, token string) answer {
		r := h.request("GET", base+"/", "", "Authorization", "Bearer "+token)
		r.RemoteAddr = from
		return h.send(r)
	}
	cookie := h.want(204, "POST", "/session", `{"token":"`+testToken+`"}`).Cookies()[0]
	for i := range maxFailures {
		if a := try("192.0.2.1:1000", "wrong"); a.StatusCode != 401 {
			t.Fatalf("%d: %d", i, a.StatusCode)
		}
		now = now.Add(time.Second)
	}
	for _, token := range []string{"wrong", testToken} {
		a := try("192.0.2.1:2000", token)
		if a.StatusCode != 429 || a.Header.Get("Retry-After") != "50" {
			t.Errorf("%d, again after %q", a.StatusCode, a.Header.Get("Retry-After"))
		}
	}
	r := h.request("POST", base+"/session", `{"token":"`+testToken+`"}`, "Authorization", "")
	r.RemoteAddr = "192.0.2.1:3000"
	if a := h.send(r); a.StatusCode != 429 {
		t.Errorf("signing in: %d", a.StatusCode)
	}
	r = h.request("GET", base+"/", "", "Authorization", "", "Cookie", cookie.Name+"="+cookie.Value)
	r.RemoteAddr = "192.0.2.1:3000"
	if a := h.send(r); a.StatusCode != 200 {
		t.Errorf("a browser that is signed in: %d", a.StatusCode)
	}
	if a := try("192.0.2.2:1000", testToken); a.StatusCode != 200 {
		t.Errorf("another address: %d", a.StatusCode)
	}
	now = now.Add(51 * time.Second)
	if a := try("192.0.2.1:2000", testToken); a.StatusCode != 200 {
		t.Errorf("a minute later: %d", a.StatusCode)
	}
	for range maxFailures { // of IPv6 a user has a whole /64
		try("[2001:db8::1]:1", "wrong")
	}
	if a := try("[2001:db8::2]:1", testToken); a.StatusCode != 429 {
		t.Errorf("the same /64: %d", a.StatusCode)
	}
	if a := try("[2001:db8:0:1::2]:1", testToken); a.StatusCode != 200 {
		t.Errorf("another /64: %d", a.StatusCode)
	}
}

// Over the socket the user needs no token, and may name a file of the machine.
func TestSocket(t *testing.T) {
	h := newHarness(t, 1, nil)
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := h.s.HTTP()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	dial := func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", path) }
	transport := &http.Transport{DialContext: dial}
	client := &http.Client{Transport: transport}
	defer func() {
		transport.CloseIdleConnections()
		server.Close()
		<-served
	}()
	post := func(host string) (int, string) {
		r, _ := http.NewRequest("POST", "http://"+host+base+"/torrents", strings.NewReader(`{"source":"/home/me/x.torrent"}`))
		r.Header.Set("Content-Type", typeJSON)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	want := 201
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		want = 401 // the system does not say who is there
	}
	if code, body := post("localhost"); code != want {
		t.Fatalf("%d %s", code, body)
	}
	if want == 201 && !h.fake.added[0].LocalPath {
		t.Error("the path is not allowed")
	}
	if code, _ := post("gotor.sock"); code != 421 {
		t.Errorf("a strange name over the socket: %d", code)
	}
	// The same over TCP is somebody's guess at our files.
	for _, source := range []string{"/etc/passwd", "x.torrent", "file:///etc/passwd", "FILE:/etc/passwd", `C:\\x.torrent`, "ftp://example.org/x"} {
		h.want(403, "POST", "/torrents", `{"source":"`+source+`"}`)
		if a := h.want(200, "POST", "/torrents:batch", `{"sources":["`+source+`"]}`); !bytes.Contains(a.body, []byte(`"forbidden"`)) {
			t.Errorf("in a batch: %s", a.body)
		}
	}
	for _, source := range []string{"http://example.org/x", "HTTPS://example.org/x", fakeID(7), strings.ToUpper(fakeID(7)), "magnet:?xt=urn:btih:" + fakeID(8)} {
		if a := h.do("POST", "/torrents", `{"source":"`+source+`"}`); a.StatusCode >= 300 {
			t.Errorf("%s: %d %s", source, a.StatusCode, a.body)
		}
	}
}

// A folder outside of the roots is refused by who has them.
func TestPathsOutside(t *testing.T) {
	h := newHarness(t, 1, nil)
	h.want(403, "GET", "/dirs?path=/etc", "")
	h.want(403, "POST", "/torrents/"+fakeID(0)+"/move", `{"dir":"/etc"}`)
}

// Everything that is answered says how it is to be taken.
func TestHeaders(t *testing.T) {
	h := newHarness(t, 1, nil)
	for _, path := range []string{"/", "/torrents", "/nothing", "/openapi.json", "/docs/"} {
		a := h.do("GET", path, "")
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Content-Security-Policy": "frame-ancestors 'none'"} {
			if got := a.Header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: open to other sites", path)
		}
	}
}

// Secrets do not come back: not in an answer, and not in a line of the log.
func TestSecretsStay(t *testing.T) {
	var lines []string
	h := newHarness(t, 1, func(c *Config) { c.Log = func(text string) { lines = append(lines, text) } })
	secret := "hunter2-hunter2-hunter2"
	for _, a := range []answer{
		h.do("GET", "/", "", "Authorization", "Bearer "+secret),
		h.do("POST", "/session", `{"token":"`+secret+`"}`),
		h.do("POST", "/session", `{"token":5,"x":"`+secret+`"}`),
		h.do("POST", "/session", `{"token":"`+secret),
		h.do("PATCH", "/settings", `{"max_down":"`+secret+`"}`),
		h.do("POST", "/torrents", `{"source":5,"name":"`+secret+`"}`),
	} {
		if bytes.Contains(a.body, []byte(secret)) {
			t.Errorf("%s", a.body)
		}
	}
	h.fake.panics = true
	h.do("GET", "/torrents?q="+secret, "")
	h.fake.panics = false
	if len(lines) != 1 || strings.Contains(lines[0], secret) {
		t.Errorf("log %q", lines)
	}
}
