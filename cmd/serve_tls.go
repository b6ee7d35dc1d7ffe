package cmd

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"gotor/cmd/record"
)

// certificate is what TLS listeners show. Its files are read again when they change.
type certificate struct {
	cert, key string
	warn      func(text string)

	mu   sync.Mutex
	pair *tls.Certificate // guarded by mu
	seen [2]fileMark      // guarded by mu; of the files when pair was read, or could not be
}

// fileMark tells whether a file has changed.
type fileMark struct {
	size int64
	time time.Time
}

// openCertificate reads both files.
func openCertificate(cert, key string, warn func(string)) (*certificate, error) {
	c := &certificate{cert: cert, key: key, warn: warn}
	c.seen = c.look()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, record.Errorf(record.ExitFile, "cannot use %s with %s: %w", cert, key, err)
	}
	c.pair = &pair
	return c, nil
}

// look are the marks of the files as they are now.
func (c *certificate) look() (marks [2]fileMark) {
	for i, name := range []string{c.cert, c.key} {
		if fi, err := os.Stat(name); err == nil {
			marks[i] = fileMark{fi.Size(), fi.ModTime()}
		}
	}
	return marks
}

// get implements GetCertificate of a tls.Config. Files that do not fit each other, as
// between two writes, leave the last pair in its place.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := c.look()
	c.mu.Lock()
	pair, same := c.pair, now == c.seen
	c.seen = now
	c.mu.Unlock()
	if same {
		return pair, nil
	}
	fresh, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.warn(fmt.Sprintf("the certificate has changed and cannot be read, the old one is used: %v", err))
		return pair, nil
	}
	c.mu.Lock()
	c.pair = &fresh
	c.mu.Unlock()
	return &fresh, nil
}
