package storage

import "golang.org/x/sys/unix"

// mayHold asks where the next data after from is. The file's position, which
// this moves, is used by nobody.
func mayHold(h *handle, from, to int64) bool {
	at, err := unix.Seek(h.fd, from, unix.SEEK_DATA)
	if err == unix.ENXIO {
		return false // no data up to the end of the file
	}
	return err != nil || at < to
}
