package cmd

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gotor/torrent/metainfo"
)

// TestMain lets the test binary be gotor: a script runs it under that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "gotor" { // which inherits it
		stayHome(func(k, v string) { os.Setenv(k, v) })
	}
	testscript.Main(m, map[string]func(){"gotor": func() {
		code := Main()
		// In a pipe or in the background the exit code is hard to come by.
		if f := os.Getenv("CODEFILE"); f != "" {
			os.WriteFile(f, []byte(strconv.Itoa(code)+"\n"), 0o666)
		}
		os.Exit(code)
	}})
}

// stayHome sets what keeps a gotor of a test from the nodes of the world and from
// the local network.
func stayHome(set func(name, value string)) {
	set("GOTOR_DHT_BOOTSTRAP", "none")
	set("GOTOR_NO_LSD", "true")
}

// TestScripts runs the command line as a person would. See the top of
// commands() for what the scripts can do beside running gotor.
func TestScripts(t *testing.T) {
	hearHangups(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Cmds:                commands(),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Values["world"] = &world{map[string]*fakeTracker{}, map[string]*fakeSeeder{}}
			e.Setenv("ESC", "\x1b")
			e.Setenv("BEL", "\a")
			e.Setenv("TMPDIR", e.Getenv("WORK")+"/.tmp")
			e.Setenv("XDG_STATE_HOME", e.Getenv("WORK")+"/.state")
			e.Setenv("XDG_CACHE_HOME", e.Getenv("WORK")+"/.cache")
			e.Setenv("XDG_RUNTIME_DIR", e.Getenv("WORK")+"/.run")
			stayHome(e.Setenv)
			return os.MkdirAll(e.Getenv("WORK")+"/.tmp", 0o777)
		},
	})
}

// hearHangups has the programs of the scripts hear SIGHUP although we ourselves were
// started by nohup: what a process catches is not ignored by its children.
func hearHangups(t *testing.T) {
	if !signal.Ignored(syscall.SIGHUP) {
		return
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
}

// world is what one script has started.
type world struct {
	trackers map[string]*fakeTracker
	seeders  map[string]*fakeSeeder
}

// commands are the words of the scripts:
//
//	code N gotor ARGS...             run gotor, which must exit with N
//	payload FILE SIZE                make a file of pseudo-random bytes
//	tracker VAR [MODE]               start a tracker, its URL in VAR
//	torrent PATH OUT [FLAG=VALUE]... make a torrent; tracker=, piece=, pad=, comment=, name=
//	seed VAR TORRENT PATH [MODE]     start a seeder, its address in VAR; all trackers learn of it
//	unseed VAR                       the seeder goes away
//	told VAR EVENT                   wait until the tracker has got the event
//	serve VAR                        start a web server over the work folder, its URL in VAR
//	serve-tls VAR FILE               the same over HTTPS, its certificate, signed by itself, in FILE
//	closed VAR                       an address where nobody listens
//	busy VAR                         a port that is taken
//	until FILE [TEXT]                wait until FILE exists, or has TEXT in it
//	recorded FILE                    wait until FILE, the state of a download, claims a piece
//	terminate [HUP]                  send SIGTERM, or SIGHUP, to all programs in the background
//	flip FILE OFFSET                 change a bit
//	huge OUT                         make a torrent that fits on no disk
//	hostile OUT DIR                  make a torrent whose paths lead out of the folder, and its data
//	schema FILE                      each line of FILE (or stdout, stderr) is an object of the published schema
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	simple := func(least int, f func(*testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < least {
				ts.Fatalf("not so: it needs %d arguments and no !", least)
			}
			f(ts, args)
		}
	}
	return map[string]func(*testscript.TestScript, bool, []string){
		"code":      simple(2, cmdCode),
		"payload":   simple(2, cmdPayload),
		"tracker":   simple(1, cmdTracker),
		"torrent":   simple(2, cmdTorrent),
		"seed":      simple(3, cmdSeed),
		"unseed":    simple(1, cmdUnseed),
		"told":      simple(2, cmdTold),
		"serve":     simple(1, cmdServe),
		"serve-tls": simple(2, cmdServeTLS),
		"closed":    simple(1, cmdClosed),
		"busy":      simple(1, cmdBusy),
		"until":     simple(1, cmdUntil),
		"recorded":  simple(1, cmdRecorded),
		"terminate": simple(0, cmdTerminate),
		"flip":      simple(2, cmdFlip),
		"huge":      simple(1, cmdHuge),
		"hostile":   simple(2, cmdHostile),
		"schema":    simple(1, cmdSchema),
	}
}

func cmdCode(ts *testscript.TestScript, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdPayload(ts *testscript.TestScript, args []string) {
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := make([]byte, size)
	src := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32.32s", args[0]))))
	src.Read(b)
	name := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o777))
	ts.Check(os.WriteFile(name, b, 0o666))
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value("world").(*world) }

func cmdTracker(ts *testscript.TestScript, args []string) {
	t := &fakeTracker{mode: "ok"}
	if len(args) > 1 {
		t.mode = args[1]
	}
	worldOf(ts).trackers[args[0]] = t
	ts.Setenv(args[0], startServer(ts, t)+"/announce")
}

// startServer serves HTTP until the script ends.
func startServer(ts *testscript.TestScript, h http.Handler) string {
	srv := httptest.NewServer(h)
	ts.Defer(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv.URL
}

func cmdTorrent(ts *testscript.TestScript, args []string) {
	var o metainfo.CreateOptions
	for _, a := range args[2:] {
		key, value, _ := strings.Cut(a, "=")
		switch key {
		case "tracker":
			o.Trackers = append(o.Trackers, []string{value})
		case "piece":
			n, err := strconv.ParseInt(value, 10, 64)
			ts.Check(err)
			o.PieceLength = n
		case "comment":
			o.Comment = value
		case "name":
			o.Name = value
		default:
			ts.Fatalf("unknown %s", a)
		}
	}
	b, err := metainfo.Create(context.Background(), ts.MkAbs(args[0]), o)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o666))
}

func cmdSeed(ts *testscript.TestScript, args []string) {
	m, err := metainfo.Parse([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	mode := "ok"
	if len(args) > 3 {
		mode = args[3]
	}
	s, err := newFakeSeeder(m, ts.MkAbs(args[2]), mode)
	ts.Check(err)
	ts.Defer(s.close)
	worldOf(ts).seeders[args[0]] = s
	for _, t := range worldOf(ts).trackers {
		t.add(s.addr())
	}
	ts.Setenv(args[0], s.addr().String())
}

func cmdUnseed(ts *testscript.TestScript, args []string) {
	worldOf(ts).seeders[args[0]].close()
}

func cmdTold(ts *testscript.TestScript, args []string) {
	t := worldOf(ts).trackers[args[0]]
	poll(ts, "tracker is told "+args[1], func() bool { return t.saw(args[1]) })
}

func cmdServe(ts *testscript.TestScript, args []string) {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(ts.MkAbs("."))))
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/moved/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, "/moved"), http.StatusMovedPermanently)
	})
	mux.HandleFunc("/file-url", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/wants-user/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	ts.Setenv(args[0], startServer(ts, mux))
}

func cmdServeTLS(ts *testscript.TestScript, args []string) {
	srv := httptest.NewUnstartedServer(http.FileServer(http.Dir(ts.MkAbs("."))))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	srv.StartTLS()
	ts.Defer(srv.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), cert, 0o666))
	ts.Setenv(args[0], srv.URL)
}

func cmdClosed(ts *testscript.TestScript, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

func cmdBusy(ts *testscript.TestScript, args []string) {
	l, err := net.Listen("tcp", ":0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func cmdUntil(ts *testscript.TestScript, args []string) {
	name := ts.MkAbs(args[0])
	poll(ts, strings.Join(args, " has "), func() bool {
		if len(args) < 2 { // it may be a socket, which cannot be read
			_, err := os.Stat(name)
			return err == nil
		}
		b, err := os.ReadFile(name)
		return err == nil && strings.Contains(string(b), args[1])
	})
}

// cmdRecorded waits for more than the file, which is there before the first byte.
func cmdRecorded(ts *testscript.TestScript, args []string) {
	name := ts.MkAbs(args[0])
	poll(ts, args[0]+" claims a piece", func() bool {
		b, err := os.ReadFile(name)
		_, after, found := bytes.Cut(b, []byte("4:have"))
		length, bits, _ := bytes.Cut(after, []byte(":"))
		n, bad := strconv.Atoi(string(length))
		return err == nil && found && bad == nil && n <= len(bits) && len(bytes.Trim(bits[:n], "\x00")) > 0
	})
}

// poll waits for something that another process does.
func poll(ts *testscript.TestScript, what string, cond func() bool) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(30 * time.Second)
	for !cond() {
		select {
		case <-tick.C:
		case <-end:
			ts.Fatalf("waited in vain until %s", what)
		}
	}
}

func cmdTerminate(ts *testscript.TestScript, args []string) {
	sig := syscall.SIGTERM
	if len(args) > 0 && args[0] == "HUP" {
		sig = syscall.SIGHUP
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(sig))
	}
}

func cmdFlip(ts *testscript.TestScript, args []string) {
	off, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := []byte(ts.ReadFile(args[0]))
	b[off] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

func cmdHuge(ts *testscript.TestScript, args []string) {
	const pieceLength, pieces = 512 << 20, 1 << 19 // 256 TiB
	b := fmt.Appendf(nil, "d4:infod6:lengthi%de4:name4:huge12:piece lengthi%de6:pieces%d:", pieceLength*pieces, pieceLength, 20*pieces)
	b = append(append(b, make([]byte, 20*pieces)...), "ee"...)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

func cmdHostile(ts *testscript.TestScript, args []string) {
	const length = 1000
	var files strings.Builder
	n := 0
	for _, p := range []string{"..|..|escape", "|etc|escape", `..\..\escape`, "ok|..|..|..|escape", "C:|escape", "CON", "\x1b[31mred", "a\x00b", "."} {
		fmt.Fprintf(&files, "d6:lengthi%de4:pathl", length)
		for part := range strings.SplitSeq(p, "|") {
			fmt.Fprintf(&files, "%d:%s", len(part), part)
		}
		files.WriteString("ee")
		n++
	}
	sum := sha1.Sum(make([]byte, n*length))
	raw := fmt.Appendf(nil, "d4:infod5:filesl%se4:name8:../../up12:piece lengthi16384e6:pieces20:%see", files.String(), sum[:])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o666))
	m, err := metainfo.Parse(raw)
	ts.Check(err)
	for i := range m.Files {
		name := filepath.Join(ts.MkAbs(args[1]), filepath.FromSlash(m.Files[i].SlashPath()))
		ts.Check(os.MkdirAll(filepath.Dir(name), 0o777))
		ts.Check(os.WriteFile(name, make([]byte, length), 0o666))
	}
}
