//go:build interop && linux

package cmd_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a wait for a real program may take. A wait ends as soon
// as what it waits for has come; this bound is only reached by a failure.
const patience = 90 * time.Second

// proc is a running program.
type proc struct {
	name string
	cmd  *exec.Cmd
	out  output // stdout and stderr, as they came
	done chan struct{}
	err  error // of Wait; read after done is closed
}

// output is a buffer that can be read while it is written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// command prepares a program on a host; with a nil host, outside of any
// network.
func (h *host) command(dir string, argv ...string) *exec.Cmd {
	if h != nil {
		// ip replaces itself by the program: one process, whose id we know.
		argv = append([]string{"ip", "netns", "exec", h.ns}, argv...)
	}
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir = dir
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+dir)
	// Nothing outlives a test process that is killed.
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c.WaitDelay = time.Second // a child of its own may hold its output
	return c
}

// start starts a program that the test's end kills. Its output is shown if the
// test fails.
func (h *host) start(t *testing.T, dir string, argv ...string) *proc {
	t.Helper()
	return startProc(t, argv[0], h.command(dir, argv...))
}

// startProc starts a prepared command. Streams that the caller has not set go
// to the proc's output.
func startProc(t *testing.T, name string, c *exec.Cmd) *proc {
	t.Helper()
	p := &proc{name: name, cmd: c, done: make(chan struct{})}
	if c.Stdout == nil {
		c.Stdout = &p.out
	}
	if c.Stderr == nil {
		c.Stderr = &p.out
	}
	if err := c.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		p.err = c.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		early := p.ended()
		p.kill()
		if !t.Failed() {
			return
		}
		if early {
			t.Logf("%s ended (%v) before the test did", name, p.err)
		}
		t.Logf("output of %s:\n%s", name, tail(p.out.String()))
	})
	return p
}

// tail is the last part of a long text.
func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "..." + s[len(s)-most:]
	}
	return s
}

// kill ends the program with SIGKILL and waits until it is gone.
func (p *proc) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// interrupt ends the program as Ctrl-C does, waits until it is gone and returns
// its exit code.
func (p *proc) interrupt(t *testing.T) int {
	t.Helper()
	must(t, p.cmd.Process.Signal(os.Interrupt))
	return p.wait(t)
}

// wait waits until the program ends and returns its exit code; -1 means a
// signal.
func (p *proc) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		t.Fatalf("%s did not end in %v:\n%s", p.name, patience, tail(p.out.String()))
	}
	if e := (*exec.ExitError)(nil); p.err != nil && !errors.As(p.err, &e) {
		t.Fatalf("%s: %v", p.name, p.err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// ended says whether the program has ended by itself.
func (p *proc) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// until polls a condition until it holds. Programs without which it cannot
// come true are watched: when one ends, so does the test.
func until(t *testing.T, what string, cond func() bool, needs ...*proc) {
	t.Helper()
	start := time.Now()
	for end := start.Add(patience); !cond(); time.Sleep(20 * time.Millisecond) {
		for _, p := range needs {
			if p.ended() && !cond() {
				t.Fatalf("%s ended (%v) before %s:\n%s", p.name, p.err, what, tail(p.out.String()))
			}
		}
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
	if d := time.Since(start).Round(100 * time.Millisecond); d > 2*time.Second {
		t.Logf("%v until %s", d, what)
	}
}

// logged waits until a program has printed a text.
func (p *proc) logged(t *testing.T, text string) {
	t.Helper()
	until(t, p.name+" prints "+text, func() bool { return strings.Contains(p.out.String(), text) }, p)
}
