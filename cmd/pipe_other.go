//go:build !windows

package cmd

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// brokenPipe reports whether a write failed because the reader has gone.
func brokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

// ignorePipe keeps a write to a closed stdout from ending the process: it fails
// with EPIPE instead, and we stop in good order. The signal is caught, not
// ignored, because an ignored one would stay ignored in the programs we start.
func ignorePipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
