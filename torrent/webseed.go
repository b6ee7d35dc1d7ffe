package torrent

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"gotor/peer/webseed"
	"gotor/piece"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
	"gotor/tracker"
)

// This file is how web servers take part: which of them are asked, how many at
// a time, when again, and when no more. What one of them does is package
// webseed's business.

// Mirror is a web server that has the data of a torrent and was named by the
// user: the URL of the file; or, of a torrent with a folder, of the place where
// that folder is (BEP 19).
type Mirror struct {
	URL string
	// Header is sent along to the origin of URL, and to nobody else.
	Header http.Header
}

const (
	// maxWebSeeds bounds the servers of one torrent, maxWebActive those that are
	// asked at the same time.
	maxWebSeeds  = 100
	maxWebActive = 4
	// webStrikes is how many bad pieces a server may send.
	webStrikes = 3
	// webRetry is when a server that failed is asked again, doubling each time
	// that nothing came of it, up to webRetryMax.
	webRetry    = time.Second
	webRetryMax = 5 * time.Minute
	// webMemory bounds what all servers of one torrent make us remember: files
	// that they lack, and where they redirect to.
	webMemory = 16 << 20
)

// ErrNoMirror: there was nobody else, and every web server failed.
var ErrNoMirror = errors.New("no mirror could be used")

var errWrongData = errors.New("the server sends wrong data")

// WebSeedState says what a web server is doing for us.
type WebSeedState string

// The states of a web server.
const (
	WebSeedIdle    WebSeedState = "idle"       // not asked yet
	WebSeedDialing WebSeedState = "connecting" // asked, no answer yet
	WebSeedWorking WebSeedState = "ok"         // it answers
	WebSeedWaiting WebSeedState = "waiting"    // failed, is asked again later
	WebSeedFailed  WebSeedState = "failed"     // not asked any more
)

// WebSeedStatus is what one web server has done so far.
type WebSeedStatus struct {
	URL        string // without password and query
	State      WebSeedState
	Error      string // the last failure; empty: none
	Downloaded int64  // payload bytes
}

// webSource is one web server. It belongs to the run goroutine.
type webSource struct {
	seed    *webseed.Seed
	from    webEntry
	gone    bool   // it is not among the servers any more, and its Run ends
	shown   string // its URL, without secrets
	host    string
	addr    netip.AddrPort // its name in the manager
	state   WebSeedState
	err     error
	at      time.Time // waiting: until when
	fails   int       // Runs in a row that brought nothing
	strikes int
	before  int64 // what it had given when the Run began
	cancel  context.CancelFunc

	lacks []byte // files that it turned out not to have, as a bitfield; nil: none
	spare int64  // left because it lacks all that was missing: so many bytes; 0: not
}

// webSeeds are the web servers of a torrent. It belongs to the run goroutine.
type webSeeds struct {
	// Immutable.
	core   *core
	source *Source
	rng    *rand.Rand // whom the torrent's are asked first
	hooks  webHooks

	job      webJob
	sources  []*webSource
	made     int      // sources, ever
	past     int64    // bytes from those that are no more
	replaced []string // URLs instead of those that source names; nil: they were not
	over     bool
	// What all servers have in common, made when the first of them needs it
	// (threat: 200,000 files times 100 servers).
	list   func() []webseed.File
	names  func() *webNames
	memory *webseed.Budget // nil: nothing was wanted of them so far
}

// webHooks are what servers want from their torrent; the run goroutine calls them.
type webHooks struct {
	left    func() int64         // bytes of the selected files that are not verified
	has     func(piece int) bool // verified
	changed func(now time.Time)  // a server answers, or does not any more
}

// webJob is what is to be fetched; another one after a change of the selection.
type webJob struct {
	mgr   *piece.Manager
	files *fileSet
}

func newWebSeeds(k *core, src *Source, rng *rand.Rand, hooks webHooks) *webSeeds {
	return &webSeeds{core: k, source: src, rng: rng, hooks: hooks, replaced: src.WebSeeds}
}

// begin prepares the servers of the user and of the torrent for a job; step begins
// to ask them. Those of an earlier job, which stop has let go, go on with this one.
func (w *webSeeds) begin(job webJob) {
	w.job = job
	if w.memory == nil {
		w.find(job.files.meta)
	}
	for _, s := range w.sources {
		s.seed.Use(job.mgr)
		if s.spare > 0 { // it lacked all that was missing of the job before
			s.state, s.spare = WebSeedIdle, 0
		}
	}
	w.resume()
}

// find makes a source of each server that is named.
func (w *webSeeds) find(m *metainfo.Torrent) {
	w.list = sync.OnceValue(func() []webseed.File { return webFiles(m) })
	w.names = sync.OnceValue(func() *webNames { return newWebNames(m) })
	w.memory = webseed.NewBudget(webMemory)
	for _, e := range w.entries(m) {
		w.add(e)
	}
}

// add makes a source of a server.
func (w *webSeeds) add(e webEntry) {
	u, err := url.Parse(e.url)
	if err != nil || u.Host == "" || len(w.sources) == maxWebSeeds {
		return
	}
	w.made++
	src := &webSource{
		from: e, shown: shownURL(u), host: u.Host, state: WebSeedIdle,
		addr: netip.AddrPortFrom(webName.WithZone("web"+strconv.Itoa(w.made)), 0),
	}
	x, client := w.exchange(e.kind, u), w.core.client
	c := webseed.Config{
		Manager: w.job.mgr, Layout: w.job.files.layout, Addr: src.addr, Header: e.header, UserAgent: client.cfg.Name,
		Insecure: client.cfg.Insecure, Visit: x.Visit, Dial: x.DialContext, Proxy: network.HTTPProxy, Limit: client.down.in.Load, Inner: w.core.down.in.Load, Memory: w.memory,
		Answered: func() { w.core.post(func(now time.Time) { w.answered(src, now) }) },
		Missing:  func(file int, err error) { w.core.post(func(time.Time) { w.lacks(src, file, err) }) },
		Idle:     func() { w.core.post(func(time.Time) { w.idle(src) }) },
	}
	if e.kind == byTorrentScript {
		c.Script, c.InfoHash = e.url, w.core.hash
	} else {
		names := w.names
		c.Files = w.list()
		c.URL = func(i int) string { return names().url(e.url, i) }
	}
	src.seed = webseed.New(c)
	w.sources = append(w.sources, src)
}

// webFiles are the files as a web server has them.
func webFiles(m *metainfo.Torrent) []webseed.File {
	files := make([]webseed.File, len(m.Files))
	for i, f := range m.Files {
		files[i] = webseed.File{Offset: f.Offset, Length: f.Length, Pad: f.Pad}
	}
	return files
}

// shownURL is a URL that people may see.
func shownURL(u *url.URL) string {
	v := *u
	v.User, v.RawQuery, v.ForceQuery, v.Fragment, v.RawFragment = nil, "", false, "", ""
	return tracker.Redact(v.String())
}

// step asks the servers that may be asked now, while the torrent downloads.
func (w *webSeeds) step(now time.Time) {
	if w.over {
		return
	}
	active, hosts := 0, make(map[string]bool)
	for _, s := range w.sources {
		if s.cancel != nil {
			active++
			hosts[s.host] = true
		}
	}
	for _, s := range w.sources {
		w.again(s)
		ready := s.state == WebSeedIdle || s.state == WebSeedWaiting && !now.Before(s.at)
		if ready && active < maxWebActive && !hosts[s.host] { // one connection for each server
			active++
			hosts[s.host] = true
			w.ask(s)
		}
	}
}

// next is when step may find something to do; zero: when something is posted.
func (w *webSeeds) next() (at time.Time) {
	if w.over {
		return at
	}
	for _, s := range w.sources {
		if s.state == WebSeedWaiting && (at.IsZero() || s.at.Before(at)) {
			at = s.at
		}
	}
	return at
}

// ask begins a Run.
func (w *webSeeds) ask(s *webSource) {
	ctx, cancel := context.WithCancel(w.core.ctx)
	s.state, s.cancel, s.before = WebSeedDialing, cancel, s.seed.Downloaded()
	w.core.tell(EventWebSeed, s.shown, "asked")
	w.core.spawn(func() {
		err := s.seed.Run(ctx)
		w.core.post(func(now time.Time) { w.ended(s, err, now) })
	})
}

// answered notes that a server can be used.
func (w *webSeeds) answered(s *webSource, now time.Time) {
	if s.state == WebSeedDialing {
		s.state, s.err = WebSeedWorking, nil
		w.core.tell(EventWebSeed, s.shown, "answers")
		w.hooks.changed(now)
	}
}

// ended decides when a server is asked again.
func (w *webSeeds) ended(s *webSource, err error, now time.Time) {
	s.cancel()
	if s.cancel = nil; s.gone {
		w.forget(s)
		w.hooks.changed(now)
		return
	}
	if w.over {
		s.seed.Close()
	}
	if w.core.over || w.over || w.core.ctx.Err() != nil {
		return
	}
	var e *webseed.Error
	errors.As(err, &e)
	if s.fails++; s.seed.Downloaded() > s.before {
		s.fails = 0
	}
	switch {
	case s.strikes >= webStrikes:
		s.state, s.err = WebSeedFailed, errWrongData
	case s.spare > 0:
		s.state = WebSeedFailed // s.err says what it lacks
	case e != nil && e.Gone || errors.Is(err, network.ErrForbidden):
		s.state, s.err = WebSeedFailed, tracker.Untrusted(err)
	default:
		wait := min(webRetry<<min(s.fails, 20), webRetryMax)
		if e != nil && e.After > 0 {
			wait = e.After
		}
		s.state, s.err, s.at = WebSeedWaiting, err, now.Add(wait)
	}
	if s.err != nil {
		w.core.tell(EventWebSeedFailed, s.shown, "%v", s.err)
	}
	if s.state == WebSeedFailed {
		s.seed.Close()
	}
	w.hooks.changed(now)
}

// stop lets all servers go: there is nothing more to want.
func (w *webSeeds) stop() {
	w.over = true
	for _, s := range w.sources {
		if s.cancel != nil {
			s.cancel()
		}
	}
}

// resume asks the servers again that stop has let go.
func (w *webSeeds) resume() {
	w.over = false
	for _, s := range w.sources {
		if s.cancel == nil && s.state != WebSeedFailed {
			s.state = WebSeedIdle
		}
	}
}

// runs reports whether a server is being asked.
func (w *webSeeds) runs() bool {
	return slices.ContainsFunc(w.sources, func(s *webSource) bool { return s.cancel != nil })
}

// close lets go of connections that are kept; all Runs have ended.
func (w *webSeeds) close() {
	for _, s := range w.sources {
		s.seed.Close()
	}
}

// blame counts the bad pieces of servers and returns who else is guilty.
func (w *webSeeds) blame(guilty []netip.AddrPort) (others []netip.AddrPort) {
	for _, a := range guilty {
		s := w.named(a)
		if s == nil {
			if a.Addr().WithZone("") != webName { // else it is gone
				others = append(others, a)
			}
			continue
		}
		s.err = errWrongData
		if s.strikes++; s.strikes == webStrikes && s.cancel != nil {
			s.cancel()
		}
	}
	return others
}

// named is the server that has a name in the manager; nil: it is a peer.
func (w *webSeeds) named(a netip.AddrPort) *webSource {
	for _, s := range w.sources {
		if s.addr == a {
			return s
		}
	}
	return nil
}

// working is how many servers answer.
func (w *webSeeds) working() (n int) {
	for _, s := range w.sources {
		if s.state == WebSeedWorking {
			n++
		}
	}
	return n
}

// downloaded is how much came from servers.
func (w *webSeeds) downloaded() (n int64) {
	n = w.past
	for _, s := range w.sources {
		n += s.seed.Downloaded()
	}
	return n
}

// status describes the servers.
func (w *webSeeds) status() []WebSeedStatus {
	all := make([]WebSeedStatus, 0, len(w.sources))
	for _, s := range w.sources {
		if s.gone {
			continue
		}
		status := WebSeedStatus{URL: s.shown, State: s.state, Downloaded: s.seed.Downloaded()}
		if s.err != nil {
			status.Error = s.err.Error()
		}
		all = append(all, status)
	}
	return all
}
