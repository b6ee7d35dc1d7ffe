package cmd

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// socketListener is a unix socket that goes with its listener.
type socketListener struct {
	net.Listener
	path string
}

// Close implements net.Listener.
func (l *socketListener) Close() error {
	err := l.Listener.Close()
	if gone := os.Remove(l.path); err == nil && gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = gone
	}
	return err
}

// listenSocket listens at a path that only our user can open. There is no moment at
// which others can: the socket gets its name when it has its mode. What a daemon that
// was killed has left there is replaced.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := vacant(ctx, path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, job.FileError("make the folder of the socket", filepath.Dir(path), err)
	}
	temp, err := os.MkdirTemp(filepath.Dir(path), ".gotor-") // 0700
	if err != nil {
		return nil, job.FileError("make the socket", path, err)
	}
	defer os.RemoveAll(temp)
	l, err := machine().Listen(ctx, "unix", filepath.Join(temp, "s"))
	if err != nil {
		return nil, socketError(path, err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // it has another name by then
	}
	if err = os.Chmod(filepath.Join(temp, "s"), 0o600); err == nil {
		err = os.Rename(filepath.Join(temp, "s"), path)
	}
	if err != nil {
		l.Close()
		return nil, socketError(path, err)
	}
	return &socketListener{l, path}, nil
}

// vacant fails if a daemon answers at a socket, or if what is there is none.
func vacant(ctx context.Context, path string) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return nil // nothing there, or what is said later
	}
	if fi.Mode().Type() != os.ModeSocket && runtime.GOOS != "windows" {
		return record.Errorf(record.ExitFile, "%s is no socket; choose another place with --socket", path)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := machine().DialContext(ctx, "unix", path)
	if err != nil {
		return nil
	}
	c.Close()
	return record.Errorf(record.ExitLocked, "another daemon listens at %s; stop it, or choose another place with --socket", path)
}

// socketError says what to do when a socket cannot be had.
func socketError(path string, err error) error {
	if strings.Contains(err.Error(), "invalid argument") {
		return record.Errorf(record.ExitFile, "the path of the socket is too long for this system: %s; choose a shorter one with --socket", path)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return record.Errorf(record.ExitFile, "cannot listen at the socket %s: %w", path, err)
}
