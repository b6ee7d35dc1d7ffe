package tracker

import (
	"context"
	"sync"
	"time"
)

// Stop tells the trackers that know us, or that may know us by an announce
// still unanswered, that we stop, and before that that we completed, if they
// have not heard it. Trackers are told in parallel. It waits for everything to
// end; what ctx cuts short is not said.
//
// One tracker hears one thing after the other, but none is waited for at the
// cost of the next: what is not the last word gets half of the time that is
// left, so that stopped is sent even to a tracker that takes longer for each
// answer than there is time.
func (a *Announcer) Stop(ctx context.Context) {
	a.once.Do(func() {
		a.end()
		ctx, cancel := context.WithTimeout(ctx, announceTimeout)
		defer cancel()
		context.AfterFunc(ctx, a.cancel)
		a.part(ctx)
		a.cancel()
		a.wg.Wait()
	})
}

// part says farewell to all trackers.
func (a *Announcer) part(ctx context.Context) {
	var wg sync.WaitGroup
	for _, e := range a.m.order {
		wg.Go(a.guarded(func() { a.leave(ctx, e) }))
	}
	wg.Wait()
	a.partings.Wait()
}

// partingTimeout is how long a farewell to one tracker takes at most while the others go
// on.
const partingTimeout = 10 * time.Second

// partFrom begins to say farewell to trackers that are not of the list any more. It is
// called under a.mu, or before anybody else knows a.
func (a *Announcer) partFrom(gone []*entry) {
	for _, e := range gone {
		a.partings.Go(a.guarded(func() {
			ctx, cancel := context.WithTimeout(a.ctx, partingTimeout)
			defer cancel()
			a.leave(ctx, e)
		}))
	}
}

// leave says farewell to one tracker, after what is under way to it.
func (a *Announcer) leave(ctx context.Context, e *entry) {
	a.mu.Lock()
	f := a.flights[e]
	if f != nil && !f.worthwhile() {
		f.cancel()
	}
	a.mu.Unlock()
	if f != nil {
		a.await(ctx, f)
	}
	a.mu.Lock()
	jobs := a.m.farewell(e)
	a.mu.Unlock()
	for i, j := range jobs {
		a.mu.Lock()
		f := a.launch(j, byeRank)
		a.mu.Unlock()
		if i < len(jobs)-1 {
			a.await(ctx, f)
		} else {
			<-f.done
		}
	}
}

// worthwhile reports whether an announce in progress is waited for when we stop:
// it tells an event, and is not one that nobody may ever take, as the first
// to a tracker that cannot be connected to.
func (f *flight) worthwhile() bool {
	return f.event == EventCompleted || f.event == EventStarted && f.sent
}

// await waits for an announce for half of the time that is left. If it has not
// ended by then it goes on, and the tracker counts as told.
func (a *Announcer) await(ctx context.Context, f *flight) {
	deadline, _ := ctx.Deadline()
	timer := time.NewTimer(time.Until(deadline) / 2)
	defer timer.Stop()
	select {
	case <-f.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.flights[f.entry] != f {
		return // it has just ended, or was itself a farewell
	}
	if !f.sent {
		f.cancel()
	}
	a.land(f, Response{}, errSilent, true)
}
