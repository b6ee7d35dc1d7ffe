package storage

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a disk of a given size in memory.
func smallDisk(t *testing.T, size string) string {
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// Threats P3: a full disk keeps everything verified; when there is space again
// it goes on.
func TestFullDisk(t *testing.T) {
	for _, prealloc := range []bool{false, true} {
		c := newTC(t, File{Path: "d/a", Length: 300 << 10, Wanted: true}, File{Path: "d/b", Length: 400 << 10},
			File{Path: "d/c", Length: 900 << 10, Wanted: true})
		c.spec.Dir = smallDisk(t, "640k")
		c.piece = 64 << 10
		c.spec.NoSync = false
		c.spec.Prealloc = prealloc
		c.open()
		if err := c.s.CheckSpace(); !errors.Is(err, ErrNoSpace) {
			t.Fatalf("CheckSpace: %v", err)
		}
		check(t, c.s.SaveRecord([]byte("old")))
		var kept []Range
		var full error
		for _, r := range c.spec.wantedRanges() {
			for off := r.Off; off < r.end(); off += 64 << 10 {
				n := min(64<<10, r.end()-off)
				if err := c.write(off, n); err != nil {
					full = err
				} else {
					kept = append(kept, Range{off, n})
				}
			}
		}
		if !errors.Is(full, ErrNoSpace) || len(kept) < 2 {
			t.Fatalf("writing to a full disk: %v, %d pieces kept", full, len(kept))
		}
		check(t, c.s.Sync())
		if err := c.s.SaveRecord(make([]byte, 100<<10)); !errors.Is(err, ErrNoSpace) {
			t.Errorf("SaveRecord: %v", err)
		}
		if got, err := c.s.LoadRecord(); err != nil || string(got) != "old" {
			t.Errorf("the record is now %q, %v", got, err)
		}
		c.wantGone(".name.gotor.tmp")
		for _, r := range kept {
			c.wantRead(r.Off, r.Len)
		}
		c.close()

		check(t, unix.Mount("tmpfs", c.spec.Dir, "tmpfs", unix.MS_REMOUNT, "size=4m"))
		c.open()
		check(t, c.s.CheckSpace())
		for _, r := range kept {
			c.wantRead(r.Off, r.Len)
		}
		for _, r := range c.spec.wantedRanges() {
			c.mustWrite(r.Off, r.Len)
		}
		check(t, c.s.Finish(nil))
		c.wantFile("d/a", 0)
		c.wantFile("d/c", 2)
		c.close()
	}
}

// Another file system below the target: syncfs of the target would miss it.
func TestOtherFileSystemBelow(t *testing.T) {
	c := newTC(t, File{Path: "d/a", Length: 10, Wanted: true}, File{Path: "b", Length: 10, Wanted: true})
	c.spec.NoSync = false
	c.spec.Dir = t.TempDir()
	c.put("d/here", nil)
	sub := c.spec.Dir + "/d"
	if os.Getuid() != 0 || unix.Mount("tmpfs", sub, "tmpfs", 0, "size=1m") != nil {
		t.Skip("cannot mount a second file system")
	}
	t.Cleanup(func() { unix.Unmount(sub, unix.MNT_DETACH) })
	c.open()
	c.mustWrite(0, 20)
	if c.s.target.canSyncAll() {
		t.Error("syncfs would be used")
	}
	check(t, c.s.Finish(nil))
	c.wantFile("d/a", 0)
	c.close()
}

func TestReadOnlyFolder(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 10, Wanted: true})
	c.spec.Dir = smallDisk(t, "1m")
	c.open()
	c.mustWrite(0, 5)
	check(t, c.s.SaveRecord(nil))
	c.close()
	check(t, unix.Mount("tmpfs", c.spec.Dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	c.open() // the lock file is there and can be locked
	if err := c.write(5, 5); err == nil {
		t.Error("wrote to a read-only disk")
	} else if got := err.Error(); got != "open a: read-only file system" && got != "open a.part: read-only file system" {
		t.Errorf("text: %s", got)
	}
	c.close()
	c.spec.ReadOnly = true
	c.open()
	c.wantRead(0, 5)
}

func TestKernelAtLeast(t *testing.T) {
	for release, want := range map[string]bool{"5.8.0": true, "5.7.19": false, "6.1.0-13-amd64": true, "5.10": true,
		"4.19": false, "": false, "six": false, "6": false, "5.8-rc1": true} {
		if got := kernelAtLeast(release, 5, 8); got != want {
			t.Errorf("kernelAtLeast(%q) = %v", release, got)
		}
	}
}
