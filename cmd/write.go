package cmd

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// This file writes torrents.

func existsError(path string) error {
	return record.Errorf(record.ExitFile, "%s exists already; choose another with -o, or use --force", path)
}

// writeInto writes to what is there and is no file: a device, a pipe.
func writeInto(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return job.FileError("write", path, err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return job.FileError("write", path, err)
	}
	return nil
}

// writeNew writes a file that must not exist yet; with force it replaces what is
// there. Either way the whole file gets its name in one step: it is written under
// a name that nobody else has, so nothing that was put there is written through.
func writeNew(path string, b []byte, force bool) error {
	// Stat, not Lstat: /dev/stdout is a link to the pipe that is meant.
	if fi, err := os.Stat(path); force && err == nil && !fi.Mode().IsRegular() {
		return writeInto(path, b) // a device or a pipe is not to be replaced by a file
	}
	temp := filepath.Join(filepath.Dir(path), ".gotor-"+strconv.FormatUint(rand.Uint64(), 36)+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return job.FileError("write", path, err)
	}
	defer os.Remove(temp) // gone already when it got its name
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return job.FileError("write", path, err)
	}
	if !force {
		// A link fails if the name is taken, which a rename would not: nobody who makes
		// the same file at the same time loses its own.
		err = os.Link(temp, path)
		if err == nil {
			return nil
		}
		if _, e := os.Lstat(path); e == nil {
			return existsError(path)
		}
	} // a disk without hard links: nothing was there a moment ago
	if err := os.Rename(temp, path); err != nil {
		return job.FileError("write", path, err)
	}
	return nil
}

// writeSame writes a torrent to a file, unless the file holds the same torrent
// already, perhaps with another date: then this is not the first run. flag is the
// one that named it.
func writeSame(path string, raw []byte, infoHash [20]byte, flag string) error {
	if old, err := os.ReadFile(path); err == nil {
		if m, err := metainfo.Parse(old); err == nil && m.InfoHash == infoHash {
			return nil
		}
		return record.Errorf(record.ExitFile, "%s exists already and is another torrent; choose another with %s, or remove it", path, flag)
	}
	return writeNew(path, raw, false)
}
