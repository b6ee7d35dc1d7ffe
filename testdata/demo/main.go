// Demo shows what gotor is for, on this machine alone: it makes a payload and a
// torrent, runs a tracker and a seeder on loopback, and downloads the payload
// with gotor attached to the terminal.
//
// Goroutines: the tracker's HTTP server, which main ends with Close.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience bounds the start of the seeder.
const patience = 30 * time.Second

func main() {
	size := flag.Int64("size", 96<<20, "bytes of payload")
	rate := flag.Int64("rate", 32<<20, "download limit in bytes per second, so that there is something to see; 0: none")
	gotor := flag.String("gotor", "", "the gotor to show (default: built for the demo)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := demo(ctx, *gotor, *size, *rate); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

// demo runs everything in a temporary folder that it removes.
func demo(ctx context.Context, gotor string, size, rate int64) error {
	dir, err := os.MkdirTemp("", "gotor-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if gotor, err = program(gotor, dir); err != nil {
		return err
	}
	source := filepath.Join(dir, "seeder", "payload.bin")
	if err := makePayload(source, size); err != nil {
		return err
	}
	tracker, err := startTracker()
	if err != nil {
		return err
	}
	defer tracker.server.Close()

	// From here on, what a person would type.
	torrent := filepath.Join(dir, "payload.torrent")
	if err := show(ctx, gotor, "create", "--tracker", tracker.url, "-o", torrent, source); err != nil {
		return err
	}
	seeder := command(ctx, gotor, "get", torrent, "-o", filepath.Dir(source)+"/", "--seed", "--progress", "none")
	if err := start(seeder); err != nil {
		return err
	}
	defer end(seeder)
	select {
	case <-tracker.seeded:
	case <-time.After(patience):
		return errors.New("the seeder did not announce itself")
	case <-ctx.Done():
		return ctx.Err()
	}
	out := filepath.Join(dir, "download")
	begin := time.Now()
	if err := show(ctx, gotor, "get", torrent, "-o", out+"/", "--max-down", strconv.FormatInt(rate, 10)); err != nil {
		return err
	}
	took := time.Since(begin)
	if err := compare(source, filepath.Join(out, filepath.Base(source))); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d bytes arrived as they are at the seeder, in %.1f s\n", size, took.Seconds())
	return nil
}

// program is the gotor to show: the given one, or one built from this module.
func program(path, dir string) (string, error) {
	if path != "" {
		return filepath.Abs(path)
	}
	path = filepath.Join(dir, "gotor.exe")
	c := exec.Command("go", "build", "-o", path, "gotor")
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return path, c.Run()
}

// makePayload writes size bytes that no disk can compress, always the same.
func makePayload(path string, size int64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{1}), size)
	return errors.Join(err, f.Close())
}

// show prints a command as a shell would have it, and runs it attached to the
// terminal.
func show(ctx context.Context, argv ...string) error {
	fmt.Fprintf(os.Stderr, "$ gotor %s\n", strings.Join(argv[1:], " "))
	c := command(ctx, argv...)
	c.Stdin = os.Stdin
	if err := c.Run(); err != nil {
		return fmt.Errorf("gotor %s: %w", argv[1], err)
	}
	return nil
}

// command prepares a child that shares our streams and is interrupted with us.
func command(ctx context.Context, argv ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.Env = append(os.Environ(), "GOTOR_DHT_BOOTSTRAP=none", "GOTOR_NO_LSD=true") // all of it is here
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 5 * time.Second
	return c
}

// start starts the seeder, whose path on stdout would only confuse.
func start(c *exec.Cmd) error {
	c.Stdout = nil
	return c.Start()
}

// end stops the seeder as Ctrl-C would, or harder where there is no such thing.
func end(c *exec.Cmd) {
	if c.Process.Signal(os.Interrupt) != nil {
		c.Process.Kill()
	}
	c.Wait()
}

// compare fails unless two files are equal.
func compare(a, b string) error {
	x, err := digest(a)
	if err != nil {
		return err
	}
	y, err := digest(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(x, y) {
		return fmt.Errorf("%s is not what the seeder has", b)
	}
	return nil
}

func digest(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}

// tracker is the least that gets two peers together: it takes every announce
// for one torrent and answers with the seeder.
type tracker struct {
	server *http.Server
	url    string
	once   sync.Once
	seeded chan struct{} // closed when seeder is set
	seeder []byte        // compact: address and port
}

// startTracker listens on a free port of 127.0.0.1.
func startTracker() (*tracker, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tracker{url: "http://" + l.Addr().String() + "/announce", seeded: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/announce", t.announce)
	t.server = &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	go t.server.Serve(l)
	return t, nil
}

// announce is BEP 3's GET with BEP 23's compact answer.
func (t *tracker) announce(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host).To4()
	port, err := strconv.ParseUint(q.Get("port"), 10, 16)
	if err != nil || ip == nil {
		io.WriteString(w, "d14:failure reason8:bad porte")
		return
	}
	if q.Get("left") == "0" && q.Get("event") != "stopped" {
		t.once.Do(func() {
			t.seeder = append(ip, byte(port>>8), byte(port))
			close(t.seeded)
		})
	}
	var peers []byte
	select {
	case <-t.seeded:
		peers = t.seeder
	default:
	}
	fmt.Fprintf(w, "d8:intervali60e5:peers%d:%se", len(peers), peers)
}
