package peer

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gotor/piece"
)

// line is a remote that delivers rate bytes a second and answers after delay.
// Time is simulated; there is no goroutine.
type line struct {
	p     pipeline
	now   time.Time
	rate  float64
	delay time.Duration
	due   []time.Time // when each outstanding block will have arrived
	free  time.Time   // when the line is free
	got   int
}

func newLine(rate float64, delay time.Duration, reqq int) *line {
	l := &line{p: newPipeline(), now: time.Unix(1000, 0), rate: rate, delay: delay}
	l.p.setLimit(reqq)
	l.free = l.now
	return l
}

// ask fills the pipeline from an endless supply.
func (l *line) ask(t interface{ Fatalf(string, ...any) }) {
	if !l.p.low() {
		return
	}
	n := l.p.want(l.now, len(l.due))
	if total := n + len(l.due); n > 0 && total > max(l.p.limit, 1) {
		t.Fatalf("%d outstanding, the limit is %d", total, l.p.limit)
	}
	l.p.sent(l.now, n, false)
	for range n {
		start := l.now.Add(l.delay)
		if l.free.After(start) {
			start = l.free
		}
		l.free = start.Add(time.Duration(piece.BlockSize / l.rate * float64(time.Second)))
		l.due = append(l.due, l.free)
	}
}

// run lets d pass, with every block accounted when it arrives.
func (l *line) run(t interface{ Fatalf(string, ...any) }, d time.Duration) {
	end := l.now.Add(d)
	for {
		l.ask(t)
		if len(l.due) == 0 {
			t.Fatalf("nothing outstanding, depth %d", l.p.depth)
		}
		if l.due[0].After(end) {
			l.now = end
			return
		}
		l.now = l.due[0]
		l.due = l.due[1:]
		l.got += piece.BlockSize
		l.p.received(l.now, 1, piece.BlockSize)
	}
}

// However fast and far the remote is, once the pipeline has adapted it is kept
// busy as far as its reqq allows, and a slow one does not hoard.
func TestPipelineProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := float64(rapid.IntRange(2_000, 200_000_000).Draw(t, "rate"))
		delay := time.Duration(rapid.IntRange(0, 500).Draw(t, "delay")) * time.Millisecond
		reqq := rapid.IntRange(1, 3000).Draw(t, "reqq")
		l := newLine(rate, delay, reqq)
		l.run(t, 30*time.Second+time.Duration(200*piece.BlockSize/rate*1e9))
		start, got := l.now, l.got
		l.run(t, 20*time.Second+time.Duration(200*piece.BlockSize/rate*1e9))
		measured := float64(l.got-got) / l.now.Sub(start).Seconds()

		block := piece.BlockSize / rate
		possible := min(rate, float64(l.p.limit)*piece.BlockSize/(delay.Seconds()+block)/2)
		if measured < 0.85*possible {
			t.Errorf("%.0f bytes/s of %.0f, depth %d", measured, possible, l.p.depth)
		}
		if hoard := float64(len(l.due)) * piece.BlockSize / rate; hoard > 2*(workTarget+2*delay).Seconds()+4*block {
			t.Errorf("%d blocks outstanding, %.1f s of work, delay %v", len(l.due), hoard, delay)
		}
		if l.p.depth < 1 || l.p.depth > min(reqq, maxDepth) {
			t.Errorf("depth %d, reqq %d", l.p.depth, reqq)
		}
	})
}

// A fast peer far away is at full speed after a few round trips.
func TestPipelineRamp(t *testing.T) {
	l := newLine(100e6, 100*time.Millisecond, 2000) // 610 blocks in flight
	l.run(t, time.Second)
	if l.p.depth < 610 {
		t.Errorf("depth %d after ten round trips", l.p.depth)
	}
}

// A seeder next door is not asked for more than keeps it busy.
func TestPipelineLoopback(t *testing.T) {
	l := newLine(1e9, 20*time.Microsecond, 2000)
	l.run(t, time.Second)
	if l.p.depth > comfortDepth+minDepth {
		t.Errorf("depth %d", l.p.depth)
	}
	if l.got < 990_000_000 {
		t.Errorf("%d bytes in a second of 1e9", l.got)
	}
}

func TestPipelineFollowsChanges(t *testing.T) {
	l := newLine(10e6, 50*time.Millisecond, 2000)
	l.run(t, 10*time.Second)
	fast := l.p.depth
	l.rate = 100e3
	l.run(t, 60*time.Second)
	slow := l.p.depth
	l.rate = 10e6
	l.run(t, 20*time.Second)
	if slow > 20 || l.p.depth < fast/2 {
		t.Errorf("depth %d, then %d at a hundredth of the rate, then %d", fast, slow, l.p.depth)
	}
}

// A pause because there was nothing to ask for says nothing about the remote.
func TestPipelineDryIsNotSlow(t *testing.T) {
	l := newLine(10e6, 50*time.Millisecond, 2000)
	l.run(t, 10*time.Second)
	rate := l.p.rate
	for range 10 {
		l.due = nil
		l.p.dropped()
		l.now = l.now.Add(10 * time.Second)
		l.p.want(l.now, 0)
		l.p.sent(l.now, 1, true)
		l.now = l.now.Add(60 * time.Millisecond)
		l.p.received(l.now, 1, piece.BlockSize)
	}
	if l.p.rate < rate*0.9 {
		t.Errorf("rate fell from %.0f to %.0f", rate, l.p.rate)
	}
}

func TestPipelineLow(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPipeline()
	if !p.low() {
		t.Error("an empty pipeline is not low")
	}
	p.sent(now, p.want(now, 0), false)
	if p.low() || p.left != startDepth {
		t.Errorf("low with %d outstanding", p.left)
	}
	p.received(now, startDepth/2-1, 1)
	if p.low() {
		t.Error("low above half")
	}
	p.received(now, 1, 1)
	if !p.low() {
		t.Error("not low at half")
	}
	p.sent(now, 3, true) // and there was no more
	p.received(now, 10, 1)
	if p.low() {
		t.Error("asks again though there was nothing to pick")
	}
	p.received(now, 1000, 1)
	if !p.low() {
		t.Error("does not ask again with nothing outstanding")
	}
}

func TestPipelineSnub(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPipeline()
	if !p.snubAt().IsZero() {
		t.Error("a peer that owes nothing can be snubbed")
	}
	p.want(now, 0)
	p.sent(now, 10, false)
	if at := p.snubAt(); at != now.Add(snubUnknown) {
		t.Errorf("snub after %v", at.Sub(now))
	}
	now = now.Add(snubUnknown)
	p.snub(now)
	if p.depth != 1 || p.want(now, 10) != 0 || p.probe {
		t.Errorf("depth %d, wants %d", p.depth, p.want(now, 10))
	}
	if at := p.snubAt(); at != now.Add(snubAgain) {
		t.Errorf("looked at again after %v", at.Sub(now))
	}
	now = now.Add(snubAgain)
	p.snub(now)
	if !p.low() || p.want(now, 10) != 1 || p.low() {
		t.Error("no probe, or more than one")
	}
	if !p.received(now, 1, piece.BlockSize) || p.snubbed || p.received(now, 1, 1) {
		t.Error("a block does not end the snub, or does so twice")
	}
}

// patience follows what is expected of the peer, within bounds.
func TestPipelinePatience(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		delay time.Duration
		want  time.Duration
	}{
		{1e6, 10 * time.Millisecond, snubMin},
		{piece.BlockSize / 8., 0, 32 * time.Second},
		{100, time.Second, snubMax},
	} {
		p := newPipeline()
		p.rate, p.delay = c.rate, c.delay
		if got := p.patience(); got != c.want {
			t.Errorf("rate %.0f, delay %v: %v, want %v", c.rate, c.delay, got, c.want)
		}
	}
}

func TestPipelineHold(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPipeline()
	last := time.Duration(0)
	for range 20 {
		for range rejectRun {
			p.want(now, 0)
			p.sent(now, 1, false)
			p.rejected(now, 1)
		}
		hold := p.heldUntil(now).Sub(now)
		if hold < last || hold > holdMax || p.want(now, 0) != 0 {
			t.Fatalf("held for %v after %v", hold, last)
		}
		last = hold
		now = now.Add(hold)
		if p.want(now, 0) == 0 {
			t.Fatal("held for ever")
		}
	}
	if last != holdMax {
		t.Errorf("held for %v in the end", last)
	}
	p.rejected(now, rejectRun)
	p.unchoked(now)
	if p.want(now, 0) == 0 {
		t.Error("held after an unchoke")
	}
}

// A full queue that is rejected at once is one pause, as short as the first: a seed
// that looks at its data anew will soon answer.
func TestPipelineRejectedVolley(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPipeline()
	const volley = 8 * rejectRun
	for i, want := range []time.Duration{holdMin, 2 * holdMin, 4 * holdMin} {
		p.sent(now, volley, false)
		for range volley {
			p.rejected(now, 1)
		}
		if hold := p.heldUntil(now).Sub(now); hold != want {
			t.Fatalf("volley %d: held for %v, want %v", i, hold, want)
		}
		now = now.Add(want)
	}
	p.received(now, 1, piece.BlockSize)
	p.sent(now, volley, false)
	p.rejected(now, volley)
	if hold := p.heldUntil(now).Sub(now); hold != holdMin {
		t.Errorf("after a block: held for %v", hold)
	}
}

// One that chokes instead of delivering is asked less and less often, until it
// delivers. One that chokes when it owes nothing is not.
func TestPipelineBrokenPromises(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPipeline()
	toggle := func(owes int) {
		p.sent(now, owes, false)
		p.choked()
		p.dropped()
		p.unchoked(now)
	}
	for range 100 {
		toggle(0)
	}
	if p.want(now, 0) == 0 {
		t.Error("held although nothing was owed")
	}
	for range rejectRun - 1 {
		toggle(1)
	}
	if p.want(now, 0) == 0 {
		t.Error("held too soon")
	}
	last := time.Duration(0)
	for range 200 {
		toggle(1)
		hold := p.heldUntil(now).Sub(now)
		if hold < holdMin || hold < last || hold > holdMax {
			t.Fatalf("held for %v after %v", hold, last)
		}
		last = hold
	}
	if last != holdMax {
		t.Errorf("held for %v in the end", last)
	}
	p.received(now, 1, piece.BlockSize)
	toggle(0)
	if p.want(now, 0) == 0 {
		t.Error("held although it delivered")
	}
}

// How long a remote has owed blocks grows until it sends one, also while it is
// asked for one more now and then.
func TestPipelineOwing(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	p := newPipeline()
	check := func(now, want int) {
		t.Helper()
		if got := p.owing(at(now)); got != time.Duration(want)*time.Second {
			t.Errorf("at %d s it has owed for %v, want %d s", now, got, want)
		}
	}
	check(100, 0)
	p.sent(at(100), 4, false)
	check(101, 1)
	p.received(at(102), 1, piece.BlockSize)
	check(110, 8)
	p.snub(at(130))
	p.settle(3) // others brought them
	p.snub(at(190))
	p.want(at(190), 0)
	p.sent(at(190), 1, false)
	check(200, 98)
	p.received(at(201), 1, piece.BlockSize)
	check(300, 0)
}

// A remote that looks at its queue twice a second, and gives all that is in it
// then, is asked for as much as it queues.
func TestPipelinePulses(t *testing.T) {
	const pulse, reqq, rate = 500 * time.Millisecond, 512, 100e6
	l := newLine(rate, time.Millisecond, reqq)
	l.p.measureDelay(time.Millisecond) // it was asked right before it looked
	given := 0
	for look := range 40 {
		l.ask(t)
		l.now = l.now.Add(pulse)
		queue := len(l.due)
		if look >= 20 {
			given += queue
		}
		for queue > 0 {
			n := min(queue, 40) // come with one read
			l.now = l.now.Add(time.Duration(n*piece.BlockSize*1e9) / rate)
			l.due, queue = l.due[n:], queue-n
			l.p.received(l.now, n, n*piece.BlockSize)
			l.ask(t) // waits for the next pulse
		}
	}
	if given/20 < reqq*8/10 {
		t.Errorf("%d blocks are asked for when it looks, and it would queue %d", given/20, reqq)
	}
}
