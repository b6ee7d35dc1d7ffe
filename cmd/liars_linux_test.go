//go:build linux && !race

package cmd

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"gotor/torrent/metainfo"
)

// What a liar says the size of its info dictionary is: just below what is taken.
const liarSize = 30<<20 - 1

// maxLiarMemory is how much memory a process may take, all in all, that looks
// for metadata among liars: its share of the budget for info dictionaries
// (peer.Assembly), once more until the next collection, and what any process takes.
const maxLiarMemory = 128 << 20

// liar is a peer that gives all of an info dictionary, and it is junk (BEP 9).
// It returns nil when it was hung up on with all its blocks sent.
func liar(c net.Conn, hash [20]byte) error {
	defer c.Close()
	var in [68]byte
	if _, err := io.ReadFull(c, in[:]); err != nil {
		return err
	}
	hello := []byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x00") // BEP 10
	hello = fmt.Appendf(append(hello, hash[:]...), "-XX0001-%012d", c.LocalAddr().(*net.TCPAddr).Port)
	if _, err := c.Write(hello); err != nil {
		return err
	}
	if err := sayExtended(c, 0, fmt.Appendf(nil, "d1:md11:ut_metadatai3ee13:metadata_sizei%dee", liarSize)); err != nil {
		return err
	}
	const blocks = (liarSize + 16383) / 16384
	id, sent := byte(0), 0 // how gotor wants ut_metadata numbered
	for {
		kind, body, err := readMessage(c)
		if err != nil && sent >= blocks {
			return nil
		}
		if err != nil {
			return fmt.Errorf("after %d of %d blocks: %w", sent, blocks, err)
		}
		if kind != 20 || len(body) < 2 {
			continue
		}
		if body[0] == 0 {
			id = byte(numberAt(string(body), "11:ut_metadatai"))
			continue
		}
		piece := numberAt(string(body), "5:piecei")
		junk := make([]byte, min(16384, liarSize-16384*piece))
		copy(junk, hello[len(hello)-12:]) // no two tell the same, so that they do not share
		head := fmt.Appendf(nil, "d8:msg_typei1e5:piecei%de10:total_sizei%dee", piece, liarSize)
		if err := sayExtended(c, id, append(head, junk...)); err != nil {
			return err
		}
		sent++
	}
}

func sayExtended(c net.Conn, id byte, body []byte) error {
	m := binary.BigEndian.AppendUint32(nil, uint32(2+len(body)))
	_, err := c.Write(append(append(m, 20, id), body...))
	return err
}

// numberAt reads the one that follows key in a bencoded text.
func numberAt(s, key string) (n int) {
	_, after, _ := strings.Cut(s, key)
	fmt.Sscanf(after, "%d", &n)
	return n
}

// Peers that lie about the info dictionary, each as much as it may, do not make
// the process large: not two for one link, and not those of many links together.
func TestMemoryUnderLiars(t *testing.T) {
	for _, links := range []int{1, 4} {
		t.Run(fmt.Sprint(links), func(t *testing.T) { memoryUnderLiars(t, links) })
	}
}

func memoryUnderLiars(t *testing.T, links int) {
	args := []string{"get", "-j", fmt.Sprint(links), "-o", t.TempDir(), "--metadata-timeout", "0", "--peer-timeout", "0", "--no-dht", "--progress", "none"}
	ended := make(chan error)
	for i := range links {
		m := metainfo.Link{InfoHash: sha1.Sum([]byte{byte(i)})}
		link := fmt.Sprintf("magnet:?xt=urn:btih:%x", m.InfoHash)
		for range 2 {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			noErr(t, err)
			defer l.Close()
			link += "&x.pe=" + l.Addr().String()
			go func() {
				c, err := l.Accept()
				l.Close() // once is enough
				if err == nil {
					err = liar(c, m.InfoHash)
				}
				ended <- err
			}()
		}
		args = append(args, link)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := exec.CommandContext(ctx, "gotor", args...)
	var said bytes.Buffer
	c.Stderr = &said
	noErr(t, c.Start())
	for range 2 * links {
		if err := <-ended; err != nil {
			t.Log(err) // there was no memory for it beside that of others
		}
	}
	most := peakMemory(t, c.Process.Pid)
	noErr(t, c.Process.Signal(syscall.SIGTERM))
	if c.Wait(); c.ProcessState.ExitCode() != 143 {
		t.Errorf("exit code %d:\n%s", c.ProcessState.ExitCode(), &said)
	}
	if most > maxLiarMemory {
		t.Errorf("%d links, two liars each: %d MiB", links, most>>20)
	}
}

// peakMemory is the most that a running process has had in memory. (What Wait
// tells counts what the test itself had when it started the process.)
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	noErr(t, err)
	_, after, found := strings.Cut(string(b), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(after, &kib); err != nil || !found {
		t.Skipf("the system does not tell: %v", err)
	}
	return kib << 10
}
