package api

import (
	"context"
	"net/http"
	"reflect"

	"gotor/cmd/record"
)

// TorrentID is the part of a path that names a torrent. It is exported for huma, which
// sets fields of exported structs only.
type TorrentID struct {
	ID string `path:"id" pattern:"^([0-9a-f]{40}|[0-9a-f]{64})$" doc:"Info-hash: 40 hex digits, or 64 of version 2."`
}

type torrentOut struct {
	ETag string `header:"ETag"`
	Body *record.Torrent
}

// registerTorrents registers what is about the list and whole torrents.
func (s *Server) registerTorrents() {
	const tag = "torrents"
	page := reflect.TypeFor[record.TorrentPage]()
	handle(s, route{method: http.MethodGet, path: "/torrents", id: "list-torrents", tag: tag, summary: "The list, a page of it, or what has changed in it",
		answers: map[int]reflect.Type{200: page}, errors: []int{410, 422}}, s.list)
	s.registerAdd()
	handle(s, route{method: http.MethodDelete, path: "/torrents/{id}", id: "remove-torrent", tag: tag, summary: "Take a torrent out, with its data if wanted",
		errors: []int{404, 409, 422}}, s.remove)
}

// answer is a torrent with its tag.
func (s *Server) answer(t *record.Torrent) *torrentOut {
	return &torrentOut{ETag: s.etag(t.Revision), Body: whole(t)}
}

type removeIn struct {
	TorrentID
	Data string `query:"data" enum:"false,true,partial" default:"false" doc:"partial: what is unfinished goes."`
}

type removeOut struct{ Body record.Removed }

func (s *Server) remove(ctx context.Context, in *removeIn) (*removeOut, error) {
	r, err := s.session.Remove(ctx, in.ID, in.Data)
	if err != nil {
		return nil, err
	}
	r.Left = orEmpty(r.Left)
	return &removeOut{Body: r}, nil
}
