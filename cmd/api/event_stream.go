package api

import (
	"context"
	"time"

	"gotor/cmd/record"
)

const (
	// heartbeat is after how long without an event a comment is sent: proxies close
	// what is silent for a minute.
	heartbeat = 15 * time.Second
	// comeBack is when a reader is to try again after the end of a daemon.
	comeBack = 3 * time.Second
	// linesAtOnce bounds the log lines of one turn.
	linesAtOnce = 500
)

// stream is one reader of events. It belongs to the goroutine of its request.
type stream struct {
	session Session
	query   *eventQuery
	out     *eventWriter

	rows       toldRows
	milestones uint64 // revision up to which they were told
	settings   uint64 // revision that was told
	stats      *record.StatsEvent
	differs    *differ[record.StatsEvent]
	line       uint64 // the last of the log that was told

	// Of the one torrent of the query.
	peers   *toldEntries[record.TorrentPeer]
	files   *toldEntries[record.TorrentFile]
	pieces  toldPieces
	torrent uint64 // its revision when files and pieces were told
}

func newStream(s Session, q *eventQuery, out *eventWriter) *stream {
	st := &stream{session: s, query: q, out: out, differs: newDiffer[record.StatsEvent](), peers: newToldPeers(), files: newToldFiles()}
	st.rows.differ = newDiffer[record.Torrent]("id")
	return st
}

// run tells until the reader is gone, hangs, or stop is closed.
func (s *stream) run(ctx context.Context, stop <-chan struct{}) {
	s.begin()
	beat := time.NewTimer(heartbeat)
	defer beat.Stop()
	for {
		told := time.Now()
		log := s.tell()
		if s.out.flush() != nil {
			return
		}
		if !s.wait(ctx, stop, log, beat) || !pause(ctx, stop, s.query.interval-time.Since(told)) {
			break
		}
	}
	if ctx.Err() == nil && s.out.err == nil {
		s.out.retry(comeBack)
		s.out.value(record.EventBye, 0, record.ByeEvent{Reason: "the daemon stops"})
		_ = s.out.flush()
	}
}

// begin says hello, and where the stream goes on from.
func (s *stream) begin() {
	// A reader that loads the list after hello, at this revision or a later one, and then
	// takes all rows, has missed nothing.
	revision, _ := s.session.Changed()
	known, reset := false, false
	if s.query.resume {
		if _, known = s.session.Since(s.query.after); known {
			revision = s.query.after
		}
		reset = !known
	}
	s.rows.begin(s.session, revision, known)
	s.milestones = revision
	s.settings = s.session.Settings().Revision
	if s.query.wants(record.TopicLogs) {
		// Only lines from now on: what was logged before is read with GET /logs.
		if lines, _ := s.session.Logs(0, "debug", maxLines); len(lines) > 0 {
			s.line = lines[len(lines)-1].Seq
		}
	}
	s.out.retry(comeBack)
	s.out.value(record.EventHello, revision, record.Hello{ServerID: s.session.ServerID(), Revision: revision, Now: time.Now().UTC()})
	if reset {
		s.out.value(record.EventReset, revision, record.ResetEvent{Revision: revision})
	}
}

// wait returns when there may be something to tell; false: no more. Until then it
// sends a sign of life when one is due.
func (s *stream) wait(ctx context.Context, stop, log <-chan struct{}, beat *time.Timer) bool {
	var changed <-chan struct{}
	if s.query.wants(record.TopicRows) || s.query.wants(record.TopicTorrents) {
		revision, next := s.session.Changed()
		if changed = next; revision > s.rows.revision {
			return true
		}
	}
	// Peers, pieces, files and figures change all the time and wake nobody.
	var poll <-chan time.Time
	if s.query.polls() {
		t := time.NewTimer(s.query.interval)
		defer t.Stop()
		poll = t.C
	}
	for {
		// From the last byte on, whatever it was: an event is a sign of life, too.
		beat.Reset(max(0, heartbeat-time.Since(s.out.last)))
		select {
		case <-changed:
			return true
		case <-log:
			return true
		case <-poll:
			return true
		case <-beat.C:
			s.out.comment()
			if s.out.flush() != nil {
				return false
			}
		case <-ctx.Done():
			return false
		case <-stop:
			return false
		}
	}
}

// pause waits; false: it is over.
func pause(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	case <-stop:
		return false
	}
}

// tell writes what is new, and returns what is closed with the next line of the log.
func (s *stream) tell() (log <-chan struct{}) {
	if s.query.wants(record.TopicSettings) {
		s.tellSettings()
	}
	s.tellList()
	if s.query.wants(record.TopicStats) {
		s.tellStats()
	}
	s.tellTorrent()
	if s.query.wants(record.TopicLogs) {
		return s.tellLog()
	}
	return nil
}

// tellLog tells a bounded number of lines; there may be more at once.
func (s *stream) tellLog() (log <-chan struct{}) {
	lines, log := s.session.Logs(s.line, s.query.level, linesAtOnce)
	for i := range lines {
		s.line = lines[i].Seq
		s.out.value(record.EventLog, 0, &lines[i])
	}
	if len(lines) < linesAtOnce {
		return log
	}
	// As if there was a line already: the next turn goes on after this one.
	more := make(chan struct{})
	close(more)
	return more
}

// tellSettings tells them when they have changed; how they are at first, a reader
// has loaded.
func (s *stream) tellSettings() {
	now := s.session.Settings()
	if now.Revision != s.settings {
		s.out.value(record.EventSettings, 0, &now)
		s.settings = now.Revision
	}
}

// tellList tells of the rows, then of the milestones. Only what makes everything up
// to a revision told has an id: a reader that comes back with it has missed nothing.
// The rows may come twice then, which changes nothing; a milestone does not.
func (s *stream) tellList() {
	var rows []record.RowsEvent
	if s.query.wants(record.TopicRows) {
		var ok bool
		if rows, ok = s.rows.next(s.session); !ok {
			s.reset()
			return
		}
	} else {
		s.rows.revision, _ = s.session.Changed()
	}
	var reached []record.Milestone
	if s.query.wants(record.TopicTorrents) {
		for _, m := range s.session.Milestones(s.milestones) {
			if m.Revision <= s.rows.revision { // later ones come with their rows
				reached = append(reached, m)
			}
		}
	}
	s.milestones = s.rows.revision
	for i := range rows {
		id := uint64(0)
		if i == len(rows)-1 && len(reached) == 0 {
			id = s.rows.revision
		}
		s.out.value(record.EventRows, id, &rows[i])
	}
	for i := range reached {
		id := s.rows.revision
		if i < len(reached)-1 {
			if id = reached[i].Revision; reached[i+1].Revision == id {
				id = 0
			}
		}
		s.out.value(record.EventTorrent, id, &reached[i])
	}
}

// reset begins again from now: more has gone than the session remembers.
func (s *stream) reset() {
	revision, _ := s.session.Changed()
	s.rows.begin(s.session, revision, false)
	s.milestones = revision
	s.out.value(record.EventReset, revision, record.ResetEvent{Revision: revision})
}

// tellStats tells of the figures that are others than those told last.
func (s *stream) tellStats() {
	now := statsEvent(s.session.Stats())
	if b, differs := s.differs.append(nil, s.stats, now); differs {
		s.out.event(record.EventStats, 0, b)
		s.stats = now
	}
}

// tellTorrent tells of the insides of one torrent. One that is not there, or whose
// metainfo is not known yet, is passed over: its row tells that.
func (s *stream) tellTorrent() {
	id := s.query.torrent
	if id == "" {
		return
	}
	if s.query.wants(record.TopicPeers) {
		if peers, err := s.session.Peers(id); err == nil {
			s.peers.tell(s.out, id, peers)
		}
	}
	row, err := s.session.Torrent(id)
	if err != nil || row.Revision == s.torrent {
		return
	}
	s.torrent = row.Revision
	if s.query.wants(record.TopicPieces) {
		if pieces, err := s.session.Pieces(id); err == nil {
			s.pieces.tell(s.out, id, pieces)
		}
	}
	if s.query.wants(record.TopicFiles) {
		if files, err := s.session.Files(id); err == nil {
			s.files.tell(s.out, id, files)
		}
	}
}
