//go:build !linux

package storage

// writeAt writes the next n bytes at off, one call per buffer.
func (v *vec) writeAt(_ *scratch, h *handle, n, off int64) error {
	for n > 0 {
		m, err := h.f.WriteAt(v.next(n), off)
		v.o += m
		if err != nil {
			return err
		}
		n, off = n-int64(m), off+int64(m)
	}
	return nil
}
