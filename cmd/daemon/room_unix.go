//go:build linux || darwin

package daemon

import "golang.org/x/sys/unix"

// room is how many bytes of a folder's disk the user may still write, and how many
// it has.
func room(dir string) (free, total int64, ok bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, false
	}
	size := int64(st.Bsize)
	return int64(st.Bavail) * size, int64(st.Blocks) * size, true
}
