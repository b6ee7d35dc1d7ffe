package peer

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"gotor/piece"
)

// vectorReader reads from a TCP connection into many buffers with one system
// call, and allocates nothing.
type vectorReader struct {
	raw syscall.RawConn
	iov [1 + 2*(256<<10)/piece.BlockSize]unix.Iovec
	n   int // of iov
	got int
	err error
	try func(fd uintptr) bool
}

// newVectorReader returns nil if conn is not a TCP connection.
func newVectorReader(conn net.Conn) *vectorReader {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	v := &vectorReader{raw: raw}
	v.try = v.readv
	return v
}

// read reads once, waiting if nothing is there: into first, then into segs from
// segs[0].b[off:] on. Like any Read it ends with deadlines and Close.
func (v *vectorReader) read(first []byte, segs []segment, off int) (int, error) {
	v.n = 0
	v.add(first)
	for _, s := range segs {
		v.add(s.b[off:])
		off = 0
	}
	v.got, v.err = 0, nil
	if err := v.raw.Read(v.try); err != nil {
		return 0, err
	}
	if v.got == 0 && v.err == nil {
		return 0, io.EOF
	}
	return v.got, v.err
}

func (v *vectorReader) add(b []byte) {
	if len(b) == 0 {
		return
	}
	v.iov[v.n].Base = &b[0]
	v.iov[v.n].SetLen(len(b))
	v.n++
}

// readv makes the system call; false asks to be called again when there is
// something to read.
func (v *vectorReader) readv(fd uintptr) bool {
	for {
		n, _, errno := unix.Syscall(unix.SYS_READV, fd, uintptr(unsafe.Pointer(&v.iov[0])), uintptr(v.n))
		switch errno {
		case 0:
			v.got = int(n)
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		default:
			v.err = os.NewSyscallError("readv", errno)
		}
		return true
	}
}
