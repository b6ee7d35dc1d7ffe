package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"gotor/torrent/metainfo"
	"gotor/tracker"
)

// described is a link that was only looked at (show --offline).
func described(link *metainfo.Link) *linkRecord {
	r := &linkRecord{V: eventVersion, Link: true, Name: link.Name, Trackers: link.Trackers, WebSeeds: link.WebSeeds, Sources: link.Sources,
		Peers: link.Peers, Nodes: link.Nodes, Select: [][2]int{}}
	if link.HasV1 {
		r.InfoHash = hexOf(link.InfoHash[:])
	}
	if link.HasV2 {
		r.InfoHashV2 = hexOf(link.InfoHashV2[:])
	}
	if link.HasKey {
		r.PublicKey = hexOf(link.Key[:])
	}
	for _, s := range link.Select {
		r.Select = append(r.Select, [2]int{s.First, s.Last})
	}
	for _, list := range []*[]string{&r.Trackers, &r.WebSeeds, &r.Sources, &r.Peers, &r.Nodes} {
		if *list == nil {
			*list = []string{}
		}
	}
	return r
}

// linkRecord is the object of show --offline --json: what a link says, with its
// secrets.
type linkRecord struct {
	V          int      `json:"v"`
	Link       bool     `json:"link"` // true
	Name       string   `json:"name"`
	InfoHash   *string  `json:"info_hash"`
	InfoHashV2 *string  `json:"info_hash_v2"`
	PublicKey  *string  `json:"public_key"` // BEP 46
	Trackers   []string `json:"trackers"`
	WebSeeds   []string `json:"web_seeds"`
	Sources    []string `json:"sources"` // URLs of the .torrent
	Peers      []string `json:"peers"`
	Nodes      []string `json:"nodes"`
	Select     [][2]int `json:"select"` // BEP 53: first and last index; none: all
}

// text is the record for people.
func (r *linkRecord) text() string {
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
