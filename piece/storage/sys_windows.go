package storage

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// newFile opens a file that is not there yet.
const newFile = os.O_RDWR | os.O_CREATE | os.O_EXCL

// noWait: there are no pipes among files.
const noWait = 0

func isDiskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// nameRefused reports that the file system does not take a name.
func nameRefused(err error, _ string) bool {
	return errors.Is(err, windows.ERROR_INVALID_NAME) || errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE)
}

func readOnlyDisk(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

// linkAt gives a file another name in another folder. Windows has no calls for that which
// begin at open folders, so the way to both is looked up once more.
func linkAt(from *os.Root, name string, to *os.Root, newName string) error {
	return os.Link(filepath.Join(from.Name(), name), filepath.Join(to.Name(), newName))
}

// renameAt moves a file to another folder of the same disk.
func renameAt(from *os.Root, name string, to *os.Root, newName string) error {
	return os.Rename(filepath.Join(from.Name(), name), filepath.Join(to.Name(), newName))
}

// mayWrite: there the attempt tells.
func mayWrite(*os.Root) error { return nil }

// otherDisk: the two names are on different disks.
func otherDisk(err error) bool { return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) }

// noLinks: the file system has no hard links, or allows no more of them.
func noLinks(err error) bool {
	return errors.Is(err, windows.ERROR_INVALID_FUNCTION) || errors.Is(err, windows.ERROR_NOT_SUPPORTED) ||
		errors.Is(err, windows.ERROR_TOO_MANY_LINKS) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

func isNotEmpty(err error) bool { return errors.Is(err, windows.ERROR_DIR_NOT_EMPTY) }

func tooManyOpen(err error) bool {
	return errors.Is(err, windows.ERROR_TOO_MANY_OPEN_FILES)
}

func sameDevice(_, _ os.FileInfo) bool { return true }

// allocated: a file has its clusters once it has its size.
func allocated(fi os.FileInfo) int64 { return fi.Size() }

// inodeOf: the number of a file is not in what Lstat returns.
func inodeOf(os.FileInfo) (inode uint64, blocks int64) { return 0, 0 }

// look: NTFS brings the time of an open file up to date when it likes, so that
// it says nothing of who has written last.
func (h *handle) look() (Mark, bool) { return Mark{}, false }

// localDisk has no meaning without look.
func localDisk(*os.File) bool { return false }

// syncFolder: a folder cannot be flushed; NTFS journals renames by itself.
func syncFolder(*os.Root) error { return nil }

// OpenLimit returns how many descriptors the process may have open in all.
// Windows sets no limit of its own; this is as many as anybody needs.
func OpenLimit() int { return 16384 }

// freeSpace returns the bytes free for this user, and the unit of allocation.
func freeSpace(dir string, _ *os.File) (free, block int64, ok bool) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, false
	}
	var avail, total, all uint64
	if err := windows.GetDiskFreeSpaceEx(p, &avail, &total, &all); err != nil || total == 0 {
		return 0, 0, false
	}
	return int64(avail), 4096, true
}

// syncData makes a file durable. Windows flushes only what is open for writing;
// a file found complete was not written by us.
func syncData(h *handle) error {
	if !h.write {
		return nil
	}
	return h.f.Sync()
}
