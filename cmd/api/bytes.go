package api

import (
	"context"
	"net/http"
	"time"

	"gotor/cmd/record"
)

// This file puts the bytes of files on the server.

type contentIn struct {
	TorrentID
	File      int    `path:"i" minimum:"0" doc:"Its index, as in the list of files."`
	Range     string `header:"Range" maxLength:"4096" doc:"Up to 16 parts of it."`
	IfRange   string `header:"If-Range" maxLength:"1024"`
	Wait      string `query:"wait" maxLength:"32" doc:"How long to wait for a byte that is not here yet; 60s if it is not said."`
	Inline    string `query:"inline" enum:"0,1,false,true" doc:"Show sound and pictures instead of saving them."`
	Expires   string `query:"expires" maxLength:"32" doc:"Of a signed link."`
	Signature string `query:"signature" maxLength:"128"`
}

type archiveIn struct {
	TorrentID
	Files string `query:"files" maxLength:"65536" doc:"Indices, ranges and patterns, as of get --files; what is downloaded if it is not said."`
	Wait  string `query:"wait" maxLength:"32" doc:"How long to wait for a byte that is not here yet; 60s if it is not said."`
}

type playlistIn struct {
	TorrentID
	TTL string `query:"ttl" maxLength:"32" doc:"How long its links are good, such as 6h; 24h if it is not said."`
}

type linkIn struct {
	TorrentID
	File int `path:"i" minimum:"0"`
	Body *linkBody
	exchange
}

type linkBody struct {
	TTL int64 `json:"ttl,omitempty" minimum:"1" maximum:"2592000" doc:"Seconds for which it is good; a day if it is not said."`
}

type linkOut struct{ Body record.FileLink }

// register registers the routes of this file.
func (c *contents) register(r *routes) {
	const tag = "content"
	// A file is octets unless it is shown inline; parts of it are then of that type, too.
	whole := append(shownTypes(), typeBytes)
	file, archive, list := "/torrents/{id}/files/{i}", "/torrents/{id}/archive.tar", "/torrents/{id}/playlist.m3u8"
	raw[contentIn](r, route{method: http.MethodGet, path: file + "/content", id: "read-file", tag: tag,
		summary: "Bytes of a file; what is missing is fetched first and waited for", errors: []int{404, 409, 412, 416, 422, 503},
		media: media{200: whole, 206: append(whole, typeRanges), 304: nil}}, c.file)
	raw[archiveIn](r, route{method: http.MethodGet, path: archive, id: "read-archive", tag: tag,
		summary: "Files as a tar archive, as get --tar writes it", errors: []int{404, 409, 422, 503}, media: media{200: {typeTar}}}, c.archive)
	raw[playlistIn](r, route{method: http.MethodGet, path: list, id: "get-playlist", tag: tag,
		summary: "Links for a player, to all that can be played", errors: []int{404, 409, 422}, media: media{200: {typePlaylist}}}, c.playlist)
	handle(r, route{method: http.MethodPost, path: file + "/links", id: "make-link", tag: tag,
		summary: "A link to one file that needs no token", errors: []int{404, 409, 422}}, c.link)
}

// link makes a link to a file that is there.
func (c *contents) link(_ context.Context, in *linkIn) (*linkOut, error) {
	files, err := c.session.Files(in.ID)
	if err != nil {
		return nil, err
	}
	// Only for a file that is there: the signature of another would open it if the
	// torrent came to have one.
	ttl := defaultTTL
	if in.Body != nil && in.Body.TTL > 0 {
		ttl = time.Duration(in.Body.TTL) * time.Second
	}
	for i := range files {
		if files[i].Index == in.File {
			return &linkOut{Body: c.links.make(c.links.root(in.r), in.ID, in.File, ttl)}, nil
		}
	}
	return nil, record.NewProblem(record.CodeNotFound, "the torrent has no file %d", in.File)
}
