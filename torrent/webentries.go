package torrent

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"gotor/torrent/metainfo"
)

// This file is which web servers there are: those that the user and the torrent name,
// or a list that has replaced them.

// webEntry is a web server as somebody has named it.
type webEntry struct {
	url    string
	header http.Header // for its origin; nil: none
	kind   webKind
}

// webKind is who named a server, and how it is asked.
type webKind uint8

const (
	byTorrent       webKind = iota
	byTorrentScript         // as BEP 17 says
	byUser
)

// webName is the address of all servers in the manager; their zones differ.
var webName = netip.IPv6Unspecified()

// entries are the servers of the user, then those of the torrent, in any order; or the
// list that has replaced them. What the torrent names stays its word there.
func (w *webSeeds) entries(m *metainfo.Torrent) (list []webEntry) {
	if w.replaced != nil {
		for _, u := range w.replaced {
			list = append(list, w.entryOf(u, m))
		}
		return list
	}
	for _, o := range w.source.Mirrors {
		list = append(list, webEntry{o.URL, o.Header, byUser})
	}
	if w.source.NoWebSeeds {
		return list
	}
	for _, i := range w.rng.Perm(len(m.WebSeeds)) {
		list = append(list, webEntry{m.WebSeeds[i], nil, byTorrent})
	}
	for _, i := range w.rng.Perm(len(m.HTTPSeeds)) {
		list = append(list, webEntry{m.HTTPSeeds[i], nil, byTorrentScript})
	}
	return list
}

// entryOf is whose word a URL of a list is.
func (w *webSeeds) entryOf(u string, m *metainfo.Torrent) webEntry {
	for _, o := range w.source.Mirrors {
		if o.URL == u {
			return webEntry{u, o.Header, byUser}
		}
	}
	switch {
	case slices.Contains(m.WebSeeds, u):
		return webEntry{u, nil, byTorrent}
	case slices.Contains(m.HTTPSeeds, u):
		return webEntry{u, nil, byTorrentScript}
	}
	return webEntry{u, nil, byUser}
}

// replace puts urls in the place of all servers; nil: those that there were.
func (w *webSeeds) replace(urls []string) {
	if w.replaced = urls; w.memory == nil {
		return // nothing was wanted of them so far
	}
	list := w.entries(w.job.files.meta)
	for _, s := range slices.Clone(w.sources) {
		if i := slices.IndexFunc(list, func(e webEntry) bool { return e.url == s.from.url && e.kind == s.from.kind }); i >= 0 && !s.gone {
			list = slices.Delete(list, i, i+1)
			continue
		}
		w.retire(s)
	}
	for _, e := range list {
		w.add(e)
	}
}

// retire lets a server go for good.
func (w *webSeeds) retire(s *webSource) {
	s.gone, s.state, s.spare = true, WebSeedFailed, 0
	if s.cancel != nil {
		s.cancel()
		return
	}
	w.forget(s)
}

// forget drops a server of which no Run is under way.
func (w *webSeeds) forget(s *webSource) {
	s.seed.Close()
	w.past += s.seed.Downloaded()
	w.sources = slices.DeleteFunc(w.sources, func(o *webSource) bool { return o == s })
}

// checkWebSeeds says what is wrong with URLs of the user's.
func checkWebSeeds(urls []string) error {
	if len(urls) > maxWebSeeds {
		return fmt.Errorf("more than %d web seeds", maxWebSeeds)
	}
	for _, u := range urls {
		if err := checkMirror(Mirror{URL: u}); err != nil {
			return err
		}
	}
	return nil
}
