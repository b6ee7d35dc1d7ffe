package cmd

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gotor/cmd/record"
)

// --force replaces files. A device or a pipe that is there is written to, and stays.
func TestWriteNewIntoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	noErr(t, syscall.Mkfifo(path, 0o666))
	r, err := os.OpenFile(path, os.O_RDWR, 0) // both ends: nobody waits
	noErr(t, err)
	defer r.Close()
	noErr(t, writeNew(path, []byte("torrent"), true))
	b := make([]byte, 7)
	if _, err := r.Read(b); err != nil || string(b) != "torrent" {
		t.Errorf("%q, %v", b, err)
	}
	if fi, err := os.Lstat(path); err != nil || fi.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is gone: %v", err)
	}
	if err := writeNew(path, nil, false); record.CodeOf(err) != record.ExitFile {
		t.Errorf("without --force: %v", err)
	}
}
