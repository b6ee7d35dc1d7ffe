package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// serve runs the real http.Server on connections in memory; end ends it.
func (h *harness) serve() (dial func() net.Conn, end func()) {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := h.s.HTTP()
	served := make(chan error, 1)
	go func() { served <- server.Serve(p) }()
	dial = func() net.Conn {
		c, err := p.dial(context.Background(), "", "")
		if err != nil {
			h.Fatal(err)
		}
		return c
	}
	return dial, func() {
		server.Close()
		<-served
		time.Sleep(time.Second) // of the bubble: net/http lingers on connections that it closes
	}
}

// exchange sends a head and a body that ends when from does, and reads the answer.
func exchangeOver(t *testing.T, c net.Conn, head string, from io.Reader) (*http.Response, int64) {
	t.Helper()
	sent := make(chan int64, 1)
	go func() {
		if _, err := io.WriteString(c, head); err != nil {
			sent <- 0
			return
		}
		n, _ := io.Copy(c, from) // ends with the connection
		sent <- n
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	c.Close()
	return resp, <-sent
}

// zeros never end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// drip never ends, and gives a byte a second.
type drip struct{}

func (drip) Read(b []byte) (int, error) {
	time.Sleep(time.Second) // of a synctest bubble
	b[0] = ' '
	return 1, nil
}

func headOf(method, path, kind, length string) string {
	return fmt.Sprintf("%s %s%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n%s\r\n\r\n", method, base, path, testToken, kind, length)
}

// A body may be as large as somebody likes: little of it is read.
func TestHugeBodies(t *testing.T) {
	for _, c := range []struct {
		name, method, path, kind, length string
		most                             int64
	}{
		{"announced", "PATCH", "/settings", typeJSON, "Content-Length: 10737418240", 1 << 20},
		{"in chunks", "PATCH", "/settings", typeJSON, "Transfer-Encoding: chunked", 2 << 20},
		{"torrent, announced", "POST", "/torrents", typeTorrent, "Content-Length: 10737418240", 1 << 20},
		{"torrent, in chunks", "POST", "/torrents", typeTorrent, "Transfer-Encoding: chunked", 2 * maxTorrent},
		{"form, announced", "POST", "/torrents", typeForm + "; boundary=x", "Content-Length: 10737418240", 1 << 20},
		{"source", "POST", "/torrents", typeJSON, "Content-Length: 10737418240", 1 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, 0, nil)
				dial, end := h.serve()
				defer end()
				body := io.Reader(zeros{})
				if strings.Contains(c.length, "chunked") {
					body = io.MultiReader(strings.NewReader("7fffffff\r\n"), body)
				}
				resp, sent := exchangeOver(t, dial(), headOf(c.method, c.path, c.kind, c.length), body)
				if resp.StatusCode != 413 || resp.Header.Get("Content-Type") != typeProblem || sent > c.most {
					t.Errorf("%d %q after %d bytes", resp.StatusCode, resp.Header.Get("Content-Type"), sent)
				}
			})
		})
	}
}

// A body that does not come is not waited for: 10 s for JSON, 2 min for a .torrent.
func TestSlowBodies(t *testing.T) {
	for _, c := range []struct {
		method, path, kind string
		within             time.Duration
	}{
		{"PATCH", "/settings", typeJSON, jsonTime}, {"POST", "/torrents", typeJSON, jsonTime}, {"POST", "/torrents", typeTorrent, uploadTime},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, 0, nil)
			dial, end := h.serve()
			defer end()
			began := time.Now()
			resp, _ := exchangeOver(t, dial(), headOf(c.method, c.path, c.kind, "Content-Length: 100000"), drip{})
			if took := time.Since(began); resp.StatusCode != 408 || took < c.within || took > c.within+5*time.Second {
				t.Errorf("%s %s: %d after %v", c.path, c.kind, resp.StatusCode, took)
			}
		})
	}
}

// A body that comes in time takes nothing from the time of the answer.
func TestDeadlineIsOfTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, 0, nil)
		h.s.mux.HandleFunc("POST "+base+"/slow", func(w http.ResponseWriter, r *http.Request) {
			if _, p := readBody(w, r, maxJSON, jsonTime); p != nil {
				refuse(w, p)
				return
			}
			select {
			case <-time.After(10 * jsonTime):
				plain(w, "done")
			case <-r.Context().Done():
			}
		})
		dial, end := h.serve()
		defer end()
		resp, _ := exchangeOver(t, dial(), headOf("POST", "/slow", typeJSON, "Content-Length: 2"), strings.NewReader("{}"))
		if resp.StatusCode != 200 {
			t.Errorf("%d", resp.StatusCode)
		}
	})
}

// Headers have their bounds, too, before there is a request.
func TestHeaderBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, 0, nil)
		dial, end := h.serve()
		defer end()
		resp, _ := exchangeOver(t, dial(), "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", io.LimitReader(zeros{}, 10<<20))
		if resp.StatusCode != 431 && resp.StatusCode != 400 {
			t.Errorf("large: %d", resp.StatusCode)
		}
		c := dial()
		began := time.Now()
		go func() { _, _ = io.Copy(c, io.MultiReader(strings.NewReader("GET / HTTP/1.1\r\nX"), drip{})) }()
		_, _ = io.Copy(io.Discard, c) // until it is closed
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("slow: %v", took)
		}
		c.Close()
	})
}

// Four .torrents are in memory at a time; another one waits a while for its turn.
func TestUploadsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, 0, nil)
		for range maxUploads {
			h.s.adder.uploads <- struct{}{}
		}
		a := h.want(503, "POST", "/torrents", "d4:infode", "Content-Type", typeTorrent)
		if a.Header.Get("Retry-After") != "10" {
			t.Errorf("again after %q", a.Header.Get("Retry-After"))
		}
		h.want(201, "POST", "/torrents", `{"source":"magnet:a"}`) // is small
		<-h.s.adder.uploads
		h.want(201, "POST", "/torrents", "d4:infode", "Content-Type", typeTorrent)
		if len(h.s.adder.uploads) != maxUploads-1 {
			t.Errorf("%d turns are taken", len(h.s.adder.uploads))
		}
	})
}
