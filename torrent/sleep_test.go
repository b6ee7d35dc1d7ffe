package torrent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/tracker"
)

// attic is an Archive in memory.
type attic struct {
	mu    sync.Mutex
	all   map[[20]byte][]byte
	saves int
}

func (s *attic) Load(h [20]byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[h]
}

func (s *attic) Save(h [20]byte, record []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[[20]byte][]byte)
	}
	s.all[h] = record
	s.saves++
	return nil
}

// saved is how often something was saved.
func (s *attic) saved() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saves
}

// heardOf are the events that the tracker has been told, in order.
func (l *lab) heardOf() (events []string) {
	for _, e := range l.tracker.Events() {
		events = append(events, fmt.Sprintf("%s left %d up %d", e.Event, e.Left, e.Uploaded))
	}
	return events
}

// A seed goes to sleep, is announced meanwhile, wakes when a peer comes, and at last
// goes: the tracker hears of one seed that starts once, goes on, and stops once.
func TestSleep(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		spec := l.seedSpec(payload)
		var seeder *Client
		var awake *Torrent
		woken, hashed := 0, int64(0)
		keeps := new(attic)
		seeder = l.client(Config{Archive: keeps, Wake: func(h [20]byte) *Torrent {
			if h != spec.Meta.InfoHash {
				return nil
			}
			woken++
			var err error
			if awake, err = spec.begin(seeder); err != nil {
				t.Error(err)
			}
			return awake
		}})
		awake = l.mustGet(seeder, spec)
		<-awake.Findable()
		sleep := func() {
			awake.Sleep()
			<-awake.Stopped()
			hashed += awake.Snapshot().ToCheck
			if err := awake.Err(); err != nil || awake.Snapshot().State != StateSeeding {
				t.Errorf("asleep it is %s, %v", awake.Snapshot().State, err)
			}
		}
		sleep()
		a := Asleep{InfoHash: spec.Meta.InfoHash, Trackers: spec.Meta.Trackers, Local: true, Uploaded: 5, DHT: true}
		heard, err := seeder.AnnounceAsleep(l.Context(), a)
		if err != nil || heard.Next <= 29*time.Minute {
			t.Errorf("before it is due: %v, next in %v", err, heard.Next)
		}

		leech := l.client(Config{})
		l.mustGet(leech, order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		if woken != 1 {
			t.Errorf("woken %d times", woken)
		}
		leech.Close()
		time.Sleep(time.Minute)
		sleep()
		if hashed != 300_000 {
			t.Errorf("%d bytes were hashed, all but the first run should have known them", hashed)
		}

		time.Sleep(heard.Next)
		heard, err = seeder.AnnounceAsleep(l.Context(), a)
		if err != nil || len(heard.Trackers) != 1 || !heard.Trackers[0].OK || heard.Next <= 29*time.Minute {
			t.Errorf("when it is due: %v, %+v", err, heard)
		}
		a.Event = tracker.EventStopped
		if heard, err = seeder.AnnounceAsleep(l.Context(), a); err != nil || heard.Next != 0 {
			t.Errorf("at the end: %v, next in %v", err, heard.Next)
		}
		var own []string
		for _, e := range l.tracker.Events() {
			if e.Port == int(seeder.Port()) && e.PeerID == string(seeder.id[:]) {
				own = append(own, fmt.Sprintf("%s left %d up %d", e.Event, e.Left, e.Uploaded))
			}
		}
		if diff := cmp.Diff([]string{"started left 0 up 0", " left 0 up 300000", "stopped left 0 up 300000"}, own); diff != "" {
			t.Errorf("the tracker heard (-want +got):\n%s", diff)
		}
		seeder.Close()
		if _, err := seeder.AnnounceAsleep(l.Context(), a); !errors.Is(err, errClosed) {
			t.Errorf("of a closed client: %v", err)
		}
	})
}

// A torrent that was never awake in this process is announced from what its owner knows;
// of trackers that fail nothing is asked again within a minute.
func TestAnnounceAsleep(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.client(Config{})
		a := Asleep{InfoHash: [20]byte{7}, Trackers: [][]string{{"http://10.9.9.9/announce"}, {l.tracker.URL}}, UserTrackers: []string{l.tracker.URL + "?own"}, Local: true, Uploaded: 44, Left: 3}
		l.tracker.SetPeers(ap("10.0.0.77:5"), ap("10.0.0.78:5"))
		heard, err := c.AnnounceAsleep(l.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		var states []string
		for _, s := range heard.Trackers {
			states = append(states, s.URL+" "+s.State)
		}
		want := []string{"http://10.9.9.9/announce failed", l.tracker.URL + " ok", tracker.Redact(l.tracker.URL+"?own") + " ok"}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Errorf("trackers (-want +got):\n%s", diff)
		}
		if len(heard.Peers) != 2 || heard.Next != asleepLeast {
			t.Errorf("heard %v, next in %v", heard.Peers, heard.Next)
		}
		if diff := cmp.Diff([]string{"started left 3 up 44", "started left 3 up 44"}, l.heardOf()); diff != "" {
			t.Errorf("announces (-want +got):\n%s", diff)
		}

		ctx, cancel := context.WithCancel(l.Context())
		cancel()
		if _, err := c.AnnounceAsleep(ctx, a); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		a.Event = tracker.EventStopped
		if _, err := c.AnnounceAsleep(l.Context(), a); err != nil {
			t.Error(err)
		}
		if got := l.heardOf(); len(got) != 4 || got[3] != "stopped left 3 up 44" {
			t.Errorf("announces %q", got)
		}
	})
}
