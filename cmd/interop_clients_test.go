//go:build interop && linux

package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// Ports that every host can use, each being a machine of its own.
const (
	trackerPort = 6969
	peerPort    = 6881
	rpcPort     = 9091
)

// tracker is a running opentracker, for HTTP and UDP on one port.
type tracker struct {
	host *host
	proc *proc
}

func (h *host) announceURL(scheme string) string {
	return fmt.Sprintf("%s://%s/announce", scheme, h.addr(trackerPort))
}

// tracker starts opentracker and waits until it answers. Debian's build serves
// the torrents of a list only.
func (l *lab) tracker(t *testing.T, h *host, hashes ...hash) *tracker {
	t.Helper()
	l.need(t, "opentracker")
	// It reads the list as "nobody", from below its root directory.
	dir, err := os.MkdirTemp("", "gotor-opentracker-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	var list bytes.Buffer
	for _, x := range hashes {
		fmt.Fprintln(&list, x)
	}
	must(t, os.WriteFile(filepath.Join(dir, "list"), list.Bytes(), 0o644))
	port := strconv.Itoa(trackerPort)
	tr := &tracker{h, h.start(t, dir, l.path("opentracker"),
		"-i", h.ip.String(), "-p", port, "-P", port, "-d", dir, "-w", "list")}
	until(t, "opentracker listens", func() bool { return h.listening(trackerPort) }, tr.proc)
	return tr
}

// ownTracker is gotor in the place of opentracker.
func (l *lab) ownTracker(t *testing.T, h *host) *tracker {
	t.Helper()
	tr := &tracker{h, h.start(t, t.TempDir(), l.gotor, "tracker", "--listen", h.addr(trackerPort))}
	until(t, "gotor tracker listens", func() bool { return h.listening(trackerPort) }, tr.proc)
	return tr
}

var scrapeCounts = regexp.MustCompile(`8:completei(\d+)e10:downloadedi\d+e10:incompletei(\d+)e`)

// counts asks the tracker how many seeders and leechers it knows.
func (tr *tracker) counts(x hash) (seeders, leechers int) {
	u := fmt.Sprintf("http://%s/scrape?info_hash=%s", tr.host.addr(trackerPort), url.QueryEscape(string(x[:])))
	resp, err := tr.host.client().Get(u)
	if err != nil {
		return 0, 0
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if m := scrapeCounts.FindSubmatch(b); m != nil {
		seeders, _ = strconv.Atoi(string(m[1]))
		leechers, _ = strconv.Atoi(string(m[2]))
	}
	return seeders, leechers
}

// client is one of the other programs, as a seeder or a downloader. The
// torrent names its tracker; dir holds the data, or will.
type client interface {
	// seed starts offering what is in dir. It is ready when the tracker says so.
	seed(t *testing.T, l *lab, h *host, torrent, dir string) *proc
	// download starts fetching into dir; done says whether all is there.
	download(t *testing.T, l *lab, h *host, torrent, dir string) (p *proc, done func() bool)
}

// ways is how a client finds peers beside what the torrent says: not at all, if
// zero. PEX is always on.
type ways struct {
	dht []netip.AddrPort // nodes, of which the first suffices for most
	lsd bool
	v6  bool // IPv6 only, where there is a choice
}

// client is one of the clients, or gotor.
func (w ways) client(name string) client {
	if name == "gotor" {
		return gotorClient{w}
	}
	return clientsBy(w)[name]
}

func familyName(v6 bool) string { return map[bool]string{false: "IPv4", true: "IPv6"}[v6] }

func (w ways) hasDHT() bool { return len(w.dht) > 0 }

// clients are all of them, by name.
var clients = clientsBy(ways{})

func clientsBy(w ways) map[string]client {
	return map[string]client{"aria2": aria2{w}, "transmission": transmission{ways: w}, "libtorrent": libtorrent{w}}
}

type aria2 struct{ ways }

func (c aria2) args(l *lab, h *host, torrent, dir string, more ...string) []string {
	argv := []string{l.path("aria2c"), "--no-conf", "--dir=" + dir, "--listen-port=" + strconv.Itoa(peerPort),
		"--show-console-readout=false", "--console-log-level=notice", "--file-allocation=none"}
	return append(append(append(argv, c.discovery(h, dir)...), torrent), more...)
}

func (c aria2) discovery(h *host, dir string) []string {
	argv := []string{"--enable-dht=" + strconv.FormatBool(c.hasDHT() && !c.v6),
		"--enable-dht6=" + strconv.FormatBool(c.hasDHT() && c.v6)}
	switch {
	case c.hasDHT() && c.v6:
		argv = append(argv, "--dht-listen-addr6="+h.ip6.String(), "--dht-entry-point6="+c.dht[0].String())
	case c.hasDHT():
		argv = append(argv, "--dht-entry-point="+c.dht[0].String())
	}
	if c.hasDHT() {
		// The files keep nodes between runs; elsewhere runs would share them.
		argv = append(argv, "--dht-listen-port="+strconv.Itoa(peerPort),
			"--dht-file-path="+dir+"/../dht.dat", "--dht-file-path6="+dir+"/../dht6.dat")
	}
	if c.lsd {
		argv = append(argv, "--bt-enable-lpd=true", "--bt-lpd-interface="+h.ip.String())
	}
	return argv
}

func (c aria2) seed(t *testing.T, l *lab, h *host, torrent, dir string) *proc {
	l.need(t, "aria2c")
	return h.start(t, t.TempDir(), c.args(l, h, torrent, dir, "--check-integrity=true", "--seed-ratio=0.0")...)
}

func (c aria2) download(t *testing.T, l *lab, h *host, torrent, dir string) (*proc, func() bool) {
	l.need(t, "aria2c")
	p := h.start(t, t.TempDir(), c.args(l, h, torrent, dir, "--seed-time=0")...)
	return p, func() bool { return p.ended() && p.err == nil }
}

type libtorrent struct{ ways }

func (c libtorrent) start(t *testing.T, l *lab, h *host, torrent, dir string, more ...string) *proc {
	l.need(t, "libtorrent")
	argv := []string{l.path("libtorrent"), testdata(t, "lt_seed.py"), torrent, dir}
	if c.hasDHT() || c.lsd {
		// It has a DHT node for each address that it is told.
		argv = append(argv, "--listen", h.at(c.v6, peerPort).String())
	}
	if c.hasDHT() {
		argv = append(argv, "--dht", c.dht[0].String())
	}
	if c.lsd {
		argv = append(argv, "--lsd")
	}
	return h.start(t, t.TempDir(), append(argv, more...)...)
}

func (c libtorrent) seed(t *testing.T, l *lab, h *host, torrent, dir string) *proc {
	return c.start(t, l, h, torrent, dir)
}

func (c libtorrent) download(t *testing.T, l *lab, h *host, torrent, dir string) (*proc, func() bool) {
	p := c.start(t, l, h, torrent, dir)
	return p, func() bool { return bytes.Contains([]byte(p.out.String()), []byte("finished\n")) }
}

type transmission struct {
	ways
	slow bool // it passes on next to nothing
}

func (c transmission) seed(t *testing.T, l *lab, h *host, torrent, dir string) *proc {
	p, complete := c.download(t, l, h, torrent, dir)
	until(t, "transmission has checked its data", complete, p)
	return p
}

func (c transmission) download(t *testing.T, l *lab, h *host, torrent, dir string) (*proc, func() bool) {
	l.need(t, "transmission-daemon")
	home := t.TempDir()
	settings, err := json.Marshal(map[string]any{
		"dht-enabled": c.hasDHT(), "lpd-enabled": c.lsd, "utp-enabled": false, "port-forwarding-enabled": false,
		"peer-port": peerPort, "rpc-port": rpcPort, "rpc-bind-address": h.ip.String(),
		"rpc-whitelist-enabled": false, "rpc-host-whitelist-enabled": false, "download-dir": dir,
		"speed-limit-down-enabled": c.slow, "speed-limit-down": 20, "speed-limit-up-enabled": c.slow, "speed-limit-up": 10,
	})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(home, "settings.json"), settings, 0o600))
	if c.hasDHT() {
		// What it would have kept of an earlier run. A node that it is told by name
		// costs 15 s each, and only the first is asked for others.
		var nodes []byte
		for _, a := range c.dht {
			nodes = append(nodes, compact(a)...)
		}
		dat := fmt.Appendf(nil, "d2:id20:transmission's node 5:nodes%d:%se", len(nodes), nodes)
		must(t, os.WriteFile(filepath.Join(home, "dht.dat"), dat, 0o600))
	}
	p := h.start(t, home, l.path("transmission-daemon"), "-f", "-g", home)
	until(t, "transmission's RPC answers", func() bool { return h.listening(rpcPort) }, p)
	r := &transmissionRPC{host: h, client: h.client()}
	if _, err := r.call("torrent-add", map[string]any{"filename": torrent, "download-dir": dir}); err != nil {
		t.Fatal(err)
	}
	return p, func() bool { return r.complete() }
}

// transmissionRPC speaks the JSON dialect of transmission-daemon.
type transmissionRPC struct {
	host    *host
	client  *http.Client
	session string // its guard against cross-site requests
	at      string // its URL; empty: the usual one of the host
	token   string // empty: it wants none
}

func (r *transmissionRPC) call(method string, args any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"method": method, "arguments": args})
	if err != nil {
		return nil, err
	}
	at := r.at
	if at == "" {
		at = fmt.Sprintf("http://%s/transmission/rpc", r.host.addr(rpcPort))
	}
	for {
		req, err := http.NewRequest("POST", at, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("X-Transmission-Session-Id", r.session)
		if r.token != "" {
			req.SetBasicAuth("x", r.token)
		}
		resp, err := r.client.Do(req)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if id := resp.Header.Get("X-Transmission-Session-Id"); resp.StatusCode == http.StatusConflict && id != r.session {
			r.session = id
			continue
		}
		if err == nil && !bytes.Contains(b, []byte(`"result":"success"`)) {
			err = fmt.Errorf("transmission %s: %s: %s", method, resp.Status, b)
		}
		return b, err
	}
}

// complete says whether the only torrent has all its data, checked.
func (r *transmissionRPC) complete() bool {
	b, err := r.call("torrent-get", map[string]any{"fields": []string{"percentDone", "status"}})
	if err != nil {
		return false
	}
	var answer struct {
		Arguments struct {
			Torrents []struct {
				PercentDone float64
				Status      int
			}
		}
	}
	const seeding = 6
	return json.Unmarshal(b, &answer) == nil && len(answer.Arguments.Torrents) == 1 &&
		answer.Arguments.Torrents[0].PercentDone == 1 && answer.Arguments.Torrents[0].Status == seeding
}

// testdata is the absolute path of a file beside the tests.
func testdata(t *testing.T, name string) string {
	t.Helper()
	p, err := filepath.Abs(filepath.Join("testdata", name))
	must(t, err)
	return p
}
