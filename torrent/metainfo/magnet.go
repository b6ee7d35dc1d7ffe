package metainfo

import (
	"fmt"
	"net/url"
	"strings"
)

// Magnet returns the magnet link of the torrent: its info-hashes (BEP 9, and
// BEP 52 for version 2), its name on disk, its trackers in the order of their
// tiers, and its web seeds (BEP 19). It is plain ASCII without blanks. URLs keep
// their secrets: without its passkey a link is of no use.
func (t *Torrent) Magnet() string {
	parts := make([]string, 0, 8)
	if t.HasV1 {
		parts = append(parts, fmt.Sprintf("xt=urn:btih:%x", t.InfoHash))
	}
	if t.HasV2 {
		// A multihash: 0x12 is SHA-256, 0x20 its length.
		parts = append(parts, fmt.Sprintf("xt=urn:btmh:1220%x", t.InfoHashV2))
	}
	parts = append(parts, "dn="+magnetEscape(t.Name))
	for _, tier := range t.Trackers {
		for _, u := range tier {
			parts = append(parts, "tr="+magnetEscape(u))
		}
	}
	for _, u := range t.WebSeeds {
		parts = append(parts, "ws="+magnetEscape(u))
	}
	return "magnet:?" + strings.Join(parts, "&")
}

// magnetEscape is url.QueryEscape with %20 for a blank: not every reader of
// magnet links takes a plus for one.
func magnetEscape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
