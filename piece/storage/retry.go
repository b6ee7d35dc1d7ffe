package storage

import "time"

// openRetry opens something; out of descriptors, it closes idle ones and tries
// again.
func openRetry[T any](c *cache, open func() (T, error)) (T, error) {
	for tries := 0; ; {
		v, err := open()
		if err == nil || !tooManyOpen(err) {
			return v, err
		}
		if !c.shrink() {
			if tries++; !c.relieve(tries) {
				return v, err
			}
		}
	}
}

// retried is openRetry for what opens and closes something.
func retried(c *cache, do func() error) error {
	_, err := openRetry(c, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

const (
	// reliefTries bounds how often somebody else is asked for a descriptor, and
	// reliefPause how long it takes to come free: closing a connection is another
	// goroutine's work, and no event tells of it.
	reliefTries = 50
	reliefPause = 100 * time.Millisecond
)

// relieve asks for a descriptor from outside the cache. It reports false when
// that has been in vain.
func (d *Descriptors) relieve(tries int) bool {
	if tries > reliefTries {
		return false
	}
	if d.relief != nil {
		d.relief()
	} else if !d.busy() {
		return false
	}
	time.Sleep(min(reliefPause, time.Millisecond<<min(tries, 10)))
	return true
}

// busy reports whether handles are in use, one of which may soon be closed.
func (d *Descriptors) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.n > 0
}
