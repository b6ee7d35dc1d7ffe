//go:build !linux

package torrent

// cgroupLimit is 0: control groups are Linux's.
func cgroupLimit() int64 { return 0 }
