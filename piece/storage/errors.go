package storage

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// Errors that callers tell apart with errors.Is. The errors returned wrap them,
// and fs.ErrNotExist, fs.ErrPermission and the like where the system said so.
var (
	// ErrLocked: another Store, here or in another process, has the same Name in
	// the same state folder open for writing.
	ErrLocked = errors.New("another process holds this download")
	// ErrNoSpace: the disk or the quota is full, or CheckSpace found that it
	// would be.
	ErrNoSpace = errors.New("no space left on device")
	// ErrConflict: something else stands under a file's final name.
	ErrConflict = errors.New("a different file is in the way")
	// ErrDamaged: a state file is cut short, changed or not ours.
	ErrDamaged = errors.New("damaged")
	// ErrName: the file system takes no file of that name: it is too long, or has
	// characters that are not for names there.
	ErrName = errors.New("this disk takes no such name; --portable-names makes names that every disk takes")
	// ErrReadOnly: a write was asked of a Store that does not write.
	ErrReadOnly = errors.New("opened for reading only")
)

// Reasons to refuse what stands at a path. They are final: nothing behind a
// link is ever opened.
var (
	errSymlink = errors.New("is a symbolic link, which is never followed; remove it")
	errFolder  = errors.New("a folder is in the way")
	errSpecial = errors.New("is not a regular file")
	errNotDir  = errors.New("is not a folder")
	errSwapped = errors.New("was replaced while it was being opened")
)

// Error is a failed operation on one path. Its text is one line without control
// characters, whatever the path contains.
type Error struct {
	Op   string // what was being done: open, write, sync, rename ...
	Path string // raw: relative to the folder of the download, or the folder itself
	Err  error
}

// Error returns "op path: reason".
func (e *Error) Error() string {
	why := e.Err.Error()
	if errors.Is(e.Err, syscall.ENOTDIR) {
		why = "a part of that path is a file, not a folder"
	}
	s := e.Op + " " + safePath(e.Path) + ": " + why
	if e.badName() {
		s += ": " + ErrName.Error()
	}
	return s
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// Is reports a full disk or quota as ErrNoSpace, and a name that the disk does
// not take as ErrName.
func (e *Error) Is(target error) bool {
	return target == ErrNoSpace && isDiskFull(e.Err) || target == ErrName && e.badName()
}

// badName reports that the name is what failed: only what looks a name up or
// makes it can tell.
func (e *Error) badName() bool {
	switch e.Op {
	case "open", "create", "create folder", "rename", "finish", "lock":
		return nameRefused(e.Err, e.Path)
	}
	return false
}

// pathError wraps err, without the path and operation that package os already
// put around it. What is an Error already, or nil, stays as it is.
func pathError(op, path string, err error) error {
	if _, done := err.(*Error); done || err == nil {
		return err
	}
	return &Error{Op: op, Path: path, Err: bareError(err)}
}

func bareError(err error) error {
	for {
		switch e := err.(type) {
		case *fs.PathError:
			err = e.Err
		case *os.LinkError:
			err = e.Err
		case *os.SyscallError:
			err = e.Err
		default:
			return err
		}
	}
}

// portable reports whether every component of a path is a name that file systems
// made for Windows take, such as vfat.
func portable(path string) bool {
	for c := range strings.SplitSeq(path, "/") {
		if strings.ContainsAny(c, `<>:"|?*\`) || strings.HasSuffix(c, " ") || strings.HasSuffix(c, ".") && strings.Trim(c, ".") != "" {
			return false
		}
	}
	return true
}

// safePath returns a path as it is if a terminal can take it, else quoted with
// escapes. Format characters such as bidi overrides are not
// printable in this sense.
func safePath(p string) string {
	if utf8.ValidString(p) && strings.IndexFunc(p, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return p
	}
	return strconv.Quote(p)
}
