//go:build unix

package torrent

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
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
