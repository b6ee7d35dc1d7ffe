package torrent

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A peer whose name nobody knows yet costs the download nothing, and is found once
// the name is there.
func TestPeerNameIsLookedUpAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := make([]byte, 100_000)
		m := l.single(payload, 16384)
		l.seed(m, payload, nil)
		at := l.tracker.peers[0]
		l.tracker.SetPeers()
		var warned []string
		c := l.client(Config{Port: -1})
		tor := l.add(c, order{Source: Source{Meta: m, PeerNames: []string{"late.example:6881", "late.example:6881"}},
			Lookup: Lookup{PeerNameFailed: func(host string, err error) { warned = append(warned, fmt.Sprintf("%s: %v", host, err)) }}})
		time.Sleep(time.Minute) // of the bubble's clock
		if s := tor.Snapshot(); s.State != StateDownloading || len(s.PeerErrors) != 1 || s.PeerErrors[0].Addr != "late.example:6881" {
			t.Errorf("without the name it is %s, with %v", s.State, s.PeerErrors)
		}
		l.net.SetName("late.example", at.Addr())
		if <-tor.Done(); tor.Err() != nil {
			t.Errorf("with the name: %v", tor.Err())
		}
		if want := []string{"late.example:6881: no such host"}; !cmp.Equal(warned, want) {
			t.Errorf("told %q, want %q", warned, want)
		}
	})
}

// Beside a name that never comes, others serve; and what the user names may be at a
// private address, although the torrent came from elsewhere.
func TestPeerNameBesideOthers(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := make([]byte, 100_000)
		m := l.single(payload, 16384)
		l.seed(m, payload, nil)
		l.net.SetName("here.example", l.tracker.peers[0].Addr())
		l.net.SetName("nowhere.example", netip.MustParseAddr("169.254.169.254"))
		l.tracker.SetPeers()
		c := l.client(Config{Port: -1})
		o := order{Source: Source{Meta: m, PeerNames: []string{"never.example:1", "nowhere.example:80", "here.example:6881"}},
			Spec: Spec{Place: Place{Dir: l.dir}, Limits: Limits{Timeout: time.Hour}}}
		tor, err := o.begin(c)
		if err != nil {
			t.Fatal(err)
		}
		if <-tor.Done(); tor.Err() != nil {
			t.Errorf("%v, %v", tor.Err(), tor.Snapshot().PeerErrors)
		}
	})
}

// A torrent waits for a peer that has only a name as for one that has an address:
// until its time for finding peers is over.
func TestPeerNameAlone(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(make([]byte, 100), 16384)
		m.Trackers = nil
		began := time.Now()
		_, err := l.get(l.client(Config{Port: -1}), order{Source: Source{Meta: m, PeerNames: []string{"never.example:1"}},
			Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}})
		if took := time.Since(began); !errors.Is(err, ErrNoPeers) || took < time.Minute {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// Names are kept for those who go on from the folder alone.
func TestPeerNamesAreRecorded(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := make([]byte, 100_000)
		m := l.single(payload, 16384)
		raw := rawTorrent(payload, 16384, nil)
		tor := l.add(l.client(Config{Port: -1}), order{Source: Source{Meta: m, Raw: raw, Peers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.99:1")}, PeerNames: []string{"late.example:6881"}}})
		l.until(tor, "it downloads", func(s Snapshot) bool { return s.State == StateDownloading })
		time.Sleep(time.Minute)
		tor.Stop()
		<-tor.Stopped()
		if s := l.unfinished(l.dir); !cmp.Equal(s.PeerNames, []string{"late.example:6881"}) || len(s.Peers) != 1 {
			t.Errorf("names %q, addresses %v", s.PeerNames, s.Peers)
		}
	})
}
