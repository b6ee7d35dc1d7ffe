package api

import (
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
)

// measured is a made-up session with figures.
type measured struct{ Session }

func (measured) Metrics() record.Metrics {
	return record.Metrics{
		Peers:         []record.PeerCount{{Transport: "tcp", Encryption: "none", Direction: "in", Count: 3}, {Transport: "utp", Encryption: "rc4", Direction: "out", Count: 4}},
		ReceivedPeers: 1 << 40, ReceivedWeb: 5, Sent: 7, Verified: 11, Wasted: map[string]int64{"hash": 1, "twice": 2}, PiecesFailed: 1,
		Announces: record.Tally{OK: 5, Failed: 1}, Dials: record.Tally{OK: 2, Failed: 3}, DHTNodes: map[string]int{"ipv4": 50, "ipv6": 20},
		JournalSyncs: 3, JournalSyncSeconds: &record.Histogram{Bounds: []float64{.001, .1}, Counts: []uint64{1, 2, 3}, Sum: 4.5},
	}
}

func newMeasured(t *testing.T) *harness {
	return newHarness(t, 3, func(c *Config) {
		c.Session = measured{c.Session}
		c.MetricsTorrents = true
	})
}

func TestMetrics(t *testing.T) {
	h := newMeasured(t)
	h.fake.mu.Lock()
	h.fake.torrents[0].Name = "a \"name\"\nwith\\all"
	h.fake.mu.Unlock()
	h.want(200, "GET", "/torrents/"+fakeID(0), "")
	h.want(200, "GET", "/torrents/"+fakeID(1), "")
	h.want(404, "GET", "/torrents/"+id(1), "")
	h.send(h.request("BREW", "/nothing/"+id(3), ""))
	h.send(h.request("GET", "/nothing", "", "Authorization", "Bearer wrong"))
	a := h.send(h.request("GET", "/metrics", ""))
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	lines := strings.Split(string(a.body), "\n")
	for _, want := range []string{
		`gotor_build_info{version="1.2.3",goversion="`,
		`gotor_torrents{state="seeding"} 1`,
		`gotor_torrents{state="moving"} 0`,
		`gotor_peers{transport="tcp",encryption="none",direction="in"} 3`,
		`gotor_peers{transport="utp",encryption="rc4",direction="out"} 4`,
		`gotor_payload_received_bytes_total{source="peer"} 1.099511627776e+12`,
		`gotor_payload_received_bytes_total{source="web"} 5`,
		`gotor_wasted_bytes_total{reason="twice"} 2`,
		`gotor_announces_total{result="failed"} 1`,
		`gotor_dht_nodes{family="ipv6"} 20`,
		`gotor_disk_free_bytes{dir="/data"} 1`,
		`gotor_rate_limit_bytes_per_second{direction="up"} 0`,
		`gotor_journal_sync_seconds_bucket{le="0.001"} 1`,
		`gotor_journal_sync_seconds_bucket{le="0.1"} 3`,
		`gotor_journal_sync_seconds_bucket{le="+Inf"} 6`,
		`gotor_journal_sync_seconds_sum 4.5`,
		`gotor_journal_sync_seconds_count 6`,
		`gotor_events_subscribers 0`,
		`gotor_http_requests_total{route="/api/v1/torrents/{id}",method="GET",code="200"} 2`,
		`gotor_http_requests_total{route="/api/v1/torrents/{id}",method="GET",code="404"} 1`,
		`gotor_http_requests_total{route="none",method="other",code="404"} 1`,
		`gotor_http_requests_total{route="none",method="GET",code="401"} 1`,
		`gotor_http_request_duration_seconds_count{route="/api/v1/torrents/{id}"} 3`,
		`gotor_torrent_peers{hash="` + fakeID(0) + `",name="a \"name\"\\nwith\\all"}`,
		`go_goroutines `,
	} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, want) }) {
			t.Errorf("no line %s", want)
		}
	}
	valid := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\]|\\["\\])*",?)+\})? (\+Inf|[-0-9.e+]+))?$`)
	for _, l := range lines {
		if !valid.MatchString(l) {
			t.Errorf("not in the format: %q", l)
		}
	}
	if t.Failed() {
		t.Logf("%s", a.body)
	}
}

// Without a token there are no metrics, and without the option none of torrents.
func TestMetricsAccess(t *testing.T) {
	h := newHarness(t, 3, nil)
	if a := h.send(h.request("GET", "/metrics", "", "Authorization", "")); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", a.StatusCode)
	}
	if a := h.send(h.request("GET", "/metrics", "")); a.StatusCode != 200 || strings.Contains(string(a.body), "gotor_torrent_") {
		t.Errorf("%d: %s", a.StatusCode, a.body)
	}
}

// The linter of Prometheus has nothing to say.
func TestMetricsLint(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool here")
	}
	h := newMeasured(t)
	h.want(200, "GET", "/torrents", "")
	a := h.send(h.request("GET", "/metrics", ""))
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(string(a.body))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestRequestTimes(t *testing.T) {
	q := newRequests()
	for _, ms := range []int{0, 1, 2, 30, 700, 20_000} {
		q.add("/x", "GET", 200, time.Duration(ms)*time.Millisecond)
	}
	e := &exposition{}
	q.expose(e)
	for _, want := range []string{`{route="/x",le="0.001"} 2`, `{route="/x",le="0.005"} 3`, `{route="/x",le="0.1"} 4`, `{route="/x",le="2.5"} 5`, `{route="/x",le="+Inf"} 6`} {
		if !strings.Contains(string(e.text), want) {
			t.Errorf("no %s in\n%s", want, e.text)
		}
	}
}
