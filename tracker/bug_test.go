package tracker

import (
	"context"
	"testing"
	"testing/synctest"
)

// A panic in a goroutine of an Announcer is told, and the process goes on.
func TestAnnouncerBug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		told := make(chan any, 1)
		s.begin(AnnouncerConfig{
			Trackers: List{Tiers: [][]string{{s.tracker(1, "d8:intervali900e5:peers0:e")}}},
			Request:  func(Event) Request { panic("oops") },
			Bug:      func(v any) { told <- v },
		})
		if v := <-told; v != "oops" {
			t.Errorf("told of %v", v)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.a.Stop(ctx)
	})
}
