package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"gotor/cmd/record"
	"gotor/tracker"
)

// linkText is the record for people.
func linkText(r *record.Link) string {
	var b strings.Builder
	writeLine(&b, "name", r.Name)
	for _, h := range []struct {
		key   string
		value *string
	}{{"info-hash", r.InfoHash}, {"info-hash v2", r.InfoHashV2}, {"public key", r.PublicKey}} {
		if h.value != nil {
			writeLine(&b, h.key, *h.value)
		}
	}
	var selected []string
	for _, s := range r.Select {
		text := strconv.Itoa(s[0])
		if s[1] > s[0] {
			text = fmt.Sprintf("%d-%d", s[0], s[1])
		}
		selected = append(selected, text)
	}
	writeLine(&b, "files", strings.Join(selected, ","))
	for _, l := range []struct {
		key  string
		list []string
	}{{"tracker", r.Trackers}, {"web seed", r.WebSeeds}, {"torrent", r.Sources}, {"peer", r.Peers}, {"dht node", r.Nodes}} {
		for _, v := range l.list {
			if strings.Contains(v, ":/") {
				v = tracker.Redact(v)
			}
			writeLine(&b, l.key, v)
		}
	}
	return b.String()
}
