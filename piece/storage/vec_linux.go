package storage

import (
	"io"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxVec is IOV_MAX of Linux: buffers in one call.
const maxVec = 1024

type iovecs [maxVec]unix.Iovec

// writeAt writes the next n bytes at off with as few pwritev calls as the
// kernel lets us. unix.Pwritev would allocate its vector on each call.
func (v *vec) writeAt(sc *scratch, h *handle, n, off int64) error {
	iov, ok := sc.vecs.Get().(*iovecs)
	if !ok {
		iov = new(iovecs)
	}
	var err error
	for n > 0 && err == nil {
		count := v.fill(iov, n)
		var m int
		m, err = pwritev(h.fd, iov[:count], off)
		clear(iov[:count]) // do not keep the caller's buffers alive
		if m > 0 {
			v.skip(int64(m))
			n, off = n-int64(m), off+int64(m)
		}
	}
	sc.vecs.Put(iov)
	return err
}

// fill points iov at the next n bytes, or at what fits, without moving.
func (v *vec) fill(iov *iovecs, n int64) int {
	count := 0
	for w := *v; n > 0 && count < maxVec; count++ {
		b := w.next(n)
		iov[count].Base = unsafe.SliceData(b)
		iov[count].SetLen(len(b))
		w.o += len(b)
		n -= int64(len(b))
	}
	return count
}

// pwritev is one call that made progress or says why not.
func pwritev(fd int, iov []unix.Iovec, off int64) (int, error) {
	for {
		// The offset is passed in two halves; the kernel ignores the upper one
		// where a register holds all of it.
		m, _, errno := unix.Syscall6(unix.SYS_PWRITEV, uintptr(fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(iov))), uintptr(len(iov)),
			uintptr(off), uintptr(uint64(off)>>32), 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, errno
		case m == 0:
			return 0, io.ErrShortWrite
		}
		return int(m), nil
	}
}
