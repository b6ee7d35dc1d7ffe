package api

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"

	"gotor/cmd/record"
)

// This file has what is about the daemon as a whole.

type settingsOut struct {
	ETag string `header:"ETag"`
	Body record.Settings
}

type patchSettingsIn struct {
	IfMatch string `header:"If-Match" maxLength:"1024" doc:"ETag of the settings that were looked at."`
	Body    record.SettingsPatch
}

type statsIn struct {
	History int `query:"history" minimum:"0" maximum:"3600" doc:"Seconds of rates to be told, too."`
}

type statsOut struct{ Body record.Stats }

type dirsIn struct {
	Path string `query:"path" maxLength:"4096" doc:"A folder; without it the roots."`
}

type dirsOut struct{ Body record.Dirs }

type labelsOut struct{ Body []labelCount }

type labelCount struct {
	Name  string `json:"name"`
	Count int    `json:"count" doc:"Torrents."`
}

type rotateIn struct {
	Body struct {
		Read bool `json:"read,omitempty" doc:"The token that may look, instead of the full one."`
	}
}

type rotateOut struct {
	Body struct {
		Token string `json:"token" doc:"The new one. The old one and the logins made with it are void."`
	}
}

// governor is for the daemon as a whole.
type governor struct {
	session interface {
		Looker
		Governor
	}
	keys *Keys
}

// register registers the routes of this file.
func (g *governor) register(reg *routes) {
	r := func(method, path, id, summary string, errors ...int) route {
		return route{method: method, path: path, id: id, tag: "daemon", summary: summary, errors: errors}
	}
	handle(reg, r(http.MethodGet, "/settings", "get-settings", "What the daemon goes by, and where each comes from"),
		func(context.Context, *none) (*settingsOut, error) { return g.settings(g.session.Settings()), nil })
	handle(reg, r(http.MethodPatch, "/settings", "change-settings", "Change settings by a merge patch; null goes back to the default", 409, 412, 422), g.patchSettings)
	handle(reg, r(http.MethodGet, "/stats", "get-stats", "Figures of the daemon", 422), g.stats)
	handle(reg, r(http.MethodGet, "/dirs", "list-folders", "Folders that torrents may go to", 403, 404, 422), func(_ context.Context, in *dirsIn) (*dirsOut, error) {
		d, err := g.session.Dirs(in.Path)
		d.Dirs = orEmpty(d.Dirs)
		return &dirsOut{Body: d}, err
	})
	handle(reg, r(http.MethodGet, "/labels", "list-labels", "Labels in use"), g.labels)
	handle(reg, r(http.MethodPost, "/token", "rotate-token", "Make a new token", 409, 422), g.rotate)
}

// settings is the answer with these.
func (g *governor) settings(v record.Settings) *settingsOut {
	// Lists that were never set are nil, which JSON would say as null. What is inside of
	// one is the session's own: it is changed in a copy.
	v.Schedule.Value, v.Roots.Value = orEmpty(v.Schedule.Value), orEmpty(v.Roots.Value)
	v.Private.Value, v.Watch.Value = orEmpty(v.Private.Value), slices.Clone(orEmpty(v.Watch.Value))
	for i := range v.Watch.Value {
		v.Watch.Value[i].Labels = orEmpty(v.Watch.Value[i].Labels)
	}
	return &settingsOut{ETag: etagOf(g.session, v.Revision), Body: v}
}

// patchSettings changes settings, if they are still those that were looked at. The
// session compares the revision again when it commits: others may come first.
func (g *governor) patchSettings(ctx context.Context, in *patchSettingsIn) (*settingsOut, error) {
	revision, err := ifMatch(g.session, in.IfMatch, g.session.Settings().Revision)
	if err != nil {
		return nil, err
	}
	v, err := g.session.PatchSettings(ctx, in.Body, revision)
	if err != nil {
		return nil, err
	}
	return g.settings(v), nil
}

// stats answers with figures. The rates of an hour are longer than all others together,
// so that they come only if asked for.
func (g *governor) stats(_ context.Context, in *statsIn) (*statsOut, error) {
	v := g.session.Stats()
	v.Torrents, v.Disks = orNone(v.Torrents), orEmpty(v.Disks)
	if in.History > 0 {
		h := g.session.History(in.History)
		h.Down, h.Up = orEmpty(h.Down), orEmpty(h.Up)
		v.History = &h
	}
	return &statsOut{Body: v}, nil
}

// labels answers with names and counts as the list has them: nothing is counted here.
func (g *governor) labels(context.Context, *none) (*labelsOut, error) {
	out := &labelsOut{Body: []labelCount{}}
	l := g.session.List()
	if l.Counts == nil {
		return out, nil
	}
	for _, name := range slices.SortedFunc(maps.Keys(l.Counts.Label), cmp.Compare[string]) {
		out.Body = append(out.Body, labelCount{Name: name, Count: l.Counts.Label[name]})
	}
	return out, nil
}

// rotate makes a new token; who changes the full one with it must sign in again.
func (g *governor) rotate(_ context.Context, in *rotateIn) (*rotateOut, error) {
	token, err := g.keys.Rotate(in.Body.Read)
	if err != nil {
		return nil, record.NewProblem(record.CodeConflict, "%v", err)
	}
	out := &rotateOut{}
	out.Body.Token = token
	return out, nil
}
