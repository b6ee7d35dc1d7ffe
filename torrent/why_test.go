package torrent

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

// A snapshot tells why connected peers are of no use, also after the end.
func TestSnapshotTellsWhyPeersAreOfNoUse(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*blastConfig)
		cond   func(Snapshot) bool
	}{
		"all choke us":         {func(b *blastConfig) { b.UnchokeAfter = 24 * time.Hour }, func(s Snapshot) bool { return s.Choking == 1 }},
		"all have nothing":     {func(b *blastConfig) { b.Have = func(int) bool { return false } }, func(s Snapshot) bool { return s.Lacking == 1 }},
		"all owe and say none": {func(b *blastConfig) { b.StallAfter = 1 }, func(s Snapshot) bool { return s.Silent == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(1 << 20)
				m := l.single(payload, 64<<10)
				l.seed(m, payload, c.change)
				tor := l.add(l.client(Config{}), of(m))
				l.until(tor, name, func(s Snapshot) bool { return s.Peers == 1 && c.cond(s) })
				tor.Stop()
				<-tor.Stopped()
				if s := tor.Snapshot(); s.Peers != 1 || !c.cond(s) {
					t.Errorf("afterwards: %+v", s)
				}
			})
		})
	}
}

// The error says that no tracker could be reached only when that is so.
func TestNoTrackerSaysWhatIsSo(t *testing.T) {
	for name, c := range map[string]struct {
		story func(l *lab, m *metainfo.Torrent)
		limit time.Duration
		want  string
	}{
		"unreachable": {func(l *lab, m *metainfo.Torrent) { m.Trackers = [][]string{{"http://10.0.0.1:9/announce"}} }, time.Minute,
			"no tracker could be reached: no peers found within 1m (--peer-timeout)"},
		"no answer yet": {func(l *lab, m *metainfo.Torrent) {
			a, h := l.host()
			silent, err := h.Listen(l.Context(), "tcp", ":80")
			if err != nil {
				l.Fatal(err)
			}
			l.Cleanup(func() { silent.Close() })
			m.Trackers = [][]string{{"http://" + a.String() + "/announce"}}
		}, time.Second,
			"no tracker answered: no peers found within 1s (--peer-timeout)"},
		"refused": {func(l *lab, m *metainfo.Torrent) {
			l.tracker.Fail("go away")
			m.Trackers = append(m.Trackers, []string{"http://10.0.0.1:9/announce"})
		}, time.Minute, `no tracker serves this torrent (tracker refuses: "go away"): no peers found within 1m (--peer-timeout)`},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m := l.single(blastPayload(100), 64<<10)
				c.story(l, m)
				_, err := l.get(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{PeerTimeout: c.limit}}})
				if !errors.Is(err, ErrNoTracker) || err.Error() != c.want {
					t.Errorf("%v, want %s", err, c.want)
				}
			})
		})
	}
}

// events collects what Config.Trace is told.
type events struct {
	mu  sync.Mutex
	all []Event // guarded by mu
}

func (e *events) add(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

// lines are the events, as kind, address and text.
func (e *events) lines() (lines []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range e.all {
		lines = append(lines, fmt.Sprintf("%s %s %s", ev.Kind, ev.Addr, ev.Text))
	}
	return lines
}

// want checks that some line begins with each text.
func (e *events) want(t *testing.T, texts ...string) {
	t.Helper()
	lines := e.lines()
	for _, w := range texts {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, w) }) {
			t.Errorf("no event %q in\n%s", w, strings.Join(lines, "\n"))
		}
	}
}

// Whoever asked is told of announces, connections and bad pieces, and of messages
// only if they asked for these.
func TestTrace(t *testing.T) {
	for _, messages := range []bool{false, true} {
		inLab(t, func(l *lab) {
			payload := blastPayload(8 << 20)
			m := l.single(payload, 64<<10)
			m.WebSeeds = []string{"http://10.0.0.1:9/key0123456789abcdef01/payload"}
			var seen events
			c := l.client(Config{Trace: seen.add, TraceMessages: messages})
			l.seed(m, payload, func(b *blastConfig) { b.UnchokeAfter = time.Second })
			l.seed(m, payload, func(b *blastConfig) { b.Corrupt = func(piece, _ int) bool { return true } })
			l.mustGet(c, order{Source: Source{Meta: m, Peers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:9")}}})
			c.Close()
			seen.want(t, "announce http://10.0.0.1:80/announce started", "answer http://10.0.0.1:80/announce 2 addresses",
				"connected 10.0.0.3:6881 ", "unreachable 10.0.0.1:9 connection refused", "piece_failed  piece ", "banned 10.0.0.4:6881 banned: it sent wrong data",
				"disconnected 10.0.0.4:6881 banned: it sent wrong data; ", "web_seed_failed http://10.0.0.1:9/", "announce http://10.0.0.1:80/announce stopped")
			sent := func(line string) bool {
				return strings.HasPrefix(line, "sent ") || strings.HasPrefix(line, "received ")
			}
			if got := slices.ContainsFunc(seen.lines(), sent); got != messages {
				t.Errorf("told of messages: %v, want %v", got, messages)
			}
			if messages {
				seen.want(t, "sent 10.0.0.3:6881 extension handshake, ", "sent 10.0.0.3:6881 interested", "sent 10.0.0.3:6881 request ", "received 10.0.0.3:6881 piece ")
			}
			for _, ev := range seen.all {
				if ev.Name != "payload" || ev.InfoHash != fmt.Sprintf("%x", m.InfoHash) || ev.Time.IsZero() || strings.Contains(ev.Addr, "key0123") {
					t.Fatalf("%+v", ev)
				}
			}
		})
	}
}
