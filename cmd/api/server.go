package api

import (
	"fmt"
	"log"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gotor/cmd/record"
)

// Config is what a Server is made of.
type Config struct {
	Session Session
	Version string // of the program
	Keys    *Keys
	// StateDir is where logins are kept; empty: they end with the daemon.
	StateDir string
	// Hosts are names under which the daemon may be called, beside localhost and its
	// addresses.
	Hosts []string
	// Origins are of other sites whose pages may call the API, such as
	// https://example.org.
	Origins []string
	// URL is where the daemon is reached over TCP, below a path where a proxy has it so:
	// links lead there that are made over the socket, or for who calls it by that name.
	// nil: nowhere.
	URL *url.URL
	// Page answers GET for what is not the API's, without a token; nil: nobody does.
	Page http.Handler
	// Mounts are other ways to talk to the daemon, by path. They are behind the rules
	// for names and tokens, and ask MayChange before they change something.
	Mounts map[string]http.Handler
	// MetricsTorrents adds series for each torrent to the metrics.
	MetricsTorrents bool
	// Log takes lines about bugs; nil: nobody does.
	Log func(text string)
}

// Server answers requests. It is an http.Handler for any number of listeners. What it
// answers with is the business of parts, each with what it needs of the session and of
// what is remembered between requests; Server leads requests to them.
type Server struct {
	c        Config
	session  Session
	gate     *gate
	mux      *http.ServeMux
	routes   *routes
	handler  http.Handler
	streams  *Streams
	requests *requests
	ending   *ending
	door     *doorkeeper

	adder  *adder
	lister *lister
}

// New makes a server.
func New(c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = func(string) {}
	}
	g, err := newGate(c, c.Keys)
	if err != nil {
		return nil, err
	}
	s := &Server{c: c, session: c.Session, gate: g, mux: http.NewServeMux(), streams: NewStreams(c.Session), requests: newRequests(), ending: &ending{session: c.Session}}
	s.routes = newRoutes(s.mux)
	s.register()
	finish(s.routes.api.OpenAPI())
	s.mount()
	s.handler = s.requests.count(newZipper().wrap(s.recovering(g.admit(http.HandlerFunc(s.route)))))
	return s, nil
}

// newRoutes makes none yet, on a mux.
func newRoutes(mux *http.ServeMux) *routes {
	return &routes{huma.NewAPI(huma.Config{
		OpenAPI: &huma.OpenAPI{
			Info:       &huma.Info{Title: "gotor", Version: "1", Description: "Torrents of a running gotor: add, follow, change, stream."},
			Servers:    []*huma.Server{{URL: "./"}}, // from where the description is, whatever a proxy puts before it
			Components: &huma.Components{Schemas: newRegistry(), SecuritySchemes: schemes()},
			Security:   []map[string][]string{{"token": {}}, {"password": {}}, {"cookie": {}}},
		},
		Formats: formats(), DefaultFormat: typeJSON, RejectUnknownQueryParameters: true,
		Transformers: []huma.Transformer{translate},
	}, adapter{mux})}
}

// schemes are the ways to show who one is.
func schemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		"token":    {Type: "http", Scheme: "bearer", Description: "The token in the daemon's state folder."},
		"password": {Type: "http", Scheme: "basic", Description: "The token as password, any user name."},
		"cookie":   {Type: "apiKey", In: "cookie", Name: "gotor", Description: "From POST /session; the name ends in a word of the daemon's own."},
	}
}

// register makes the parts, and has them register their routes.
func (s *Server) register() {
	r, session := s.routes, s.session
	repeats, polls := newRepeats(session), newPolls(session, s.streams.stop)
	links := &links{key: s.c.Keys.fullSum, url: s.c.URL, now: func() time.Time { return s.gate.now() }}
	s.gate.signed = links.allow
	s.lister = &lister{session: session, polls: polls, rows: newRowKeys(), encoded: newEncodedRows()}
	s.adder = &adder{session: session, routes: r, repeats: repeats, polls: polls, uploads: make(chan struct{}, maxUploads)}
	s.registerRoot()
	s.door = &doorkeeper{gate: s.gate, links: links, page: s.c.Page != nil}
	s.door.register(r)
	(&governor{session, s.c.Keys}).register(r)
	s.lister.register(r)
	s.adder.register(r)
	(&batcher{session: session, routes: r, repeats: repeats, log: s.c.Log}).register(r)
	(&changer{session}).register(r)
	(&insides{session}).register(r)
	(&swarms{session}).register(r)
	s.streams.register(r)
	s.ending.register(r)
	(&contents{session: session, links: links}).register(r)
	registerLogs(r, session)
}

// mount adds what is no operation: probes, the page, other protocols.
func (s *Server) mount() {
	s.mux.HandleFunc("GET /livez", s.live)
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.HandleFunc("GET /metrics", s.metrics)
	s.gate.closed = append(s.gate.closed, "/metrics")
	(&description{api: s.routes.api, log: s.c.Log}).mount(s.mux)
	for path, h := range s.c.Mounts {
		s.mux.Handle(path, h)
		s.mux.Handle(path+"/{$}", h) // as transmission-remote has it
		s.gate.closed = append(s.gate.closed, path)
		s.gate.mounts = append(s.gate.mounts, path, path+"/")
	}
	if s.c.Page != nil {
		// Not all below /: that would lie across the paths of the mounts, and take what
		// nobody answers away from the problems.
		for _, path := range []string{"/{$}", "/index.html", "/assets/"} {
			s.mux.Handle("GET "+path, s.c.Page)
		}
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// HTTP is an http.Server for s with the bounds that belong to it: 64 KiB of headers
// in 10 s.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler: s, ConnContext: s.ConnContext,
		ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10, IdleTimeout: 2 * time.Minute,
		ErrorLog: log.New(logWriter(s.c.Log), "", 0),
	}
}

// logWriter is a Log as an io.Writer.
type logWriter func(text string)

func (l logWriter) Write(b []byte) (int, error) {
	l(record.Redact(string(b)))
	return len(b), nil
}

// Close says goodbye to who follows events, and waits for them: at most a second.
// Other answers are http.Server's to wait for.
func (s *Server) Close() { s.streams.Close() }

// Ended tells those who wait for it that the daemon has ended, and what went wrong
// then. It is called last, with nothing left that a next daemon would miss.
func (s *Server) Ended(err error) { s.ending.ended(err) }

// Entrance is a link below root, the address of the daemon, that signs a browser in:
// once, within ten minutes.
func (s *Server) Entrance(root string) string { return s.door.link(root).URL }

// route finds who answers. What the mux has no route for is a problem as all others.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	// The pattern is known before the handler runs: metrics are by route, also of what is
	// cut or fails.
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		note(r, pattern)
		s.mux.ServeHTTP(w, r)
		return
	}
	// The mux's own answer is text: only what it says of the method is taken from it.
	answer := header{h: make(http.Header)}
	h.ServeHTTP(&answer, r)
	if answer.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", answer.h.Get("Allow"))
		refuse(w, record.NewProblem(record.CodeMethod, "this path takes %s only", answer.h.Get("Allow")))
		return
	}
	refuse(w, record.NewProblem(record.CodeNotFound, "there is nothing at this path"))
}

// header is a ResponseWriter that keeps the status and drops the rest.
type header struct {
	h      http.Header
	status int
}

func (a *header) Header() http.Header         { return a.h }
func (a *header) WriteHeader(status int)      { a.status = status }
func (a *header) Write(b []byte) (int, error) { return len(b), nil }

// recovering keeps a bug in one request from ending the daemon, and says where it is.
func (s *Server) recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			switch v {
			case nil:
				return
			case http.ErrAbortHandler:
				panic(v)
			}
			s.c.Log(record.Redact(fmt.Sprintf("%s %s: a bug: %v", r.Method, r.URL.Path, v)))
			refuse(w, record.NewProblem(record.CodeInternal, "a bug: the daemon's log has more"))
		}()
		next.ServeHTTP(w, r)
	})
}
