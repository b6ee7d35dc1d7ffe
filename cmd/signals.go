package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
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

// manners are how the process takes signals: as every command does, until one that
// runs for long asks for other ones.
type manners struct {
	mu     sync.Mutex
	grace  time.Duration // guarded by mu; for a stop in good order; 0: stopTime
	reload func()        // guarded by mu; for SIGHUP; nil: that is a stop, too
}

// stay asks for the manners of a daemon. reload is called from the goroutine that
// watches signals, and must not wait.
func (m *manners) stay(grace time.Duration, reload func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grace, m.reload = grace, reload
}

func (m *manners) get() (grace time.Duration, reload func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.grace == 0 {
		return stopTime, m.reload
	}
	return m.grace, m.reload
}

// watchSignals returns a context that the first SIGINT, SIGTERM or SIGHUP cancels
// with an interrupted cause. The channel gets an exit code when the process must end
// at once: with the second signal, or stopTime after the first; m may say otherwise.
func watchSignals(m *manners) (context.Context, <-chan int) {
	ctx, cancel := context.WithCancelCause(context.Background())
	sigs := make(chan os.Signal, 2) // Notify does not wait: room for the second one
	signal.Notify(sigs, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup starts us: then it is not for us
		signal.Notify(sigs, syscall.SIGHUP)
	}
	ignorePipe() // a reader that went away is an error of a write, and has a code of its own
	now := make(chan int, 1)
	go watch(m, cancel, sigs, now)
	return ctx, now
}

// watch waits for signals; it ends with the process.
func watch(m *manners, cancel context.CancelCauseFunc, sigs <-chan os.Signal, now chan<- int) {
	last := firstStop(m, sigs)
	cancel(last)
	grace, _ := m.get()
	// Saving state and saying goodbye to trackers are bounded by themselves; this is for
	// the disk or the server that hangs all the same.
	select {
	case s := <-sigs:
		last = interrupted{toSignal(s)}
	case <-time.After(grace):
	}
	now <- last.ExitCode()
}

// firstStop waits for the first signal that is to end the process.
func firstStop(m *manners, sigs <-chan os.Signal) interrupted {
	for s := range sigs {
		if _, reload := m.get(); reload != nil && toSignal(s) == syscall.SIGHUP {
			reload()
			continue
		}
		return interrupted{toSignal(s)}
	}
	return interrupted{syscall.SIGINT}
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
