package daemon

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// However long a disk has been full already, each look whether there is room again is
// followed by a pause.
func TestRetryPauses(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		it := h.kept(d, p)
		e, _ := it.entry()
		full := *e
		full.Paused = false
		full.Failed = &session.Failure{Code: record.Reason(record.ExitNoSpace), Since: time.Now().Add(-24 * time.Hour)}
		for range 20 {
			if !it.mayTry(&full, time.Now()) {
				t.Fatal("it is not to be tried again although its pause is over")
			}
			it.retry()
			if it.mayTry(&full, time.Now()) {
				t.Fatal("it is to be tried again at once")
			}
			if at := it.next(&full, time.Now()); at.IsZero() || time.Until(at) > tryLast {
				t.Fatalf("the next try is at %v", at)
			}
			time.Sleep(tryLast)
		}
	})
}

// A change that the session has begun is shown and followed, though who asked for it
// has gone.
func TestGoneWhileCommitting(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		it := h.kept(d, p)
		ctx, cancel := context.WithCancel(l.Context())
		_, err := it.update(ctx, func(e *session.Entry) error {
			cancel()
			for range 100 { // whoever waits for ctx as well goes now
				time.Sleep(time.Millisecond)
			}
			e.Title = "a film"
			return nil
		})
		if err != nil {
			t.Errorf("a change that was carried out is reported as %v", err)
		}
		if _, err := it.update(ctx, func(*session.Entry) error { return nil }); err == nil {
			t.Error("a change is begun for who has gone")
		}
	})
}

// Adding again hangs no more trackers on a torrent than one request may.
func TestMergeBounded(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		add := func(from int) error {
			a := record.Add{Raw: p.raw, Paused: true, MergeTrackers: true}
			for i := range maxTrackers {
				a.Trackers = append(a.Trackers, fmt.Sprintf("http://127.0.0.1:%d/announce", from+i))
			}
			_, _, err := d.Add(l.Context(), a)
			return err
		}
		l.must(add(1000))
		l.must(add(1000)) // the same
		wantCode(t, add(2000), record.CodeInvalid)
	})
}

// A ratio below 0 is refused, also one that is near it.
func TestNegativeRatio(t *testing.T) {
	u, err := newRules(record.Settings{}, roots{}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, ratio := range []float64{-2, -0.5} {
		_, _, err := u.patched(record.SettingsPatch{Seed: record.Some(record.SeedPatch{Ratio: record.Some(ratio)})}, 0)
		wantCode(t, err, record.CodeInvalid)
	}
	if _, _, err := u.patched(record.SettingsPatch{Seed: record.Some(record.SeedPatch{Ratio: record.Some(0.5)})}, 0); err != nil {
		t.Error(err)
	}
}
