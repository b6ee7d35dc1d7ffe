package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gotor/cmd/record"
)

type listIn struct {
	IfNoneMatch string   `header:"If-None-Match"`
	State       []string `query:"state" enum:"metadata,queued,checking,downloading,stalled,finishing,seeding,moving,paused,completed,failed" doc:"One of these; several with commas."`
	Label       []string `query:"label,explode" maxItems:"64" doc:"Has one of these; empty: has none."`
	Tracker     []string `query:"tracker,explode" maxItems:"64" doc:"Host of its tracker."`
	Dir         []string `query:"dir,explode" maxItems:"64" doc:"Folder of its data."`
	Q           string   `query:"q" maxLength:"1024" doc:"Words that must occur in name, labels or tracker."`
	Sort        string   `query:"sort" maxLength:"256" doc:"Keys with commas, - before one for descending; ties by id."`
	Limit       int      `query:"limit" minimum:"1" maximum:"10000" doc:"Of a page; without it there is one."`
	Cursor      string   `query:"cursor" maxLength:"8192" doc:"next of the page before."`
	Fields      []string `query:"fields" maxItems:"64" doc:"Keys that items have, with commas; id and revision always."`
	Since       uint64   `query:"since" doc:"A revision: only what has changed after it, and what went."`
	Wait        string   `query:"wait" maxLength:"32" doc:"With since: how long to wait for a change, such as 30s; 10m at most."`
	exchange
}

// rawOut is an answer whose body is JSON already, which huma passes on as it is.
type rawOut struct {
	ETag        string `header:"ETag"`
	ContentType string `header:"Content-Type"`
	Status      int
	Body        []byte
}

// listHead is a record.TorrentPage without its items, which may be thinned and are put
// in as they are.
type listHead struct {
	Revision uint64         `json:"revision"`
	Total    int            `json:"total"`
	Counts   *record.Counts `json:"counts"`
	Removed  []string       `json:"removed"`
	Next     *string        `json:"next"`
}

// lister shows torrents: all, a page, what has changed, or one, perhaps once something
// has happened to it.
type lister struct {
	session Looker
	polls   *polls
	rows    rowKeys
	encoded *encodedRows
}

// register registers the list; registerOne is beside what it registers.
func (ls *lister) register(r *routes) {
	handle(r, route{method: http.MethodGet, path: "/torrents", id: "list-torrents", tag: "torrents", summary: "The list, a page of it, or what has changed in it",
		answers: map[int]reflect.Type{200: reflect.TypeFor[record.TorrentPage](), 304: nil}, errors: []int{410, 422}}, ls.list)
	ls.registerOne(r)
}

// list answers with all torrents, a page of them, or what has changed.
func (ls *lister) list(ctx context.Context, in *listIn) (*rawOut, error) {
	keys, err := ls.rows.order(in.Sort)
	if err != nil {
		return nil, err
	}
	thin, err := ls.thinner(in.Fields)
	if err != nil {
		return nil, err
	}
	f := newFilter(in.State, in.Label, in.Tracker, in.Dir, in.Q)
	if in.r.URL.Query().Has("since") {
		return ls.listSince(ctx, in, f, keys, thin)
	}
	l := ls.session.List()
	// The revision is that of all torrents, whatever the query lets through: an answer may
	// be called new that is the same as before, never the other way round.
	etag := etagOf(ls.session, l.Revision)
	if matches(in.IfNoneMatch, etag) {
		return &rawOut{Status: http.StatusNotModified, ETag: etag}, nil
	}
	// A cursor says where the page before has ended, in this order: rows that came or went
	// meanwhile neither repeat nor hide one.
	var after *cursor
	if in.Cursor != "" {
		c, err := parseCursor(in.Cursor, in.Sort, keys)
		if err != nil {
			return nil, err
		}
		after = &c
	}
	ts := l.Torrents
	if !f.empty() {
		ts = nil
		for _, t := range l.Torrents {
			if f.passes(t) {
				ts = append(ts, t)
			}
		}
	}
	page, next := pageOf(arrange(ts, keys), after, in.Sort, keys, in.Limit)
	return ls.answerList(listHead{Revision: l.Revision, Total: len(ts), Counts: l.Counts, Removed: []string{}, Next: next}, page, thin)
}

// listSince answers with what has changed. What the filter does not let through any
// more went, as far as this caller sees.
func (ls *lister) listSince(ctx context.Context, in *listIn, f filter, keys []sortKey, thin thinner) (*rawOut, error) {
	if in.Cursor != "" || in.Limit != 0 {
		return nil, invalid("query.since", "what has changed comes whole: leave out limit and cursor")
	}
	span, err := spanOf(in.Wait)
	if err != nil {
		return nil, err
	}
	var (
		d  record.Delta
		ok bool
	)
	err = ls.polls.wait(ctx, span, func() bool {
		d, ok = ls.session.Since(in.Since)
		return !ok || len(d.Changed)+len(d.Removed) > 0
	})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, record.NewProblem(record.CodeGone, "revision %d is not known any more: ask again without since", in.Since)
	}
	removed := slices.Clone(d.Removed)
	var ts []*record.Torrent
	for _, t := range d.Changed {
		if f.passes(t) {
			ts = append(ts, t)
		} else {
			removed = append(removed, t.ID)
		}
	}
	page, _ := pageOf(arrange(ts, keys), nil, in.Sort, keys, 0)
	return ls.answerList(listHead{Revision: d.Revision, Total: len(ts), Counts: d.Counts, Removed: orEmpty(removed)}, page, thin)
}

// answerList encodes a page.
func (ls *lister) answerList(p listHead, rows []*record.Torrent, thin thinner) (*rawOut, error) {
	if p.Counts == nil {
		p.Counts = &record.Counts{}
	}
	p.Counts = wholeCounts(p.Counts)
	head, err := marshal(p)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(head)+len(rows)*rowRoom)
	b = append(b, `{"items":[`...)
	for i, t := range rows {
		row, err := thin(t)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, row...)
	}
	b = append(append(b, "],"...), head[1:]...)
	return &rawOut{ETag: etagOf(ls.session, p.Revision), ContentType: typeJSON, Body: append(b, '\n'), Status: http.StatusOK}, nil
}

// rowRoom is what a row takes, or a little more.
const rowRoom = 1200

// thinner encodes a torrent with the keys that are wanted.
type thinner func(t *record.Torrent) ([]byte, error)

// thinner makes one of the names of keys; none: all of them.
func (ls *lister) thinner(names []string) (thinner, error) {
	if len(names) == 0 {
		return ls.encoded.row, nil
	}
	return ls.rows.thinner(names)
}

// thinner makes one of the names of keys.
func (k rowKeys) thinner(names []string) (thinner, error) {
	for _, n := range names {
		if k[n] == nil {
			return nil, invalid("query.fields", "there is no key %q", n)
		}
	}
	names = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(names), "id", "revision"))))
	return func(t *record.Torrent) ([]byte, error) {
		row := reflect.ValueOf(whole(t)).Elem()
		b := []byte{'{'}
		for i, n := range names {
			v, err := marshal(row.FieldByIndex(k[n]).Interface())
			if err != nil {
				return nil, err
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(strconv.AppendQuote(b, n), ':'), v...)
		}
		return append(b, '}'), nil
	}, nil
}

// whole is a torrent whose lists are lists, though they may be empty.
func whole(t *record.Torrent) *record.Torrent {
	if t.Labels != nil && t.Warnings != nil {
		return t
	}
	c := *t
	c.Labels, c.Warnings = orEmpty(t.Labels), orEmpty(t.Warnings)
	return &c
}

// wholeCounts are counts whose maps are objects in JSON, though they may be empty.
func wholeCounts(c *record.Counts) *record.Counts {
	return &record.Counts{State: orNone(c.State), Label: orNone(c.Label), Tracker: orNone(c.Tracker), Dir: orNone(c.Dir)}
}

func orNone(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return m
}

// etag names a revision; of another run of the daemon it is another.
func etagOf(s Looker, revision uint64) string {
	return `"` + s.ServerID() + "-" + strconv.FormatUint(revision, 10) + `"`
}

// matches reports whether an If-None-Match names a tag.
func matches(header, etag string) bool {
	for _, t := range strings.Split(header, ",") {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		if t == etag || t == "*" {
			return true
		}
	}
	return false
}
