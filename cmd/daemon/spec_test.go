package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// The user's tiers stand for the torrent's, trackers beside come last, and neither
// changes what they are made of.
func TestTiersOf(t *testing.T) {
	const own, other, beside = "http://own.example/a", "http://other.example/a", "http://beside.example/a"
	m := &metainfo.Torrent{Trackers: append(make([][]string, 0, 4), []string{own})}
	for _, tt := range []struct {
		entry session.Entry
		meta  *metainfo.Torrent
		want  [][]string
		first string
	}{
		{session.Entry{}, m, [][]string{{own}}, "own.example"},
		{session.Entry{Trackers: []string{beside}}, m, [][]string{{own}, {beside}}, "own.example"},
		{session.Entry{Tiers: [][]string{{other}}, Trackers: []string{beside}}, m, [][]string{{other}, {beside}}, "other.example"},
		{session.Entry{Tiers: [][]string{}, Trackers: []string{beside}}, m, [][]string{{beside}}, "beside.example"},
		{session.Entry{Tiers: [][]string{}}, m, [][]string{}, ""},
		{session.Entry{Tiers: [][]string{{other}}}, nil, [][]string{{other}}, "other.example"},
	} {
		if diff := cmp.Diff(tt.want, tiersOf(&tt.entry, tt.meta)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.entry, diff)
		}
		if got := firstTracker(&tt.entry, tt.meta); got != tt.first {
			t.Errorf("%+v: first is %q, want %q", tt.entry, got, tt.first)
		}
	}
	if got := m.Trackers[:2][1]; got != nil {
		t.Errorf("the torrent's own list was written to: %q", got)
	}
}
