package cmd

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The published schema and the types that are printed name the same keys.
func TestSchema(t *testing.T) {
	var doc struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(schema), &doc); err != nil {
		t.Fatal(err)
	}
	items := func(def, key string) map[string]json.RawMessage {
		var p struct {
			Items struct{ Properties map[string]json.RawMessage }
		}
		if err := json.Unmarshal(doc.Defs[def].Properties[key], &p); err != nil {
			t.Fatal(err)
		}
		return p.Items.Properties
	}
	seen := map[string]bool{}
	check := func(name string, properties map[string]json.RawMessage, v any) {
		t.Helper()
		seen[name] = true
		want := slices.Sorted(maps.Keys(properties))
		var got []string
		for f := range reflect.TypeOf(v).Fields() {
			if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "" {
				got = append(got, key)
			} else if f.IsExported() {
				t.Errorf("%s: field %s has no key", name, f.Name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: printed are %q, the schema has %q", name, got, want)
		}
	}
	check("progress", doc.Defs["progress"].Properties, progressEvent{})
	check("tracker", doc.Defs["tracker"].Properties, trackerEvent{})
	check("result", doc.Defs["result"].Properties, result{})
	check("result.files", items("result", "files"), resultFile{})
	check("message", doc.Defs["message"].Properties, message{})
	check("show", doc.Defs["show"].Properties, showRecord{})
	check("show.files", items("show", "files"), showFile{})
	check("link", doc.Defs["link"].Properties, linkRecord{})
	check("verify", doc.Defs["verify"].Properties, verifyRecord{})
	check("verify.files", items("verify", "files"), fileReport{})
	check("scrape", doc.Defs["scrape"].Properties, scrapeRecord{})
	check("scrape.trackers", items("scrape", "trackers"), scrapeAnswer{})
	check("dht_ping", doc.Defs["dht_ping"].Properties, dhtPingRecord{})
	check("dht_lookup", doc.Defs["dht_lookup"].Properties, dhtLookupRecord{})
	check("dht_lookup.nodes", items("dht_lookup", "nodes"), dhtNodeRecord{})
	check("dht_peer", doc.Defs["dht_peer"].Properties, dhtPeerRecord{})
	check("dht_peers", doc.Defs["dht_peers"].Properties, dhtPeersRecord{})
	check("dht_put", doc.Defs["dht_put"].Properties, dhtPutRecord{})
	check("dht_get", doc.Defs["dht_get"].Properties, dhtGetRecord{})
	check("dht_status", doc.Defs["dht_status"].Properties, dhtStatusRecord{})
	check("config", doc.Defs["config"].Properties, configRecord{})
	check("config.settings", items("config", "settings"), configSetting{})
	var scrapeDoc struct{ Properties map[string]json.RawMessage }
	if err := json.Unmarshal(doc.Defs["scrape"].Properties["dht"], &scrapeDoc); err != nil {
		t.Fatal(err)
	}
	check("scrape.dht", scrapeDoc.Properties, scrapeDHT{})
	check("version", doc.Defs["version"].Properties, versionRecord{})
	for name := range doc.Defs {
		if !seen[name] {
			t.Errorf("the schema has %s, which nothing prints", name)
		}
	}
}
