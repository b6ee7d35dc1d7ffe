package daemon

import (
	"net/url"
	"strings"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// views show what is inside a torrent, and who it has to do with. They may be called
// from any goroutine.
type views struct{ *parts }

// named is a torrent that a request names.
func (v *views) named(id string) (*item, *session.Entry, error) {
	it, err := v.roster.named(id)
	if err != nil {
		return nil, nil, err
	}
	e, ok := it.entry()
	if !ok {
		return nil, nil, gone(it.id)
	}
	return it, e, nil
}

// known is named for a torrent of which it is known what is in it.
func (v *views) known(id string) (*item, *session.Entry, *metainfo.Torrent, error) {
	it, e, err := v.named(id)
	if err != nil {
		return nil, nil, nil, err
	}
	_, m, err := v.papers.get(e)
	return it, e, m, err
}

// files are all but padding.
func (v *views) files(id string) ([]record.TorrentFile, error) {
	it, e, m, err := v.known(id)
	if err != nil {
		return nil, err
	}
	return filesOf(e, named(e, m), it.progress()), nil
}

// progress is how many bytes of each file are verified, as far as the engine knows
// now; nil: it does not.
func (it *item) progress() []int64 {
	if t := it.torrent(); t != nil {
		if now := t.Inside().FileProgress(); now != nil {
			return now
		}
	}
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.verified
}

// selected are those that a list names; empty: those that are downloaded.
func (v *views) selected(id, files string) ([]record.TorrentFile, error) {
	it, e, m, err := v.known(id)
	if err != nil {
		return nil, err
	}
	m = named(e, m)
	all := filesOf(e, m, it.progress())
	var marked []bool
	if files != "" {
		if marked, err = (&job.Choice{Files: []string{files}}).Wanted(m.Files, nil); err != nil {
			return nil, refused(err)
		}
	}
	some := all[:0]
	for _, f := range all {
		if marked == nil && f.Priority != priorityWord(session.Skip) || marked != nil && marked[f.Index] {
			some = append(some, f)
		}
	}
	return some, nil
}

// filesOf lists the files of a torrent. verified is how many bytes of each are; nil:
// all of those that are wanted, if it is complete and has not failed since.
func filesOf(e *session.Entry, m *metainfo.Torrent, verified []int64) []record.TorrentFile {
	whole := !e.Completed.IsZero() && !e.Check && e.Failed == nil
	list := make([]record.TorrentFile, 0, e.Facts.Files)
	for i := range m.Files {
		f := &m.Files[i]
		if f.Pad || f.Symlink {
			continue
		}
		p := session.Normal
		if e.Priorities != nil {
			p = e.Priorities[i]
		}
		out := record.TorrentFile{Index: i, Path: f.SlashPath(), Length: f.Length, Priority: priorityWord(p), Executable: f.Exec}
		out.FirstPiece = int(f.Offset / m.PieceLength)
		out.LastPiece = int(max(f.Offset, f.Offset+f.Length-1) / m.PieceLength)
		switch {
		case verified != nil:
			out.Verified = verified[i]
		case whole && p != session.Skip:
			out.Verified = f.Length
		}
		out.Complete = out.Verified == f.Length && p != session.Skip
		list = append(list, out)
	}
	return list
}

// metainfo is the .torrent.
func (v *views) metainfo(id string) ([]byte, error) {
	_, e, err := v.named(id)
	if err != nil {
		return nil, err
	}
	raw, _, err := v.papers.get(e)
	return raw, err
}

// trackers are those of the torrent, as it last heard of them.
func (v *views) trackers(id string, secrets bool) ([]record.TorrentTracker, error) {
	it, e, err := v.named(id)
	if err != nil {
		return nil, err
	}
	tiers, err := v.tiers(e)
	if err != nil {
		return nil, err
	}
	status := map[string]torrent.TrackerStatus{}
	it.mu.Lock()
	for _, s := range it.seen.Trackers {
		status[s.URL] = s
	}
	it.mu.Unlock()
	list := []record.TorrentTracker{}
	for tier, urls := range append(tiers[:len(tiers):len(tiers)], e.Trackers) {
		for _, u := range urls {
			shown := record.Redact(u)
			t := record.TorrentTracker{URL: shown, Tier: tier, State: "idle"}
			s, asked := status[shown]
			if asked {
				t.State, t.Error, t.Peers = s.State, record.Redact(s.Error), s.Peers
				t.Seeders, t.Leechers, t.Last, t.Next = counted(s.Seeders), counted(s.Leechers), some(s.Last), some(s.Next)
			}
			if secrets {
				t.URL = u
			}
			list = append(list, t)
		}
	}
	return list, nil
}

// counted is nil for what nobody has counted.
func counted(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

// tiers are the trackers of a torrent without those that the user has put beside.
func (v *views) tiers(e *session.Entry) ([][]string, error) {
	if e.Tiers != nil {
		return e.Tiers, nil
	}
	if e.Link != "" {
		l, err := metainfo.ParseLink(e.Link)
		if err != nil {
			return nil, err
		}
		tiers := make([][]string, len(l.Trackers))
		for i, u := range l.Trackers {
			tiers[i] = []string{u}
		}
		return tiers, nil
	}
	_, m, err := v.papers.get(e)
	if err != nil {
		return nil, err
	}
	return m.Trackers, nil
}

// webSeeds are the web servers of the torrent.
func (v *views) webSeeds(id string) ([]record.WebSeed, error) {
	it, e, err := v.named(id)
	if err != nil {
		return nil, err
	}
	var urls []string
	switch {
	case e.WebSeeds != nil:
		urls = *e.WebSeeds
	case e.Link == "":
		_, m, err := v.papers.get(e)
		if err != nil {
			return nil, err
		}
		urls = m.WebSeeds
	}
	status := map[string]torrent.WebSeedStatus{}
	it.mu.Lock()
	for _, s := range it.seen.WebSeeds {
		status[s.URL] = s
	}
	it.mu.Unlock()
	list := []record.WebSeed{}
	for _, u := range urls {
		w := record.WebSeed{URL: record.Redact(u), State: string(torrent.WebSeedIdle)}
		if s, ok := status[bareURL(u)]; ok {
			w.State, w.Error, w.Downloaded = string(s.State), record.Redact(s.Error), s.Downloaded
		}
		list = append(list, w)
	}
	return list, nil
}

// bareURL is a URL without password and query, as the engine shows those of web
// servers.
func bareURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return strings.TrimSpace(raw)
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}
