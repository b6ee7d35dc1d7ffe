package tracker

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// swarm is an Announcer in a fake internet, and a log of what its trackers
// heard and it was handed: "12s tracker event".
type swarm struct {
	t     *testing.T
	n     *fakeNet
	c     *Client
	a     *Announcer
	start time.Time

	mu   sync.Mutex
	log  []string
	left int64
}

// newSwarm makes an internet; the test adds trackers, then calls begin.
func newSwarm(t *testing.T) *swarm {
	n := newFakeNet()
	return &swarm{t: t, n: n, c: newClient(t, n.config()), start: time.Now(), left: 100}
}

func (s *swarm) note(format string, a ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Since(s.start).Round(time.Second)
	s.log = append(s.log, fmt.Sprintf("%v %s", at, fmt.Sprintf(format, a...)))
}

// tracker serves answers at 192.0.2.N; the last one over and over. An empty
// answer never comes.
func (s *swarm) tracker(n int, answers ...string) string {
	host := fmt.Sprintf("192.0.2.%d", n)
	s.n.serve(s.t, host+":80", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		s.note("%d %s%s", n, q.Get("event"), q.Get("trackerid"))
		s.mu.Lock()
		answer := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		s.mu.Unlock()
		if answer == "" {
			<-r.Context().Done()
		}
		io.WriteString(w, answer)
	})
	return "http://" + host + "/announce"
}

func (s *swarm) begin(cfg AnnouncerConfig) {
	cfg.Client = s.c
	if cfg.Rand == nil {
		cfg.Rand = testRand(1)
	}
	if cfg.Request == nil {
		cfg.Request = func(Event) Request {
			s.mu.Lock()
			defer s.mu.Unlock()
			return Request{Left: s.left, Port: 6881}
		}
	}
	cfg.Peers = func(url string, peers []netip.AddrPort) { s.note("%d peers", len(peers)) }
	s.a = NewAnnouncer(cfg)
	s.a.Start()
}

// stop stops within 2 s and checks that it took this long.
func (s *swarm) stop(want time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second)
	defer cancel()
	start := time.Now()
	s.a.Stop(ctx)
	if took := time.Since(start); took != want {
		s.t.Errorf("Stop took %v, want %v", took, want)
	}
}

// want waits for what is going on and checks what was noted since the last
// time. Notes of one instant are sorted.
func (s *swarm) want(want ...string) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	got := s.log
	s.log = nil
	s.mu.Unlock()
	slices.SortStableFunc(got, func(a, b string) int {
		var x, y time.Duration
		var as, bs string
		fmt.Sscan(a, &as)
		fmt.Sscan(b, &bs)
		x, _ = time.ParseDuration(as)
		y, _ = time.ParseDuration(bs)
		if x != y {
			return int(x - y)
		}
		return 0
	})
	if d := cmp.Diff(want, got); d != "" {
		s.t.Error(d)
	}
}

// wantSorted is want for notes whose order is open.
func (s *swarm) wantSorted(want ...string) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	slices.Sort(s.log)
	s.mu.Unlock()
	s.want(want...)
}

func (s *swarm) states() (states []State) {
	for _, st := range s.a.Status() {
		states = append(states, st.State)
	}
	return states
}

const refused = "d14:failure reason2:noe"

func TestAnnouncer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		u := s.tracker(1, "d8:completei3e10:incompletei4e8:intervali600e12:min intervali120e5:peers6:\x01\x02\x03\x04\x00\x0510:tracker id1:Te")
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{u}}}})
		s.a.Start() // once is enough
		s.want("0s 1 started", "0s 1 peers")
		st := s.a.Status()[0]
		want := Status{URL: u, State: StateOK, LastOK: true, Reached: true, Peers: 1, Seeders: 3, Leechers: 4, Last: s.start, Next: s.start.Add(10 * time.Minute)}
		if d := cmp.Diff(want, st, cmpAddrs); d != "" {
			t.Error(d)
		}
		time.Sleep(10 * time.Minute)
		s.want("10m0s 1 T", "10m0s 1 peers")
		s.a.Want()
		time.Sleep(5 * time.Minute)
		s.want("12m0s 1 T", "12m0s 1 peers")
		s.mu.Lock()
		s.left = 0
		s.mu.Unlock()
		s.a.Completed()
		s.a.Completed()
		s.want("15m0s 1 completedT", "15m0s 1 peers")
		s.stop(0)
		s.want("15m0s 1 stoppedT")
		s.stop(0)
		s.a.Want()
		s.a.Completed()
		s.a.Start()
		s.want()
	})
}

// All trackers of a flat list are asked at once, and nobody waits for one.
func TestFlatInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		tiers := [][]string{{s.tracker(1, "")}, {s.tracker(2, peersBody("1.2.3.4:5", "1.2.3.4:6"))}, {s.tracker(3, refused)}, {"http://192.0.2.4/nobody"}, {"ftp://x/"}}
		s.begin(AnnouncerConfig{Trackers: List{Tiers: tiers}})
		s.wantSorted("0s 1 started", "0s 2 peers", "0s 2 started", "0s 3 started")
		if d := cmp.Diff([]State{StateAnnouncing, StateOK, StateFailed, StateFailed, StateFailed}, s.states()); d != "" {
			t.Error(d)
		}
		var errs []string
		var reached []bool
		for _, st := range s.a.Status()[2:] {
			errs, reached = append(errs, st.Err), append(reached, st.Reached)
		}
		if d := cmp.Diff([]bool{true, false, false}, reached); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{`tracker refuses: "no"`, "dial tcp: connection refused", `unusable tracker URL: scheme "ftp", want http, https or udp`}, errs); d != "" {
			t.Error(d)
		}
		s.stop(2 * time.Second) // 1 has been sent started, and may answer
		s.want("0s 2 stopped", "1s 1 stopped")
	})
}

// Whoever wants to know is told of each announce, the last one too.
func TestAnnouncerTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		var mu sync.Mutex
		var told []Announce
		u := s.tracker(1, refused, peersBody("1.2.3.4:5", "1.2.3.4:6"))
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{u}}}, Trace: func(a Announce) {
			mu.Lock()
			told = append(told, a)
			mu.Unlock()
		}})
		time.Sleep(time.Minute)
		s.stop(0)
		want := []Announce{
			{URL: u, Event: EventStarted}, {URL: u, Event: EventStarted, Ended: true, Err: `tracker refuses: "no"`},
			{URL: u, Event: EventStarted}, {URL: u, Event: EventStarted, Ended: true, Peers: 2},
			{URL: u, Event: EventStopped}, {URL: u, Event: EventStopped, Ended: true, Peers: 2},
		}
		if d := cmp.Diff(want, told); d != "" {
			t.Error(d)
		}
	})
}

func TestSecondTier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		tiers := [][]string{{s.tracker(1, ""), s.tracker(2, "")}, {s.tracker(3, peersBody("1.2.3.4:5"))}}
		s.begin(AnnouncerConfig{Trackers: List{Tiers: tiers}, Rand: testRand(3)})
		time.Sleep(30 * time.Second)
		synctest.Wait()
		s.mu.Lock()
		if s.log[0] > s.log[1] { // the shuffle decides
			s.log[0], s.log[1] = "0s 1 started", "8s 2 started"
		}
		s.mu.Unlock()
		s.want("0s 1 started", "8s 2 started", "16s 3 started", "16s 1 peers")
		if d := cmp.Diff([]State{StateFailed, StateFailed, StateOK}, s.states()); d != "" {
			t.Error(d)
		}
		s.stop(0)
		s.want("30s 3 stopped")
	})
}

// A silent UDP tracker does not keep us from the next tier for long.
func TestSilentUDPInFirstTier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		udp := &udpTracker{lost: func(int) bool { return true }}
		udp.at(s.n, "192.0.2.9:80")
		tiers := [][]string{{"udp://192.0.2.9:80"}, {s.tracker(1, peersBody("1.2.3.4:5")), s.tracker(2, "")}}
		s.begin(AnnouncerConfig{Trackers: List{Tiers: tiers, Private: true}, Rand: testRand(3)})
		time.Sleep(turnTimeout + turnTimeout + time.Second)
		synctest.Wait()
		s.mu.Lock()
		last := s.log[len(s.log)-1]
		s.mu.Unlock()
		if last != "8s 1 peers" && last != "16s 1 peers" { // the shuffle decides
			t.Errorf("heard %q", s.log)
		}
		s.stop(0)
	})
}

// "each peer MUST use only one tracker at a time" (BEP 27).
func TestPrivate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, refused, peersBody())}, {s.tracker(2, peersBody())}}, Private: true}})
		s.want("0s 1 started", "0s 2 started")
		time.Sleep(30 * time.Minute)
		s.want("30m0s 1 started")
		s.stop(0)
		s.wantSorted("30m0s 1 stopped", "30m0s 2 stopped")
	})
}

func TestAnnouncerBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, refused, refused, "nonsense", peersBody("1.2.3.4:5"))}}}})
		var waits []time.Duration
		for last := s.start; len(waits) < 3; {
			synctest.Wait()
			next := s.a.Status()[0].Next
			waits = append(waits, next.Sub(last))
			last = next
			time.Sleep(time.Until(next))
		}
		for i, w := range waits {
			if base := backoffFirst << i; w < base*3/4 || w > base*5/4 {
				t.Errorf("failure %d: waited %v", i+1, w)
			}
		}
		synctest.Wait()
		if got := len(s.log); got != 5 || s.states()[0] != StateOK {
			t.Errorf("%v %v", s.log, s.states())
		}
		s.stop(0)
	})
}

func TestRetryIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, "d14:failure reason2:no8:retry ini7ee", "d14:failure reason2:no8:retry in5:nevere")}}}})
		time.Sleep(240 * time.Hour)
		s.want("0s 1 started", "7m0s 1 started")
		s.stop(0)
		s.want()
	})
}

// A tracker that does not answer the last word costs the bound, no more; the
// others hear it.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, peersBody(), "")}, {s.tracker(2, peersBody())}}}})
		s.wantSorted("0s 1 started", "0s 2 started")
		s.a.Completed()
		s.wantSorted("0s 1 completed", "0s 2 completed")
		s.stop(2 * time.Second)
		s.want("0s 2 stopped", "1s 1 stopped") // 1 had not answered
	})
}

// A tracker that needs as long for each answer as there is at the end hears
// completed once, and stopped.
func TestSlowTrackerHearsTheEnd(t *testing.T) {
	for _, test := range []struct {
		name  string
		delay time.Duration
		run   time.Duration // between the start and completed
		stop  time.Duration // that Stop takes
		want  []string
	}{
		{"fast", 20 * time.Millisecond, time.Minute, 40 * time.Millisecond, []string{"started", "completed", "stopped"}},
		{"slow", 2 * time.Second, time.Minute, 2 * time.Second, []string{"started", "completed", "stopped"}},
		{"very slow", 9 * time.Second, time.Minute, 2 * time.Second, []string{"started", "completed", "stopped"}},
		{"done while started is on its way", 500 * time.Millisecond, time.Second / 10, 1400 * time.Millisecond, []string{"started", "completed", "stopped"}},
		{"done long before started is answered", 9 * time.Second, 0, 2 * time.Second, []string{"started", "completed", "stopped"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSwarm(t)
				var events []string
				s.n.serve(t, "192.0.2.1:80", func(w http.ResponseWriter, r *http.Request) {
					s.mu.Lock()
					events = append(events, r.URL.Query().Get("event"))
					s.mu.Unlock()
					select {
					case <-time.After(test.delay):
					case <-r.Context().Done():
					}
					io.WriteString(w, peersBody("1.2.3.4:5"))
				})
				s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{"http://192.0.2.1/announce"}}}})
				synctest.Wait()
				time.Sleep(test.run)
				s.a.Completed()
				synctest.Wait()
				s.stop(test.stop)
				s.mu.Lock()
				defer s.mu.Unlock()
				if d := cmp.Diff(test.want, events); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

// A regular announce on its way is given up at once.
func TestStopInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, peersBody(), "", peersBody())}}}})
		time.Sleep(30*time.Minute + 5*time.Second)
		s.want("0s 1 started", "30m0s 1 ")
		s.stop(0)
		s.want("30m5s 1 stopped")
	})
}

// What had no time to be said by then is said at the end, in this order.
func TestCompletedThenStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, peersBody())}}}})
		s.want("0s 1 started")
		time.Sleep(time.Second)
		s.a.Completed()
		s.stop(0)
		synctest.Wait()
		if got := s.log[len(s.log)-2:]; got[0] != "1s 1 completed" || got[1] != "1s 1 stopped" {
			t.Error(s.log)
		}
	})
}

func TestStopBeforeAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		udp := &udpTracker{lost: func(int) bool { return true }}
		udp.at(s.n, "192.0.2.2:80")
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, "")}, {"udp://192.0.2.2:80"}}}})
		s.want("0s 1 started")
		s.stop(2 * time.Second) // the UDP tracker was not even connected to
		s.want("1s 1 stopped")
		for _, action := range udp.seen() {
			if action != actConnect {
				t.Errorf("the silent tracker was sent action %d", action)
			}
		}
	})
}

func TestStopWithoutStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		a := NewAnnouncer(AnnouncerConfig{Client: s.c, Trackers: List{Tiers: [][]string{{s.tracker(1, "")}}}})
		a.Stop(t.Context())
		a.Start()
		s.want()
		none := NewAnnouncer(AnnouncerConfig{Client: s.c})
		none.Start()
		synctest.Wait()
		none.Stop(t.Context())
	})
}

// "No completed is sent if the file was complete when started" (BEP 3).
func TestCompleteFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Complete: true, Trackers: List{Tiers: [][]string{{s.tracker(1, peersBody())}}}})
		s.want("0s 1 started")
		s.a.Completed()
		s.want()
		s.stop(0)
		s.want("0s 1 stopped")
	})
}

// A partial seed says so in every regular announce (BEP 21).
func TestPartialSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{
			Trackers: List{Tiers: [][]string{{s.tracker(1, peersBody())}}},
			Request:  func(e Event) Request { return Request{Event: EventPaused} },
		})
		time.Sleep(31 * time.Minute)
		s.want("0s 1 started", "30m0s 1 paused")
		s.stop(0)
		s.want("31m0s 1 stopped")
	})
}

// A UDP tracker that does not answer has failed after a minute.
func TestSilentUDP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		udp := &udpTracker{lost: func(int) bool { return true }}
		udp.at(s.n, "192.0.2.1:80")
		var changes atomic.Int32
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{"udp://192.0.2.1:80"}}}, Changed: func() { changes.Add(1) }})
		time.Sleep(time.Minute)
		synctest.Wait()
		if d := cmp.Diff([]State{StateFailed}, s.states()); d != "" || changes.Load() != 2 || len(udp.seen()) != 3 {
			t.Errorf("%d changes, %d packets: %s", changes.Load(), len(udp.seen()), d)
		}
		s.stop(0)
	})
}

// The peers of one family are not held up by the other.
func TestPeersOfTheFirstFamily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.n.names["tracker.example"] = addrs("192.0.2.1", "2001:db8::1")
		s.n.hole("[2001:db8::1]:80")
		s.tracker(1, peersBody("1.2.3.4:5"))
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{"http://tracker.example/announce"}}}})
		s.want("0s 1 started", "0s 1 peers")
		if d := cmp.Diff([]State{StateAnnouncing}, s.states()); d != "" {
			t.Error(d)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if d := cmp.Diff([]State{StateOK}, s.states()); d != "" {
			t.Error(d)
		}
		s.stop(100 * time.Millisecond)
	})
}
