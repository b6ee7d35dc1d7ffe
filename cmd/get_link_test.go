package cmd

import (
	"context"
	"errors"
	"testing"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent/metainfo"
)

func TestMetadataLimit(t *testing.T) {
	yes, no := func() bool { return true }, func() bool { return false }
	given := timeValue{d: time.Second, set: true}
	never := timeValue{set: true}
	for _, c := range []struct {
		v    timeValue
		tty  func() bool
		want time.Duration
	}{{timeValue{}, yes, 0}, {timeValue{}, no, 5 * time.Minute}, {given, yes, time.Second}, {given, no, time.Second}, {never, no, 0}} {
		if got := metadataLimit(c.v, c.tty); got != c.want {
			t.Errorf("%+v: %v, want %v", c.v, got, c.want)
		}
	}
}

// A link is planned as a torrent is, with the limits of its run.
func TestAwait(t *testing.T) {
	o, err := captureGet(t, nil, "--metadata-timeout", "7s", "-o", "d/", "--files", "x", someHash)
	if err != nil {
		t.Fatal(err)
	}
	f := newFake("")
	r, err := newRunner(&o.transferOptions, f.streams)
	if err != nil {
		t.Fatal(err)
	}
	l := f.loader(job.Family{})
	src, err := l.Open(t.Context(), someHash)
	if err != nil {
		t.Fatal(err)
	}
	j, err := (&getter{o, r, l}).prepare(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if s, how := &j.Source, &j.Lookup; s.Meta != nil || s.Link == nil || !s.Local || how.Dir != "d/" || how.MetadataTimeout != 7*time.Second {
		t.Errorf("%+v, %+v", s, how)
	}
	m, err := metainfo.Parse(tinyTorrent())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.plan(tinyTorrent(), m); err != nil {
		t.Fatal(err)
	}
	if spec := &j.Spec; j.Meta != m || !j.perFile || spec.Dir != "d/" || len(spec.Wanted) != 1 || spec.Verify != nil {
		t.Errorf("planned %+v", spec)
	}
	other := *m
	other.Files = []metainfo.File{{Path: []string{"y"}}}
	if err := j.plan(tinyTorrent(), &other); record.CodeOf(err) != record.ExitUsage {
		t.Errorf("a plan without a file to select: %v", err)
	}
}

// magnet and show end when they are told to.
func TestLookupCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := newFake("")
	l := f.loader(job.Family{})
	src, err := l.Open(t.Context(), someHash)
	if err != nil {
		t.Fatal(err)
	}
	o := &lookupOptions{peers: []string{"127.0.0.1:1"}, progress: progressOptions{mode: ui.ModeNone}}
	if err := o.resolve(ctx, f.streams, l, src); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
