package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// raw registers a route whose handler writes its answer itself. I has its path and
// queries, for the description and to be judged.
func raw[I any](r *routes, rt route, h http.HandlerFunc) {
	op := r.operation(rt)
	op.Metadata = map[string]any{streamed: true}
	huma.Register(r.api, op, func(_ context.Context, _ *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			req, w := humago.Unwrap(ctx)
			h(w, req)
		}}, nil
	})
}

// streamed is the key in an operation's metadata of one that writes its answer itself.
const streamed = "streamed"

type eventsIn struct {
	LastEventID string   `header:"Last-Event-ID" doc:"id of the last event that was seen."`
	Topics      []string `query:"topics" enum:"rows,stats,torrents,settings,logs,peers,pieces,files" doc:"Some of these, with commas."`
	Torrent     string   `query:"torrent" pattern:"^([0-9a-f]{40}|[0-9a-f]{64})$" doc:"Whose peers, pieces and files."`
	Interval    string   `query:"interval" maxLength:"32" doc:"Between two of a kind, such as 1s."`
	Since       string   `query:"since" pattern:"^[0-9]{1,20}$" doc:"A revision to go on from."`
	Level       string   `query:"level" enum:"error,warn,info,debug" doc:"Of lines of the log."`
}

// register registers the events.
func (s *Streams) register(r *routes) {
	raw[eventsIn](r, route{method: http.MethodGet, path: "/events", id: "follow-events", tag: "daemon", summary: "What goes on, as server-sent events",
		media: media{200: {typeEvents}}, errors: []int{404, 422, 429, 503}}, s.ServeHTTP)
}
