//go:build unix

package storage

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// A disk that refuses a name says so in its own ways; what else fails says
// nothing about names.
func TestNameRefused(t *testing.T) {
	for _, tt := range []struct {
		op, path string
		err      error
		want     bool
	}{
		{"create", "d/long", syscall.ENAMETOOLONG, true},
		{"open", "d/long", &fs.PathError{Op: "openat", Path: "x", Err: syscall.ENAMETOOLONG}, true},
		{"lock", ".long.gotor.lock", syscall.ENAMETOOLONG, true},
		{"create", "d/a:b", syscall.EINVAL, true},
		{"create folder", "what?/x", syscall.EINVAL, true},
		{"open", "dot./x", syscall.EINVAL, true},
		{"create", "d/ab", syscall.EINVAL, false},
		{"create", "../a..b/.c", syscall.EINVAL, false},
		{"write", "d/a:b", syscall.EINVAL, false},
		{"create", "d/a:b", syscall.ENOSPC, false},
		{"create", "d/ü", syscall.EILSEQ, true},
	} {
		err := pathError(tt.op, tt.path, tt.err)
		if got := errors.Is(err, ErrName); got != tt.want {
			t.Errorf("%v: a bad name: %v, want %v", err, got, tt.want)
		}
		if got := strings.Contains(err.Error(), "--portable-names"); got != tt.want {
			t.Errorf("%v: names the way out: %v, want %v", err, got, tt.want)
		}
	}
}

// Systems say in many ways that they do not sync folders. A disk that fails is
// none of them.
func TestFolderFault(t *testing.T) {
	for _, never := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EACCES, syscall.EPERM, syscall.EBADF, syscall.ENOTTY} {
		if folderFault(&fs.PathError{Op: "sync", Path: ".", Err: never}) {
			t.Errorf("%v ends a download", never)
		}
	}
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE} {
		if !folderFault(&fs.PathError{Op: "sync", Path: ".", Err: fault}) {
			t.Errorf("%v is passed over", fault)
		}
	}
}
