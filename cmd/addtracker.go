package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/tracker"
)

// addedTrackers are the trackers of --tracker, beside those of the torrent.
type addedTrackers struct {
	values []string // URLs, several separated by commas
}

// addFlag describes the flag; ask is what is done with a tracker.
func (o *addedTrackers) addFlag(f *pflag.FlagSet, ask string) {
	f.StringArrayVar(&o.values, "tracker", nil, ask+" the tracker `URL`, too; may be repeated")
}

// urls are the trackers, each once.
func (o *addedTrackers) urls() (urls []string) {
	for _, v := range o.values {
		for u := range strings.SplitSeq(v, ",") {
			if u = strings.TrimSpace(u); u != "" && !slices.Contains(urls, u) {
				urls = append(urls, u)
			}
		}
	}
	return urls
}

// check refuses what can never be a tracker.
func (o *addedTrackers) check() error {
	for _, u := range o.urls() {
		if tracker.CheckURL(u) != nil {
			return record.Usagef("--tracker %s: not the http, https or udp URL of a tracker", clip(record.Redact(u)))
		}
	}
	return nil
}

// apply adds them to a torrent that is to run.
func (o *addedTrackers) apply(src *torrent.Source) { src.Trackers = o.urls() }

// link is the magnet link of a torrent, with these trackers as well: whoever gets
// it is to find what their owner has announced there.
func (o *addedTrackers) link(m *metainfo.Torrent) string {
	with := *m
	with.Trackers = slices.Clone(m.Trackers)
	for _, u := range o.urls() {
		if !slices.ContainsFunc(m.Trackers, func(tier []string) bool { return slices.Contains(tier, u) }) {
			with.Trackers = append(with.Trackers, []string{u})
		}
	}
	return with.Magnet()
}
