//go:build unix

package storage

import (
	"io/fs"
	"os"
	"syscall"
)

// identify reads the owner of a file.
func identify(fi fs.FileInfo) identity {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}
	}
	return identity{known: true, uid: int(st.Uid), links: uint64(st.Nlink), euid: os.Geteuid()}
}
