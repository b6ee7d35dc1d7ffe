package cmd

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// fakeTime is what the clock of fake streams says.
func fakeTime() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// fake are streams of a test, with what was written to them.
type fake struct {
	*streams
	stdout, stderr syncBuffer
	env            map[string]string
	tty            bool // both stdout and stderr
	closed         bool // stdout
}

// syncBuffer is a buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newFake(stdin string) *fake {
	f := &fake{env: map[string]string{}}
	stayHome(func(k, v string) { f.env[k] = v })
	f.streams = &streams{
		in: strings.NewReader(stdin), out: &f.stdout, err: &f.stderr,
		outTTY: func() bool { return f.tty }, errTTY: func() bool { return f.tty },
		outClosed: func() bool { return f.closed }, closeOut: func() error { return nil },
		width:   func() int { return 80 },
		getenv:  func(k string) (string, bool) { v, ok := f.env[k]; return v, ok },
		environ: os.Environ,
		now:     fakeTime,
		signals: new(manners),
	}
	f.console = ui.NewConsole(f.err, fakeTime)
	return f
}

// gotor runs a command line in this process.
func (f *fake) gotor(t *testing.T, args ...string) int {
	t.Helper()
	return run(t.Context(), args, f.streams)
}

func TestStdoutTellsItsOwnBrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ignorePipe()
	r.Close()
	defer w.Close()
	if _, err := (&stdout{w: w}).Write([]byte("x")); !errors.Is(err, errStdoutGone) || record.CodeOf(err) != record.ExitPipe || !silent(err) {
		t.Errorf("write to a closed pipe: %v, exit code %d", err, record.CodeOf(err))
	}
	w.Close()
	if _, err := (&stdout{w: w}).Write([]byte("x")); record.CodeOf(err) != record.ExitFile {
		t.Errorf("write to a closed file: %v, exit code %d", err, record.CodeOf(err))
	}
	// A peer that hangs up is no reader of ours.
	if code := record.CodeOf(&os.SyscallError{Syscall: "write", Err: syscall.EPIPE}); code != record.ExitOther {
		t.Errorf("EPIPE of a socket has exit code %d", code)
	}
	if _, err := (&stdout{w: io.Discard}).Write([]byte("x")); err != nil {
		t.Error(err)
	}
}

// lateFile tells only when it is closed that what was written is lost, as network
// file systems do.
type lateFile struct {
	io.Writer
	err error
}

func (f lateFile) Close() error { return f.err }

// The first failure of stdout is the outcome of a command that knows of none
// itself.
func TestStdoutKeepsItsFirstFailure(t *testing.T) {
	full := &fs.PathError{Op: "close", Path: "/dev/stdout", Err: syscall.ENOSPC}
	for name, c := range map[string]struct {
		w    io.Writer
		want int
	}{
		"all is well":  {lateFile{io.Discard, nil}, record.ExitOK},
		"no closer":    {io.Discard, record.ExitOK},
		"close fails":  {lateFile{io.Discard, full}, record.ExitNoSpace},
		"write fails":  {lateFile{failingWriter{full}, nil}, record.ExitNoSpace},
		"first counts": {lateFile{failingWriter{syscall.EIO}, full}, record.ExitFile},
	} {
		out := &stdout{w: c.w}
		f := newFake("")
		f.out, f.closeOut = out, out.Close
		// cobra prints the help, and asks nobody how that went.
		if code := f.gotor(t, "--help"); code != c.want {
			t.Errorf("%s: exit code %d, want %d; stderr: %s", name, code, c.want, f.stderr.String())
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// -o - is work for stdout alone: without one, nothing is begun.
func TestStreamNeedsStdout(t *testing.T) {
	for _, args := range [][]string{
		{"get", "-o", "-", "does-not-exist.torrent"},
		{"create", "-o", "-", "does-not-exist"},
		{"magnet", "-o", "-", "magnet:?xt=urn:btih:" + strings.Repeat("00", 20)},
	} {
		f := newFake("")
		f.closed = true
		if code := f.gotor(t, args...); code != record.ExitFile || !strings.Contains(f.stderr.String(), "standard output is closed") {
			t.Errorf("%v: exit code %d, stderr: %s", args, code, f.stderr.String())
		}
	}
}

func TestPathIsRawInAPipeOnly(t *testing.T) {
	f := newFake("")
	if got := f.path("a\x1b[m"); got != "a\x1b[m" {
		t.Errorf("a program gets %q", got)
	}
	f.tty = true
	if got := f.path("a\x1b[m"); got != `a\x1b[m` {
		t.Errorf("a terminal gets %q", got)
	}
}

func TestJSONLineIsSafeAndOneWrite(t *testing.T) {
	var w countingWriter
	if err := writeJSON(&w, map[string]string{"name": "<a>&\x7f\u009b\u202e\n"}); err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"<a>&\u007f\u009b\u202e\n"}` + "\n"; w.String() != want || w.n != 1 {
		t.Errorf("got %q in %d writes, want %q in one", &w, w.n, want)
	}
}

type countingWriter struct {
	strings.Builder
	n int
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.n++
	return w.Builder.Write(p)
}

func (w *countingWriter) String() string { return w.Builder.String() }

// A line is drawn anew only where somebody looks, on a terminal that can.
func TestScreenRedraws(t *testing.T) {
	for _, c := range []struct {
		tty  bool
		term string
		want bool
	}{{true, "xterm", true}, {true, "", true}, {true, "dumb", false}, {false, "xterm", false}} {
		f := newFake("")
		f.tty, f.env["TERM"] = c.tty, c.term
		if got := f.screen().Redraws(); got != c.want {
			t.Errorf("terminal %v, TERM=%s: %v", c.tty, c.term, got)
		}
	}
}

// someHash is an info-hash that nobody has.
const someHash = "0123456789abcdef0123456789abcdef01234567"

// tinyTorrent describes one byte.
func tinyTorrent() []byte {
	return []byte("d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:00000000000000000000ee")
}
