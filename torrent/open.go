package torrent

import (
	"time"

	"gotor/piece"
)

// This file is what happens when it is known what is on disk: peers and servers are
// looked for, as far as there is need.

// open starts the survey of what is on disk. After a change of the selection live is
// what this run has verified, and used the store that it has done that with, which is
// closed first; else both are nil.
func (t *Torrent) open(live *record, used Store) {
	s := t.held.survey(&t.counters.check, func(state State) {
		t.core.post(func(time.Time) {
			if !t.core.over {
				t.state = state
			}
		})
	})
	s.live = live
	t.core.spawn(func() {
		if used != nil {
			t.held.readers.wait()
			used.Close()
		}
		found, err := s.run()
		t.core.post(func(now time.Time) { t.surveyed(found, err, now) })
	})
}

// surveyed follows the survey.
func (t *Torrent) surveyed(found surveyed, err error, now time.Time) {
	t.held.store = found.store
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

// opened takes over what the survey has found: from here on there is a manager, and
// peers are welcome.
func (t *Torrent) opened(found surveyed, now time.Time) {
	t.held.prior = found.prior
	if found.apart != nil {
		t.held.choose(t.held.files.without(found.apart))
	}
	if !t.manage(found.have, now) {
		return
	}
	t.held.resumed = t.held.verified
	t.rates.begin(now)
	t.showing.rates.begin(now)
	t.held.complete = t.spec.SeedOnly
	if !t.source.Offline {
		if t.held.verified < t.held.wanted || t.stay {
			t.beginSearch(now)
		}
		t.welcome(now)
	}
	t.checkComplete(now)
	if !t.finished && hopeless(t) {
		t.finish(errNobody)
	}
}

// manage starts the keeper, and makes a manager for what is missing beside have.
// False: that has failed.
func (t *Torrent) manage(have []byte, now time.Time) bool {
	if t.held.store != nil {
		t.held.keep(newsForKeeper(t))
	}
	t.state = StateDownloading
	done := func(r piece.Result) { t.core.post(func(now time.Time) { t.pieceDone(r, now) }) }
	if err := t.held.manage(have, done, newsForStream(t)); err != nil {
		t.finish(err)
		return false
	}
	t.peers.begin(peersData{mgr: t.held.mgr, layout: t.layout, meta: t.meta, store: t.held.uploads(), streamed: t.held.stream != nil})
	t.held.begin(have, now)
	t.clocks.begin(now)
	return true
}

// beginSearch begins to look for peers and servers.
func (t *Torrent) beginSearch(now time.Time) {
	t.searching = true
	t.findPeers(now)
	t.startWeb()
}

// startWeb has the web servers asked, if there is anything to fetch.
func (t *Torrent) startWeb() {
	if t.held.lacks() > 0 && !t.spec.SeedOnly {
		t.web.begin(webJob{t.held.mgr, t.held.files})
	}
}

// reachOf is how many peers and servers are connected.
func reachOf(t *Torrent) int { return t.peers.connected() + t.web.working() }

// hopeless reports whether there is nobody to ask for addresses and no address.
func hopeless(t *Torrent) bool {
	return alone(t) && !t.web.hope() && !t.disco.promising() && !t.disco.may.lsd
}

// alone reports whether nobody is connected, known or named, no tracker can name anybody,
// and nobody was promised a port to come to.
func alone(t *Torrent) bool {
	if t.core.client.cfg.Patient {
		return false
	}
	if t.state != StateDownloading && t.state != StateMetadata || t.peers.book.Size()+t.names.looking+len(t.lookup.waiters)+t.peers.connected() > 0 || t.core.client.cfg.Port > 0 {
		return false
	}
	named := t.state == StateMetadata && (len(t.source.Link.Peers) > 0 || t.lookup.exact > 0)
	return !named && !t.announces.any()
}
