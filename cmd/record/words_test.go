package record

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"gotor/torrent"
	"gotor/tracker"
)

// What the description says a key can be is what the engine says.
func TestWordsOfTheEngine(t *testing.T) {
	for _, c := range []struct {
		of    reflect.Type
		words []string
	}{
		{reflect.TypeFor[TorrentTracker](), words(tracker.StateIdle, tracker.StateQueued, tracker.StateAnnouncing, tracker.StateOK, tracker.StateFailed)},
		{reflect.TypeFor[WebSeed](), words(torrent.WebSeedIdle, torrent.WebSeedDialing, torrent.WebSeedWorking, torrent.WebSeedWaiting, torrent.WebSeedFailed)},
	} {
		f, _ := c.of.FieldByName("State")
		if enum := strings.Split(f.Tag.Get("enum"), ","); !slices.Equal(enum, c.words) {
			t.Errorf("%v: %q, the engine has %q", c.of, enum, c.words)
		}
	}
}

func words[S ~string](all ...S) []string {
	list := make([]string, len(all))
	for i, w := range all {
		list[i] = string(w)
	}
	return list
}
