package cmd

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// fullDisk runs a shell script in a mount namespace whose $FULL is a file system
// without a free byte, with the folders "state" and "tmp" on it. "gotor" in the
// script is what is tested; the work folder has x.torrent and its data, disk.img,
// in pieces so large that a stream of them needs a temporary file.
func fullDisk(t *testing.T, script string) (code int, out string) {
	t.Helper()
	unshare, err := exec.LookPath("unshare")
	if err == nil {
		err = exec.Command(unshare, "-m", "sh", "-c", "mount -t tmpfs none /mnt").Run()
	}
	if err != nil {
		t.Skipf("a file system that is full needs root and a mount namespace: %v", err)
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "disk.img")
	noErr(t, os.WriteFile(data, make([]byte, 6<<20), 0o666))
	raw, err := metainfo.Create(t.Context(), data, metainfo.CreateOptions{PieceLength: 2 << 20})
	noErr(t, err)
	noErr(t, os.WriteFile(filepath.Join(dir, "x.torrent"), raw, 0o666))
	m, err := metainfo.Parse(raw)
	noErr(t, err)
	seeder, err := newFakeSeeder(m, data, "ok")
	noErr(t, err)
	defer seeder.close()
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	const prepare = `mkdir full && mount -t tmpfs -o size=64k none full && export FULL=full || exit 99
mkdir full/state full/tmp
dd if=/dev/zero of=full/filler bs=1k 2>/dev/null
`
	c := exec.Command(unshare, "-m", "sh", "-c", prepare+script)
	c.Dir = dir
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+dir, "XDG_CACHE_HOME="+dir, "PEER="+seeder.addr().String(), "WEB="+web.URL)
	b, err := c.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(b)
}

// A full disk is exit code 9, whatever was to be written to it, and what could
// not be written whole is not there at all.
func TestFullDisk(t *testing.T) {
	for name, script := range map[string]string{
		"create":           "gotor create -o $FULL/y.torrent disk.img",
		"create --force":   "gotor create --force -o $FULL/y.torrent disk.img",
		"magnet":           `gotor magnet -o $FULL/y.torrent "$(gotor magnet x.torrent)&xs=$WEB/x.torrent"`,
		"manual pages":     "gotor man -o $FULL/man",
		"stream to a file": "gotor get -o - --peer $PEER x.torrent > $FULL/disk.img",
		"archive":          "gotor get -o - --tar --peer $PEER x.torrent > $FULL/x.tar",
		"temporary file":   "TMPDIR=$FULL/tmp gotor get -o - --max-memory 4M --peer $PEER x.torrent > /dev/null",
		"paths":            "gotor get -o out/ --peer $PEER x.torrent > $FULL/paths",
		"record":           "gotor get -o out/ --json --peer $PEER x.torrent > $FULL/paths",
		"seed --torrent":   "gotor seed --seed-time 1ms --torrent $FULL/y.torrent disk.img",
		"link of seed":     "gotor seed --seed-time 1ms x.torrent disk.img > $FULL/link",
		"download":         "gotor get -o $FULL/ --peer $PEER x.torrent",
		"show":             "gotor show x.torrent > $FULL/text",
		"verify":           "gotor verify x.torrent disk.img > $FULL/text",
	} {
		t.Run(name, func(t *testing.T) {
			code, out := fullDisk(t, script+"\ncode=$?; ls -A $FULL; exit $code")
			if code != record.ExitNoSpace || strings.Contains(out, "y.torrent\n") || strings.Contains(out, ".tmp\n") {
				t.Errorf("exit code %d, want %d; the message and what is on the full disk:\n%s", code, record.ExitNoSpace, out)
			}
		})
	}
}
