package daemon

import "golang.org/x/sys/windows"

// room is how many bytes of a folder's disk the user may still write, and how many
// it has.
func room(dir string) (free, total int64, ok bool) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, false
	}
	var avail, all, unused uint64
	if err := windows.GetDiskFreeSpaceEx(p, &avail, &all, &unused); err != nil {
		return 0, 0, false
	}
	return int64(avail), int64(all), true
}
