package api

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Names of the tokens' files in the state folder.
const (
	tokenFile     = "token"
	readTokenFile = "token-read"
)

const (
	tokenBytes = 32 // 256 random bits
	// minToken is how many characters a token must have that somebody thought of.
	minToken = 16
	maxToken = 4096 // of a file
)

// KeyOptions say where the tokens are.
type KeyOptions struct {
	Dir   string // the state folder: tokens that are not given are made and kept there
	File  string // instead of the folder's file for the full token
	Token string // the full token itself, from the environment; it cannot be rotated
}

// Keys are the tokens of a daemon: one to do everything, one to look. Only their
// hashes are kept.
type Keys struct {
	o  KeyOptions
	mu sync.RWMutex
	// full and read are hashed, so that comparing tells nothing of their length.
	full, read [sha256.Size]byte
}

// OpenKeys reads the tokens, and makes those that are missing.
func OpenKeys(o KeyOptions) (*Keys, error) {
	k := &Keys{o: o}
	if o.Token != "" && len(o.Token) < minToken {
		return nil, fmt.Errorf("the token has fewer than %d characters", minToken)
	}
	for _, path := range []string{k.fullPath(), k.readPath()} {
		if path == "" || path == o.File {
			continue
		}
		if err := makeToken(path); err != nil {
			return nil, err
		}
	}
	return k, k.Reload()
}

// fullPath is "" for a token that is in no file.
func (k *Keys) fullPath() string {
	switch {
	case k.o.Token != "":
		return ""
	case k.o.File != "":
		return k.o.File
	}
	return filepath.Join(k.o.Dir, tokenFile)
}

func (k *Keys) readPath() string { return filepath.Join(k.o.Dir, readTokenFile) }

// Reload reads the files again. What cannot be read leaves both tokens as they are.
func (k *Keys) Reload() error {
	full := k.o.Token
	if path := k.fullPath(); path != "" {
		var err error
		if full, err = readToken(path); err != nil {
			return err
		}
	}
	read, err := readToken(k.readPath())
	if err != nil {
		return err
	}
	if full == read {
		return errors.New("both tokens are the same: whoever may only look could do everything")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.full, k.read = sha256.Sum256([]byte(full)), sha256.Sum256([]byte(read))
	return nil
}

// Rotate makes a new token and returns it: the full one, or the one to look. Logins
// that were made with the old one end.
func (k *Keys) Rotate(read bool) (string, error) {
	path := k.fullPath()
	if read {
		path = k.readPath()
	}
	if path == "" {
		return "", errors.New("the token comes from the environment: change it there")
	}
	token := newSecret()
	if err := writeToken(path, token); err != nil {
		return "", err
	}
	return token, k.Reload()
}

// level is what a token opens, and the hash by which logins are bound to it.
func (k *Keys) level(token string) (level, [sha256.Size]byte) {
	sum := sha256.Sum256([]byte(token))
	k.mu.RLock()
	defer k.mu.RUnlock()
	// Both are compared, whatever the first says: the time tells nothing.
	isFull, isRead := subtle.ConstantTimeCompare(sum[:], k.full[:]), subtle.ConstantTimeCompare(sum[:], k.read[:])
	switch {
	case isFull == 1:
		return full, sum
	case isRead == 1:
		return reader, sum
	}
	return nobody, sum
}

// holds reports whether the token with this hash still opens what it did.
func (k *Keys) holds(l level, sum [sha256.Size]byte) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return l == full && sum == k.full || l == reader && sum == k.read
}

// fullSum is the hash of the full token.
func (k *Keys) fullSum() [sha256.Size]byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.full
}

// newSecret is a random text of 256 bits, safe in a URL and a cookie.
func newSecret() string {
	b := make([]byte, tokenBytes)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// makeToken makes a file with a new token unless there is one.
func makeToken(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeToken(path, newSecret())
}

// readToken reads a token from the first line of a file.
func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxToken))
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	token := string(bytes.TrimSpace(line))
	if len(token) < minToken {
		return "", fmt.Errorf("the token in %s has fewer than %d characters", path, minToken)
	}
	return token, nil
}

// writeToken replaces a token's file; a crash leaves the old one or the new one.
func writeToken(path, token string) error {
	return replaceFile(path, []byte(token+"\n"))
}

// replaceFile writes a file that only we can read, whole or not at all.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
