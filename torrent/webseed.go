package torrent

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"gotor/peer/webseed"
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

// webSeeds are the web servers of a torrent.
type webSeeds struct {
	sources []*webSource
	over    bool
	// What all servers have in common, made when the first of them needs it
	// (threat: 200,000 files times 100 servers).
	files  func() []webseed.File
	names  func() *webNames
	memory *webseed.Budget
}

// startWeb prepares the servers of the user and of the torrent; webStep begins
// to ask them.
func (t *Torrent) startWeb() {
	if t.held.verified >= t.held.wanted || t.spec.SeedOnly {
		return
	}
	t.web.files, t.web.names = sync.OnceValue(t.webFiles), sync.OnceValue(t.webNames)
	t.web.memory = webseed.NewBudget(webMemory)
	for _, m := range t.source.Mirrors {
		t.addWeb(m.URL, m.Header, false, true)
	}
	if t.source.NoWebSeeds {
		return
	}
	for _, i := range t.rng.Perm(len(t.meta.WebSeeds)) {
		t.addWeb(t.meta.WebSeeds[i], nil, false, false)
	}
	for _, i := range t.rng.Perm(len(t.meta.HTTPSeeds)) {
		t.addWeb(t.meta.HTTPSeeds[i], nil, true, false)
	}
}

// addWeb makes a source of one URL.
func (t *Torrent) addWeb(entry string, header http.Header, script, named bool) {
	u, err := url.Parse(entry)
	if err != nil || u.Host == "" || len(t.web.sources) == maxWebSeeds {
		return
	}
	n := len(t.web.sources) + 1
	src := &webSource{
		shown: shownURL(u), host: u.Host, state: WebSeedIdle,
		addr: netip.AddrPortFrom(netip.IPv6Unspecified().WithZone("web"+strconv.Itoa(n)), 0),
	}
	x := t.webExchange(named, u, script)
	c := webseed.Config{
		Manager: t.mgr, Layout: t.layout, Addr: src.addr, Header: header, UserAgent: t.core.client.cfg.Name,
		Insecure: t.core.client.cfg.Insecure, Visit: x.Visit, Dial: x.DialContext, Proxy: network.HTTPProxy, Limit: t.core.client.down.in.Load, Memory: t.web.memory,
		Answered: func() { t.core.post(func(now time.Time) { t.webAnswered(src, now) }) },
		Missing:  func(file int, err error) { t.core.post(func(time.Time) { t.webLacks(src, file, err) }) },
		Idle:     func() { t.core.post(func(time.Time) { t.webIdle(src) }) },
	}
	if script {
		c.Script, c.InfoHash = entry, t.core.hash
	} else {
		names := t.web.names
		c.Files = t.web.files()
		c.URL = func(i int) string { return names().url(entry, i) }
	}
	src.seed = webseed.New(c)
	t.web.sources = append(t.web.sources, src)
}

// webFiles are the files as a web server has them.
func (t *Torrent) webFiles() []webseed.File {
	files := make([]webseed.File, len(t.meta.Files))
	for i, f := range t.meta.Files {
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

// webStep asks the servers that may be asked now.
func (t *Torrent) webStep(now time.Time) {
	if t.state != StateDownloading || t.web.over {
		return
	}
	active, hosts := 0, make(map[string]bool)
	for _, s := range t.web.sources {
		if s.cancel != nil {
			active++
			hosts[s.host] = true
		}
	}
	for _, s := range t.web.sources {
		t.webAgain(s)
		ready := s.state == WebSeedIdle || s.state == WebSeedWaiting && !now.Before(s.at)
		if ready && active < maxWebActive && !hosts[s.host] { // one connection for each server
			active++
			hosts[s.host] = true
			t.askWeb(s)
		}
	}
}

// webNext is when webStep may find something to do; zero: when something is
// posted.
func (t *Torrent) webNext() (at time.Time) {
	if t.state != StateDownloading || t.web.over {
		return at
	}
	for _, s := range t.web.sources {
		if s.state == WebSeedWaiting && (at.IsZero() || s.at.Before(at)) {
			at = s.at
		}
	}
	return at
}

// askWeb begins a Run.
func (t *Torrent) askWeb(s *webSource) {
	ctx, cancel := context.WithCancel(t.core.ctx)
	s.state, s.cancel, s.before = WebSeedDialing, cancel, s.seed.Downloaded()
	t.core.tell(EventWebSeed, s.shown, "asked")
	t.core.spawn(func() {
		err := s.seed.Run(ctx)
		t.core.post(func(now time.Time) { t.webEnded(s, err, now) })
	})
}

// webAnswered notes that a server can be used.
func (t *Torrent) webAnswered(s *webSource, now time.Time) {
	if s.state == WebSeedDialing {
		s.state, s.err = WebSeedWorking, nil
		t.core.tell(EventWebSeed, s.shown, "answers")
		t.clocks.connected(t.reach(), now)
	}
}

// webEnded decides when a server is asked again.
func (t *Torrent) webEnded(s *webSource, err error, now time.Time) {
	s.cancel()
	if s.cancel = nil; t.web.over {
		s.seed.Close()
	}
	if t.core.over || t.web.over || t.core.ctx.Err() != nil {
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
		t.core.tell(EventWebSeedFailed, s.shown, "%v", s.err)
	}
	if s.state == WebSeedFailed {
		s.seed.Close()
	}
	t.clocks.connected(t.reach(), now)
}

// stopWeb lets all servers go: there is nothing more to want.
func (t *Torrent) stopWeb() {
	t.web.over = true
	for _, s := range t.web.sources {
		if s.cancel != nil {
			s.cancel()
		}
	}
}

// resumeWeb asks the servers again that stopWeb has let go.
func (t *Torrent) resumeWeb() {
	t.web.over = false
	for _, s := range t.web.sources {
		if s.cancel == nil && s.state != WebSeedFailed {
			s.state = WebSeedIdle
		}
	}
}

// webRuns reports whether a server is being asked.
func (t *Torrent) webRuns() bool {
	return slices.ContainsFunc(t.web.sources, func(s *webSource) bool { return s.cancel != nil })
}

// rejoinWeb has the servers that stopWeb has let go give to a new manager; none of
// them is being asked.
func (t *Torrent) rejoinWeb() {
	if t.web.memory == nil { // nothing was wanted of them so far
		t.startWeb()
	}
	for _, s := range t.web.sources {
		s.seed.Use(t.mgr)
	}
	t.resumeWeb()
}

// closeWeb lets go of connections that are kept; all Runs have ended.
func (t *Torrent) closeWeb() {
	for _, s := range t.web.sources {
		s.seed.Close()
	}
}

// blameWeb counts the bad pieces of servers and returns who else is guilty.
func (t *Torrent) blameWeb(guilty []netip.AddrPort) (others []netip.AddrPort) {
	for _, a := range guilty {
		s := t.webSource(a)
		if s == nil {
			others = append(others, a)
			continue
		}
		s.err = errWrongData
		if s.strikes++; s.strikes == webStrikes && s.cancel != nil {
			s.cancel()
		}
	}
	return others
}

// webSource is the source that has a name in the manager.
func (t *Torrent) webSource(a netip.AddrPort) *webSource {
	for _, s := range t.web.sources {
		if s.addr == a {
			return s
		}
	}
	return nil
}

// reach is how many peers and servers are connected.
func (t *Torrent) reach() int {
	n := t.peers.connected()
	for _, s := range t.web.sources {
		if s.state == WebSeedWorking {
			n++
		}
	}
	return n
}

// webDownloaded is how much came from servers.
func (t *Torrent) webDownloaded() (n int64) {
	for _, s := range t.web.sources {
		n += s.seed.Downloaded()
	}
	return n
}

// webStatus describes the servers.
func (t *Torrent) webStatus() []WebSeedStatus {
	all := make([]WebSeedStatus, 0, len(t.web.sources))
	for _, s := range t.web.sources {
		w := WebSeedStatus{URL: s.shown, State: s.state, Downloaded: s.seed.Downloaded()}
		if s.err != nil {
			w.Error = s.err.Error()
		}
		all = append(all, w)
	}
	return all
}
