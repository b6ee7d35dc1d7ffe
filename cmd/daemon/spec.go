package daemon

import (
	"bytes"
	"encoding/hex"
	"net/url"
	"slices"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// This file turns an entry of the session into what the engine is told, and a torrent
// into what an entry says of it.

// sourceOf is what a torrent is had from.
func sourceOf(p *parts, e *session.Entry) (src torrent.Source, how torrent.Lookup, err error) {
	src = torrent.Source{Local: e.Local, PortableNames: e.Portable, Trackers: e.Trackers}
	if e.Link != "" {
		src.Link, err = metainfo.ParseLink(e.Link)
		how.Dir, how.Fetch = e.Dir, p.desk.loader.FetchLinked
	} else {
		src.Raw, src.Meta, err = p.papers.get(e)
	}
	if err != nil {
		return src, how, err
	}
	for _, text := range e.Peers {
		switch a, err := job.ParsePeer(text); {
		case err != nil: // it was checked when it came
		case a.IsValid():
			src.Peers = append(src.Peers, a)
		default:
			src.PeerNames = append(src.PeerNames, text)
		}
	}
	return src, how, nil
}

// specOf is what is done with a torrent.
func specOf(e *session.Entry, m *metainfo.Torrent, warn func(string)) (torrent.Spec, error) {
	sums, err := job.ParseSums(e.SHA256, "")
	if err != nil {
		return torrent.Spec{}, err
	}
	selection := selectionOf(e)
	digests, err := sums.Expect(m, selection.Wanted)
	if err != nil {
		return torrent.Spec{}, err
	}
	j := job.Job{Spec: torrent.Spec{Place: placeOf(&e.Place), Selection: selection}}
	j.Check(m, digests)
	j.Spec.Seed, j.Spec.Warn, j.Spec.Speed = true, warn, torrent.Speed(e.Rates)
	return j.Spec, nil
}

func placeOf(p *session.Place) torrent.Place {
	return torrent.Place{Dir: p.Dir, Rename: p.Rename, Flat: p.Flat, Overwrite: p.Over, Names: p.Names}
}

// selectionOf is which files are wanted.
func selectionOf(e *session.Entry) torrent.Selection {
	if e.Priorities == nil {
		return torrent.Selection{Sequential: e.Sequential}
	}
	n := len(e.Priorities)
	s := torrent.Selection{Wanted: make([]bool, n), First: make([]bool, n), Low: make([]bool, n), Sequential: e.Sequential}
	for i, p := range e.Priorities {
		s.Wanted[i], s.First[i], s.Low[i] = p != session.Skip, p == session.High, p == session.Low
	}
	return s
}

// tiersOf are all trackers of a torrent, by tiers; those that the user has put beside
// are the last. m is nil for one of which it is not known what it is.
func tiersOf(e *session.Entry, m *metainfo.Torrent) [][]string {
	tiers := e.Tiers
	if tiers == nil && m != nil {
		tiers = m.Trackers
	}
	tiers = slices.Clone(tiers)
	for _, u := range e.Trackers {
		tiers = append(tiers, []string{u})
	}
	return tiers
}

// webSeedsOf are the web servers of a torrent.
func webSeedsOf(e *session.Entry, m *metainfo.Torrent) []string {
	if e.WebSeeds != nil {
		return *e.WebSeeds
	}
	return m.WebSeeds
}

func sameFiles(a, b *session.Files) bool {
	return bytes.Equal(a.Priorities, b.Priorities) && a.Sequential == b.Sequential
}

// describe writes into an entry what the torrent is, and what of it was selected by
// patterns.
func describe(e *session.Entry, m *metainfo.Torrent) error {
	priorities, err := linked(e, m)
	if err == nil {
		priorities, err = choose(m.Files, e.Select, priorities)
	}
	if err != nil {
		return err
	}
	e.Link, e.Select, e.Priorities = "", nil, priorities
	e.Name, e.Flat = m.Name, e.Flat && m.Multi
	if m.HasV2 && m.HasV1 {
		e.V2 = session.ID(hex.EncodeToString(m.InfoHashV2[:]))
	}
	e.Facts = session.Facts{
		PieceLength: m.PieceLength, Pieces: m.NumPieces(), Multi: m.Multi, Private: m.Private,
		Comment: record.Safe(clip(m.Comment, maxComment)), CreatedBy: record.Safe(clip(m.CreatedBy, maxComment)), Tracker: firstTracker(e, m),
	}
	for i := range m.Files {
		if f := &m.Files[i]; !f.Pad && !f.Symlink {
			e.Facts.Files++
			e.Facts.Size += f.Length
		}
	}
	e.Facts.Wanted = wantedBytes(m, e.Priorities)
	return nil
}

// linked is the selection of an entry as far as it does not go by patterns: that of
// the link which has led to the torrent, where the user selects nothing (BEP 53).
func linked(e *session.Entry, m *metainfo.Torrent) ([]byte, error) {
	if e.Link == "" || len(e.Select) > 0 {
		return e.Priorities, nil
	}
	link, err := metainfo.ParseLink(e.Link)
	if err != nil {
		return nil, err
	}
	wanted, err := (&job.Choice{}).Wanted(m.Files, link.Select)
	if wanted == nil {
		return nil, err
	}
	out := make([]byte, len(wanted))
	for i, w := range wanted {
		if w {
			out[i] = session.Normal
		}
	}
	return out, nil
}

// maxComment is how many bytes a row shows of what a torrent says of itself.
const maxComment = 1000

func clip(s string, n int) string { return s[:min(len(s), n)] }

// wantedBytes is the size of the selected files.
func wantedBytes(m *metainfo.Torrent, priorities []byte) (n int64) {
	for i := range m.Files {
		f := &m.Files[i]
		if !f.Pad && !f.Symlink && (priorities == nil || priorities[i] != session.Skip) {
			n += f.Length
		}
	}
	return n
}

// firstTracker is the host of the first tracker, without what may be a secret in it.
func firstTracker(e *session.Entry, m *metainfo.Torrent) string {
	for _, tier := range tiersOf(e, m) {
		for _, u := range tier {
			if host := hostOf(u); host != "" {
				return host
			}
		}
	}
	return ""
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return record.Redact(u.Hostname())
}

// choose applies choices by patterns to files, one after the other; from nil, all are
// of normal priority.
func choose(files []metainfo.File, choices []session.Select, from []byte) ([]byte, error) {
	if len(choices) == 0 {
		return from, nil
	}
	out := slices.Clone(from)
	if out == nil {
		out = bytes.Repeat([]byte{session.Normal}, len(files))
		for i := range files {
			if files[i].Pad || files[i].Symlink {
				out[i] = session.Skip
			}
		}
	}
	for _, c := range choices {
		marked, err := (&job.Choice{Files: []string{c.Files}}).Wanted(files, nil)
		if err != nil {
			return nil, refused(err)
		}
		for i := range out {
			if marked == nil || marked[i] {
				out[i] = c.Priority
			}
		}
	}
	if !slices.ContainsFunc(out, func(p byte) bool { return p != session.Skip }) {
		return nil, record.NewProblem(record.CodeInvalid, "no file would be left to download")
	}
	return out, nil
}

// priorityOf is the number for the word of a priority.
func priorityOf(word string) (byte, bool) {
	i := slices.Index([]string{"skip", "low", "normal", "high"}, word)
	return byte(max(i, 0)), i >= 0
}

func priorityWord(p byte) string { return [...]string{"skip", "low", "normal", "high"}[p&3] }
