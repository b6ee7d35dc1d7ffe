//go:build unix

package torrent

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

// Some promises are those of a process: the test binary runs itself. limitEnv is
// how many descriptors the child may have, peerEnv where its seeder is.
const (
	limitEnv = "GOTOR_TORRENT_DESCRIPTORS"
	peerEnv  = "GOTOR_TORRENT_PEER"
)

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(limitEnv)); err == nil {
		os.Exit(childFewDescriptors(n))
	}
	os.Exit(m.Run())
}

// manyFiles is a torrent of 600 files and its payload.
func manyFiles() (*metainfo.Torrent, []byte) {
	const count, size = 600, 5000
	files := make([]metainfo.File, count)
	for i := range files {
		files[i] = metainfo.File{Path: []string{fmt.Sprintf("d%d", i%40), fmt.Sprintf("f%d", i)}, Length: size}
	}
	payload := blastPayload(count * size)
	m, err := metainfo.Parse(rawTorrent(payload, 64<<10, files))
	if err != nil {
		panic(err)
	}
	return m, payload
}

// childFewDescriptors downloads that torrent with at most n descriptors, once it
// is told to, and says where it listens.
func childFewDescriptors(n int) int {
	lim := syscall.Rlimit{}
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		fmt.Println(err)
		return 1
	}
	lim.Cur = uint64(n)
	lim.Max = lim.Cur
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		fmt.Println(err)
		return 1
	}
	c, err := NewClient(Config{Name: "gotor/test"})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer c.Close()
	fmt.Println(c.Port())
	bufio.NewReader(os.Stdin).ReadString('\n')
	if len(os.Args) > 2 {
		return childManyTorrents(c)
	}
	m, _ := manyFiles()
	o := order{Source: Source{Meta: m, Local: true, Peers: []netip.AddrPort{netip.MustParseAddrPort(os.Getenv(peerEnv))}},
		Spec: Spec{Place: Place{Dir: os.Args[1]}, Limits: Limits{Timeout: 2 * time.Minute}}}
	t, err := o.begin(c)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	<-t.Done()
	if err := t.Err(); err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	fmt.Println("complete")
	return 0
}

// With few descriptors a download of many files works, although strangers take
// all the connections that they can get.
func TestFewDescriptors(t *testing.T) {
	for _, n := range []int{64, 128, 256} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			m, payload := manyFiles()
			seed := startBlast(t, nil, blastConfig{InfoHash: m.InfoHash, PieceLength: int(m.PieceLength), Payload: payload})
			cmd := exec.Command(os.Args[0], t.TempDir())
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", limitEnv, n), peerEnv+"="+seed.Addr().String())
			cmd.Stderr = os.Stderr
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			lines.Scan()
			stop := besiege(t, "127.0.0.1:"+lines.Text())
			defer stop()
			fmt.Fprintln(in)
			var said []string
			for lines.Scan() {
				said = append(said, lines.Text())
			}
			if err := cmd.Wait(); err != nil || strings.Join(said, "\n") != "complete" {
				t.Errorf("%v: %q", err, said)
			}
		})
	}
}

// smallTorrents are those of TestFewDescriptorsManyTorrents.
func smallTorrents() (all []*metainfo.Torrent, payloads [][]byte) {
	for i := range 50 {
		payload := bytes.Repeat([]byte{byte(i + 1)}, 100_000)
		raw := bytes.Replace(rawTorrent(payload, 16<<10, nil), []byte("7:payload"), fmt.Appendf(nil, "7:small%02d", i), 1)
		m, err := metainfo.Parse(raw)
		if err != nil {
			panic(err)
		}
		all, payloads = append(all, m), append(payloads, payload)
	}
	return all, payloads
}

// childManyTorrents downloads them, as many at the same time as there is room for.
func childManyTorrents(c *Client) int {
	all, _ := smallTorrents()
	var running []*Torrent
	places := make(chan struct{}, Room())
	for _, m := range all {
		places <- struct{}{}
		o := order{Source: Source{Meta: m, Local: true, Peers: []netip.AddrPort{netip.MustParseAddrPort(os.Getenv(peerEnv))}},
			Spec: Spec{Place: Place{Dir: os.Args[1]}, Limits: Limits{Timeout: 2 * time.Minute}}}
		t, err := o.begin(c)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		running = append(running, t)
		go func() {
			<-t.Stopped()
			<-places
		}()
	}
	for _, t := range running {
		if <-t.Done(); t.Err() != nil {
			fmt.Println(t.Snapshot().Name, "failed:", t.Err())
			return 1
		}
	}
	fmt.Println("complete")
	return 0
}

// Fifty torrents are all done although there are few connections and files to share,
// and the data of every other one has to be hashed first.
func TestFewDescriptorsManyTorrents(t *testing.T) {
	all, payloads := smallTorrents()
	seeder, err := NewClient(Config{Name: "gotor/test"})
	if err != nil {
		t.Fatal(err)
	}
	defer seeder.Close()
	from := t.TempDir()
	for i, m := range all {
		o := order{Source: Source{Meta: m, Local: true}, Spec: Spec{Place: Place{Dir: from}, Seeding: Seeding{Seed: true, SeedOnly: true}}}
		if err := os.WriteFile(filepath.Join(from, m.Name), payloads[i], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := o.begin(seeder); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{64, 256, 1024} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			dir := t.TempDir()
			for i := 0; i < len(all); i += 2 {
				half := bytes.Clone(payloads[i])
				clear(half[50_000:])
				if err := os.WriteFile(filepath.Join(dir, all[i].Name+".part"), half, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(os.Args[0], dir, "torrents")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", limitEnv, n), fmt.Sprintf("%s=127.0.0.1:%d", peerEnv, seeder.Port()))
			cmd.Stderr, cmd.Stdin = os.Stderr, strings.NewReader("\n")
			said, err := cmd.Output()
			if err != nil || !strings.HasSuffix(string(said), "\ncomplete\n") {
				t.Fatalf("%v: %q", err, said)
			}
			for i, m := range all {
				if got, err := os.ReadFile(filepath.Join(dir, m.Name)); err != nil || !bytes.Equal(got, payloads[i]) {
					t.Errorf("%s: %v, or it differs", m.Name, err)
				}
			}
		})
	}
}

// besiege keeps 400 silent connections open to an address, from many hosts of
// this machine, and a new one for each that is closed.
func besiege(t *testing.T, addr string) (stop func()) {
	over := make(chan struct{})
	var all sync.WaitGroup
	for i := range 400 {
		d := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(i), 1)}}
		if conn, err := d.Dial("tcp4", addr); err == nil {
			conn.Close()
		} else {
			d.LocalAddr = nil // only Linux has all of 127.0.0.0/8
		}
		all.Go(func() {
			for {
				conn, err := d.Dial("tcp4", addr)
				if err == nil {
					stopRead := make(chan struct{})
					go func() {
						select {
						case <-over:
							conn.Close()
						case <-stopRead:
						}
					}()
					conn.Read(make([]byte, 1))
					close(stopRead)
					conn.Close()
				}
				select {
				case <-over:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
	return func() {
		close(over)
		all.Wait()
	}
}
