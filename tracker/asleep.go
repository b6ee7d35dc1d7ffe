package tracker

import (
	"context"
	"sync"
	"time"
)

// Memory is what an Announcer knew of its trackers when it ended without a word: who
// has heard of the torrent, who works, who is to be left alone until when. An Announcer
// of the same torrent goes on with it (AnnouncerConfig.Memory), so that nobody is told
// anew what he knows. It belongs to whoever has it last: an Announcer takes it over.
type Memory struct{ m *machine }

// Due is when the next announce is; ok is false if there will be none.
func (m *Memory) Due() (at time.Time, ok bool) { return m.m.due() }

// partTime is how long Sleep waits for what SetList has begun.
const partTime = 2 * time.Second

// Sleep ends the Announcer as Stop does, but tells nobody: the trackers go on naming
// us. What is under way is given up; where the request has left us, the tracker counts
// as told. It waits for that, two seconds for trackers that are just told that we stop,
// and must not be called with Stop.
func (a *Announcer) Sleep() *Memory {
	a.once.Do(func() {
		a.end()
		a.mu.Lock()
		for _, f := range a.flights {
			f.cancel()
		}
		a.mu.Unlock()
		defer time.AfterFunc(partTime, a.cancel).Stop()
		a.partings.Wait()
		a.wg.Wait()
		a.cancel()
	})
	return &Memory{a.m}
}

// end ends the steps.
func (a *Announcer) end() {
	a.mu.Lock()
	a.stopped = true
	a.disarm()
	a.mu.Unlock()
	a.timed.Wait()
}

// Round makes the announces that are due, and those that follow from their failing, and
// returns when nothing more is due, or ctx has ended. It is for an Announcer that was
// not started: nothing of it goes on afterwards.
func (a *Announcer) Round(ctx context.Context) {
	stop := context.AfterFunc(ctx, a.cancel)
	defer stop()
	for ctx.Err() == nil {
		var round sync.WaitGroup
		a.mu.Lock()
		jobs := a.m.start(time.Now())
		for _, j := range jobs {
			f := a.launch(j, asleepRank)
			a.flights[j.entry] = f
			round.Go(func() { <-f.done })
		}
		a.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		round.Wait()
	}
}
