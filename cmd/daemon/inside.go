package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
)

// This file is what is seen, and done, of the inside of a torrent that is awake.

// peers are the connections; a torrent that sleeps has none.
func (v *views) peers(id string) ([]record.TorrentPeer, error) {
	it, _, err := v.named(id)
	if err != nil {
		return nil, err
	}
	list := []record.TorrentPeer{}
	t := it.torrent()
	if t == nil {
		return list, nil
	}
	for _, p := range t.Inside().Peers() {
		list = append(list, record.TorrentPeer{
			Addr: p.Addr.String(), Client: record.Safe(p.Client), Source: p.Origin, Incoming: p.Incoming, Transport: p.Transport,
			Encryption: p.Encryption, Flags: flagsOf(&p), DownRate: p.DownRate, UpRate: p.UpRate, Downloaded: p.Downloaded,
			Uploaded: p.Uploaded, Progress: p.Progress, Since: p.Since.UTC(),
		})
	}
	return list, nil
}

// flagsOf are the letters of a connection, as record.TorrentPeer tells them.
func flagsOf(p *torrent.PeerStatus) string {
	var b strings.Builder
	put := func(set bool, letter byte) {
		if set {
			b.WriteByte(letter)
		}
	}
	put(p.Interesting && !p.Choking, 'D')
	put(p.Interesting && p.Choking, 'd')
	put(p.Interested && !p.Choked, 'U')
	put(p.Interested && p.Choked, 'u')
	put(!p.Interesting && !p.Choking, 'K')
	put(!p.Interested && !p.Choked, '?')
	put(p.Snubbed, 'S')
	put(p.Optimistic, 'O')
	put(p.Incoming, 'I')
	return b.String()
}

// pieces are what the torrent has, and what the swarm has. Of one that sleeps it is
// known only if it has everything.
func (v *views) pieces(id string) (*record.Pieces, error) {
	it, e, err := v.named(id)
	if err != nil {
		return nil, err
	}
	if e.Link != "" {
		return nil, record.NewProblem(record.CodeConflict, "it is not known yet what is in this torrent")
	}
	if t := it.torrent(); t != nil {
		if m := t.Inside().Pieces(); m.Count > 0 {
			return piecesOf(&m), nil
		}
	}
	n := e.Facts.Pieces
	p := &record.Pieces{Count: n, Have: make([]byte, (n+7)/8), Unwanted: make([]byte, (n+7)/8), Partial: []record.PartialPiece{}, Availability: []record.Run{{Length: n}}}
	if !e.Completed.IsZero() && !e.Check && e.Facts.Wanted == e.Facts.Size {
		for i := range n {
			p.Have[i/8] |= 0x80 >> (i % 8)
		}
	}
	return p, nil
}

func piecesOf(m *torrent.PieceMap) *record.Pieces {
	p := &record.Pieces{Count: m.Count, Have: m.Have, Unwanted: m.Unwanted, Partial: []record.PartialPiece{}, Availability: []record.Run{}}
	for _, x := range m.Partial {
		p.Partial = append(p.Partial, record.PartialPiece(x))
	}
	for _, x := range m.Availability {
		p.Availability = append(p.Availability, record.Run(x))
	}
	return p
}

// announce asks trackers and the DHT now; a seed that sleeps is woken for it.
func (v *verbs) announce(ctx context.Context, id string) (*record.Torrent, error) {
	it, give, err := v.on(ctx, id)
	if err != nil {
		return nil, err
	}
	defer give()
	r, err := it.awaken(ctx)
	if err != nil {
		return nil, err
	}
	if t := r.torrent.Load(); t != nil {
		t.AnnounceNow()
	} // else it announces as it begins
	return it.show(), nil
}

// dropPeer ends a connection, and keeps its host away for the span of ban.
func (v *verbs) dropPeer(_ context.Context, id string, peer netip.AddrPort, ban time.Duration) error {
	it, err := v.roster.named(id)
	if err != nil {
		return err
	}
	if ban > 0 {
		v.client.Ban(peer.Addr(), time.Now().Add(ban))
	}
	t := it.torrent()
	if t == nil {
		return nil
	}
	t.Disconnect(peer)
	return nil
}

// content is an open file of a torrent that is kept awake for it.
type content struct {
	*torrent.FileReader
	it       *item
	path     string
	length   int64
	etag     string
	modified time.Time
	closed   bool
}

// open opens a file. A seed that sleeps is woken; what does not run cannot be read. The
// caller closes it; until then the torrent stays awake.
func (v *views) open(ctx context.Context, id string, file int) (record.Content, error) {
	it, e, m, err := v.known(id)
	if err != nil {
		return nil, err
	}
	if file < 0 || file >= len(m.Files) || m.Files[file].Pad || m.Files[file].Symlink {
		return nil, record.NewProblem(record.CodeNotFound, "the torrent has no file %d", file)
	}
	it.read(1)
	c, err := v.reader(ctx, it, file)
	if err != nil {
		it.read(-1)
		return nil, err
	}
	f := &named(e, m).Files[file]
	c.path, c.length, c.etag, c.modified = f.SlashPath(), f.Length, fmt.Sprintf("%s-%d", e.ID, file), e.Added
	if !e.Completed.IsZero() {
		c.modified = e.Completed
	}
	return c, nil
}

// reader opens a file in the engine.
func (v *views) reader(ctx context.Context, it *item, file int) (*content, error) {
	r, err := it.awaken(ctx)
	if err != nil {
		return nil, err
	}
	t, err := r.await(ctx)
	if err != nil {
		return nil, err
	}
	f, err := t.OpenFile(ctx, file)
	if err != nil {
		return nil, notReadable(err)
	}
	return &content{FileReader: f, it: it}, nil
}

// notReadable is why a file cannot be read, as a problem.
func notReadable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, torrent.ErrNotSelected):
		return record.NewProblem(record.CodeConflict, "the file is not selected: it is not downloaded")
	case errors.Is(err, torrent.ErrStopped):
		return record.NewProblem(record.CodeConflict, "the torrent has stopped")
	case errors.Is(err, torrent.ErrBusy):
		return record.NewProblem(record.CodeTooMany, "%v", err)
	}
	return err
}

// read counts those who read files of the torrent: while there are some it does not
// sleep.
func (it *item) read(n int) {
	it.mu.Lock()
	it.readers += n
	if it.readers == 0 && !it.lonely.IsZero() {
		it.lonely = time.Now()
	}
	it.mu.Unlock()
	it.floor.poke(it)
}

// Read implements io.Reader.
func (c *content) Read(b []byte) (int, error) {
	n, err := c.FileReader.Read(b)
	if err != nil {
		err = notReadable(err)
	}
	return n, err
}

// Close implements io.Closer.
func (c *content) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	c.it.read(-1)
	return c.FileReader.Close()
}

// Path implements record.Content.
func (c *content) Path() string { return c.path }

// Length implements record.Content.
func (c *content) Length() int64 { return c.length }

// ETag implements record.Content.
func (c *content) ETag() string { return c.etag }

// Modified implements record.Content.
func (c *content) Modified() time.Time { return c.modified }
