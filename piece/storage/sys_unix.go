//go:build unix

package storage

import (
	"errors"
	"os"
	"syscall"
)

// newFile opens a file that is not there yet. A regular file never blocks in
// this sense; without the flag package os sets and clears it again in four
// system calls.
const newFile = os.O_RDWR | os.O_CREATE | os.O_EXCL | syscall.O_NONBLOCK

// isDiskFull: the disk, or the user's share of it.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func tooManyOpen(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// sameDevice reports whether two files are on one file system.
func sameDevice(a, b os.FileInfo) bool {
	x, ok1 := a.Sys().(*syscall.Stat_t)
	y, ok2 := b.Sys().(*syscall.Stat_t)
	return ok1 && ok2 && x.Dev == y.Dev
}

// allocated returns how many bytes of a file have blocks on disk.
func allocated(fi os.FileInfo) int64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int64(st.Blocks) * 512
	}
	return fi.Size()
}

// syncFolder makes the entries of a folder durable.
func syncFolder(root *os.Root) error {
	f, err := root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// OpenLimit returns how many descriptors the process may have open in all, its
// sockets included. Go has raised that limit to what the system allows. It may
// be lower where the system has too few for all processes.
func OpenLimit() int {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return 256
	}
	return int(min(1<<20, lim.Cur))
}
