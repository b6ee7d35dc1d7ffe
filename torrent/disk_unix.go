//go:build unix

package torrent

import (
	"os"
	"path/filepath"
	"syscall"
)

// diskOf tells disks apart: it is a number of the one that holds a folder, or will when
// that is made.
func diskOf(dir string) uint64 {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if fi, e := os.Stat(dir); e == nil {
			if st, ok := fi.Sys().(*syscall.Stat_t); ok {
				return uint64(st.Dev)
			}
			return 0
		}
		if dir == filepath.Dir(dir) {
			return 0
		}
		dir = filepath.Dir(dir)
	}
	return 0
}
