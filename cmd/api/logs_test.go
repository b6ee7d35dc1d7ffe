package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

// withLog is a session with the log of another.
type withLog struct {
	Session
	log *toy
}

func (s withLog) Logs(since uint64, level string, limit int) ([]record.Log, <-chan struct{}) {
	return s.log.Logs(since, level, limit)
}

func TestLogs(t *testing.T) {
	s := newToy()
	for _, l := range []string{"debug", "info", "warn", "error", "info"} {
		s.log(l, "<"+l+">")
	}
	h := newHarness(t, 1, func(c *Config) { c.Session = withLog{c.Session, s} })
	for query, want := range map[string][]uint64{
		"":                       {2, 3, 4, 5},
		"?level=warn":            {3, 4},
		"?level=debug&limit=2":   {4, 5}, // the newest
		"?since=1&limit=2":       {2, 3}, // goes on
		"?since=5":               nil,
		"?level=error&since=3":   {4},
		"?since=99999999999":     nil,
		"?level=debug&limit=100": {1, 2, 3, 4, 5},
	} {
		page := decode[record.LogPage](h, h.want(200, "GET", "/logs"+query, ""))
		var got []uint64
		for _, l := range page.Lines {
			got = append(got, l.Seq)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", query, diff)
		}
		if len(got) > 0 && page.Last != got[len(got)-1] {
			t.Errorf("%s: last is %d", query, page.Last)
		}
	}
	h.want(422, "GET", "/logs?level=loud", "")
	h.want(422, "GET", "/logs?limit=0", "")
	h.want(422, "GET", "/logs?since=-1", "")
}
