package daemon

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/session"
)

// need is what a torrent wants of the engine.
type need int

const (
	needNothing need = iota // paused, failed, or given to others for long enough
	needLookup              // it came as a link, and nobody knows yet what it is
	needData                // files are missing
	needCheck               // everything is to be hashed, and what is missing then is fetched
	needPeers               // it is complete, and given to whoever wants it
)

// needOf is what an entry wants.
func needOf(e *session.Entry) need {
	switch {
	case e.Remove != "" || e.Move != nil || e.Failed != nil || e.Paused && !e.Check:
		return needNothing
	case e.Link != "":
		return needLookup
	case e.Check:
		return needCheck
	case e.Completed.IsZero():
		return needData
	case e.Ended:
		return needNothing
	}
	return needPeers
}

// item is one torrent of the daemon. What was asked for and decided is its entry in the
// session; here is what goes on. Asleep it is this struct and no more: no goroutine, no
// timer, no file. Its methods may be called from any goroutine.
type item struct {
	*parts
	id   session.ID
	turn chan struct{} // holds one token, which whoever changes the torrent has

	struck atomic.Bool // it was removed; another item may go by its id since

	mu       sync.Mutex
	run      *run             // nil: asleep
	held     bool             // nobody may start it: its files are somebody's who works on them
	allowed  bool             // it has its turn, as the floor has decided
	awake    bool             // there is a reason to be awake, beside that something is missing
	place    int              // in line, from 0; -1: it does not wait
	readers  int              // who reads its files
	lonely   time.Time        // since when it seeds without a peer
	tries    int              // how often it was looked whether it can be started again
	tried    time.Time        // when last
	busy     bool             // one of its own errands goes on, see later
	rest     time.Time        // no errand before, as the last one has failed
	broken   *session.Failure // why it failed, if that could not be written down
	tally    session.Tally
	uncount  bool // the tally is newer than that of the session
	seen     torrent.Snapshot
	moved    time.Time // when the state of seen was last not idle, or it began
	warnings []string
	move     *moving // its files are on their way; nil: they are not
	verified []int64 // bytes of each file, as the last run has left them; nil: not known
}

func newItem(p *parts, id session.ID) *item {
	it := &item{parts: p, id: id, turn: make(chan struct{}, 1), place: -1}
	it.turn <- struct{}{}
	it.tally = p.store.Tally(id)
	return it
}

// entry is what the session has of it; false: it was removed. That of a torrent that
// was added again since is another item's.
func (it *item) entry() (*session.Entry, bool) {
	if it.struck.Load() {
		return nil, false
	}
	return it.store.Entry(it.id)
}

// take waits for the turn to change the torrent; give ends it.
func (it *item) take(ctx context.Context) error {
	select {
	case <-it.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (it *item) give() { it.turn <- struct{}{} }

// update changes the entry for good, and returns it.
func (it *item) update(ctx context.Context, change func(*session.Entry) error) (*session.Entry, error) {
	err := it.commit(ctx, session.Update(it.id, func(e *session.Entry) error {
		if it.struck.Load() {
			return gone(it.id)
		}
		return change(e)
	}))
	if err != nil {
		return nil, err
	}
	e, ok := it.entry()
	if !ok {
		return nil, gone(it.id)
	}
	return e, nil
}

// unkept is why the session has not taken a change, as a problem.
func unkept(err error) error {
	switch {
	case errors.Is(err, session.ErrUnwritable), errors.Is(err, session.ErrClosed):
		return record.NewProblem(record.CodeNotReady, "%v", err)
	case errors.Is(err, session.ErrNotFound):
		return record.NewProblem(record.CodeNotFound, "there is no such torrent any more")
	case errors.Is(err, session.ErrInvalid):
		return record.NewProblem(record.CodeInvalid, "%v", err)
	}
	return err
}

func gone(id session.ID) error {
	return record.NewProblem(record.CodeNotFound, "there is no torrent %s", id)
}

// wants is what it needs now, all things counted.
func (it *item) wants() need {
	e, ok := it.entry()
	it.mu.Lock()
	defer it.mu.Unlock()
	if !ok || it.held || it.broken != nil {
		return needNothing
	}
	return needOf(e)
}

// start has it run, if it may and does not yet. It returns the run there is; nil: none,
// or only one for its readers alone.
func (it *item) start() *run {
	want := it.wants()
	if want == needNothing {
		return nil
	}
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.run == nil && it.allowed && (want != needPeers || it.awake) && !it.held {
		it.awake, it.lonely = true, time.Time{}
		it.launch(false)
	}
	if it.run != nil && it.run.alone {
		return nil
	}
	return it.run
}

// launch begins a run, unless the daemon ends. it.mu is held.
func (it *item) launch(alone bool) {
	if !it.tasks.enter() {
		return
	}
	it.run = newRun(it, alone)
	go it.run.live()
	it.floor.poke(it)
}

// running is the run there is; nil: it sleeps.
func (it *item) running() *run {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.run
}

// inSwarm is the run by which others hear of the torrent; nil: there is none.
func (it *item) inSwarm() *run {
	if r := it.running(); r != nil && !r.alone {
		return r
	}
	return nil
}

// torrent is what the engine has of it; nil: nothing, or not yet.
func (it *item) torrent() *torrent.Torrent {
	if r := it.running(); r != nil {
		return r.torrent.Load()
	}
	return nil
}

// poke says that something is new: a run follows it, and the floor looks what follows
// for who is awake.
func (it *item) poke() {
	if r := it.running(); r != nil {
		r.poke()
	}
	it.floor.poke(it)
}

// seize stops the run and keeps another from starting, for who works on the files.
// release is to be called when that is over. The caller has the turn.
func (it *item) seize(ctx context.Context) (release func(), err error) {
	it.mu.Lock()
	it.held = true
	r := it.run
	it.mu.Unlock()
	it.floor.poke(it)
	release = func() {
		it.mu.Lock()
		it.held = false
		it.mu.Unlock()
		it.poke()
	}
	if r == nil {
		return release, nil
	}
	r.poke()
	select {
	case <-r.over:
		return release, nil
	case <-ctx.Done():
		release()
		return nil, ctx.Err()
	}
}

// ended is told by a run that it is over, whatever it was.
func (it *item) ended(r *run) {
	it.mu.Lock()
	it.run = nil
	it.seen = torrent.Snapshot{Trackers: it.seen.Trackers, WebSeeds: it.seen.WebSeeds, Verified: it.seen.Verified}
	it.mu.Unlock()
	close(r.over)
	it.show()
	it.floor.poke(it)
}

// warn notes what the user should know. What is said again and again, by an errand that
// fails each time, does not push the other warnings out.
func (it *item) warn(text string) {
	it.log.write(levelWarn, string(it.id), "%s", text)
	text = record.Redact(text)
	it.mu.Lock()
	if !slices.Contains(it.warnings, text) {
		it.warnings = keep(it.warnings[:len(it.warnings):len(it.warnings)], text, maxWarnings)
	}
	it.mu.Unlock()
	it.show()
}

// maxWarnings is how many of them a row has.
const maxWarnings = 10

// count takes a new look at the torrent in the engine: what has moved since the last
// is added up. It returns whether its state has changed, and whether a byte has moved.
func (it *item) count(s *torrent.Snapshot, now time.Time) (turned, moved bool) {
	it.mu.Lock()
	defer it.mu.Unlock()
	r := it.run
	if r == nil || r.alone { // for its readers it moves nothing, and does what it did
		return false, false
	}
	down, up, wasted := s.Downloaded-r.down, s.Uploaded-r.up, s.Wasted-r.wasted
	if down < 0 || up < 0 {
		return false, false // a look that was overtaken
	}
	r.down, r.up, r.wasted = s.Downloaded, s.Uploaded, s.Wasted
	t := &it.tally
	t.Downloaded, t.Uploaded, t.Wasted = t.Downloaded+down, t.Uploaded+up, t.Wasted+wasted
	switch s.State {
	case torrent.StateMetadata, torrent.StateStarting, torrent.StateQueued, torrent.StateChecking:
	default:
		t.Verified = s.Verified
	}
	if moved = down > 0 || up > 0; moved {
		t.Active, it.moved = now.UTC(), now
	}
	it.spend(now)
	if s.State != torrent.StateSeeding || s.Peers > 0 {
		it.lonely = time.Time{}
	} else if it.lonely.IsZero() {
		it.lonely = now
	}
	turned = it.seen.State != s.State
	if turned && s.State == torrent.StateDownloading {
		it.moved = now
	}
	it.seen = *s
	it.uncount = true
	it.crowd(s.Swarm.Seeders, s.Swarm.Leechers)
	return turned, moved
}

// spend adds the time since the last look to what it was spent on. it.mu is held.
func (it *item) spend(now time.Time) {
	r := it.run
	span := now.Sub(r.counted)
	if span < time.Second {
		return
	}
	whole := span.Truncate(time.Second)
	r.counted = r.counted.Add(whole)
	switch it.seen.State {
	case torrent.StateSeeding:
		it.tally.Seeding += int64(whole.Seconds())
	case torrent.StateMetadata, torrent.StateStarting, torrent.StateQueued, torrent.StateChecking, torrent.StateDownloading, torrent.StateFinishing:
		it.tally.Downloading += int64(whole.Seconds())
	}
}

// counted is the tally, if it is newer than that of the session.
func (it *item) counted() (session.Tally, bool) {
	it.mu.Lock()
	defer it.mu.Unlock()
	was := it.uncount
	it.uncount = false
	return it.tally, was
}
