package job

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"gotor/cmd/record"
)

// mebibytes is a limit for a message.
func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

// ReadError is FileError for reading.
func ReadError(name string, err error) error { return FileError("read", name, err) }

// FileError is what the command line says of a file that cannot be read or written:
// the name once, without the name of the system call, and [FileCode]. verb is "read"
// or what else failed; err is not nil.
func FileError(verb, name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	code := FileCode(err)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		err = errors.New("a part of that path is a file, not a folder")
	case errors.Is(err, syscall.EISDIR):
		err = errors.New("it is a folder")
	}
	return record.WithCode(code, fmt.Errorf("cannot %s %s: %w", verb, name, err))
}

// FileCode is the exit code of an error of a file: its own where it has one, as a
// full disk does, else record.ExitFile.
func FileCode(err error) int {
	if code := record.CodeOf(err); code != record.ExitOther {
		return code
	}
	return record.ExitFile
}
