//go:build !linux

package daemon

import "runtime"

// resident is how many bytes of memory the process takes, as far as the runtime has
// had them from the system.
func resident() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
