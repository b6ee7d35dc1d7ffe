package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/tracker"
)

func TestExitCode(t *testing.T) {
	_, missing := os.Open("/does/not/exist")
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{record.Usagef("x"), 2},
		{&metainfo.Error{Msg: "x"}, 3},
		{&metainfo.Error{Msg: "x", Unsupported: true}, 3},
		{torrent.ErrNoPeers, 5},
		{torrent.ErrStalled, 6},
		{torrent.ErrTimeout, 7},
		{torrent.ErrMismatch, 8},
		{torrent.ErrNoSpace, 9},
		{&torrent.DiskError{Op: "write", Path: "x", Err: syscall.ENOSPC}, 9},
		{&fs.PathError{Op: "mkdir", Path: "x", Err: syscall.ENOSPC}, 9},
		{job.FileError("write", "x", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), 9},
		{torrent.ErrConflict, 10},
		{torrent.ErrFileConflict, 10},
		{&torrent.DiskError{Op: "read", Path: "x", Err: errors.New("input/output error")}, 10},
		{missing, 10},
		{fs.ErrPermission, 10},
		{tracker.ErrUnreachable, 11},
		{fmt.Errorf("%w: %w", torrent.ErrNoTracker, torrent.ErrNoPeers), 11},
		{torrent.ErrLocked, 12},
		{record.Errorf(record.ExitHook, "x"), 13},
		{interrupted{syscall.SIGHUP}, 129},
		{interrupted{syscall.SIGINT}, 130},
		{interrupted{syscall.SIGTERM}, 143},
		{context.Canceled, 130},
		{errStdoutGone, 141},
		{fmt.Errorf("%w: %w", torrent.ErrStream, errStdoutGone), 141},
		{reported{torrent.ErrStalled}, 6},
	} {
		if got := record.CodeOf(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
		if c.err == nil {
			continue
		}
		if got := record.CodeOf(fmt.Errorf("wrapped: %w", c.err)); got != c.want {
			t.Errorf("wrapped %v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}

func TestWorst(t *testing.T) {
	five, eight := reported{torrent.ErrNoPeers}, reported{torrent.ErrMismatch}
	for _, c := range []struct {
		errs []error
		want int
	}{
		{nil, 0},
		{[]error{nil, nil}, 0},
		{[]error{nil, five, eight}, 5},
		{[]error{eight, five}, 8},
		{[]error{five, interrupted{syscall.SIGINT}}, 130},
		{[]error{five, errStdoutGone}, 141},
	} {
		if got := record.CodeOf(worst(c.errs)); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.errs, got, c.want)
		}
	}
}

func TestExplain(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := explain(ctx, torrent.ErrStopped); err != torrent.ErrStopped {
		t.Errorf("without a signal: %v", err)
	}
	cancel(interrupted{syscall.SIGTERM})
	if err := explain(ctx, fmt.Errorf("x: %w", torrent.ErrStopped)); record.CodeOf(err) != record.ExitTerm {
		t.Errorf("stopped by a signal: %v", err)
	}
	if err := explain(ctx, torrent.ErrMismatch); record.CodeOf(err) != record.ExitMismatch {
		t.Errorf("an error of its own: %v", err)
	}
	if err := explain(ctx, nil); err != nil {
		t.Errorf("done all the same: %v", err)
	}
}

func TestWatch(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second os.Signal
		want          int
	}{
		{"two signals", os.Interrupt, syscall.SIGTERM, 143},
		{"the terminal goes away", syscall.SIGHUP, syscall.SIGHUP, 129},
		{"the same twice", os.Interrupt, os.Interrupt, 130},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		sigs, now := make(chan os.Signal), make(chan int, 1)
		go watch(new(manners), cancel, sigs, now)
		sigs <- c.first
		<-ctx.Done()
		if _, ok := interruptOf(ctx); !ok {
			t.Errorf("%s: cause is %v", c.name, context.Cause(ctx))
		}
		sigs <- c.second
		if code := <-now; code != c.want {
			t.Errorf("%s: code %d, want %d", c.name, code, c.want)
		}
	}
}

func TestWatchGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		sigs, now := make(chan os.Signal), make(chan int, 1)
		go watch(new(manners), cancel, sigs, now)
		begin := time.Now()
		sigs <- syscall.SIGTERM
		if code := <-now; code != record.ExitTerm || time.Since(begin) != stopTime {
			t.Errorf("code %d after %v, want %d after %v", code, time.Since(begin), record.ExitTerm, stopTime)
		}
		<-ctx.Done()
	})
}

// A daemon reads its settings again when the terminal would hang up, and has more
// time to end.
func TestWatchDaemon(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const grace = 5 * time.Second
		ctx, cancel := context.WithCancelCause(t.Context())
		sigs, now := make(chan os.Signal), make(chan int, 1)
		reloads, m := 0, new(manners)
		m.stay(grace, func() { reloads++ })
		go watch(m, cancel, sigs, now)
		sigs <- syscall.SIGHUP
		sigs <- syscall.SIGHUP
		synctest.Wait()
		if ctx.Err() != nil || reloads != 2 {
			t.Errorf("after two hang-ups: %v, %d reloads", ctx.Err(), reloads)
		}
		begin := time.Now()
		sigs <- syscall.SIGTERM
		if code := <-now; code != record.ExitTerm || time.Since(begin) != grace {
			t.Errorf("code %d after %v", code, time.Since(begin))
		}
	})
}

// inBubble runs a test under virtual time.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}
