package api

import (
	"context"
	"io"
	"net/http"

	"gotor/cmd/record"
)

// none is what a request or an answer has that has no body.
type none struct{}

type aboutOut struct{ Body record.About }

// registerRoot registers what the daemon says of itself.
func (s *Server) registerRoot() {
	handle(s.routes, route{method: http.MethodGet, path: "/", id: "about", tag: "daemon", summary: "What this daemon is, and what the caller may do"},
		func(ctx context.Context, _ *none) (*aboutOut, error) {
			return &aboutOut{Body: record.About{
				Name: "gotor", Version: s.c.Version, API: base, Access: levelOf(ctx).String(), Features: s.features(),
				Limits:   record.APILimits{JSON: maxJSON, Torrent: maxTorrent, Uploads: maxUploads},
				ServerID: s.session.ServerID(), Now: s.gate.now().UTC(),
			}}, nil
		})
}

// features are what not every daemon has.
func (s *Server) features() []string {
	// A page or a program asks here what it may offer, and not for a version.
	f := []string{}
	if s.c.Page != nil {
		f = append(f, "page")
	}
	if s.c.Mounts["/transmission/rpc"] != nil {
		f = append(f, "transmission-rpc")
	}
	return f
}

// live says that requests are answered.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) { plain(w, "ok\n") }

// ready says whether what is answered would be kept.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.session.Ready(); err != nil {
		p := record.NewProblem(record.CodeNotReady, "%v", err)
		retryAfter(w, 0)
		refuse(w, p)
		return
	}
	plain(w, "ok\n")
}

// plain answers a probe, which wants a word and no JSON.
func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}
