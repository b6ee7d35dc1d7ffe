//go:build unix && !linux

package storage

// syncData makes a file durable; on darwin package os asks the drive to flush
// its cache too.
func syncData(h *handle) error { return h.f.Sync() }
