package cmd

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"gotor/torrent/metainfo"
)

// This file is the other side of the scripts: a seeder and a tracker that know
// just enough of BEP 3 and share no code with gotor's own, so that a mistake in
// one is not repeated in the other. Both can misbehave.

// fakeSeeder has all of a torrent. How it behaves:
//
//	ok        sends what is asked for
//	corrupt   flips a bit in every block
//	choke     never unchokes
//	empty     has nothing
//	stall     unchokes, and never sends a block
//	after=N   sends N blocks in all, then none
//	leave=N   sends N blocks in all, then hangs up and takes no more connections
//	hangup    closes every connection after the handshake
type fakeSeeder struct {
	l      net.Listener
	m      *metainfo.Torrent
	data   []byte
	mode   string
	budget atomic.Int64 // blocks still to send
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// newFakeSeeder serves the torrent with the data at path: the file, or the
// torrent's folder.
func newFakeSeeder(m *metainfo.Torrent, path, mode string) (*fakeSeeder, error) {
	s := &fakeSeeder{m: m, mode: mode}
	s.budget.Store(1 << 40)
	if kind, n, ok := strings.Cut(mode, "="); ok {
		limit, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return nil, err
		}
		s.mode = kind
		s.budget.Store(limit)
	}
	for i := range m.Files {
		f := &m.Files[i]
		if f.Pad {
			s.data = append(s.data, make([]byte, f.Length)...)
			continue
		}
		name := path
		if m.Multi {
			name = filepath.Join(path, filepath.FromSlash(f.SlashPath()))
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s.data = append(s.data, b...)
	}
	var err error
	if s.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.wg.Go(s.accept)
	return s, nil
}

func (s *fakeSeeder) addr() netip.AddrPort { return netip.MustParseAddrPort(s.l.Addr().String()) }

func (s *fakeSeeder) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Go(func() {
			defer c.Close()
			s.serve(c)
		})
	}
}

func (s *fakeSeeder) close() {
	s.l.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// serve talks to one peer until something goes wrong.
func (s *fakeSeeder) serve(c net.Conn) {
	var in [68]byte
	if _, err := io.ReadFull(c, in[:]); err != nil || string(in[:20]) != "\x13BitTorrent protocol" || [20]byte(in[28:48]) != s.m.InfoHash {
		return
	}
	out := []byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x00\x00\x00")
	out = fmt.Appendf(append(out, s.m.InfoHash[:]...), "-XX0001-%012d", s.addr().Port()) // no two are the same peer
	if s.mode == "hangup" {
		c.Write(out)
		return
	}
	bits := make([]byte, (s.m.NumPieces()+7)/8)
	for i := range s.m.NumPieces() {
		if s.mode != "empty" {
			bits[i/8] |= 0x80 >> (i % 8)
		}
	}
	out = binary.BigEndian.AppendUint32(out, uint32(1+len(bits)))
	out = append(append(out, 5), bits...)
	if _, err := c.Write(out); err != nil {
		return
	}
	for {
		id, body, err := readMessage(c)
		if err != nil {
			return
		}
		switch {
		case id == 2 && s.mode != "choke": // interested: unchoke
			_, err = c.Write([]byte{0, 0, 0, 1, 1})
		case id == 6 && len(body) == 12:
			err = s.answer(c, binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:]), binary.BigEndian.Uint32(body[8:]))
		}
		if err != nil {
			return
		}
	}
}

func readMessage(c net.Conn) (id int, body []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 {
		return -1, nil, nil
	}
	if n > 1<<20 {
		return 0, nil, fmt.Errorf("message of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c, b); err != nil {
		return 0, nil, err
	}
	return int(b[0]), b[1:], nil
}

// answer sends a block, or does what the mode says instead.
func (s *fakeSeeder) answer(c net.Conn, index, begin, length uint32) error {
	off := int64(index)*s.m.PieceLength + int64(begin)
	if length > 128<<10 || off+int64(length) > int64(len(s.data)) {
		return fmt.Errorf("bad request %d %d %d", index, begin, length)
	}
	if s.mode == "stall" {
		return nil
	}
	if s.budget.Add(-1) < 0 {
		if s.mode == "leave" {
			s.l.Close()
			return io.EOF
		}
		return nil
	}
	msg := binary.BigEndian.AppendUint32(nil, 9+length)
	msg = append(msg, 7)
	msg = binary.BigEndian.AppendUint32(msg, index)
	msg = binary.BigEndian.AppendUint32(msg, begin)
	msg = append(msg, s.data[off:off+int64(length)]...)
	if s.mode == "corrupt" {
		msg[13] ^= 1
	}
	_, err := c.Write(msg)
	return err
}

// fakeTracker tells everybody about the seeders it was given. How it behaves:
//
//	ok       answers
//	swarm    answers, and tells everybody about who announced before, too
//	empty    answers with no peers, and knows no torrent
//	fail     refuses, with an escape sequence in the reason
//	silent   never answers
//	broken   answers with something else
type fakeTracker struct {
	mode string

	mu     sync.Mutex
	peers  []netip.AddrPort
	events []string
}

func (t *fakeTracker) add(a netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers = append(t.peers, a)
}

// saw reports whether an announce with this event has come in.
func (t *fakeTracker) saw(event string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.events {
		if e == event {
			return true
		}
	}
	return false
}

func (t *fakeTracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.mode {
	case "fail":
		io.WriteString(w, "d14:failure reason16:\x1b[31mgo away\nnowe")
		return
	case "broken":
		io.WriteString(w, "<html>it works</html>")
		return
	case "silent":
		t.mu.Unlock()
		<-r.Context().Done()
		t.mu.Lock()
		return
	}
	hash := r.URL.Query().Get("info_hash")
	if strings.HasSuffix(r.URL.Path, "/scrape") {
		if t.mode == "empty" {
			io.WriteString(w, "d5:filesdee")
			return
		}
		fmt.Fprintf(w, "d5:filesd20:%sd8:completei%de10:downloadedi7e10:incompletei1eeee", hash, len(t.peers))
		return
	}
	t.events = append(t.events, r.URL.Query().Get("event"))
	list := ""
	if t.mode == "ok" || t.mode == "swarm" {
		for _, p := range t.peers {
			b := p.Addr().As4()
			list += string(binary.BigEndian.AppendUint16(b[:], p.Port()))
		}
	}
	if port, err := strconv.ParseUint(r.URL.Query().Get("port"), 10, 16); t.mode == "swarm" && err == nil && port > 0 {
		t.peers = append(t.peers, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)))
	}
	fmt.Fprintf(w, "d8:intervali1800e5:peers%d:%se", len(list), list)
}
