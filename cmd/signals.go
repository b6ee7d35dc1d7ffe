package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gotor/torrent"
)

// stopTime is how long a stop in good order may take after the first signal.
const stopTime = 3 * time.Second

// interrupted is the cause of a context that a signal has cancelled.
type interrupted struct{ sig syscall.Signal }

func (e interrupted) Error() string {
	switch e.sig {
	case syscall.SIGTERM:
		return "terminated"
	case syscall.SIGHUP:
		return "hung up"
	}
	return "interrupted"
}

// ExitCode is what a shell reports for a process that a signal has ended.
func (e interrupted) ExitCode() int { return 128 + int(e.sig) }

// watchSignals returns a context that the first SIGINT, SIGTERM or SIGHUP cancels
// with an interrupted cause. The channel gets an exit code when the process must end
// at once: with the second signal, or stopTime after the first.
func watchSignals() (context.Context, <-chan int) {
	ctx, cancel := context.WithCancelCause(context.Background())
	sigs := make(chan os.Signal, 2) // Notify does not wait: room for the second one
	signal.Notify(sigs, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup starts us: then it is not for us
		signal.Notify(sigs, syscall.SIGHUP)
	}
	ignorePipe() // a reader that went away is an error of a write, and has a code of its own
	now := make(chan int, 1)
	go watch(cancel, sigs, now)
	return ctx, now
}

// watch waits for signals; it ends with the process.
func watch(cancel context.CancelCauseFunc, sigs <-chan os.Signal, now chan<- int) {
	last := interrupted{toSignal(<-sigs)}
	cancel(last)
	// Saving state and saying goodbye to trackers are bounded by themselves; this is for
	// the disk or the server that hangs all the same.
	select {
	case s := <-sigs:
		last = interrupted{toSignal(s)}
	case <-time.After(stopTime):
	}
	now <- last.ExitCode()
}

// toSignal is the number behind a signal; every system has one.
func toSignal(s os.Signal) syscall.Signal {
	if n, ok := s.(syscall.Signal); ok {
		return n
	}
	return syscall.SIGINT
}

// interruptOf is the signal that cancelled ctx, if one did.
func interruptOf(ctx context.Context) (interrupted, bool) {
	i, ok := context.Cause(ctx).(interrupted)
	return i, ok
}

// explain turns the error of work that a signal has cut short into the signal:
// what failed in consequence is not the story.
func explain(ctx context.Context, err error) error {
	i, ok := interruptOf(ctx)
	if !ok || !errors.Is(err, context.Canceled) && !errors.Is(err, torrent.ErrStopped) {
		return err
	}
	return i
}
