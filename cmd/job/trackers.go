package job

import (
	"slices"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/tracker"
)

// TrackerURLs are the trackers that a user adds to those of a torrent, each once; a
// value may have several, separated by commas.
func TrackerURLs(values []string) (urls []string) {
	for _, v := range values {
		for u := range strings.SplitSeq(v, ",") {
			if u = strings.TrimSpace(u); u != "" && !slices.Contains(urls, u) {
				urls = append(urls, u)
			}
		}
	}
	return urls
}

// CheckTrackers refuses what can never be a tracker.
func CheckTrackers(urls []string) error {
	for _, u := range urls {
		if tracker.CheckURL(u) != nil {
			return record.Usagef("--tracker %s: not the http, https or udp URL of a tracker", Clip(record.Redact(u)))
		}
	}
	return nil
}

// MagnetWith is the magnet link of a torrent, with more trackers: whoever gets it is
// to find what their owner has announced there.
func MagnetWith(m *metainfo.Torrent, urls []string) string {
	with := *m
	with.Trackers = slices.Clone(m.Trackers)
	for _, u := range urls {
		if !slices.ContainsFunc(m.Trackers, func(tier []string) bool { return slices.Contains(tier, u) }) {
			with.Trackers = append(with.Trackers, []string{u})
		}
	}
	return with.Magnet()
}
