package torrent

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"gotor/peer"
	"gotor/piece/storage"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
	"gotor/tracker"
)

// lookup is the part of the loop that looks for the metainfo: of a magnet link
// there is an info-hash only, and the info dictionary is on our disk, at a URL, or
// comes from the swarm (waiters.go). It ends when that is here; the waiters that it
// has then are kept until they can become members. Confined to the run goroutine.
type lookup struct {
	core     *core
	link     *metainfo.Link
	portable bool // how names are parsed, see Source
	how      Lookup
	book     *swarm.Book
	swarm    lookupSwarm
	news     lookupNews

	info    *peer.Assembly // what has come of it; nil once it is known
	waiters map[netip.AddrPort]*waiter
	exact   int // URLs of the link that are being fetched
}

// lookupSwarm is what waiters have in common with other connections of the torrent.
type lookupSwarm struct {
	extensions func(was *peer.Prelude) []string
	dhtPort    func() uint16
	limit      func() int // how many there may be
	// The readers of connections call these.
	dhtNamed  func(from netip.AddrPort, port uint16)
	whispered func(from netip.Addr, payload []byte)
}

// lookupNews is what a lookup calls on the loop.
type lookupNews struct {
	search   func(now time.Time) // look for strangers: it is not on our disk
	hopeless func() bool         // nobody is left who could be asked
	here     func()              // the metainfo is here, and made sense of
	done     func(raw []byte, m *metainfo.Torrent, err error)
	ready    func(now time.Time) // a waiter may become a member
}

// start begins to look.
func (l *lookup) start() {
	l.waiters = make(map[netip.AddrPort]*waiter)
	l.info = peer.NewAssembly(l.core.hash, &l.core.client.buffers)
	l.core.spawn(l.recall)
}

// recall looks for the metainfo that an earlier run left beside the data.
func (l *lookup) recall() {
	var raw []byte
	var m *metainfo.Torrent
	states, _ := storage.FindStates(l.how.Dir) // nothing there is no failure
	for _, s := range states {
		if l.core.ctx.Err() != nil {
			return // a folder may hold much
		}
		b, _, _, err := s.Load()
		if err != nil || !metainfo.Is(b, l.core.hash) {
			continue
		}
		if m, err = l.parse(b); err == nil {
			raw = b
			break
		}
	}
	l.core.post(func(now time.Time) {
		switch {
		case raw != nil:
			l.got(raw, m)
			return
		case l.info == nil || l.core.over:
			return
		}
		if l.search(now); l.news.hopeless() {
			l.fail(fmt.Errorf("%w: the link names no tracker and no peer, and there is nobody to ask", ErrNoMetadata))
		}
	})
}

// parse makes sense of a .torrent, which must be the right one.
func (l *lookup) parse(raw []byte) (*metainfo.Torrent, error) {
	m, err := metainfo.Options{PortableNames: l.portable}.Parse(raw)
	if err == nil && m.InfoHash != l.core.hash {
		return nil, errors.New("it is another torrent")
	}
	return m, err
}

// fail ends the search in vain.
func (l *lookup) fail(err error) { l.news.done(nil, nil, err) }

// search looks for the metainfo among strangers: only when it is not on our disk,
// where it may say that the torrent is private.
func (l *lookup) search(now time.Time) {
	l.news.search(now)
	if len(l.link.Peers) > 0 {
		l.core.spawn(l.resolvePeers)
	}
	if l.how.Fetch != nil {
		for _, u := range l.link.Sources[:min(len(l.link.Sources), maxExact)] {
			l.exact++
			l.core.spawn(func() { l.fetchExact(u) })
		}
	}
}

// maxExact is how many URLs of a link are tried.
const maxExact = 4

// fetchExact tries a place where the link says that the .torrent is. Whoever is
// first with one of the right info-hash, a URL or a peer, ends the search.
func (l *lookup) fetchExact(u string) {
	var m *metainfo.Torrent
	raw, local, err := l.how.Fetch(l.core.ctx, u)
	if err == nil {
		m, err = l.parse(raw)
	}
	l.core.post(func(time.Time) {
		if err == nil {
			if !local && l.info != nil {
				l.core.policy.Distrust()
			}
			l.got(raw, m)
			return
		}
		l.exact--
		l.core.note(PeerError{tracker.Redact(u), err.Error()})
		if l.info != nil && l.news.hopeless() {
			l.fail(fmt.Errorf("%w: %w", ErrNoMetadata, err))
		}
	})
}

// resolvePeers adds the peers that the link names (BEP 9, x.pe).
func (l *lookup) resolvePeers() {
	for _, h := range l.link.Peers {
		addrs, err := l.core.door().Resolve(l.core.ctx, h)
		if err != nil {
			continue // the others may do
		}
		l.core.post(func(now time.Time) {
			for _, a := range addrs {
				if l.core.policy.Named(a) {
					l.book.Add(a, swarm.FromLink, now)
				}
			}
		})
	}
}

// gotInfo takes an info dictionary whose hash is right. To make sense of it may take
// its time.
func (l *lookup) gotInfo(info []byte) {
	if l.info == nil || l.core.over {
		return // another source was first
	}
	var tiers [][]string
	for _, u := range l.link.Trackers {
		tiers = append(tiers, []string{u})
	}
	raw := metainfo.Assemble(info, tiers, l.link.WebSeeds)
	l.end(len(raw))
	l.core.spawn(func() {
		m, err := l.parse(raw)
		l.core.post(func(time.Time) { l.news.done(raw, m, err) })
	})
}

// got takes a whole .torrent.
func (l *lookup) got(raw []byte, m *metainfo.Torrent) {
	if l.info == nil || l.core.over {
		return
	}
	l.end(len(raw))
	l.news.done(raw, m, nil)
}

// end ends the search: nobody is asked any more.
func (l *lookup) end(bytes int) {
	l.info.Close()
	l.info = nil
	l.news.here()
	l.core.tell(EventMetadata, "", "the metadata is here, %d bytes", bytes)
	for _, w := range l.waiters {
		if !w.ready {
			w.prelude.Handover()
		}
	}
}

// show fills in how far the search has come.
func (l *lookup) show(s *Snapshot) {
	for _, w := range l.waiters {
		if w.prelude.Size() > 0 {
			s.MetadataPeers++
		}
		if n := w.prelude.Got(); n > 0 && n >= s.MetadataGot {
			s.MetadataGot, s.MetadataSize = n, w.prelude.Size()
		}
	}
	if l.info != nil {
		if got, size := l.info.Progress(); got > s.MetadataGot {
			s.MetadataGot, s.MetadataSize = got, size
		}
	}
}
