package daemon

import (
	"context"
	"runtime"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// Who was removed has no part in a torrent that was added again under the same id,
// however late somebody looks at what is left of the first.
func TestAddedAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		add := func() *item {
			_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw})
			l.must(err)
			h.until(d, p.id, record.StateStalled)
			return d.parts.roster.find(session.ID(p.id))
		}
		first := add()
		_, err := d.Remove(l.Context(), p.id, record.KeepData)
		l.must(err)
		second := add()
		first.poke()
		time.Sleep(time.Minute)
		if row := h.row(d, p.id); row.State != record.StateStalled || row.Error != nil || first.running() != nil || second.running() == nil {
			t.Errorf("%s (%+v); the removed one runs: %v", row.State, row.Error, first.running() != nil)
		}
		if _, err := first.update(l.Context(), func(e *session.Entry) error { e.Paused = true; return nil }); err == nil {
			t.Error("who was removed has changed the entry of the other")
		}
		release, err := second.seize(l.Context())
		l.must(err)
		_, err = second.update(l.Context(), func(e *session.Entry) error {
			to := e.Place
			to.Dir = h.data("new")
			e.Move = &session.Move{To: to}
			return nil
		})
		l.must(err)
		l.must(first.goOnMoving())
		if row := h.row(d, p.id); row.Dir != h.data() {
			t.Errorf("who was removed has moved the files of the other to %s", row.Dir)
		}
		release()
		h.untilSo(d, p.id, "moved", func(t *record.Torrent) bool { return t.Dir == h.data("new") && t.State == record.StateStalled })
		_, err = d.Pause(l.Context(), p.id)
		l.must(err)
		first.poke()
		h.until(d, p.id, record.StatePaused)
		_, err = d.Start(l.Context(), p.id, false)
		l.must(err)
		first.poke()
		h.until(d, p.id, record.StateStalled) // it has its turn although the first has lost it
	})
}

// Who adds a torrent again while the removal of an earlier run is gone on with waits for
// its end, and has it anew.
func TestAddedAsARemovalGoesOn(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, _ := h.prepare()
		it := h.kept(d, p)
		_, err := it.update(l.Context(), func(e *session.Entry) error { e.Remove = record.RemoveData; return nil })
		l.must(err)
		it.mu.Lock() // which it needs for the last thing that it does
		removed := make(chan error)
		go func() { removed <- it.goOnRemoving() }()
		for d.parts.roster.find(it.id) != nil {
			runtime.Gosched()
		}
		now, cancel := context.WithCancel(l.Context())
		cancel()
		if free, err := d.parts.roster.claim(now, it.id); err == nil {
			free()
			t.Error("it could be added while it was being removed")
		}
		it.mu.Unlock()
		l.must(<-removed)
		row, existing, err := d.Add(l.Context(), record.Add{Raw: p.raw, Paused: true})
		if err != nil || existing || row.State != record.StatePaused {
			t.Errorf("added: %+v, there before: %v, %v", row, existing, err)
		}
		h.row(d, p.id)
	})
}
