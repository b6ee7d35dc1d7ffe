package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	mrand "math/rand/v2"
)

// keyName is the file of the key in the state folder, keySize its length.
const (
	keyName = "state.key"
	keySize = 32
)

// StateKey returns the 32 bytes with which this user's state is authenticated,
// from folder dir, which is made when it is missing. The first call makes the key,
// for this user alone to read; of several at once all get the same. An error means
// that there is none: then no state can be told from what others have planted.
func StateKey(dir string) ([]byte, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, pathError("open", dir, err)
	}
	if _, err := makeFolders(abs, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, pathError("open", abs, err)
	}
	defer root.Close()
	key, err := readKey(root)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(root); err == nil || errors.Is(err, fs.ErrExist) {
			key, err = readKey(root)
		}
	}
	return key, pathError("read", filepath.Join(abs, keyName), err)
}

// readKey refuses a key that others may know.
func readKey(root *os.Root) ([]byte, error) {
	b, fi, err := readFile(root, keyName, keySize)
	if err != nil {
		return nil, err
	}
	id := identify(fi)
	switch {
	case len(b) != keySize:
		return nil, ErrDamaged
	case id.known && id.uid != id.euid, runtime.GOOS != "windows" && fi.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: others can read it", ErrNotOurs)
	}
	return b, nil
}

// makeKey puts a whole key under its name, or fails with fs.ErrExist: a second
// process must never see half of one.
func makeKey(root *os.Root) error {
	temp := keyName + "." + strconv.FormatUint(mrand.Uint64(), 36)
	f, err := root.OpenFile(temp, newFile, 0o600)
	if err != nil {
		return err
	}
	defer root.Remove(temp)
	key := make([]byte, keySize)
	rand.Read(key)
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = root.Link(temp, keyName); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return root.Rename(temp, keyName) // a disk without hard links
}
