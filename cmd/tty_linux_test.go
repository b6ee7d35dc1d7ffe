package cmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gotor/cmd/ui"
	"gotor/torrent/metainfo"
)

// openPTY makes a terminal: what is written to tty can be read from screen.
func openPTY(t *testing.T, columns uint16) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skip(err)
	}
	return screen, tty
}

// On a terminal there is a bar; it fits, it carries no escape codes, and it is
// gone at the end.
func TestBarOnATerminal(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "disk.img")
	if err := os.WriteFile(data, bytes.Repeat([]byte("gotor"), 100_000), 0o666); err != nil {
		t.Fatal(err)
	}
	raw, err := metainfo.Create(t.Context(), data, metainfo.CreateOptions{PieceLength: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "x.torrent")
	if err := os.WriteFile(file, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := metainfo.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	seeder, err := newFakeSeeder(m, data, "ok")
	if err != nil {
		t.Fatal(err)
	}
	defer seeder.close()

	const columns = 90
	screen, tty := openPTY(t, columns)
	c := exec.Command("gotor", "get", "-o", filepath.Join(dir, "out")+"/", "--peer", seeder.addr().String(), "--max-down", "400K", file)
	c.Stdin, c.Stderr = tty, tty
	c.Env = append(os.Environ(), "TERM=xterm")
	var stdout strings.Builder
	c.Stdout = &stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	shown, _ := io.ReadAll(screen) // ends with an error when the last writer is gone
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, shown)
	}
	text := string(shown)
	if want := filepath.Join(dir, "out", "disk.img") + "\n"; stdout.String() != want {
		t.Errorf("stdout is %q, want %q", stdout.String(), want)
	}
	for _, want := range []string{"disk.img", "█", "%", "KiB/s", "ETA", "1 peer"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the terminal: %q", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("escape codes: %q", text)
	}
	for frame := range strings.SplitSeq(text, "\r") {
		if n := ui.Columns(strings.TrimRight(frame, "\n")); n >= columns {
			t.Errorf("a line of %d columns: %q", n, frame)
		}
	}
	last := text[strings.LastIndex(strings.TrimRight(text, "\r\n"), "\r")+1:]
	if !strings.HasPrefix(last, "disk.img: complete, 488.3 KiB in ") {
		t.Errorf("the last line is %q", last)
	}
}
