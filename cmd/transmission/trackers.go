package transmission

import (
	"net/url"
	"strings"

	"gotor/cmd/record"
)

// The states of an announce.
const (
	announceInactive = 0
	announceWaiting  = 1
	announceActive   = 3
)

func trackers(all []record.TorrentTracker) []object {
	out := []object{}
	for i := range all {
		t := &all[i]
		out = append(out, object{"id": i, "announce": t.URL, "scrape": scrapeURL(t.URL), "sitename": siteName(t.URL), "tier": t.Tier})
	}
	return out
}

func trackerStats(all []record.TorrentTracker) []object {
	out := []object{}
	for i := range all {
		t := &all[i]
		state := announceWaiting
		switch t.State {
		case "announcing":
			state = announceActive
		case "idle":
			state = announceInactive
		}
		result := t.Error
		if t.State == "ok" {
			result = "Success"
		}
		out = append(out, object{
			"id": i, "announce": t.URL, "scrape": scrapeURL(t.URL), "sitename": siteName(t.URL), "host": hostOf(t.URL), "tier": t.Tier,
			"announce_state": state, "is_backup": false, "has_announced": t.Last != nil, "last_announce_peer_count": t.Peers,
			"last_announce_result": result, "last_announce_start_time": unix(t.Last), "last_announce_time": unix(t.Last),
			"last_announce_succeeded": t.State == "ok", "last_announce_timed_out": false, "next_announce_time": unix(t.Next),
			"seeder_count": orUnavailable(t.Seeders), "leecher_count": orUnavailable(t.Leechers), "download_count": notAvailable,
			// The counts come with the announces: nobody scrapes.
			"scrape_state": announceInactive, "has_scraped": false, "last_scrape_result": "", "last_scrape_start_time": 0,
			"last_scrape_succeeded": false, "last_scrape_time": 0, "last_scrape_timed_out": false, "next_scrape_time": 0,
		})
	}
	return out
}

// trackerList has a line for each, and an empty one between tiers.
func trackerList(all []record.TorrentTracker) string {
	var b strings.Builder
	for i := range all {
		if i > 0 && all[i].Tier != all[i-1].Tier {
			b.WriteByte('\n')
		}
		b.WriteString(all[i].URL + "\n")
	}
	return b.String()
}

// tiersOf reads such a list.
func tiersOf(text string) [][]string {
	tiers, tier := [][]string{}, []string(nil)
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimSpace(line)
		if line != "" {
			tier = append(tier, line)
		} else if tier != nil {
			tiers, tier = append(tiers, tier), nil
		}
	}
	return tiers
}

// grouped are the tiers of the trackers there are.
func grouped(all []record.TorrentTracker) [][]string {
	return tiersOf(trackerList(all))
}

// scrapeURL is made by the convention of HTTP trackers; of UDP it is the same.
func scrapeURL(announce string) string {
	if strings.HasPrefix(announce, "udp:") {
		return announce
	}
	i := strings.LastIndex(announce, "/announce")
	if i < 0 || strings.Contains(announce[i+1:], "/") {
		return ""
	}
	return announce[:i] + "/scrape" + announce[i+len("/announce"):]
}

func hostOf(announce string) string {
	u, err := url.Parse(announce)
	if err != nil {
		return ""
	}
	return u.Host
}

// siteName is the word by which people know a tracker: the last but one of its name.
func siteName(announce string) string {
	u, err := url.Parse(announce)
	if err != nil {
		return ""
	}
	name := u.Hostname()
	if parts := strings.Split(name, "."); len(parts) > 1 && !strings.ContainsAny(parts[len(parts)-1], "0123456789:") {
		return parts[len(parts)-2]
	}
	return name
}
