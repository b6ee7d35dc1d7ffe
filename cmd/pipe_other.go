//go:build !windows

package cmd

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// brokenPipe reports whether a write failed because the reader has gone.
func brokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

// ignorePipe keeps a write to a closed stdout from ending the process: it fails
// with EPIPE instead, and we stop in good order. The signal is caught, not
// ignored, because an ignored one would stay ignored in the programs we start.
func ignorePipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// nowhere reports whether f is the null device opened for reading and writing.
// That is what Go's runtime puts in the place of a closed descriptor before
// any of our code runs, so a closed stdout would take all and keep nothing. Some
// programs that start others open the null device like that, too: it may be asked
// only where losing the output is never meant.
func nowhere(f *os.File) bool {
	is, err := f.Stat()
	if err != nil {
		return true
	}
	null, err := os.Stat(os.DevNull)
	if err != nil || !os.SameFile(is, null) {
		return false
	}
	mode, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && mode&unix.O_ACCMODE == unix.O_RDWR
}
