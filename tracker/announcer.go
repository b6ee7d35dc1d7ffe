package tracker

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// announceTimeout bounds one announce to one tracker. HTTP has its own, which
// is shorter; UDP asks three times in it. Where another tracker is to be asked
// when this one fails, turnTimeout is all it gets: a dead one in the first tier
// must not keep us from a live one in the second.
const (
	announceTimeout = time.Minute
	turnTimeout     = 8 * time.Second
)

// State is what an Announcer does with a tracker.
type State string

// The states of a tracker.
const (
	StateIdle       State = "idle"       // not asked yet, maybe never: others answer
	StateQueued     State = "queued"     // an announce waits for its turn, behind those of other torrents
	StateAnnouncing State = "announcing" // an announce is in progress
	StateOK         State = "ok"         // the last announce was answered
	StateFailed     State = "failed"     // it was not, or was refused
)

// Status is what became of a tracker.
type Status struct {
	URL               string // as given: print Redact(URL)
	Tier              int
	State             State
	LastOK            bool      // the last announce that ended was answered
	Err               string    // why it was not; raw, one line is not guaranteed
	Reached           bool      // that announce got an answer of some kind, if only a refusal
	Warning           string    // of the last answer; raw
	Peers             int       // in the last answer
	Seeders, Leechers int       // as the last answer says; -1: unknown
	Last              time.Time // when it answered last; zero: never
	Next              time.Time // no sooner announced to again; zero: not known, or never
}

// List are the trackers of a torrent. At most 100 different ones are used.
type List struct {
	// Tiers are as in BEP 12. If every tier has one tracker, or there is but one tier,
	// all are announced to in parallel. Otherwise one is at a time: the tiers in
	// order, those within a tier in random order, on to the next when one fails.
	Tiers [][]string
	// Private torrents use one tracker of Tiers at a time in any case (BEP 27).
	Private bool
	// Apart are trackers that are announced to whatever the others answer.
	Apart []string
}

// AnnouncerConfig describes what an Announcer announces.
type AnnouncerConfig struct {
	Client *Client
	// Judge returns the judge of one announce to a tracker, when that begins. nil:
	// everything is allowed.
	Judge    func(url string) Judge
	Trackers List
	// Complete: there was nothing to download, so nothing gets completed.
	Complete bool
	// Request fills in the counters, the hash, and who we are; Event, NumWant
	// of a stop and TrackerID are set by the Announcer. On EventNone it may
	// set EventPaused. It is called from several goroutines, without locks.
	Request func(Event) Request
	// Peers is handed the peers of an answer as soon as it is there, from
	// several goroutines, without locks. It must not block.
	Peers func(url string, peers []netip.AddrPort)
	// External, if not nil, is told the address at which a server sees us (BEP 24),
	// as Peers is.
	External func(server, ours netip.Addr)
	// Changed, if not nil, is called when Status has changed, from several
	// goroutines, as Peers is.
	Changed func()
	// Trace, if not nil, is told when an announce begins and how it ends, as Peers is.
	Trace func(Announce)
	// Bug, if not nil, gets what a panic in one of the Announcer's goroutines
	// left (deferred: the stack is still there), and the process goes on. That
	// Announcer has to be stopped.
	Bug func(recovered any)
	// Memory is what an earlier Announcer of the torrent has left; nil: nothing is known.
	// Trackers that it had and this one has not are told that we stop, as by SetList.
	Memory *Memory
	// Rand shuffles and jitters; nil seeds one at random.
	Rand *rand.Rand
}

// Announce is one announce to one tracker, at its beginning or its end.
type Announce struct {
	URL   string // as given: print Redact(URL)
	Event Event
	Ended bool
	Peers int    // in the answer
	Err   string // why there is none; raw. Empty: none, or not ended
}

// Announcer keeps a torrent announced to its trackers.
type Announcer struct {
	cfg    AnnouncerConfig
	ctx    context.Context // of the announces; done when Stop is through
	cancel context.CancelFunc
	timed  sync.WaitGroup // step, by the timer
	wg     sync.WaitGroup // announces

	partings sync.WaitGroup // farewells of trackers that are not of the list any more

	once sync.Once // the work of Stop

	mu      sync.Mutex
	m       *machine
	flights map[*entry]*flight // announces of whose end the machine is to be told
	timer   *time.Timer        // for step; nil: nothing is due before something happens
	running bool               // Start was called
	stopped bool               // Stop was called
}

// flight is an announce that waits for its turn, without a goroutine, or is in progress;
// sent is guarded by Announcer.mu.
type flight struct {
	job
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
	sent   bool          // the request has left us
}

// NewAnnouncer returns an Announcer that has not started.
func NewAnnouncer(cfg AnnouncerConfig) *Announcer {
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	a := &Announcer{cfg: cfg, flights: make(map[*entry]*flight)}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	if a.cfg.Memory = nil; cfg.Memory == nil {
		a.m = newMachine(cfg)
		return a
	}
	a.m = cfg.Memory.m
	a.partFrom(a.m.arrange(cfg.Trackers))
	return a
}

// Start makes the first announces, now, and then those that follow from the
// answers. It returns at once; a second call does nothing.
func (a *Announcer) Start() {
	a.mu.Lock()
	a.running = true
	a.mu.Unlock()
	a.step()
}

// Completed says that the download has become complete. The trackers that
// heard of its start are told, once.
func (a *Announcer) Completed() { a.tell((*machine).finish) }

// SetList replaces the trackers. Those that stay notice nothing; those that go and
// know us are told that we stop, within ten seconds, which Stop waits for; new ones
// are announced to at once, unless one before them works and they are not announced to
// in parallel.
func (a *Announcer) SetList(l List) {
	a.mu.Lock()
	if a.stopped {
		a.mu.Unlock()
		return
	}
	a.partFrom(a.m.arrange(l))
	a.mu.Unlock()
	a.step()
	a.changed()
}

// Want says that more peers are needed. Trackers that answer are announced to
// as soon as their min interval allows; those in a back-off are not.
func (a *Announcer) Want() { a.tell((*machine).want) }

// Again says that the user wants to know: as Want, and trackers that failed are asked
// as well, unless they have said when, or failed in the last seconds.
func (a *Announcer) Again() { a.tell((*machine).again) }

func (a *Announcer) tell(what func(*machine, time.Time)) {
	a.mu.Lock()
	what(a.m, time.Now())
	a.mu.Unlock()
	a.step()
}

// Status returns what became of each tracker, in the order of the list.
func (a *Announcer) Status() []Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]Status, len(a.m.order))
	for i, e := range a.m.order {
		list[i] = e.status
	}
	return list
}

// guarded is f with a panic told to Bug.
func (a *Announcer) guarded(f func()) func() {
	if a.cfg.Bug == nil {
		return f
	}
	return func() {
		defer func() {
			if v := recover(); v != nil {
				a.cfg.Bug(v)
			}
		}()
		f()
	}
}

// step starts what the machine wants started, and sees to it that it is asked again in
// time.
func (a *Announcer) step() {
	a.mu.Lock()
	if !a.running || a.stopped {
		a.mu.Unlock()
		return
	}
	jobs := a.m.start(time.Now())
	for _, j := range jobs {
		a.flights[j.entry] = a.launch(j, awakeRank)
	}
	a.disarm()
	if at, ok := a.m.due(); ok {
		a.timed.Add(1)
		a.timer = time.AfterFunc(time.Until(at), a.guarded(func() {
			defer a.timed.Done()
			a.step()
		}))
	}
	a.mu.Unlock()
	if len(jobs) > 0 {
		a.changed()
	}
}

// disarm stops the timer. Under a.mu.
func (a *Announcer) disarm() {
	if a.timer != nil && a.timer.Stop() {
		a.timed.Done()
	}
	a.timer = nil
}

// launch begins an announce, or lets it wait for its turn. Under a.mu.
func (a *Announcer) launch(j job, r rank) *flight {
	f := &flight{job: j, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(a.ctx)
	f.cancel = cancel
	patience := time.Duration(0)
	if j.others {
		patience = turnTimeout
	}
	a.wg.Add(1)
	now := a.cfg.Client.take(ctx, j.entry.url, r, patience, func(t *turn, err error) {
		defer a.wg.Done()
		a.guarded(func() { a.fly(ctx, f, t, err) })()
	})
	if !now {
		j.entry.status.State = StateQueued
	}
	return f
}

// fly makes an announce whose turn has come, unless err says why it will not, and lets
// the machine know what came of it.
func (a *Announcer) fly(ctx context.Context, f *flight, t *turn, err error) {
	defer close(f.done)
	defer f.cancel()
	if err != nil {
		a.landed(f, Response{}, err, ctx.Err() != nil)
		a.step()
		a.changed()
		return
	}
	e := noEcho
	defer func() { t.end(e) }()
	limit := announceTimeout
	if f.others {
		limit = turnTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a.begins(f)
	e = echoOf(ctx, a.announce(ctx, f))
}

// begins notes that the turn of an announce has come.
func (a *Announcer) begins(f *flight) {
	a.mu.Lock()
	waited := f.entry.status.State == StateQueued
	if waited {
		f.entry.status.State = StateAnnouncing
	}
	a.mu.Unlock()
	if waited {
		a.changed()
	}
}

// announce makes one announce, and returns why it failed.
func (a *Announcer) announce(ctx context.Context, f *flight) error {
	url := f.entry.url
	a.trace(Announce{URL: url, Event: f.event})
	answer, err := a.cfg.Client.announce(ctx, a.judge(url), url, a.request(f), func(r Response) {
		if a.cfg.Peers != nil && len(r.Peers) > 0 && f.event != EventStopped {
			a.cfg.Peers(url, r.Peers)
		}
		if a.cfg.External != nil && r.ExternalIP.IsValid() && r.Server.IsValid() {
			a.cfg.External(r.Server, r.ExternalIP)
		}
	})
	a.landed(f, answer, err, ctx.Err() == context.Canceled)
	end := Announce{URL: url, Event: f.event, Ended: true, Peers: len(answer.Peers)}
	if err != nil {
		end.Err = message(err)
	}
	a.trace(end)
	a.step()
	a.changed()
	return err
}

// landed lets the machine know how an announce ended, unless it counts as told
// already.
func (a *Announcer) landed(f *flight, answer Response, err error, cancelled bool) {
	a.mu.Lock()
	if a.flights[f.entry] == f {
		a.land(f, answer, err, cancelled)
	}
	a.mu.Unlock()
}

func (a *Announcer) judge(url string) Judge {
	if a.cfg.Judge == nil {
		return nil
	}
	return a.cfg.Judge(url)
}

// land tells the machine how an announce ended. Under a.mu.
func (a *Announcer) land(f *flight, answer Response, err error, cancelled bool) {
	delete(a.flights, f.entry)
	switch now := time.Now(); {
	case err == nil:
		a.m.answered(now, f.job, answer)
	case !cancelled:
		a.m.failed(now, f.job, err)
	case f.sent:
		a.m.unanswered(f.job)
	default:
		a.m.cancelled(f.job)
	}
}

// request asks our owner for the counters and completes them.
func (a *Announcer) request(f *flight) Request {
	r := a.cfg.Request(f.event)
	if f.event != EventNone || r.Event != EventPaused {
		r.Event = f.event
	}
	r.sent = func() {
		a.mu.Lock()
		f.sent = true
		a.mu.Unlock()
	}
	a.mu.Lock()
	r.TrackerID = f.entry.trackerID
	a.mu.Unlock()
	return r
}

func (a *Announcer) trace(e Announce) {
	if a.cfg.Trace != nil {
		a.cfg.Trace(e)
	}
}

func (a *Announcer) changed() {
	if a.cfg.Changed != nil {
		a.cfg.Changed()
	}
}
