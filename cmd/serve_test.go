package cmd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/record"
)

// The socket is the user's alone, replaces what a daemon that was killed has left, and
// nothing else.
func TestListenSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "gotor-sock") // the name of a socket is short
	noErr(t, err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "new", "s")
	l, err := listenSocket(t.Context(), path)
	noErr(t, err)
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	if _, err := listenSocket(t.Context(), path); record.CodeOf(err) != record.ExitLocked {
		t.Errorf("a second one: %v", err)
	}
	l.(*socketListener).Listener.Close() // as if it was killed: the name stays
	again, err := listenSocket(t.Context(), path)
	noErr(t, err)
	noErr(t, again.Close())
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	file := filepath.Join(dir, "file")
	noErr(t, os.WriteFile(file, nil, 0o600))
	if _, err := listenSocket(t.Context(), file); record.CodeOf(err) != record.ExitFile {
		t.Errorf("over a file: %v", err)
	}
}

// More clients than there is room for wait, and closing lets go of who waits.
func TestBoundedListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBounded(crowd{}, 1)
		type guest struct {
			net.Conn
			err error
		}
		in := make(chan guest, 1)
		accept := func() {
			c, err := b.Accept()
			in <- guest{c, err}
		}
		accept()
		first := <-in
		noErr(t, first.err)
		waits := func(who string) {
			t.Helper()
			go accept()
			if synctest.Wait(); len(in) > 0 {
				t.Fatalf("%s was let in beside another", who)
			}
		}
		waits("the second")
		first.Close()
		first.Close() // gives its place back once
		second := <-in
		noErr(t, second.err)
		waits("the third")
		b.Close()
		if third := <-in; !errors.Is(third.err, net.ErrClosed) {
			t.Errorf("after the end: %v", third.err)
		}
	})
}

// crowd is a listener at which somebody always knocks.
type crowd struct{ net.Listener }

func (crowd) Accept() (net.Conn, error) {
	c, _ := net.Pipe()
	return c, nil
}

func (crowd) Close() error { return nil }

// writePair writes a certificate signed by itself, and its key.
func writePair(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noErr(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	noErr(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	noErr(t, err)
	noErr(t, os.WriteFile(filepath.Join(dir, "cert"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	noErr(t, os.WriteFile(filepath.Join(dir, "key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "first")
	var warned []string
	c, err := openCertificate(filepath.Join(dir, "cert"), filepath.Join(dir, "key"), func(text string) { warned = append(warned, text) })
	noErr(t, err)
	name := func() string {
		t.Helper()
		pair, err := c.get(nil)
		noErr(t, err)
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		noErr(t, err)
		return leaf.Subject.CommonName
	}
	if got := name(); got != "first" {
		t.Errorf("%s", got)
	}
	writePair(t, dir, "the second one") // of another length, whatever the clock of the disk
	if got := name(); got != "the second one" || len(warned) > 0 {
		t.Errorf("%s, warned %q", got, warned)
	}
	noErr(t, os.WriteFile(filepath.Join(dir, "cert"), []byte("half of it"), 0o600))
	for range 2 { // said once
		if got := name(); got != "the second one" || len(warned) != 1 {
			t.Errorf("%s, warned %q", got, warned)
		}
	}
}

// No torrent may reach what the daemon itself goes by, whatever links there are.
func TestRootsAndState(t *testing.T) {
	dir := t.TempDir()
	noErr(t, os.MkdirAll(filepath.Join(dir, "data", "state"), 0o777))
	noErr(t, os.Symlink(filepath.Join(dir, "data"), filepath.Join(dir, "link")))
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		root, state, token string
		ok                 bool
	}{
		{"data", "state", "", true},
		{"data", "data/state", "", false},
		{"data", "link/state", "", false},
		{"link", "data/state", "", false},
		{"data", "data/new/state", "", false},
		{"data", "data-state", "", true},
		{"data", "state", "data/token", false},
		{"data", "state", "token", true},
	} {
		o := &serveOptions{dirs: []string{at(c.root)}}
		if c.token != "" {
			o.tokenFile = at(c.token)
		}
		if err := o.findRoots(at(c.state)); (err == nil) != c.ok || err != nil && record.CodeOf(err) != record.ExitUsage {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A --host that is a URL is where links lead, and both kinds are names.
func TestHosts(t *testing.T) {
	v := &serving{o: &serveOptions{hosts: []string{"box", "https://box.example:8443/torrents", "[::1]"}}}
	if got := v.url().String(); got != "https://box.example:8443/torrents/" {
		t.Errorf("links lead to %s", got)
	}
	if got := v.o.hostNames(); !slices.Equal(got, []string{"box", "box.example:8443", "[::1]"}) {
		t.Errorf("names %q", got)
	}
	v = &serving{o: &serveOptions{hosts: []string{"box"}}, doors: []*door{{url: "unix:/s"}, {url: "http://127.0.0.1:7470/"}}}
	if got := v.url().String(); got != "http://127.0.0.1:7470/" {
		t.Errorf("links lead to %s", got)
	}
	v.doors = v.doors[:1]
	if got := v.url(); got != nil {
		t.Errorf("at the socket only: %s", got)
	}
}
