package api

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"gotor/cmd/record"
)

// Who waits for the end is answered by it, though HTTP has ended long before, and is
// told what went wrong then.
func TestEnded(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		body   string
	}{
		"well": {nil, http.StatusNoContent, ""},
		"not":  {record.Errorf(record.ExitNoSpace, "the journal cannot be written"), http.StatusInsufficientStorage, `"detail":"the journal cannot be written"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, 0, nil)
				ours, theirs := net.Pipe()
				web := h.s.HTTP()
				served := make(chan error, 1)
				go func() { served <- web.Serve(&single{conn: theirs, end: make(chan struct{})}) }()
				io.WriteString(ours, "POST "+base+"/shutdown?until=ended HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nAuthorization: Bearer "+testToken+"\r\n\r\n")
				answered := make(chan answer, 1)
				go func() {
					resp, err := http.ReadResponse(bufio.NewReader(ours), nil)
					if err != nil {
						t.Error(err)
						return
					}
					body, _ := io.ReadAll(resp.Body)
					answered <- answer{resp, body}
				}()
				synctest.Wait()
				if !h.fake.ended {
					t.Error("the end has not begun")
				}
				if err := web.Shutdown(t.Context()); err != nil { // it does not wait for who waits
					t.Error(err)
				}
				if err := <-served; !errors.Is(err, http.ErrServerClosed) {
					t.Error(err)
				}
				if synctest.Wait(); len(answered) > 0 {
					t.Error("answered before the end")
				}
				h.s.Ended(c.err)
				a := <-answered
				if a.StatusCode != c.status || !strings.Contains(string(a.body), c.body) || a.Header.Get("X-Content-Type-Options") == "" {
					t.Errorf("%d %s %v", a.StatusCode, a.body, a.Header)
				}
				h.describes(h.request("POST", base+"/shutdown", ""), a)
			})
		})
	}
}

// single is a listener to which one connection comes.
type single struct {
	conn net.Conn
	end  chan struct{}
}

func (s *single) Accept() (net.Conn, error) {
	if c := s.conn; c != nil {
		s.conn = nil
		return c, nil
	}
	<-s.end
	return nil, net.ErrClosed
}

func (s *single) Close() error   { close(s.end); return nil }
func (s *single) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
