package torrent

import (
	"errors"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

func TestStillness(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second))) }
	s := newStillness(0, 8*time.Second, time.Hour)
	if s.step != time.Second {
		t.Fatalf("with a limit of 8 s it looks every %v, want 1 s", s.step)
	}
	if other := newStillness(0, time.Hour); other.step != stillStep {
		t.Errorf("with a limit of an hour it looks every %v, want %v", other.step, stillStep)
	}
	for _, c := range []struct {
		now  float64
		want time.Duration
	}{{0, 0}, {1, 0}, {1.2, 0}, {2.2, 0}, {2.2, 0}, {3.7, 500 * time.Millisecond}, {63.7, 59 * time.Second}, {64, 0}} {
		if got := s.look(at(c.now)); got != c.want {
			t.Errorf("at %v s it stood still for %v, want %v", c.now, got, c.want)
		}
		if !s.next().Equal(at(c.now + 1)) {
			t.Errorf("at %v s the next look is at %v", c.now, s.next())
		}
	}
}

// Time in which nobody could do anything puts off each wait for others, and not
// the limit for the whole job.
func TestDeadlinesStandStill(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	const limit = 60 * time.Second
	for name, c := range map[string]struct {
		spec order
		met  bool
		want error
	}{
		"no peer":     {order{Spec: Spec{Limits: Limits{PeerTimeout: limit}}}, false, ErrNoPeers},
		"no byte":     {order{Spec: Spec{Limits: Limits{StallTimeout: limit}}}, true, ErrStalled},
		"no metadata": {order{Source: Source{Link: new(metainfo.Link)}, Lookup: Lookup{MetadataTimeout: limit}}, false, ErrNoMetadata},
	} {
		d := c.spec.deadlines(at(0))
		if c.met {
			d.connected(1, at(0))
		}
		if !d.waits(true) {
			t.Errorf("%s: no clock runs", name)
		}
		d.stood(1000 * time.Second)
		if err := d.expired(true, at(1059)); err != nil {
			t.Errorf("%s: after 59 s of our time: %v", name, err)
		}
		if err := d.expired(true, at(1060)); !errors.Is(err, c.want) || !d.next(true).Equal(at(1060)) {
			t.Errorf("%s: after 60 s of our time: %v, want %v", name, err, c.want)
		}
	}
	d := (&order{Spec: Spec{Limits: Limits{Timeout: limit}}}).deadlines(at(0))
	d.stood(1000 * time.Second)
	if err := d.expired(true, at(60)); !errors.Is(err, ErrTimeout) || d.waits(true) {
		t.Errorf("the whole job: %v, want %v", err, ErrTimeout)
	}
}

func TestSeedClockStandsStill(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	c := seedClock{idle: time.Minute}
	if c.stood(time.Hour); c.waits() {
		t.Error("a clock runs before the seeding has begun")
	}
	c.begin(0, at(0))
	c.stood(1000 * time.Second)
	if !c.waits() || c.look(0, at(1059)) || !c.look(0, at(1060)) {
		t.Error("an idle seed does not stay for a minute of its own time")
	}
}

// A process that was stopped for longer than its limits goes on to wait as if
// nothing had been.
func TestLimitsStandStill(t *testing.T) {
	const away = 10 * time.Minute
	payload := blastPayload(1 << 20)
	for name, c := range map[string]struct {
		spec  order
		story func(l *lab, m *metainfo.Torrent)
		want  error
		after time.Duration
	}{
		"nobody": {spec: order{Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}}, want: ErrNoPeers, after: away + time.Minute},
		"stalled": {spec: order{Spec: Spec{Limits: Limits{StallTimeout: time.Minute}}}, story: func(l *lab, m *metainfo.Torrent) {
			l.seed(m, payload, func(c *blastConfig) { c.UnchokeAfter = time.Hour })
		}, want: ErrStalled, after: away + time.Minute},
		"no metadata": {spec: order{Source: Source{Link: new(metainfo.Link)},
			Lookup: Lookup{MetadataTimeout: time.Minute}}, want: ErrNoMetadata, after: away + time.Minute},
		"the job": {spec: order{Spec: Spec{Limits: Limits{Timeout: time.Minute}}}, want: ErrTimeout, after: away + 20*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m := l.single(payload, 256<<10)
				if c.story != nil {
					c.story(l, m)
				}
				spec := c.spec
				if spec.Link == nil {
					spec.Meta = m
				} else {
					spec.Link = linkTo(m)
					spec.Link.Trackers = []string{l.tracker.URL}
				}
				start := time.Now()
				tor := l.add(l.client(Config{}), spec)
				time.Sleep(20 * time.Second)
				tor.core.post(func(time.Time) { time.Sleep(away) }) // the loop stands still
				<-tor.Done()
				if err := tor.Err(); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				// What passed since the last look before is given away, too.
				if d := time.Since(start) - c.after; d < -time.Minute/stillParts || d > time.Minute/stillParts {
					t.Errorf("ended after %v, want about %v", time.Since(start), c.after)
				}
			})
		})
	}
}
