package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"gotor/cmd/record"
	"gotor/cmd/remote"
	"gotor/torrent"
)

// followed are the torrents of a daemon that somebody waits for. One goroutine, in
// run, reads what the daemon tells; others look.
type followed struct {
	daemon *remote.Client

	mu sync.Mutex
	by map[string]*watched // guarded by mu; by id
}

func newFollowed(d *remote.Client) *followed {
	return &followed{daemon: d, by: map[string]*watched{}}
}

// watched is one of them.
type watched struct {
	begun time.Time
	first record.Torrent // how it was found; immutable

	mu   sync.Mutex
	row  *record.Torrent // guarded by mu; what it points to is never changed
	gone bool            // guarded by mu
	news chan struct{}   // guarded by mu; closed with the next change
}

// watch begins to follow a torrent. Two may wait for the same one.
func (f *followed) watch(t *record.Torrent) *watched {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.by[t.ID]; w != nil {
		return w
	}
	w := &watched{begun: time.Now(), first: *t, row: t, news: make(chan struct{})}
	f.by[t.ID] = w
	return w
}

func (f *followed) get(id string) *watched {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.by[id]
}

func (f *followed) all() (list []*watched) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.by {
		list = append(list, w)
	}
	return list
}

// now is the torrent as it was told last. gone: the daemon has it no more.
func (w *watched) now() (t *record.Torrent, gone bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.row, w.gone
}

// changed is closed when there is something new after t.
func (w *watched) changed(t *record.Torrent) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.row != t || w.gone {
		done := make(chan struct{})
		close(done)
		return done
	}
	return w.news
}

// set takes over a row, unless a newer one came on another way; nil: it is gone.
func (w *watched) set(t *record.Torrent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t != nil && t.Revision <= w.row.Revision {
		return
	}
	if w.gone = t == nil; !w.gone {
		w.row = t
	}
	close(w.news)
	w.news = make(chan struct{})
}

// run follows the daemon until ctx ends. lost is told when that breaks off,
// and when it is tried again.
func (f *followed) run(ctx context.Context, lost func(err error, wait time.Duration)) error {
	watch := remote.Watch{Topics: []string{record.TopicRows}, Interval: 200 * time.Millisecond, Lost: lost}
	err := f.daemon.Follow(ctx, watch, func(e remote.Event) error {
		switch e.Name {
		case record.EventHello, record.EventReset: // what was missed is in the torrents themselves
			for _, w := range f.all() {
				if err := f.load(ctx, w); err != nil {
					return err
				}
			}
		case record.EventRows:
			return f.rows(e.Data)
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// load asks for a torrent: what happened before somebody followed it is in the answer.
func (f *followed) load(ctx context.Context, w *watched) error {
	t, err := f.daemon.Torrent(ctx, w.first.ID)
	switch p := record.ProblemOf(err); {
	case err == nil:
		w.set(t)
	case p.Code == record.CodeNotFound:
		w.set(nil)
	default:
		return err
	}
	return nil
}

// rows takes over what has changed in the list: a row has the keys that did.
func (f *followed) rows(data []byte) error {
	var ev record.RowsEvent
	if err := json.Unmarshal(data, &ev); err != nil {
		return fmt.Errorf("what the daemon sends cannot be read: %w", err)
	}
	for _, id := range ev.Removed {
		if w := f.get(id); w != nil {
			w.set(nil)
		}
	}
	for _, raw := range ev.Rows {
		var key struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(raw, &key) != nil {
			continue
		}
		w := f.get(key.ID)
		if w == nil {
			continue
		}
		old, _ := w.now()
		t := *old
		t.Error, t.Completed, t.ETA, t.Queue = copied(old.Error), copied(old.Completed), copied(old.ETA), copied(old.Queue)
		if err := json.Unmarshal(raw, &t); err != nil {
			return fmt.Errorf("what the daemon sends cannot be read: %w", err)
		}
		w.set(&t)
	}
	return nil
}

// copied keeps what others look at from being decoded into.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// snapshot is the torrent as printers want it.
func (w *watched) snapshot() torrent.Snapshot {
	t, _ := w.now()
	sn := torrent.Snapshot{
		Name: t.Name, InfoHash: t.ID, State: stateOf(t.State), Elapsed: time.Since(w.begun),
		Wanted: t.Wanted, Verified: t.Verified, Resumed: min(w.first.Verified, t.Wanted),
		Downloaded: max(t.Downloaded-w.first.Downloaded, 0), Uploaded: max(t.Uploaded-w.first.Uploaded, 0), Ratio: t.Ratio, Wasted: max(t.Wasted-w.first.Wasted, 0),
		DownRate: t.DownRate, UpRate: t.UpRate, Pieces: t.Pieces, Peers: t.Peers, Seeds: t.Seeds, Known: t.Known, Local: -1, Decided: true,
	}
	if t.ETA != nil {
		sn.ETA = time.Duration(*t.ETA) * time.Second
	}
	if t.Pieces > 0 && t.Wanted > 0 {
		sn.PiecesDone = int(float64(t.Pieces) * float64(t.Verified) / float64(t.Wanted))
	}
	if t.State == record.StateChecking {
		sn.ToCheck, sn.Checked = t.Wanted, int64(t.Progress*float64(t.Wanted))
	}
	return sn
}

// stateOf is the nearest state of the engine.
func stateOf(state string) torrent.State {
	switch state {
	case record.StateMetadata:
		return torrent.StateMetadata
	case record.StateQueued, record.StatePaused, record.StateMoving:
		return torrent.StateQueued
	case record.StateChecking:
		return torrent.StateChecking
	case record.StateFinishing:
		return torrent.StateFinishing
	case record.StateSeeding, record.StateCompleted:
		return torrent.StateDone
	case record.StateFailed:
		return torrent.StateFailed
	}
	return torrent.StateDownloading
}
