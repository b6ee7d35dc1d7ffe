package cmd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

func itoa(i int) string { return strconv.Itoa(i) }

// prepared makes tasks out of functions; none of them gets to the engine.
func prepared(fs ...func(ctx context.Context) error) []task {
	var tasks []task
	for i, f := range fs {
		tasks = append(tasks, task{label: "s" + itoa(i), prepare: func(ctx context.Context) (*work, error) {
			if err := f(ctx); err != nil {
				return nil, err
			}
			return nil, errors.New("prepared")
		}})
	}
	return tasks
}

func fails(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// blocks waits for the end of its context.
func blocks(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// newTestRunner is a runner under the given flags.
func newTestRunner(t *testing.T, f *fake, args ...string) *runner {
	t.Helper()
	o, err := captureGet(t, nil, append(args, "x")...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRunner(&o.transferOptions, f.streams)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEachSourceIsReportedOnce(t *testing.T) {
	f := newFake("")
	r := newTestRunner(t, f)
	err := r.all(t.Context(), prepared(fails(record.Errorf(record.ExitFetch, "first")), fails(errors.New("second")), fails(record.Errorf(record.ExitFile, "third"))))
	if record.CodeOf(err) != record.ExitFetch || !silent(err) {
		t.Errorf("%v, exit code %d", err, record.CodeOf(err))
	}
	got := strings.Split(strings.TrimSpace(f.stderr.String()), "\n")
	if len(got) != 4 || got[3] != "0 of 3 sources complete, 3 failed" {
		t.Errorf("stderr: %q", got)
	}
	for _, want := range []string{"gotor: first", "gotor: second", "gotor: third"} {
		if !strings.Contains(f.stderr.String(), want+"\n") {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestJobsBoundsWhatRunsAtOnce(t *testing.T) {
	for _, jobs := range []int{1, 3} {
		inBubble(t, func(t *testing.T) {
			var now, most atomic.Int32
			busy := func(context.Context) error {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				now.Add(-1)
				return errors.New("done")
			}
			r := newTestRunner(t, newFake(""), "-q", "-j", itoa(jobs))
			begin := time.Now()
			r.all(t.Context(), prepared(busy, busy, busy, busy, busy, busy))
			if int(most.Load()) != jobs {
				t.Errorf("-j %d: %d ran at the same time", jobs, most.Load())
			}
			if want := time.Duration(6/jobs) * time.Second; time.Since(begin) != want {
				t.Errorf("-j %d: took %v, want %v", jobs, time.Since(begin), want)
			}
		})
	}
}

func TestTimeoutCoversThePreparation(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake("")
		f.now = time.Now
		r := newTestRunner(t, f, "-j", "1", "--timeout", "5s")
		begin := time.Now()
		err := r.all(t.Context(), prepared(blocks, blocks))
		if record.CodeOf(err) != record.ExitTimeout || time.Since(begin).Round(time.Second) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if n := strings.Count(f.stderr.String(), "time limit reached"); n != 2 {
			t.Errorf("stderr: %s", f.stderr.String())
		}
	})
}

func TestASignalStopsAllJobs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake("")
		r := newTestRunner(t, f, "-j", "2")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			done <- r.all(ctx, prepared(fails(record.Errorf(record.ExitFetch, "early")), blocks, blocks, blocks))
		}()
		synctest.Wait()
		cancel(interrupted{syscall.SIGTERM})
		err := <-done
		if record.CodeOf(err) != record.ExitTerm || silent(err) {
			t.Errorf("%v, exit code %d", err, record.CodeOf(err))
		}
		if got := f.stderr.String(); got != "gotor: early\n0 of 4 sources complete, 1 failed\n" {
			t.Errorf("the signal is told once, by the caller: %q", got)
		}
	})
}

func TestSourcesAsJSON(t *testing.T) {
	f := newFake("")
	r := newTestRunner(t, f, "--json")
	tasks := prepared(fails(record.Errorf(record.ExitFetch, "no")), fails(errors.New("http://u:secret@h/ is bad")))
	tasks[1].label = "http://u:secret@h/"
	if err := r.all(t.Context(), tasks); record.CodeOf(err) != record.ExitFetch {
		t.Error(err)
	}
	for _, want := range []string{`"source":"s0"`, `"ok":false,"exit_code":11,"reason":"fetch","error":"no"`, `"source":"http://***@h/"`, `"exit_code":1,`, `"files":[]`, `"trackers":[]`, `"web_seeds":[]`, `"reason":"other"`} {
		if !strings.Contains(f.stdout.String(), want) {
			t.Errorf("no %s in %s", want, f.stdout.String())
		}
	}
	if strings.Contains(f.stdout.String()+f.stderr.String(), "secret") {
		t.Errorf("a secret is printed: %s%s", f.stdout.String(), f.stderr.String())
	}
}

// Nobody reads stdout any more: the other jobs are not worth their traffic.
func TestClosedStdoutStopsTheOthers(t *testing.T) {
	f := newFake("")
	f.out = goneWriter{}
	r := newTestRunner(t, f, "--json")
	err := r.all(t.Context(), prepared(fails(errors.New("x")), blocks, blocks))
	if record.CodeOf(err) != record.ExitPipe {
		t.Errorf("%v, exit code %d", err, record.CodeOf(err))
	}
}

type goneWriter struct{}

func (goneWriter) Write([]byte) (int, error) { return 0, errStdoutGone }

func TestInsecureIsShown(t *testing.T) {
	f := newFake("")
	r := newTestRunner(t, f, "--insecure", "--json")
	r.all(t.Context(), prepared(fails(errors.New("x"))))
	if !strings.Contains(f.stderr.String(), "gotor: warning: TLS certificates are not verified") || !strings.Contains(f.stdout.String(), `"insecure":true`) {
		t.Errorf("stdout %s, stderr %s", f.stdout.String(), f.stderr.String())
	}
}

func TestRunnerTakesOptions(t *testing.T) {
	r := newTestRunner(t, newFake(""), "--peer", "10.0.0.2:7,two:7", "--sha256", fmt.Sprintf("p=%x", sha256.Sum256([]byte("x"))))
	p := r.terms.Prepare(new(job.Source))
	if fmt.Sprint(p.Source.Peers, p.Source.PeerNames) != "[10.0.0.2:7] [two:7]" || r.sums.Unused() == nil || r.lone != unattendedPeers {
		t.Errorf("%+v", r)
	}
}

// A peer of a family that is switched off is left out of a run, and not in silence.
func TestRunnerLeavesPeersOut(t *testing.T) {
	f := newFake("")
	o := &transferOptions{peers: []string{"[fd00::1]:1"}}
	o.IPv4Only = true
	r, err := newRunner(o, f.streams)
	if err != nil || len(r.terms.Prepare(new(job.Source)).Source.Peers) != 0 || !strings.Contains(f.stderr.String(), "warning: --peer [fd00::1]:1 is not used") {
		t.Errorf("%v, %q", err, f.stderr.String())
	}
}
