//go:build interop && linux

package cmd_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// testSwarms downloads from seeders that lack, lie or leave.
func testSwarms(t *testing.T, l *lab) {
	t.Run("two halves", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(20_000_000)})
		for half := range int64(2) {
			dir := s.copyData()
			blank(t, filepath.Join(dir, s.payload.name), 1<<18, func(i int64) bool { return i%2 == half })
			libtorrent{}.start(t, l, s.net.host(t), s.torrent, dir, "--no-download").logged(t, "checked 3")
		}
		s.leechers(2)
		s.get()
	})
	t.Run("one of three lies", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(40_000_000)})
		liar := s.liar("--every=3")
		for i := range 2 {
			libtorrent{}.start(t, l, s.net.host(t), s.torrent, s.copyData(), "--rate=6000000")
			s.seeders(i + 2)
		}
		s.get()
		if !strings.Contains(liar.out.String(), "lied") {
			t.Error("the liar was never asked for a block")
		}
	})
	t.Run("only a liar", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(3_000_000)})
		s.liar("--every=1")
		g := s.startGet(t.TempDir(), "--stall-timeout", "5s", "--peer-timeout", "5s")
		if code := g.wait(t); code != 5 && code != 6 {
			t.Errorf("exit code %d, want 5 or 6", code)
		}
		if _, err := os.Stat(filepath.Join(g.dir, s.payload.name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file has its final name: %v", err)
		}
	})
	t.Run("a seeder is killed midway", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(40_000_000)})
		var seeders []*proc
		for i := range 2 {
			p := libtorrent{}.start(t, l, s.net.host(t), s.torrent, s.copyData(), "--rate=4000000")
			s.seeders(i+1, p)
			seeders = append(seeders, p)
		}
		g := s.startGet(t.TempDir(), "--progress", "json")
		g.reaches(t, s.payload.size()/4)
		seeders[0].kill()
		s.wantDone(g)
	})
}

// liar starts a peer that sends wrong blocks, and waits until the tracker
// knows it.
func (s *swarm) liar(args ...string) *proc {
	s.t.Helper()
	s.lab.need(s.t, "python3")
	before, _ := s.tracker.counts(s.hash)
	p := s.net.host(s.t).start(s.t, s.t.TempDir(), append([]string{s.lab.path("python3"), testdata(s.t, "liar.py"),
		s.torrent, filepath.Join(s.data, s.payload.name)}, args...)...)
	s.seeders(before+1, p)
	return p
}

// testFullDisk downloads to disks that are too small or become so.
func testFullDisk(t *testing.T, l *lab) {
	s := l.swarm(t, setup{payload: oddFile(40_000_000)})
	s.seed(libtorrent{})
	t.Run("too small", func(t *testing.T) {
		s, disk := s.in(t), smallDisk(t, l, 8<<20)
		g := s.startGet(disk)
		g.wantCode(t, 9)
		if left := list(t, disk); len(left) > 0 {
			t.Logf("left on the disk: %q", left)
		}
	})
	t.Run("filled midway", func(t *testing.T) {
		s, disk := s.in(t), smallDisk(t, l, 64<<20)
		g := s.startGet(disk, "--progress", "json", "--max-down", strconv.Itoa(6<<20))
		g.reaches(t, 8<<20)
		ballast := filepath.Join(disk, "ballast")
		f, err := os.Create(ballast)
		must(t, err)
		if _, err := io.Copy(f, zeros{}); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		f.Close()
		g.wantCode(t, 9)
		had := g.progress().Verified
		must(t, os.Remove(ballast))
		again := s.startGet(disk, "--progress", "json", "--max-down", strconv.Itoa(6<<20))
		until(t, "gotor has resumed", func() bool { return again.progress().State == "downloading" }, again.proc)
		if r := again.progress().Resumed; r < had {
			t.Errorf("resumed with %d bytes of %d", r, had)
		}
		s.wantDone(again)
	})
}

// zeros is an endless input.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// smallDisk mounts a file system of the given size for one test.
func smallDisk(t *testing.T, l *lab, size int) string {
	t.Helper()
	l.need(t, "mount", "umount")
	dir := t.TempDir()
	run(t, l.path("mount"), "-t", "tmpfs", "-o", "size="+strconv.Itoa(size), "gotor-interop", dir)
	t.Cleanup(func() { run(t, l.path("umount"), dir) })
	return dir
}
