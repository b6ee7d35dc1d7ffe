package torrent

import (
	"errors"
	"testing"
	"time"

	"gotor/tracker"
	"gotor/tracker/dht"
)

var publicNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// It is decided as soon as it can be, and once.
func TestPublicityDecides(t *testing.T) {
	for name, c := range map[string]struct {
		known, hope bool
		after       time.Duration
		want        bool
	}{
		"known":           {known: true, hope: true, want: true},
		"no hope":         {want: true},
		"hope":            {hope: true},
		"hope, for long":  {hope: true, after: findTime - time.Nanosecond},
		"hope, too long":  {hope: true, after: findTime, want: true},
		"known after all": {known: true, after: findTime, want: true},
	} {
		p := publicity{findable: make(chan struct{}), outlook: func() (bool, bool) { return c.known, c.hope }}
		if p.step(publicNow); p.decided || !p.due().IsZero() {
			t.Errorf("%s: decided before it began", name)
		}
		p.begin(publicNow)
		for range 2 { // closing twice would panic
			p.step(publicNow.Add(c.after))
		}
		closed := false
		select {
		case <-p.findable:
			closed = true
		default:
		}
		if p.decided != c.want || closed != c.want || p.due().IsZero() != c.want {
			t.Errorf("%s: decided %v, told %v, looks again at %v", name, p.decided, closed, p.due())
		}
	}
}

// Who has known of us once has, whatever happens later; how many nodes of the DHT do
// now is for the last search to say that was not broken off.
func TestPublicityRemembers(t *testing.T) {
	p := publicity{}
	seen := func() (s Snapshot) { p.describe(&s, false); return s }
	if p.toldLocal(errNoMulticast); seen().Found || seen().LocalTold {
		t.Errorf("the local network cannot be told: %+v", seen())
	}
	p.toldDHT(dht.Result{Stored: 3})
	p.toldDHT(dht.Result{Err: dht.ErrCancelled})
	if s := seen(); s.DHT.Stored != 3 || !s.Found {
		t.Errorf("three nodes took it: %+v", s)
	}
	p.toldDHT(dht.Result{Err: errors.New("no answer")})
	if s := seen(); s.DHT.Stored != 0 || !s.Found {
		t.Errorf("none took it later: %+v", s)
	}
	q := publicity{}
	status := []tracker.Status{{}, {LastOK: true}}
	q.trackersSpoke(func() []tracker.Status { return status[:1] })
	if q.found {
		t.Error("a tracker that has not answered knows of us")
	}
	q.trackersSpoke(func() []tracker.Status { return status })
	q.trackersSpoke(func() []tracker.Status { t.Error("asked again"); return nil })
	if !q.found {
		t.Error("a tracker that has answered does not know of us")
	}
}

// When the DHT is asked again is for how much peers are needed, and for whether there
// was anybody to ask.
func TestDiscoveryPace(t *testing.T) {
	for name, c := range map[string]struct {
		need  need
		err   error
		fails int
		want  time.Duration // 0: not again
	}{
		"alone":               {want: dhtAlone},
		"few peers":           {need: need{peers: fewPeers - 1}, want: dhtHungry},
		"enough":              {need: need{peers: fewPeers}, want: dhtEvery},
		"a seed":              {need: need{stays: true, whole: true}, want: dhtEvery},
		"nobody to ask":       {err: dht.ErrNoNodes, want: dhtRetry},
		"nobody, three times": {err: dht.ErrNoNodes, fails: 2, want: 4 * dhtRetry},
		"nobody, for long":    {err: dht.ErrNoNodes, fails: 100, want: dhtHungry},
		"at the end":          {err: dht.ErrClosed},
	} {
		ended := 0
		d := discovery{core: &core{client: &Client{}}, may: sources{dht: true}, fails: c.fails, running: true,
			hooks: discoveryHooks{need: func() need { return c.need }, searched: func(dht.Result) { ended++ }}}
		d.ended(dht.Result{Err: c.err}, publicNow)
		want := time.Time{}
		if c.want > 0 {
			want = publicNow.Add(c.want)
		}
		if d.due() != want || ended != 1 || !d.searched {
			t.Errorf("%s: again at %v, want after %v", name, d.due(), c.want)
		}
		d.may = sources{}
		d.next = time.Time{}
		if d.ended(dht.Result{}, publicNow); !d.due().IsZero() {
			t.Errorf("%s: a private torrent is looked for again", name)
		}
	}
}
