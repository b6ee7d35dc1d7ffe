package torrent

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"gotor/bencode"
	"gotor/peer/simnet"
	"gotor/torrent/metainfo"
)

// lab is a small internet with a tracker, for whole downloads in virtual time.
// Its verbs make hosts and start things on them.
type lab struct {
	*testing.T
	net     *simnet.Net
	tracker *blastTracker
	hosts   int
	addrs   map[*Client]netip.Addr
	dir     string
}

// inLab runs a story in a bubble. Nothing of it may be left at its end.
func inLab(t *testing.T, story func(l *lab)) {
	synctest.Test(t, func(t *testing.T) {
		l := &lab{T: t, net: simnet.New(simnet.Options{Seed: 1}), dir: t.TempDir(), addrs: make(map[*Client]netip.Addr)}
		a, h := l.host()
		listener, err := h.Listen(t.Context(), "tcp", netip.AddrPortFrom(a, 80).String())
		if err != nil {
			t.Fatal(err)
		}
		l.tracker = startTracker(t, listener)
		story(l)
	})
}

// host adds a host with 10 MB/s each way, 5 ms from the middle of the net.
func (l *lab) host() (netip.Addr, *simnet.Host) {
	l.hosts++
	a := netip.AddrFrom4([4]byte{10, 0, 0, byte(l.hosts)})
	return a, l.net.Host(a, simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond})
}

// seed starts a seeder and tells the tracker of it.
func (l *lab) seed(m *metainfo.Torrent, payload []byte, change func(*blastConfig)) *blast {
	a, h := l.host()
	listener, err := h.Listen(l.Context(), "tcp", ":6881")
	if err != nil {
		l.Fatal(err)
	}
	cfg := blastConfig{InfoHash: m.InfoHash, PieceLength: int(m.PieceLength), Payload: payload}
	if change != nil {
		change(&cfg)
	}
	b := startBlast(l, listener, cfg)
	l.tracker.SetPeers(append(l.tracker.peers, netip.AddrPortFrom(a, 6881))...)
	return b
}

// client starts a gotor on a host of its own.
// keys is the folder of the key of all who do not say otherwise.
func (l *lab) keys() string { return filepath.Join(l.dir, "..", "keys-"+filepath.Base(l.dir)) }

func (l *lab) client(cfg Config) *Client {
	a, h := l.host()
	cfg.Network, cfg.Name = h, "gotor/test"
	cfg.KeyDir = cmp.Or(cfg.KeyDir, l.keys())
	c, err := NewClient(cfg)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { c.Close() })
	l.addrs[c] = a
	return c
}

// addr is where a client can be reached.
func (l *lab) addr(c *Client) netip.AddrPort { return netip.AddrPortFrom(l.addrs[c], c.Port()) }

// order is all that a test wants of a torrent, said at once.
type order struct {
	Source
	Lookup Lookup
	Spec
}

// of is everything of m, as it comes.
func of(m *metainfo.Torrent) order { return order{Source: Source{Meta: m}} }

// begin adds a torrent that came as a file, and begins it.
func (o *order) begin(c *Client) (*Torrent, error) {
	t, err := c.Add(o.Source, o.Lookup)
	if err != nil {
		return nil, err
	}
	return t, t.Begin(o.Spec)
}

// get adds a torrent and waits for its outcome.
func (l *lab) get(c *Client, o order) (*Torrent, error) {
	l.Helper()
	t := l.add(c, o)
	<-t.Done()
	return t, t.Err()
}

// add adds a torrent and begins it as soon as it is known.
func (l *lab) add(c *Client, o order) *Torrent {
	l.Helper()
	o.Local = true
	if o.Timeout == 0 {
		o.Timeout = 24 * time.Hour
	}
	if o.Dir == "" {
		o.Dir = l.dir
	}
	o.Lookup.Timeout, o.Lookup.Dir = o.Timeout, o.Dir
	if o.Meta != nil {
		t, err := o.begin(c)
		l.must(err)
		return t
	}
	t, err := c.Add(o.Source, o.Lookup)
	l.must(err)
	go func() {
		select {
		case <-t.Known():
			if err := t.Begin(o.Spec); err != nil {
				t.Stop() // unless that is why
			}
		case <-t.Done():
		}
	}()
	return t
}

// look adds a link, to find what it leads to.
func (l *lab) look(c *Client, link *metainfo.Link) *Torrent {
	l.Helper()
	t, err := c.Add(Source{Link: link, Local: true}, Lookup{MetadataTimeout: time.Hour})
	l.must(err)
	return t
}

// mustGet is get that has to work.
func (l *lab) mustGet(c *Client, o order) *Torrent {
	l.Helper()
	t, err := l.get(c, o)
	if err != nil {
		l.Fatalf("download failed: %v; %+v", err, t.Snapshot())
	}
	return t
}

// wantFile compares a file with what it should hold.
func (l *lab) wantFile(name string, want []byte) {
	l.Helper()
	got, err := os.ReadFile(filepath.Join(l.dir, filepath.FromSlash(name)))
	if err != nil {
		l.Error(err)
	} else if !bytes.Equal(got, want) {
		l.Errorf("%s: %d bytes that differ from the %d wanted", name, len(got), len(want))
	}
}

// wantNames checks that the folder holds just these entries, at all depths.
func (l *lab) wantNames(want ...string) {
	l.Helper()
	var got []string
	filepath.WalkDir(l.dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(l.dir, p)
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		l.Errorf("the folder holds %v, want %v", got, want)
	}
}

// single is a torrent of one file.
func (l *lab) single(payload []byte, pieceLength int) *metainfo.Torrent {
	return l.torrent(payload, pieceLength, nil)
}

// torrent is a torrent of files, or of one when there are none; the tracker is
// the lab's.
func (l *lab) torrent(payload []byte, pieceLength int, files []metainfo.File) *metainfo.Torrent {
	l.Helper()
	m, err := metainfo.Parse(rawTorrent(payload, pieceLength, files, l.tracker.URL))
	if err != nil {
		l.Fatal(err)
	}
	return m
}

// rawTorrent encodes a torrent of payload. Files need a Path and a Length.
func rawTorrent(payload []byte, pieceLength int, files []metainfo.File, trackers ...string) []byte {
	var pieces []byte
	for rest := payload; len(rest) > 0; {
		n := min(len(rest), pieceLength)
		sum := sha1.Sum(rest[:n])
		pieces, rest = append(pieces, sum[:]...), rest[n:]
	}
	b := append([]byte(nil), 'd')
	b = bencode.AppendString(b, "announce-list")
	b = append(b, 'l')
	for _, tr := range trackers {
		b = append(bencode.AppendString(append(b, 'l'), tr), 'e')
	}
	b = append(b, 'e')
	b = append(bencode.AppendString(b, "info"), 'd')
	if files == nil {
		b = appendInt(b, "length", int64(len(payload)))
	} else {
		b = append(bencode.AppendString(b, "files"), 'l')
		for _, f := range files {
			b = append(b, 'd')
			if f.Attr != "" {
				b = appendStr(b, "attr", f.Attr)
			}
			b = appendInt(b, "length", f.Length)
			b = append(bencode.AppendString(b, "path"), 'l')
			for _, c := range f.Path {
				b = bencode.AppendString(b, c)
			}
			b = append(b, "ee"...)
		}
		b = append(b, 'e')
	}
	b = appendStr(b, "name", "payload")
	b = appendInt(b, "piece length", int64(pieceLength))
	b = appendStr(b, "pieces", string(pieces))
	return append(b, "ee"...)
}

// until waits for a condition of a torrent, in virtual time.
func (l *lab) until(t *Torrent, what string, cond func(Snapshot) bool) Snapshot {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), time.Hour)
	defer cancel()
	for {
		s := t.Snapshot()
		if cond(s) {
			return s
		}
		select {
		case <-t.Done():
			if s := t.Snapshot(); cond(s) {
				return s
			}
			l.Fatalf("the torrent ended before %s: %v", what, t.Err())
		case <-ctx.Done():
			l.Fatalf("waited an hour for %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
