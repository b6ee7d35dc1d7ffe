package webseed

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gotor/peer/simnet"
)

// serveRaw answers every connection with these bytes, and then closes it.
func (r *rig) serveRaw(ip string, answer []byte) {
	r.Helper()
	a := netip.MustParseAddr(ip)
	host := r.net.Host(a, simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond})
	l, err := host.Listen(r.Context(), "tcp", netip.AddrPortFrom(a, 80).String())
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerRaw(c, answer)
		}
	}()
}

func answerRaw(c net.Conn, answer []byte) {
	c.Read(make([]byte, 4096)) // the request; what it says does not matter
	c.Write(answer)
	c.Close()
}

// TestLongAnswers: whatever a server sends, what is said about it is short.
func TestLongAnswers(t *testing.T) {
	long := strings.Repeat("A", 60_000)
	for name, answer := range map[string]string{
		"no HTTP":      long + "\r\n\r\n",
		"status text":  "HTTP/1.1 404 " + long + "\r\n\r\n",
		"length":       "HTTP/1.1 200 OK\r\nContent-Length: " + long + "\r\n\r\n",
		"redirect":     "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + long + "://\r\n\r\n",
		"chunk length": "HTTP/1.1 206 Partial\r\nTransfer-Encoding: chunked\r\n\r\n" + long + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, blk, blk, func(r *rig) {
				r.serveRaw("10.0.0.2", []byte(answer))
				r.cfg.URL = func(int) string { return "http://10.0.0.2/x" }
				err := r.run(New(r.cfg))
				if err == nil || len(err.Error()) > 2*maxError {
					t.Errorf("%d bytes: %.200v", len(err.Error()), err)
				}
			})
		})
	}
}

// FuzzRawHTTP: a server that sends whatever it likes instead of HTTP. The Run
// ends, wrong bytes are none of the torrent's, and what is said about it is short.
func FuzzRawHTTP(f *testing.F) {
	for _, s := range []string{
		"", "HTTP/1.1 200 OK\r\nContent-Length: 32768\r\n\r\nxx",
		"HTTP/1.1 206 P\r\nContent-Range: bytes 0-32767/32768\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
		"HTTP/1.1 206 P\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"HTTP/1.1 302 F\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 F\r\nLocation: //10.0.0.1:99999/\r\n\r\n", "HTTP/1.1 503 B\r\nRetry-After: 9\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404\r\n\r\n", "\x00\xff",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, answer []byte, script bool) {
		inRig(t, 2*blk, blk, func(r *rig) {
			r.serveRaw("10.0.0.2", answer)
			r.cfg.URL = func(int) string { return "http://10.0.0.2/x" }
			if script {
				r.cfg.Files, r.cfg.URL, r.cfg.Script = nil, nil, "http://10.0.0.2/x"
			}
			err := r.run(New(r.cfg))
			if err == nil {
				t.Fatal("the torrent is complete")
			}
			if len(err.Error()) > 2*maxError {
				t.Fatalf("%d bytes: %.200v", len(err.Error()), err)
			}
		})
	})
}
