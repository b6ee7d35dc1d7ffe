package storage

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const canStartWriteback = true

// startWriteback asks the kernel to write a file's dirty pages, and does not
// wait for the disk to finish. It makes nothing durable.
func startWriteback(h *handle) {
	unix.SyncFileRange(h.fd, 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}

// syncData makes a file's data and size durable; times may be lost.
func syncData(h *handle) error {
	for {
		if err := unix.Fdatasync(h.fd); err != unix.EINTR {
			return err
		}
	}
}

// syncfsLine is how many files are synced one by one; for more, syncfs takes
// their place. Where it begins to be faster was measured (docs/measured.md,
// storage); it is not lower because syncfs also waits for what other programs have
// written to the same disk.
const syncfsLine = 256

// syncFileSystem makes the whole file system of a folder durable.
func syncFileSystem(folder *os.File) error {
	return unix.Syncfs(int(folder.Fd()))
}

// syncfsKnown reports whether syncfs on this folder promises what fsync of each
// file does: a local file system that flushes its disk, on a kernel that reports
// write errors to it (5.8).
func syncfsKnown(folder *os.File) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(int(folder.Fd()), &st) != nil {
		return false
	}
	switch int64(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC:
	default:
		return false
	}
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	return kernelAtLeast(unix.ByteSliceToString(u.Release[:]), 5, 8)
}

// localDisk reports whether looking at an open file costs nothing here: network
// and FUSE file systems may send all written data away first.
func localDisk(folder *os.File) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(int(folder.Fd()), &st) != nil {
		return false
	}
	switch uint32(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC,
		unix.OVERLAYFS_SUPER_MAGIC, unix.MSDOS_SUPER_MAGIC, unix.EXFAT_SUPER_MAGIC, unix.RAMFS_MAGIC, zfsMagic, bcachefsMagic:
		return true
	}
	return false
}

// Not in package unix.
const (
	zfsMagic      = 0x2fc12fc1
	bcachefsMagic = 0xca451a4e
)

// kernelAtLeast reads a release such as "6.1.0-13-amd64".
func kernelAtLeast(release string, major, minor int) bool {
	a, rest, _ := strings.Cut(release, ".")
	b := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		b = rest[:i]
	}
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	return err1 == nil && err2 == nil && (x > major || x == major && y >= minor)
}

// setSize gives a new file its size: with blocks behind it if asked for and
// possible, else with a hole.
func setSize(f *os.File, n int64, blocks bool) error {
	if blocks {
		err := unix.Fallocate(int(f.Fd()), 0, 0, n)
		if err == nil || !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return f.Truncate(n)
}
