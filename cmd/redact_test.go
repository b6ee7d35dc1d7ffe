package cmd

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// TestLongAnswers: whatever a server sends, the line about it is short.
func TestLongAnswers(t *testing.T) {
	long := strings.Repeat("A", 50_000)
	for name, answer := range map[string]string{
		"status text":  "HTTP/1.1 404 " + long + "\r\nContent-Length: 0\r\n\r\n",
		"no HTTP":      long + "\r\n\r\n",
		"header":       "HTTP/1.1 200 OK\r\nContent-Length: " + long + "\r\n\r\n",
		"redirect":     "HTTP/1.1 302 Found\r\nLocation: " + long + "://x/\r\n\r\n",
		"chunk length": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + long + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				c.Write([]byte(answer))
				c.(*net.TCPConn).CloseWrite()
				c.Close()
			}))
			defer s.Close()
			_, err := (&loader{s: newFake("").streams}).load(t.Context(), s.URL+"/x")
			if record.CodeOf(err) != record.ExitFetch {
				t.Fatalf("exit code %d: %.200v", record.CodeOf(err), err)
			}
			if n := len(err.Error()); n > 1000 {
				t.Errorf("an error of %d bytes", n)
			}
		})
	}
}

// TestShowHidesSecrets: what show prints for people has no keys in it.
func TestShowHidesSecrets(t *testing.T) {
	const key = "550e8400-e29b-41d4-a716-446655440000"
	link := "magnet:?xt=urn:btih:" + strings.Repeat("0a", 20) + "&tr=http%3A%2F%2Ft.example%2F" + key + "%2Fannounce&ws=http%3A%2F%2Fme%3Apw@w.example%2Fx"
	f := newFake("")
	if code := f.gotor(t, "show", "--offline", link); code != record.ExitOK {
		t.Fatalf("exit code %d, %s", code, f.stderr.String())
	}
	out := f.stdout.String()
	if strings.Contains(out, key) || strings.Contains(out, "pw") || !strings.Contains(out, "http://t.example/***/announce") {
		t.Errorf("show prints %s", out)
	}
}
