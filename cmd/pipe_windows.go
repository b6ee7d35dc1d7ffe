package cmd

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// brokenPipe reports whether a write failed because the reader has gone.
func brokenPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}

// ignorePipe does nothing: Windows has no SIGPIPE.
func ignorePipe() {}

// nowhere reports whether f is closed: a handle that is none.
func nowhere(f *os.File) bool {
	_, err := f.Stat()
	return err != nil
}
