package storage

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// SaveState replaces the file name in folder dir with b, up to MaxRecord bytes,
// and a checksum around it. It is for what a Store cannot keep beside the data:
// state of seeding from read-only disks. After a crash at any moment there is
// the old content or the new one; when SaveState returns, the new one is
// durable.
//
// dir is made when it is missing, for this user alone, and may be reached
// through links; name is one path component of at most 240 bytes. A link under
// that name is replaced, never followed. Calls for one name may come from
// several processes: the last one wins.
func SaveState(dir, name string, b []byte) error {
	if !oneComponent(name) || len(name) > maxStateName || len(b) > MaxRecord {
		return pathError("write", name, fs.ErrInvalid)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return pathError("open", dir, err)
	}
	changed, err := makeFolders(abs, 0o700)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return pathError("open", abs, err)
	}
	defer root.Close()
	// A name of its own for each call: two processes must not write to one
	// temporary file.
	temp := name + "." + strconv.FormatUint(rand.Uint64(), 36)
	err = replace(root, temp, name, 0o600, true, func(f *os.File) error {
		_, err := f.Write(wrapRecord(b))
		return err
	})
	if err != nil {
		return err
	}
	return syncFolders(changed)
}

// LoadState returns the content given to SaveState. Errors: fs.ErrNotExist when
// there is no such file or folder, ErrDamaged when it is not what SaveState
// wrote, ErrNotOurs, with the content, when others can have written it.
func LoadState(dir, name string) ([]byte, error) {
	if !oneComponent(name) || len(name) > maxStateName {
		return nil, pathError("read", name, fs.ErrInvalid)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, pathError("open", dir, err)
	}
	defer root.Close()
	var b []byte
	var fi fs.FileInfo
	for range 100 { // SaveState may replace the file between two looks at it
		if b, fi, err = readFile(root, name, MaxRecord+recordFixed+4); !errors.Is(err, errSwapped) {
			break
		}
	}
	if err != nil {
		return nil, pathError("read", name, err)
	}
	content, err := unwrapRecord(b)
	if err == nil && !trusted(fi) {
		err = ErrNotOurs
	}
	return content, pathError("read", name, err)
}

// maxStateName leaves room for the suffix of the temporary file.
const maxStateName = 240

// replace writes a file under the name temp, which must be free, and moves it to
// its own name: there is always a whole file, the old or the new.
func replace(root *os.Root, temp, name string, perm fs.FileMode, durable bool, write func(*os.File) error) error {
	f, err := root.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return pathError("create", temp, err)
	}
	err = write(f)
	if err == nil && durable {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		root.Remove(temp)
		return pathError("write", name, err)
	}
	if !durable {
		return nil
	}
	return pathError("sync", name, syncFolder(root))
}

// syncFolders makes the entries of folders durable.
func syncFolders(paths []string) error {
	for _, path := range paths {
		root, err := os.OpenRoot(path)
		if err == nil {
			err = syncFolder(root)
			root.Close()
		}
		if err != nil {
			return pathError("sync", path, err)
		}
	}
	return nil
}
