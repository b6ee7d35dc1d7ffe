package torrent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gotor/piece"
	"gotor/torrent/metainfo"
)

// web starts a web server on a host of its own and returns its URL, with a
// slash.
func (l *lab) web(h http.Handler) string {
	l.Helper()
	a, host := l.host()
	listener, err := host.Listen(l.Context(), "tcp", netip.AddrPortFrom(a, 8080).String())
	if err != nil {
		l.Fatal(err)
	}
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go s.Serve(listener)
	l.Cleanup(func() { s.Close() })
	return fmt.Sprintf("http://%v:8080/", a)
}

// served is a web server's handler for one file.
func served(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		http.ServeContent(w, q, "", time.Time{}, bytes.NewReader(b))
	}
}

// lonely is a torrent without a tracker.
func (l *lab) lonely(payload []byte, pieceLength int, files []metainfo.File) *metainfo.Torrent {
	l.Helper()
	m, err := metainfo.Parse(rawTorrent(payload, pieceLength, files))
	if err != nil {
		l.Fatal(err)
	}
	return m
}

func TestMirrorAlone(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(3<<20 + 11)
		u := l.web(served(payload))
		// The limit for peers is far shorter than the download takes: a mirror
		// counts as one.
		c := l.client(Config{Port: -1, MaxDown: 1 << 20})
		tr := l.mustGet(c, order{Source: Source{Meta: l.lonely(payload, 64<<10, nil), Mirrors: []Mirror{{URL: u + "x?token=s3cret"}}},
			Spec: Spec{Limits: Limits{PeerTimeout: time.Second}}})
		l.wantFile("payload", payload)
		s := tr.Snapshot()
		if len(s.WebSeeds) != 1 || s.WebSeeds[0].URL != u+"x" || s.WebSeeds[0].Downloaded != int64(len(payload)) ||
			s.DownloadedWeb != int64(len(payload)) || s.Downloaded != s.DownloadedWeb {
			t.Errorf("snapshot: %+v, %d of %d", s.WebSeeds, s.DownloadedWeb, s.Downloaded)
		}
	})
}

// TestURLList: the servers of the torrent are used, unless they are not to be.
func TestURLList(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		var asked atomic.Int32
		h := served(payload)
		u := l.web(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if asked.Add(1); q.URL.Path != "/pub/payload" {
				t.Errorf("asked for %s", q.URL.Path)
			}
			h(w, q)
		}))
		m := l.lonely(payload, 64<<10, nil)
		m.WebSeeds = []string{u + "pub/"}
		c := l.client(Config{Port: -1})
		if _, err := l.get(c, order{Source: Source{Meta: m, NoWebSeeds: true}}); !errors.Is(err, ErrNoPeers) || errors.Is(err, ErrNoMirror) || asked.Load() > 0 {
			t.Errorf("without web seeds: %v after %d requests", err, asked.Load())
		}
		l.mustGet(c, of(m))
		l.wantFile("payload", payload)
	})
}

// TestURLListTree: of a torrent with a folder, with the names as the torrent has
// them.
func TestURLListTree(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		files := []metainfo.File{{Path: []string{"a:b", "c?d.txt"}, Length: 100_000}, {Path: []string{"leer"}}, {Path: []string{"ü"}, Length: 200_000}}
		mux := http.NewServeMux()
		mux.HandleFunc("/root/payload/a:b/c%3Fd.txt", served(payload[:100_000]))
		mux.HandleFunc("/root/payload/ü", served(payload[100_000:]))
		m := l.lonely(payload, 32<<10, files)
		m.WebSeeds = []string{l.web(mux) + "root"}
		l.mustGet(l.client(Config{Port: -1}), of(m))
		l.wantFile("payload/a:b/c?d.txt", payload[:100_000])
		l.wantFile("payload/ü", payload[100_000:])
	})
}

// TestHTTPSeeds is BEP 17.
func TestHTTPSeeds(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(200_000)
		m := l.lonely(payload, 32<<10, nil)
		m.HTTPSeeds = []string{l.web(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			var i int
			fmt.Sscan(q.URL.Query().Get("piece"), &i)
			if q.URL.Query().Get("info_hash") != string(m.InfoHash[:]) {
				t.Errorf("info-hash %q", q.URL.RawQuery)
			}
			w.Write(payload[i*32<<10 : min(len(payload), (i+1)*32<<10)])
		})) + "seed"}
		l.mustGet(l.client(Config{Port: -1}), of(m))
		l.wantFile("payload", payload)
	})
}

// TestMirrorStream: in order, to a writer.
func TestMirrorStream(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(5<<20 + 3)
		var out bytes.Buffer
		l.mustGet(l.client(Config{Port: -1, MaxMemory: 4 << 20}), order{Source: Source{Meta: l.lonely(payload, 64<<10, nil), Mirrors: []Mirror{{URL: l.web(served(payload))}}},
			Spec: Spec{Hooks: Hooks{Stream: &out}}})
		if !bytes.Equal(out.Bytes(), payload) {
			t.Errorf("%d bytes came that differ", out.Len())
		}
	})
}

// TestMirrorsFail: every way to fail ends with the mirror's own reason.
func TestMirrorsFail(t *testing.T) {
	payload := blastPayload(1 << 20)
	wrong := blastPayload(1 << 20)
	for i := 0; i < len(wrong); i += 1000 {
		wrong[i]++
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc // nil: nobody listens
		port    int
		want    string
	}{
		{"not there, and no way to find anybody", http.NotFound, -1, "404"},
		{"not there", http.NotFound, 0, "404"},
		{"lies", served(wrong), -1, "wrong data"},
		{"down", nil, -1, "refused"},
		{"busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, -1, "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				u := "http://10.0.0.1:9/"
				if c.handler != nil {
					u = l.web(c.handler)
				}
				tr, err := l.get(l.client(Config{Port: c.port}), order{Source: Source{Meta: l.lonely(payload, 64<<10, nil), Mirrors: []Mirror{{URL: u + "blob?key=hidden"}}},
					Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}})
				if !errors.Is(err, ErrNoMirror) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
					t.Errorf("error %v, want %q", err, c.want)
				}
				s := tr.Snapshot()
				if s.Verified > 0 || s.WebSeeds[0].Error == "" || c.name == "lies" && s.Wasted < webStrikes*64<<10 {
					t.Errorf("verified %d, wasted %d, %+v", s.Verified, s.Wasted, s.WebSeeds)
				}
			})
		})
	}
}

// TestMirrorRetry: a server that is busy is asked again when it says.
func TestMirrorRetry(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		h, n := served(payload), 0
		u := l.web(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			switch n++; n {
			case 1:
				w.Header().Set("Retry-After", "40")
				w.WriteHeader(503)
			case 2:
				w.WriteHeader(502)
			default:
				h(w, q)
			}
		}))
		start := time.Now()
		l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: l.lonely(payload, 64<<10, nil), Mirrors: []Mirror{{URL: u}}}})
		if d := time.Since(start); d < 40*time.Second || d > 50*time.Second || n < 3 {
			t.Errorf("done after %v and %d requests", d, n)
		}
	})
}

// TestMirrorWithPeers: both give, and nothing comes twice.
func TestMirrorWithPeers(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(30 << 20)
		m := l.single(payload, 256<<10)
		l.seed(m, payload, nil)
		u := l.web(served(payload))
		start := time.Now()
		tr := l.mustGet(l.client(Config{}), order{Source: Source{Meta: m, Mirrors: []Mirror{{URL: u}}}})
		l.wantFile("payload", payload)
		s := tr.Snapshot()
		if s.DownloadedWeb < 5<<20 || s.DownloadedWeb > 25<<20 || s.Wasted > 2<<20 {
			t.Errorf("%d of %d bytes came from the mirror, %d wasted", s.DownloadedWeb, s.Downloaded, s.Wasted)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("took %v at 10 MB/s", d)
		}
	})
}

// TestManyMirrors: four at a time, no host twice, and one that fails makes way.
func TestManyMirrors(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		var mirrors []Mirror
		for range 6 {
			mirrors = append(mirrors, Mirror{URL: l.web(http.HandlerFunc(http.NotFound))})
		}
		good := l.web(served(payload))
		for range 3 {
			mirrors = append(mirrors, Mirror{URL: good + fmt.Sprint(len(mirrors))})
		}
		tr := l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: l.lonely(payload, 64<<10, nil), Mirrors: mirrors}})
		var states []WebSeedState
		for _, w := range tr.Snapshot().WebSeeds {
			states = append(states, w.State)
		}
		want := []WebSeedState{WebSeedFailed, WebSeedFailed, WebSeedFailed, WebSeedFailed, WebSeedFailed, WebSeedFailed, WebSeedWorking, WebSeedIdle, WebSeedIdle}
		if !slices.Equal(states, want) {
			t.Errorf("states %v, want %v", states, want)
		}
	})
}

func TestShownURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://u:p@m.example/a%20b?X-Amz-Signature=1#f": "https://m.example/a%20b",
		"http://m.example?": "http://m.example",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := shownURL(u); got != want {
			t.Errorf("%s is shown as %s", in, got)
		}
	}
}

func TestBadMirror(t *testing.T) {
	for _, u := range []string{"", "file:///etc/passwd", "ftp://m/x", "http://", "m/x"} {
		if err := checkMirror(Mirror{URL: u}); err == nil {
			t.Errorf("%q is taken", u)
		}
	}
	if err := checkMirror(Mirror{URL: "HTTPS://m/x?y"}); err != nil {
		t.Error(err)
	}
}

// TestWebNames: the names of the torrent, not those on disk.
func TestWebNames(t *testing.T) {
	files := []metainfo.File{{Path: []string{"..", "x"}, Length: 1}, {Path: []string{"a\x01b"}, Length: 1}, {Path: []string{"\xff"}, Length: 1}}
	m, err := metainfo.Parse(rawTorrent([]byte("abc"), piece.BlockSize, files))
	if err != nil {
		t.Fatal(err)
	}
	n := newWebNames(m)
	got := []string{n.url("http://m/", 0), n.url("http://m/", 1), n.url("http://m/", 2)}
	if strings.Contains(got[0], "..") || got[1] != "http://m/payload/a%01b" || got[2] != "http://m/payload/%FF" {
		t.Errorf("%q", got)
	}
}

// A hundred servers and many files: the names and the list of files are there
// once, not a hundred times.
func TestWebSeedsShareFiles(t *testing.T) {
	const count = 20_000
	files := make([]metainfo.File, count)
	for i := range files {
		files[i] = metainfo.File{Path: []string{"folder", fmt.Sprintf("%080d", i)}, Length: 1}
	}
	m, err := metainfo.Parse(rawTorrent(make([]byte, count), 1<<20, files))
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxWebSeeds {
		m.WebSeeds = append(m.WebSeeds, fmt.Sprintf("http://10.1.0.%d/", i))
	}
	c, err := NewClient(Config{Port: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tor, err := newTorrent(c, Source{Meta: m}, Lookup{})
	if err == nil {
		err = tor.adopt(Spec{})
	}
	if err != nil {
		t.Fatal(err)
	}
	got := allocated(func() {
		tor.startWeb()
		for range tor.web.sources {
			tor.web.names().url("http://m/", count-1)
		}
	})
	if len(tor.web.sources) != maxWebSeeds {
		t.Fatalf("%d servers", len(tor.web.sources))
	}
	// 2 MB of buffers for the servers, and 400 bytes for a file: its place, and a
	// name of 86 bytes. A list for each server would be ten times that.
	if most := uint64(2<<20 + 400*count); got > most {
		t.Errorf("took %d KiB for %d servers and %d files, want at most %d", got>>10, maxWebSeeds, count, most>>10)
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMirrorHTTP2 is a whole download over the machine's own loopback, from a
// server with a certificate that nobody signed.
func TestMirrorHTTP2(t *testing.T) {
	payload := blastPayload(5<<20 + 7)
	var protos sync.Map
	h := served(payload)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		protos.Store(q.Proto, true)
		h(w, q)
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	m, err := metainfo.Parse(rawTorrent(payload, 128<<10, nil))
	if err != nil {
		t.Fatal(err)
	}
	get := func(insecure bool) error {
		c, err := NewClient(Config{Port: -1, Insecure: insecure})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		dir := t.TempDir()
		o := order{Source: Source{Meta: m, Local: true, Mirrors: []Mirror{{URL: srv.URL + "/x"}}},
			Spec: Spec{Place: Place{Dir: dir, NoSync: true}, Limits: Limits{Timeout: time.Minute}}}
		tr, err := o.begin(c)
		if err != nil {
			t.Fatal(err)
		}
		<-tr.Done()
		if got, err := os.ReadFile(filepath.Join(dir, "payload")); tr.Err() == nil && !bytes.Equal(got, payload) {
			t.Errorf("the file differs (%v)", err)
		}
		return tr.Err()
	}
	if err := get(false); !errors.Is(err, ErrNoMirror) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with a certificate of nobody: %v", err)
	}
	if err := get(true); err != nil {
		t.Error(err)
	}
	if _, ok := protos.Load("HTTP/2.0"); !ok {
		t.Error("HTTP/2 is not spoken")
	}
}
