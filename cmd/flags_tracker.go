package cmd

import (
	"github.com/spf13/pflag"

	"gotor/cmd/job"
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
func (o *addedTrackers) urls() []string { return job.TrackerURLs(o.values) }
