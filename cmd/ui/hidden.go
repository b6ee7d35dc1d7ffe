package ui

import (
	"fmt"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent"
)

// This file says whether others can find a seed, and why not.

// HiddenText says why nobody can find a seed, and what helps.
func HiddenText(sn *torrent.Snapshot) string {
	text := "nobody can find it: " + strings.Join(hiddenReasons(sn), ", ")
	if sn.Port == 0 {
		return text + "; name others here with --peer HOST:PORT"
	}
	return fmt.Sprintf("%s; others need --peer HOST:%d", text, sn.Port)
}

// hiddenReasons is what each of those answered who could lead others to a seed.
func hiddenReasons(sn *torrent.Snapshot) []string {
	parts := trackerReasons(sn)
	switch d := &sn.DHT; {
	case !d.Used:
		parts = append(parts, "no DHT")
	case sn.Port == 0 || d.Stored > 0: // it was told nothing, or knows
	case d.Nodes == 0:
		parts = append(parts, "no DHT node answered")
	default:
		parts = append(parts, "no DHT node has taken it")
	}
	if !sn.LocalTold {
		parts = append(parts, "the local network is not told")
	}
	if sn.Port == 0 {
		parts = append(parts, "it listens on no port")
	}
	return parts
}

// saidTrackers is how many trackers are quoted in one line.
const saidTrackers = 3

// trackerReasons is why the trackers do not lead others to a seed.
func trackerReasons(sn *torrent.Snapshot) []string {
	if len(sn.Trackers) == 0 {
		return []string{"no tracker"}
	}
	var parts []string
	for i, t := range sn.Trackers {
		if i == saidTrackers {
			parts = append(parts, Count(len(sn.Trackers)-i, "more tracker"))
			break
		}
		answer := t.Error
		if answer == "" {
			answer = "no answer yet"
		}
		parts = append(parts, "tracker "+record.Redact(t.URL)+": "+record.Redact(answer))
	}
	return parts
}

// KnownOnly says that a seed can be found, but not by those whom the user thinks
// of: its trackers do not know it, or just the local network does. Empty: nothing
// of that kind.
func KnownOnly(sn *torrent.Snapshot) string {
	far := sn.DHT.Stored > 0
	if !sn.Findable() || sn.Tracked() || far && len(sn.Trackers) == 0 {
		return ""
	}
	var by []string
	if far {
		by = append(by, "the DHT")
	}
	if sn.LocalTold {
		by = append(by, "the local network")
	}
	if len(by) == 0 {
		if undecided(sn) {
			return "" // a peer was quicker than the others
		}
		by = append(by, "the peers that are connected")
	}
	return "known only to " + strings.Join(by, " and ") + ": " + strings.Join(hiddenReasons(sn), ", ")
}

// undecided reports whether a tracker or the DHT may still take a seed's first
// announce.
func undecided(sn *torrent.Snapshot) bool {
	for _, t := range sn.Trackers {
		if !t.OK && t.Error == "" {
			return true
		}
	}
	return sn.DHT.Used && sn.Port != 0 && sn.DHT.Stored == 0 && sn.DHT.Error == ""
}
