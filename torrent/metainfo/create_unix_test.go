//go:build unix

package metainfo

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Opening a pipe would wait for a writer, which never comes.
func TestCreateDoesNotOpenPipes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file", []byte("hello"))
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	createError(t, dir, pipe, "not a regular file")
	createError(t, pipe, pipe, "not a regular file")
	if err := os.Remove(pipe); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", pipe); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "real"), 0o644); err != nil {
		t.Fatal(err)
	}
	createError(t, pipe, pipe, "not a regular file")
	createError(t, dir, pipe, "not a regular file")
}

// Nor does it wait if the pipe has come in the place of a file since.
func TestCreateFileBecomesPipe(t *testing.T) {
	for _, single := range []bool{true, false} {
		testFileChanges(t, change{"pipe", func(path string) error {
			return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o644))
		}, changedText}, 0, single)
	}
}

func TestCreateRefusesSocketsAndDevices(t *testing.T) {
	createError(t, os.DevNull, os.DevNull, "not a regular file")
	dir := t.TempDir()
	path := filepath.Join(dir, "socket")
	s, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	defer s.Close()
	createError(t, dir, path, "not a regular file")
}

// Root may read everything, so for root the test starts itself again as nobody.
func TestCreateUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	dir := t.TempDir()
	write(t, dir, "a", []byte("hello"))
	file := write(t, dir, "locked", []byte("hello"))
	sub := filepath.Dir(write(t, dir, "sub/file", []byte("hello")))
	for _, path := range []string{file, sub} {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		for _, source := range []string{dir, path} {
			err := createError(t, source, path, "permission denied")
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%v is not ErrPermission", err)
			}
		}
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// runAsNobody runs a copy of the test program, where nobody can reach it.
func runAsNobody(t *testing.T) {
	const nobody = 65534
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program := write(t, dir, "test", b)
	err = errors.Join(os.Chmod(program, 0o755), os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Dir, cmd.Env = dir, []string{"TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
