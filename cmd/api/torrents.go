package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

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

// changer changes one torrent.
type changer struct {
	session interface {
		Looker
		Keeper
	}
}

// register registers what changes one torrent.
func (c *changer) register(r *routes) {
	const tag = "torrents"
	handle(r, route{method: http.MethodPatch, path: "/torrents/{id}", id: "change-torrent", tag: tag, summary: "Change a torrent by a merge patch",
		errors: []int{404, 409, 412, 422}}, c.patch)
	handle(r, route{method: http.MethodDelete, path: "/torrents/{id}", id: "remove-torrent", tag: tag, summary: "Take a torrent out, with its data if wanted",
		errors: []int{404, 409, 422}}, c.remove)
	c.registerVerbs(r)
}

// simpleVerb is something that a torrent is told to do without a word more.
type simpleVerb struct {
	name, summary string
	do            func(ctx context.Context, id string) (*record.Torrent, error)
}

// simpleVerbs are those of a path and of a batch: one list, so that both have all.
func simpleVerbs(s Keeper) []simpleVerb {
	return []simpleVerb{
		{"pause", "Stop a torrent until it is started", s.Pause},
		{"check", "Hash all of its data again", s.Check},
		{"announce", "Ask trackers and the DHT for peers now", s.Announce},
	}
}

// registerVerbs registers what a torrent is told to do. It is answered when it is
// certain that it will be done, and done after: hence 202.
func (c *changer) registerVerbs(r *routes) {
	verb := func(name, summary string) route {
		return route{method: http.MethodPost, path: "/torrents/{id}/" + name, id: name + "-torrent", tag: "torrents", summary: summary,
			status: http.StatusAccepted, errors: []int{404, 409, 422}}
	}
	for _, v := range simpleVerbs(c.session) {
		handle(r, verb(v.name, v.summary), func(ctx context.Context, in *verbIn) (*torrentOut, error) { return c.answerTo(v.do(ctx, in.ID)) })
	}
	handle(r, verb("start", "End a pause or a failure"), func(ctx context.Context, in *startIn) (*torrentOut, error) {
		return c.answerTo(c.session.Start(ctx, in.ID, in.Body != nil && in.Body.Now))
	})
	move, rename := verb("move", "Move its files to another folder"), verb("rename", "Give a file or folder of it another name")
	move.errors, rename.errors = []int{403, 404, 409, 422, 507}, []int{403, 404, 409, 422, 507}
	handle(r, move, func(ctx context.Context, in *moveIn) (*torrentOut, error) {
		return c.answerTo(c.session.Move(ctx, in.ID, in.Body))
	})
	handle(r, rename, func(ctx context.Context, in *renameIn) (*torrentOut, error) {
		return c.answerTo(c.session.Rename(ctx, in.ID, in.Body))
	})
}

type verbIn struct {
	TorrentID
	Body *struct{} // {} as much as nothing
}

type startIn struct {
	TorrentID
	Body *startBody
}

type startBody struct {
	Now bool `json:"now,omitempty" doc:"Pass the queue."`
}

type moveIn struct {
	TorrentID
	Body record.Move
}

type renameIn struct {
	TorrentID
	Body record.Rename
}

// answerTo is the answer of a change that gave a torrent or failed.
func (c *changer) answerTo(t *record.Torrent, err error) (*torrentOut, error) {
	if err != nil {
		return nil, err
	}
	return &torrentOut{ETag: etagOf(c.session, t.Revision), Body: whole(t)}, nil
}

type patchIn struct {
	TorrentID
	IfMatch string `header:"If-Match" maxLength:"1024" doc:"ETag of the torrent that was looked at, or its revision in quotes."`
	Body    record.Patch
}

// patch changes a torrent, if it is still the one that was looked at.
func (c *changer) patch(ctx context.Context, in *patchIn) (*torrentOut, error) {
	t, err := c.session.Torrent(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := ifMatch(c.session, in.IfMatch, t.Revision)
	if err != nil {
		return nil, err
	}
	return c.answerTo(c.session.Patch(ctx, in.ID, in.Body, revision))
}

// ifMatch is the revision that a change is to be made to: the current one if it is
// among those of the header, 0 (any) without one.
func ifMatch(s Looker, header string, current uint64) (uint64, error) {
	if header == "" || strings.TrimSpace(header) == "*" {
		return 0, nil
	}
	// Rows and events have revisions and no ETags: whoever follows them may use those.
	plain := `"` + strconv.FormatUint(current, 10) + `"`
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == plain || tag == etagOf(s, current) {
			return current, nil
		}
	}
	return 0, record.NewProblem(record.CodeStale, "it has changed since it was looked at: it is at revision %d now", current)
}

type removeIn struct {
	TorrentID
	Data string `query:"data" enum:"false,true,partial" default:"false" doc:"partial: what is unfinished goes."`
}

type removeOut struct{ Body record.Removed }

// remove takes a torrent out, and says what became of its files.
func (c *changer) remove(ctx context.Context, in *removeIn) (*removeOut, error) {
	r, err := c.session.Remove(ctx, in.ID, in.Data)
	if err != nil {
		return nil, err
	}
	r.Left = orEmpty(r.Left)
	return &removeOut{Body: r}, nil
}

// orEmpty is a list that is one in JSON, too.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// isIn reports whether a header's list has a value.
func isIn(list, v string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool {
		s, _, _ = strings.Cut(s, ";")
		return strings.EqualFold(strings.TrimSpace(s), v)
	})
}
