package cmd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

func TestParseWatch(t *testing.T) {
	got, err := parseWatch([]string{"/w", "rel", `C:\w`, "/w:paused", "/w:label=a,dir=films/new,label=b,delete", "/a:b:paused", "/a:b:"})
	want := []record.WatchDir{
		{Path: "/w", Labels: []string{}}, {Path: "rel", Labels: []string{}}, {Path: `C:\w`, Labels: []string{}},
		{Path: "/w", Labels: []string{}, Paused: true},
		{Path: "/w", Labels: []string{"a", "b"}, Dir: "films/new", Delete: true},
		{Path: "/a:b", Labels: []string{}, Paused: true}, {Path: "/a:b", Labels: []string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, bad := range []string{"", "/w:x", "/w:label=", "/w:dir", "/w:paused=1", "/w:paused,", "/a:b"} {
		if _, err := parseWatch([]string{bad}); record.CodeOf(err) != record.ExitUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
