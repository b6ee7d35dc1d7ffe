//go:build linux || darwin

package storage

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace returns the bytes free for this user, and the unit of allocation.
// Some network file systems report no blocks at all: not ok.
func freeSpace(_ string, folder *os.File) (free, block int64, ok bool) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(folder.Fd()), &st); err != nil || st.Blocks == 0 || st.Bsize <= 0 {
		return 0, 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Bsize), true
}
