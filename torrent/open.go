package torrent

import (
	"io"
	"math/rand/v2"
	"time"

	"gotor/piece"
)

// This file is what happens when it is known what is on disk: peers and servers are
// looked for, as far as there is need.

// open starts the survey of what is on disk. After a change of the selection live is
// what this run has verified, and used the store that it has done that with, which is
// closed first; else both are nil.
func (t *Torrent) open(live *record, used Store) {
	s := &survey{core: t.core, spec: &t.spec, files: t.files, paths: &t.paths, archive: &t.archive, count: &t.counters.check, hashing: t.hashing, live: live}
	t.core.spawn(func() {
		if used != nil {
			used.Close()
		}
		found, err := s.run()
		t.core.post(func(now time.Time) { t.surveyed(found, err, now) })
	})
}

// hashing shows that data is hashed, from any goroutine.
func (t *Torrent) hashing() {
	t.core.post(func(time.Time) {
		if !t.core.over {
			t.state = StateChecking
		}
	})
}

// surveyed follows the survey.
func (t *Torrent) surveyed(found surveyed, err error, now time.Time) {
	t.store = found.store
	switch {
	case t.core.over:
	case err != nil:
		t.finish(err)
	case t.change.phase == reselectOpening:
		t.reopened(found, now)
	default:
		t.opened(found, now)
	}
}

// keep starts the keeper.
func (t *Torrent) keep() {
	t.keeper = &keeper{core: t.core, hooks: &t.spec.Hooks, files: t.files, paths: &t.paths, archive: &t.archive, store: t.store,
		news: keeperNews{t.doubt, t.filesFinished, t.rehashed, t.recordSaved, t.stateRemoved},
		wake: make(chan struct{}, 1), doubted: make(map[int]bool)}
	t.core.spawn(t.keeper.keep)
}

// opened takes over what the survey has found: from here on there is a manager, and
// peers are welcome.
func (t *Torrent) opened(found surveyed, now time.Time) {
	t.prior = found.prior
	if !t.manage(found.have, now) {
		return
	}
	t.resumed = t.verified
	t.rates.begin(now)
	t.showing.rates.begin(now)
	t.complete = t.spec.SeedOnly
	if t.verified < t.wantedB || t.stay {
		t.beginSearch(now)
	}
	t.welcome(now)
	t.checkComplete(now)
	if !t.finished && t.hopeless() {
		t.finish(errNobody)
	}
}

// manage starts the keeper, and makes a manager for what is missing beside have.
// False: that has failed.
func (t *Torrent) manage(have []byte, now time.Time) bool {
	if t.store != nil {
		t.keep()
	}
	t.state = StateDownloading
	if err := t.newManager(have); err != nil {
		t.finish(err)
		return false
	}
	if t.stream == nil && !t.spec.SeedOnly {
		t.hand(t.files.empty(nil))
		t.recordAt = now.Add(firstRecord)
	}
	for p := range t.layout.Pieces() {
		if bit(have, p) {
			t.gained(p, now)
		}
	}
	t.clocks.begin(now)
	return true
}

// beginSearch begins to look for peers and servers.
func (t *Torrent) beginSearch(now time.Time) {
	t.searching = true
	t.findPeers(now)
	t.startWeb()
}

// hopeless reports whether there is nobody to ask for addresses and no address.
func (t *Torrent) hopeless() bool {
	return t.alone() && !t.webHope() && !t.disco.promising() && !t.disco.may.lsd
}

// alone reports whether nobody is connected, known or named, no tracker can name anybody,
// and nobody was promised a port to come to.
func (t *Torrent) alone() bool {
	if t.state != StateDownloading && t.state != StateMetadata || t.peers.book.Size()+t.peerNames+len(t.lookup.waiters)+t.peers.connected() > 0 || t.core.client.cfg.Port > 0 {
		return false
	}
	named := t.state == StateMetadata && (len(t.source.Link.Peers) > 0 || t.lookup.exact > 0)
	return !named && !t.announces.any()
}

func (t *Torrent) newManager(have []byte) error {
	cfg := piece.Config{
		Layout: t.layout, Digest: digestsOf(t.meta), Pool: t.core.client.pool, Workers: t.core.client.workers, OnPiece: t.onPiece, Bug: t.core.bug,
		Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
	if t.spec.Stream != nil {
		news := streamNews{moved: t.clocks.begin, ended: t.streamed} // the wait for the reader was not for peers
		s, err := newStreamer(t.core, t.spec.Stream, t.files, news)
		if err != nil {
			return err
		}
		t.stream, cfg.Store, cfg.Sequential, cfg.Transient = s, s, true, true
	} else {
		cfg.Store = t.store
	}
	m := piece.NewManager(cfg)
	priority := make([]piece.Priority, t.layout.Pieces())
	for p := range t.files.wantedPieces {
		priority[p] = piece.Normal
	}
	t.files.piecesOf(t.spec.First, func(p int) bool {
		priority[p] = piece.High
		return true
	})
	m.SetPriority(func(i int) piece.Priority { return priority[i] })
	if err := m.Resume(have); err != nil {
		return err
	}
	t.mgr = m
	if t.stream != nil {
		t.stream.start(m)
	}
	t.peers.begin(peersData{mgr: m, layout: t.layout, meta: t.meta, store: t.uploads(), streamed: t.stream != nil})
	return nil
}

// uploads is where blocks that others ask for are read from.
func (t *Torrent) uploads() io.ReaderAt {
	if t.stream != nil {
		return t.stream
	}
	return serving{t.store}
}

// serving reads what is given to others.
type serving struct{ Store }

// ReadAt fails on what somebody else has changed since it was verified.
func (s serving) ReadAt(p []byte, off int64) (int, error) { return s.ServeAt(p, off) }
