package cmd

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is as much as an ordinary user may have by default, in bytes. With the
// usual 64 KiB, writer and reader of a fast stream wait for each other 16 times as
// often.
const pipeSize = 1 << 20

// growPipe makes the pipe that w is, if it is one, hold more. It is no loss when
// the system refuses.
func growPipe(w io.Writer) {
	o, _ := w.(*stdout)
	if o == nil {
		return
	}
	f, _ := o.w.(*os.File)
	if f == nil {
		return
	}
	c, err := f.SyscallConn()
	if err != nil {
		return
	}
	c.Control(func(fd uintptr) {
		if n, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil && n < pipeSize {
			unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize)
		}
	})
}
