package torrent

import (
	"errors"
	"testing"
	"time"
)

// deadlines are the limits of an order, which is begun at once unless it is a link.
func (o *order) deadlines(now time.Time) deadlines {
	d := newDeadlines(&o.Lookup, now)
	if o.Link == nil {
		d.found()
		d.limit(&o.Limits, now)
	}
	return d
}

func TestDeadlines(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	spec := &order{Spec: Spec{Limits: Limits{Timeout: 1000 * time.Second, StallTimeout: 100 * time.Second, PeerTimeout: 50 * time.Second}}}
	type step struct {
		now       int
		event     string // peers, lost, byte, begin
		waiting   bool
		want      error
		wantAfter int // next clock; 0: not checked
	}
	for name, steps := range map[string][]step{
		"nobody comes":             {{now: 0, waiting: true, wantAfter: 50}, {now: 49, waiting: true}, {now: 50, waiting: true, want: ErrNoPeers}},
		"checking takes long":      {{now: 500, waiting: false, wantAfter: 1000}, {now: 500, event: "begin", waiting: true, wantAfter: 550}},
		"a peer gives nothing":     {{now: 10, event: "peers", waiting: true, wantAfter: 110}, {now: 110, waiting: true, want: ErrStalled}},
		"bytes keep it alive":      {{now: 10, event: "peers", waiting: true}, {now: 100, event: "byte", waiting: true, wantAfter: 200}, {now: 199, waiting: true}, {now: 200, waiting: true, want: ErrStalled}},
		"the last peer goes":       {{now: 10, event: "peers", waiting: true}, {now: 50, event: "lost", waiting: true, wantAfter: 100}, {now: 100, waiting: true, want: ErrNoPeers}},
		"peers come and go":        {{now: 10, event: "peers", waiting: true}, {now: 40, event: "lost", waiting: true}, {now: 80, event: "peers", waiting: true, wantAfter: 110}, {now: 110, waiting: true, want: ErrStalled}},
		"the whole job":            {{now: 999, waiting: false}, {now: 1000, waiting: false, want: ErrTimeout}},
		"job wins over no peers":   {{now: 960, event: "begin", waiting: true, wantAfter: 1000}, {now: 1100, waiting: true, want: ErrTimeout}},
		"a peer restarts the wait": {{now: 49, event: "peers", waiting: true}, {now: 60, event: "lost", waiting: true}, {now: 109, waiting: true}, {now: 110, waiting: true, want: ErrNoPeers}},
		"stall limit, nobody came": {{now: 99, waiting: true, event: "begin"}, {now: 140, waiting: true}, {now: 149, waiting: true, want: ErrNoPeers}},
	} {
		t.Run(name, func(t *testing.T) {
			d := spec.deadlines(at(0))
			for _, s := range steps {
				switch s.event {
				case "peers":
					d.connected(1, at(s.now))
				case "lost":
					d.connected(0, at(s.now))
				case "byte":
					d.verified(at(s.now))
				case "begin":
					d.begin(at(s.now))
				}
				if err := d.expired(s.waiting, at(s.now)); !errors.Is(err, s.want) {
					t.Fatalf("at %d s: %v, want %v", s.now, err, s.want)
				}
				if s.wantAfter != 0 && !d.next(s.waiting).Equal(at(s.wantAfter)) {
					t.Fatalf("at %d s the next clock strikes at %v, want %d s", s.now, d.next(s.waiting).Unix(), s.wantAfter)
				}
			}
		})
	}
	var none deadlines
	if none.expired(true, at(1e9)) != nil || !none.next(true).IsZero() {
		t.Error("no limits, but a clock runs")
	}
}
