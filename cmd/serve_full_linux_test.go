package cmd

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"gotor/cmd/record"
)

// A daemon whose state folder is full refuses, and nothing that it has refused happens;
// it goes on showing what there is. With room again it takes what it is told, and the
// next one knows all that was answered.
func TestServeStateFull(t *testing.T) {
	dir := shortDir(t)
	state := filepath.Join(dir, "state")
	noErr(t, os.Mkdir(state, 0o700))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "none", state).CombinedOutput(); err != nil {
		t.Skipf("a file system that is full needs root: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", state).Run() })
	c := newCrashed(t, dir)
	c.start()
	for range 3 {
		for _, o := range c.owners {
			for range 5 {
				noErr(t, o.change(t.Context()))
			}
		}
		fill(t, filepath.Join(state, "filler"))
		for _, o := range c.owners { // a page of the journal may have room for some
			for !o.refused() {
			}
		}
		if err := c.client.Ready(context.Background()); err == nil {
			t.Error("it says that it is ready")
		}
		c.check()
		noErr(t, os.Remove(filepath.Join(state, "filler")))
		for _, o := range c.owners { // the disk is tried again within a second
			for o.refused() {
			}
		}
		noErr(t, c.client.Ready(t.Context()))
		c.check()
	}
	c.kill()
	c.start()
	c.check()
	c.kill()
}

// refused changes something, and reports whether the daemon has refused that for want of
// room: then it has not happened, and never will.
func (o *owner) refused() bool {
	o.Helper()
	err := o.change(o.Context())
	if err == nil {
		return false
	}
	var p *record.Problem
	if !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable && p.Status != http.StatusInsufficientStorage {
		o.Fatalf("refused otherwise: %v", err)
	}
	for _, s := range o.torrents {
		s.maybe = nil
	}
	return true
}

// fill takes all room of a file system.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	noErr(t, err)
	defer f.Close()
	for b := make([]byte, 4096); err == nil; {
		_, err = f.Write(b)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}
