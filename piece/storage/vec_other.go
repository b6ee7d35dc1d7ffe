//go:build !linux

package storage

// writeAt writes the next n bytes at off.
func (v *vec) writeAt(_ *scratch, h *handle, n, off int64) error {
	return v.writeEach(h.f, n, off)
}
