package cmd

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestGrowPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	size := func() int {
		n, err := unix.FcntlInt(w.Fd(), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, pipeSize); err != nil {
		t.Skip("the system allows no larger pipe:", err)
	}
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	if growPipe(&stdout{w: w}); size() != pipeSize {
		t.Errorf("the pipe holds %d bytes", size())
	}
	// A pipe that holds more is left alone; what is no pipe is no failure.
	growPipe(&stdout{w: w})
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	growPipe(&stdout{w: f})
	growPipe(&stdout{w: new(bytes.Buffer)})
	growPipe(new(bytes.Buffer))
	if size() != pipeSize {
		t.Errorf("the pipe holds %d bytes", size())
	}
}
