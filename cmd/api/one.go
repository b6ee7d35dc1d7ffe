package api

import (
	"cmp"
	"context"
	"net/http"
	"reflect"

	"gotor/cmd/record"
)

type oneIn struct {
	TorrentID
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"With wait: until it has changed."`
	Wait        string `query:"wait" maxLength:"32" doc:"How long to wait for what until says, such as 30s; 10m at most."`
	Until       string `query:"until" enum:"done,metadata,change" doc:"done if it is not said, change with If-None-Match. A torrent that fails ends the wait, too."`
}

// registerOne registers what shows one torrent.
func (ls *lister) registerOne(r *routes) {
	handle(r, route{method: http.MethodGet, path: "/torrents/{id}", id: "get-torrent", tag: "torrents", summary: "One torrent, at once or when something has happened to it",
		answers: map[int]reflect.Type{200: reflect.TypeFor[record.Torrent](), 304: nil}, errors: []int{404, 422, 429}}, ls.one)
}

// one answers with a torrent, unless the caller has it as it is.
func (ls *lister) one(ctx context.Context, in *oneIn) (*oneOut, error) {
	span, err := spanOf(in.Wait)
	if err != nil {
		return nil, err
	}
	// With an ETag the caller has a torrent already: what it waits for is another one,
	// and if that has come meanwhile there is nothing to wait for.
	until, known := in.Until, uint64(0)
	if t, err := ls.session.Torrent(in.ID); err == nil && in.IfNoneMatch != "" {
		if known = t.Revision; !matches(in.IfNoneMatch, etagOf(ls.session, known)) {
			span = 0 // it has changed already
		}
		until = cmp.Or(until, untilChange)
	}
	t, err := ls.polls.torrent(ctx, in.ID, span, until, known)
	if err != nil {
		return nil, err
	}
	// Without a change in all that time it is still the one that the caller has.
	etag := etagOf(ls.session, t.Revision)
	if matches(in.IfNoneMatch, etag) {
		return &oneOut{Status: http.StatusNotModified, ETag: etag}, nil
	}
	return &oneOut{Status: http.StatusOK, ETag: etag, Body: whole(t)}, nil
}

type oneOut struct {
	ETag   string `header:"ETag"`
	Status int
	Body   *record.Torrent
}
