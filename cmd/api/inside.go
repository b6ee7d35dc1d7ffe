package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"gotor/cmd/record"
)

// This file has what is inside a torrent: files, pieces, the metainfo itself.

type filesIn struct {
	TorrentID
	Prefix string `query:"prefix" maxLength:"4096" doc:"Only paths that begin so."`
	Cursor string `query:"cursor" pattern:"^[0-9]{1,9}$" doc:"next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100000" doc:"Of a page; without it there is one."`
}

type filesOut struct{ Body record.FilePage }

type prioritiesIn struct {
	TorrentID
	Body []record.FilePriority `maxItems:"1000"`
}

type piecesIn struct {
	TorrentID
	Buckets int    `query:"buckets" minimum:"1" maximum:"10000" doc:"Sum pieces up in as many parts."`
	Accept  string `header:"Accept" doc:"application/octet-stream for the bitfield alone."`
}

type blobOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

type magnetOut struct{ Body magnetBody }

type magnetBody struct {
	Magnet string `json:"magnet" doc:"Without trackers that have secrets in them."`
}

// insides shows what torrents consist of, and takes what is wanted of it.
type insides struct {
	session interface {
		Looker
		Keeper
		Reader
	}
}

// register registers the routes of this file.
func (i *insides) register(r *routes) {
	const tag = "content"
	handle(r, route{method: http.MethodGet, path: "/torrents/{id}/files", id: "list-files", tag: tag, summary: "Its files",
		errors: []int{404, 409, 422}}, i.files)
	handle(r, route{method: http.MethodPatch, path: "/torrents/{id}/files", id: "set-priorities", tag: tag, summary: "Say how much files are wanted",
		errors: []int{404, 409, 422}}, i.setPriorities)
	handle(r, route{method: http.MethodGet, path: "/torrents/{id}/pieces", id: "get-pieces", tag: tag, summary: "What is here, and what the swarm has",
		answers: map[int]reflect.Type{200: reflect.TypeFor[piecesBody]()}, media: media{200: {typeBytes}}, errors: []int{404, 409, 422}}, i.pieces)
	handle(r, route{method: http.MethodGet, path: "/torrents/{id}/metainfo", id: "get-metainfo", tag: tag, summary: "The .torrent; it may have secrets, so that the token to look is not enough",
		media: media{200: {typeTorrent}}, errors: []int{403, 404, 409}}, i.metainfo)
	handle(r, route{method: http.MethodGet, path: "/torrents/{id}/magnet", id: "get-magnet", tag: tag, summary: "Its magnet link",
		errors: []int{404}}, i.magnet)
}

// files answers with a page of a torrent's files; a cursor is how many came before.
func (i *insides) files(_ context.Context, in *filesIn) (*filesOut, error) {
	all, err := i.session.Files(in.ID)
	if err != nil {
		return nil, err
	}
	if in.Prefix != "" {
		// The list is the session's, and stays as it is.
		var some []record.TorrentFile
		for _, f := range all {
			if strings.HasPrefix(f.Path, in.Prefix) {
				some = append(some, f)
			}
		}
		all = some
	}
	// The files of a torrent are always the same in the same order: a number is a cursor
	// that nothing can make wrong.
	from, _ := strconv.Atoi(in.Cursor) // "" is 0
	page := record.FilePage{Total: len(all), Items: all[min(from, len(all)):]}
	if in.Limit > 0 && len(page.Items) > in.Limit {
		next := strconv.Itoa(from + in.Limit)
		page.Items, page.Next = page.Items[:in.Limit], &next
	}
	page.Items = orEmpty(page.Items)
	return &filesOut{Body: page}, nil
}

// setPriorities changes what is wanted, and answers with all files.
func (i *insides) setPriorities(ctx context.Context, in *prioritiesIn) (*filesOut, error) {
	if err := i.session.SetFiles(ctx, in.ID, in.Body); err != nil {
		return nil, err
	}
	// A pattern may have met any of them, so that the answer is all.
	return i.files(ctx, &filesIn{TorrentID: in.TorrentID})
}

// metainfo answers with the .torrent. It has the trackers' URLs with their secrets.
func (i *insides) metainfo(ctx context.Context, in *struct{ TorrentID }) (*blobOut, error) {
	if levelOf(ctx) < full {
		return nil, record.NewProblem(record.CodeForbidden, "a .torrent may have secrets in it: the full token is needed")
	}
	b, err := i.session.Metainfo(in.ID)
	if err != nil {
		return nil, err
	}
	t, err := i.session.Torrent(in.ID)
	if err != nil {
		return nil, err
	}
	// Its file is called by the hash: the name of the torrent is a stranger's.
	return &blobOut{ContentType: typeTorrent, Disposition: `attachment; filename="` + t.ID + `.torrent"`, Body: b}, nil
}

// magnet answers with the link of a torrent, which any token may see.
func (i *insides) magnet(_ context.Context, in *struct{ TorrentID }) (*magnetOut, error) {
	t, err := i.session.Torrent(in.ID)
	if err != nil {
		return nil, err
	}
	return &magnetOut{Body: magnetBody{Magnet: t.Magnet}}, nil
}
