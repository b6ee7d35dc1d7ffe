package cmd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"gotor/cmd/record"
	"gotor/cmd/remote"
)

// The tests in this file kill a daemon, or cut the power of its disk, in the middle of a
// storm of changes, and look what the next one knows: what was answered, and nothing by
// halves.

// crashed is a daemon that is started again and again on the same folders.
type crashed struct {
	*testing.T
	dir    string // has state, data and the socket
	roots  []string
	client *remote.Client
	http   *http.Client
	proc   *exec.Cmd

	storms  int
	answers atomic.Int64 // 2xx in this storm
	over    atomic.Bool  // the end has begun: nobody would have heard an answer
	owners  []*owner
}

// owner is a client that changes torrents of its own, one after the other.
type owner struct {
	*crashed
	rng      *rand.Rand
	torrents []*stormed
}

// stormed is a torrent, and what its owner may believe of it.
type stormed struct {
	id    string
	raw   []byte // nil: it is a link
	size  int64
	sure  edition  // of the last answer
	maybe *edition // of a request that was not answered
}

// edition is how a torrent is: 0, it is not there; else the number in its name and its
// label.
type edition int

func (v edition) label() string { return fmt.Sprintf("v%d", v) }

func newCrashed(t *testing.T, dir string) *crashed {
	c := &crashed{T: t, dir: dir, roots: []string{filepath.Join(dir, "data")}}
	socket := filepath.Join(dir, "s")
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	var err error
	c.client, err = remote.New(remote.Config{Socket: socket, Dial: dial, Agent: "test"})
	noErr(t, err)
	c.http = &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	for n := range 8 {
		c.owners = append(c.owners, &owner{crashed: c, rng: rand.New(rand.NewPCG(uint64(n), 7))})
	}
	t.Cleanup(func() {
		c.client.Close()
		if c.proc != nil {
			c.kill()
		}
	})
	return c
}

// start starts the daemon and waits until it is ready.
func (c *crashed) start() {
	c.Helper()
	p := exec.Command("gotor", "serve", "--state-dir", filepath.Join(c.dir, "state"),
		"--socket", filepath.Join(c.dir, "s"), "--listen", "none", "--port", "none", "--no-dht", "--no-lsd", "--quiet")
	for _, root := range c.roots {
		p.Args = append(p.Args, "--dir", root)
	}
	var log bytes.Buffer
	p.Stderr = &log
	out, err := p.StdoutPipe()
	noErr(c.T, err)
	noErr(c.T, p.Start())
	c.proc = p
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		c.kill()
		c.Fatalf("it does not start: %v\n%s", err, &log)
	}
	go io.Copy(io.Discard, out) // ends with the process
}

func (c *crashed) kill() {
	c.proc.Process.Kill()
	c.proc.Wait()
	c.proc = nil
	c.client.Close() // its connections are dead
}

// storm has all owners change things until the daemon has answered so many times, and
// then ends it all.
func (c *crashed) storm(answers int64, end func()) {
	c.storms++
	c.answers.Store(0)
	c.over.Store(false)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	enough := make(chan struct{})
	var all sync.WaitGroup
	for _, o := range c.owners {
		all.Go(func() {
			for ctx.Err() == nil {
				err := o.change(context.Background())
				if err != nil {
					return // it is dead, or its disk
				}
				if c.answers.Add(1) == answers {
					close(enough)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-enough:
	case <-done:
		c.Fatalf("storm %d: the daemon refuses everything after %d answers", c.storms, c.answers.Load())
	}
	c.over.Store(true)
	end()
	cancel()
	<-done
}

// change does one thing to one torrent.
func (o *owner) change(ctx context.Context) error {
	if len(o.torrents) == 0 || len(o.torrents) < 12 && o.rng.IntN(4) == 0 {
		o.torrents = append(o.torrents, o.invent())
	}
	s := o.torrents[o.rng.IntN(len(o.torrents))]
	next := edition(o.rng.IntN(1e9) + 1)
	if s.sure != 0 && o.rng.IntN(4) == 0 {
		next = 0
	}
	s.maybe = &next
	err := o.request(ctx, s, next)
	if err == nil && o.over.Load() {
		// The call that cuts the power has syncs that are going on succeed now and then
		// without having done anything. Who is without power answers nobody.
		return errors.New("an answer from the dead")
	}
	if err == nil {
		s.sure, s.maybe = next, nil
	}
	return err
}

func (o *owner) request(ctx context.Context, s *stormed, next edition) error {
	labels := []string{next.label()}
	switch {
	case next == 0:
		_, err := o.client.Remove(ctx, s.id, record.KeepData)
		return err
	case s.sure == 0:
		a := record.Add{Raw: s.raw, Paused: true, Labels: labels}
		if s.raw == nil {
			a.Source = "magnet:?xt=urn:btih:" + s.id
		}
		t, existing, err := o.client.Add(ctx, a)
		if err == nil && (existing || t.ID != s.id) {
			o.Errorf("adding %s: existing is %v, it is %s", s.id, existing, t.ID)
		}
		return err
	}
	_, err := o.client.Patch(ctx, s.id, record.Patch{Name: record.Some(next.label()), Labels: record.Some(labels)})
	return err
}

// invent makes a torrent that is nowhere.
func (o *owner) invent() *stormed {
	s := &stormed{size: o.rng.Int64N(16384) + 1}
	pieces := make([]byte, 20)
	for i := range pieces {
		pieces[i] = byte(o.rng.Uint32())
	}
	info := fmt.Appendf(nil, "d6:lengthi%de4:name8:%08x12:piece lengthi16384e6:pieces20:%se", s.size, o.rng.Uint32(), pieces)
	s.id = fmt.Sprintf("%x", sha1.Sum(info))
	if o.rng.IntN(4) > 0 {
		s.raw = slices.Concat([]byte("d4:info"), info, []byte("e"))
	}
	return s
}

// check compares what the daemon knows with what it has answered.
func (c *crashed) check() {
	c.Helper()
	list, err := c.client.List(context.Background(), remote.Filter{})
	noErr(c.T, err)
	rows := make(map[string]*record.Torrent)
	for _, row := range list {
		rows[row.ID] = row
	}
	for _, o := range c.owners {
		for _, s := range o.torrents {
			row := rows[s.id]
			delete(rows, s.id)
			is := s.is(c.T, row)
			switch {
			case is == s.sure:
			case s.maybe != nil && is == *s.maybe:
				s.sure = is
			default:
				c.Errorf("storm %d: %s was answered to be %d, and is %d", c.storms, s.id, s.sure, is)
			}
			if s.maybe = nil; row != nil && s.raw != nil {
				c.checkMetainfo(s)
			}
		}
	}
	for id := range rows {
		c.Errorf("storm %d: nobody has added %s", c.storms, id)
	}
}

// is tells which edition a row is of.
func (s *stormed) is(t *testing.T, row *record.Torrent) edition {
	if row == nil {
		return 0
	}
	if len(row.Labels) != 1 || !row.Paused {
		t.Fatalf("%s is half there: %+v", s.id, row)
	}
	var v edition
	if _, err := fmt.Sscanf(row.Labels[0], "v%d", &v); err != nil {
		t.Fatal(err)
	}
	// The name follows with the first change.
	if row.Name != v.label() && row.Name[0] == 'v' {
		t.Errorf("%s is half changed: %s with %v", s.id, row.Name, row.Labels)
	}
	if s.raw != nil && row.Size != s.size {
		t.Errorf("%s has %d bytes, not %d", s.id, row.Size, s.size)
	}
	return v
}

func (c *crashed) checkMetainfo(s *stormed) {
	c.Helper()
	resp, err := c.http.Get("http://localhost/api/v1/torrents/" + s.id + "/metainfo")
	noErr(c.T, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(raw, s.raw) {
		c.Errorf("storm %d: the metainfo of %s: %s, %q, %v", c.storms, s.id, resp.Status, raw, err)
	}
}

// shortDir is a folder whose path has room for that of a socket.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "gotor")
	noErr(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A daemon that is killed has lost nothing that it has answered.
func TestServeKilled(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	c := newCrashed(t, shortDir(t))
	rng := rand.New(rand.NewPCG(1, 1))
	for range rounds {
		c.start()
		c.check()
		c.storm(rng.Int64N(150)+1, func() { c.proc.Process.Kill() })
		c.kill()
	}
	c.start()
	c.check()
	c.kill()
}

// ext4Shutdown is EXT4_IOC_SHUTDOWN, and noLogFlush the way in which a power cut does it.
const (
	ext4Shutdown = 0x8004587d
	noLogFlush   = 2
)

// A disk whose power is cut has on it what was answered before.
func TestServePowerCut(t *testing.T) {
	base := shortDir(t)
	image, dir := filepath.Join(base, "image"), filepath.Join(base, "m")
	noErr(t, os.Mkdir(dir, 0o700))
	f, err := os.Create(image)
	noErr(t, err)
	noErr(t, f.Truncate(64<<20))
	noErr(t, f.Close())
	if out, err := exec.Command("mkfs.ext4", "-q", image).CombinedOutput(); err != nil {
		t.Skipf("the power cut needs mkfs.ext4: %v %s", err, out)
	}
	mount := func() {
		if out, err := exec.Command("mount", "-t", "ext4", "-o", "loop", image, dir).CombinedOutput(); err != nil {
			t.Skipf("the power cut needs root and loop devices: %v %s", err, out)
		}
	}
	umount := func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
	c := newCrashed(t, dir)
	rng := rand.New(rand.NewPCG(2, 2))
	rounds := 5
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		mount()
		os.Remove(filepath.Join(dir, "s"))
		c.start()
		c.check()
		c.storm(rng.Int64N(300)+50, func() { cutPower(t, dir) })
		c.kill()
		umount()
	}
	mount()
	c.start()
	c.check()
	c.kill()
	umount()
}

// cutPower has a file system take nothing any more, and forget what it has not written.
func cutPower(t *testing.T, dir string) {
	f, err := os.Open(dir)
	noErr(t, err)
	defer f.Close()
	flags := uint32(noLogFlush)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		t.Errorf("the power cannot be cut: %v", errno)
	}
}
