package api

import (
	"context"
	"net/http"
	"reflect"

	"gotor/cmd/record"
)

type oneIn struct {
	TorrentID
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024"`
}

// registerOne registers what shows one torrent.
func (s *Server) registerOne() {
	handle(s, route{method: http.MethodGet, path: "/torrents/{id}", id: "get-torrent", tag: "torrents", summary: "One torrent",
		answers: map[int]reflect.Type{200: reflect.TypeFor[record.Torrent](), 304: nil}, errors: []int{404, 422}}, s.one)
}

// one answers with a torrent, unless the caller has it as it is.
func (s *Server) one(_ context.Context, in *oneIn) (*oneOut, error) {
	t, err := s.session.Torrent(in.ID)
	if err != nil {
		return nil, err
	}
	etag := s.etag(t.Revision)
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
