package storage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Some tests need a second process: the test binary runs itself.
const childEnv = "GOTOR_STORAGE_CHILD"

func TestMain(m *testing.M) {
	switch mode := os.Getenv(childEnv); mode {
	case "":
		os.Exit(m.Run())
	case "lock":
		childLock(os.Args[1])
	default:
		childDownload(os.Args[1], mode == "download-sync")
	}
}

// child is another process at work on a folder; each line it prints is a step.
type child struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	in    io.WriteCloser
}

func startChild(t *testing.T, mode, dir string) *child {
	t.Helper()
	exe, err := os.Executable()
	check(t, err)
	c := &child{cmd: exec.Command(exe, dir)}
	c.cmd.Env = append(os.Environ(), childEnv+"="+mode)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	check(t, err)
	c.in, err = c.cmd.StdinPipe()
	check(t, err)
	c.lines = bufio.NewScanner(out)
	check(t, c.cmd.Start())
	t.Cleanup(func() { c.cmd.Process.Kill(); c.cmd.Wait() })
	return c
}

func (c *child) kill() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

func childSpec(dir string) Spec {
	return Spec{Dir: dir, Name: "name", NoSync: true, TotalLength: 1, Files: []File{{Path: "f", Length: 1, Wanted: true}}}
}

// childLock opens the download, says so, and holds it until its input ends.
func childLock(dir string) {
	s, err := Open(childSpec(dir))
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
	if err := s.RemoveState(); err != nil {
		fmt.Println("error:", err)
	}
	s.Close()
	os.Exit(0)
}

func TestLockBetweenProcesses(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, "lock", dir)
	if !c.lines.Scan() || c.lines.Text() != "open" {
		t.Fatalf("the child says %q", c.lines.Text())
	}
	_, err := Open(childSpec(dir))
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("while the child holds it: %v", err)
	}
	spec := childSpec(dir)
	spec.ReadOnly = true
	r, err := Open(spec)
	check(t, err) // a reader needs no lock
	check(t, r.Close())
	spec = childSpec(dir)
	spec.Name, spec.Files[0].Path = "other", "g"
	o, err := Open(spec)
	check(t, err) // another download in the same folder
	check(t, o.Close())

	c.in.Close()
	check(t, c.cmd.Wait())
	s, err := Open(childSpec(dir))
	check(t, err)
	check(t, s.Close())
}

// A process that was killed holds nothing.
func TestLockOfKilledProcess(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, "lock", dir)
	c.lines.Scan()
	c.kill()
	s, err := Open(childSpec(dir))
	check(t, err)
	check(t, s.Close())
}

// Many open, remove and close the same download over and over; never do two hold
// it, although the lock file comes and goes.
func TestLockFileComesAndGoes(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	var mu sync.Mutex
	holders, taken := 0, 0
	for w := range 6 {
		wg.Go(func() {
			for i := 0; i < 200; i++ {
				s, err := Open(childSpec(dir))
				if errors.Is(err, ErrLocked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				holders++
				taken++
				if holders != 1 {
					t.Errorf("%d hold the lock", holders)
				}
				mu.Unlock()
				mu.Lock()
				holders--
				mu.Unlock()
				if w%2 == 0 {
					if err := s.RemoveState(); err != nil {
						t.Error(err)
					}
				}
				s.Close()
			}
		})
	}
	wg.Wait()
	if taken == 0 {
		t.Error("nobody ever got it")
	}
}

// The download that is killed: files of some pieces each, written in random
// order; the record claims pieces one bit each, after Sync.
const (
	crashFiles = 60
	crashPiece = 4096
)

func crashSpec(dir string, sync bool) (Spec, []byte) {
	spec := Spec{Dir: dir, Name: "name", NoSync: !sync, MaxOpen: 8}
	for i := range int64(crashFiles) {
		f := File{Path: fmt.Sprintf("d%d/f%d", i%3, i), Length: i * 777, Offset: spec.TotalLength, Wanted: i%7 != 3}
		spec.Files = append(spec.Files, f)
		spec.TotalLength += f.Length
	}
	spec.Ranges = widened(&spec, crashPiece)
	data := make([]byte, spec.TotalLength)
	rng := rand.New(rand.NewPCG(8, 9))
	for i := range data {
		data[i] = byte(rng.Uint32()) | 1
	}
	return spec, data
}

func childDownload(dir string, sync bool) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	spec, data := crashSpec(dir, sync)
	s, err := Open(spec)
	fail(err)
	pieces := int((spec.TotalLength + crashPiece - 1) / crashPiece)
	have, err := s.LoadRecord()
	if err != nil {
		have = make([]byte, pieces)
	}
	for k, i := range rand.Perm(pieces) {
		off := int64(i) * crashPiece
		if have[i] == 0 && len(intersect(spec.wantedRanges(), []Range{{off, 1}})) > 0 {
			fail(s.WriteVec(cut(data[off:min(off+crashPiece, spec.TotalLength)]), off))
			have[i] = 1
		}
		if k%5 == 0 {
			fail(s.Sync())
			fail(s.SaveRecord(have))
		}
		if k%11 == 0 {
			fail(s.Finish(complete(&spec, have)))
		}
		fmt.Println("step")
	}
	for {
		fmt.Println("done")
	}
}

// complete returns the wanted files all of whose pieces are there.
func complete(spec *Spec, have []byte) []int {
	out := []int{}
next:
	for i, f := range spec.Files {
		if !f.Wanted {
			continue
		}
		for p := f.Offset / crashPiece; f.Length > 0 && p*crashPiece < f.Offset+f.Length; p++ {
			if have[p] == 0 {
				continue next
			}
		}
		out = append(out, i)
	}
	return out
}

// Threats P2, as far as kill -9 goes: what the record claims is there, nothing
// incomplete stands under a final name, and the next run goes on.
func TestKilledAtRandomMoments(t *testing.T) {
	for _, mode := range []string{"download-sync", "download-nosync"} {
		dir := t.TempDir()
		spec, data := crashSpec(dir, true)
		finals := 0
		for range 12 {
			c := startChild(t, mode, dir)
			for range rand.IntN(80) {
				if !c.lines.Scan() || c.lines.Text() != "step" {
					break
				}
			}
			if got := c.lines.Text(); got != "" && got != "step" && got != "done" {
				t.Fatalf("the child says %q", got)
			}
			c.kill()
			finals = wantSound(t, spec, data)
		}
		t.Logf("%s: %d files finished at the end", mode, finals)
	}
}

// wantSound checks a folder after a crash and returns how many files are
// finished.
func wantSound(t *testing.T, spec Spec, data []byte) int {
	t.Helper()
	finals := 0
	for _, f := range spec.Files {
		got, err := os.ReadFile(filepath.Join(spec.Dir, f.Path))
		if err != nil {
			continue
		}
		finals++
		if string(got) != string(data[f.Offset:f.Offset+f.Length]) {
			t.Fatalf("%s is incomplete under its final name", f.Path)
		}
	}
	s, err := Open(spec)
	check(t, err)
	defer s.Close()
	have, err := s.LoadRecord()
	if errors.Is(err, os.ErrNotExist) {
		return finals
	}
	check(t, err)
	p := make([]byte, crashPiece)
	for i, claimed := range have {
		off := int64(i) * crashPiece
		want := data[off:min(off+crashPiece, spec.TotalLength)]
		if claimed == 0 {
			continue
		}
		if n, err := s.ReadAt(p[:len(want)], off); err != nil || string(p[:n]) != string(want) {
			t.Fatalf("the record claims piece %d, which is not there: %v", i, err)
		}
	}
	return finals
}
