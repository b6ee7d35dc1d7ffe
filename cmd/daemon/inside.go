package daemon

import (
	"context"
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
