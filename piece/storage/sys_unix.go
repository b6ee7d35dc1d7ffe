//go:build unix

package storage

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// newFile opens a file that is not there yet. A regular file never blocks in
// this sense; without the flag package os sets and clears it again in four
// system calls.
const newFile = os.O_RDWR | os.O_CREATE | os.O_EXCL | noWait

// noWait opens a pipe that somebody has put in a file's place without waiting for
// its other end.
const noWait = syscall.O_NONBLOCK

// isDiskFull: the disk, or the user's share of it.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// readOnlyDisk: nothing can be made on that file system.
func readOnlyDisk(err error) bool { return errors.Is(err, syscall.EROFS) }

// linkAt gives a file another name in another folder. A symbolic link is not followed.
func linkAt(from *os.Root, name string, to *os.Root, newName string) error {
	return between(from, to, func(a, b int) error { return unix.Linkat(a, name, b, newName, 0) })
}

// renameAt moves a file to another folder of the same file system.
func renameAt(from *os.Root, name string, to *os.Root, newName string) error {
	return between(from, to, func(a, b int) error { return unix.Renameat(a, name, b, newName) })
}

// between calls f with the descriptors of two folders.
func between(from, to *os.Root, f func(a, b int) error) error {
	a, err := from.Open(".")
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := to.Open(".")
	if err != nil {
		return err
	}
	defer b.Close()
	return f(int(a.Fd()), int(b.Fd()))
}

// mayWrite says why entries of a folder cannot be changed.
func mayWrite(folder *os.Root) error {
	f, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Faccessat(int(f.Fd()), ".", unix.W_OK, 0)
}

// otherDisk: the two names are on different file systems.
func otherDisk(err error) bool { return errors.Is(err, syscall.EXDEV) }

// noLinks: the file system has no hard links, or allows no more of them.
func noLinks(err error) bool {
	for _, e := range []error{syscall.EPERM, syscall.EMLINK, syscall.ENOSYS, errors.ErrUnsupported} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isNotEmpty: a folder has entries. POSIX allows either.
func isNotEmpty(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)
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

// inodeOf returns what a Mark has beside size and time.
func inodeOf(fi os.FileInfo) (inode uint64, blocks int64) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino), int64(st.Blocks)
	}
	return 0, 0
}

// look describes the open file. It allocates nothing.
func (h *handle) look() (Mark, bool) {
	var st unix.Stat_t
	if err := unix.Fstat(h.fd, &st); err != nil {
		return Mark{}, false
	}
	return newMark(int64(st.Size), st.Mtim.Nano(), uint64(st.Ino), int64(st.Blocks)), true
}

// syncFolder makes the entries of a folder durable, as far as its file system
// can: where folders cannot be synced (CIFS, DrvFs, 9p, many FUSE file systems)
// or may be entered but not read, there is nothing more to be had.
func syncFolder(root *os.Root) error {
	f, err := root.Open(".")
	if err == nil {
		err = f.Sync()
		f.Close()
	}
	if err != nil && !folderFault(err) {
		return nil
	}
	return err
}

// folderFault tells a failed sync of a folder, which may have lost entries, from
// the ways in which systems say that they do not sync folders.
func folderFault(err error) bool {
	for _, never := range []error{
		syscall.EINVAL, syscall.ENOSYS, syscall.ENOTTY, syscall.EBADF, syscall.EISDIR,
		syscall.EACCES, syscall.EPERM, errors.ErrUnsupported, // ENOTSUP and EOPNOTSUPP are both the last
	} {
		if errors.Is(err, never) {
			return false
		}
	}
	return true
}

// nameRefused reports that the file system does not take a name: it is too long,
// or a character of it has no place there. vfat says EINVAL for that, as others
// do for other things.
func nameRefused(err error, name string) bool {
	return errors.Is(err, syscall.ENAMETOOLONG) || errors.Is(err, syscall.EILSEQ) ||
		errors.Is(err, syscall.EINVAL) && !portable(name)
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
