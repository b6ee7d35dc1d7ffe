package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gotor/cmd/record"
)

// This file shows what a daemon says of its torrents.

// shortID is how many digits of an info-hash a table shows: enough to call a torrent
// by them.
const shortID = 8

// TorrentTable has a line for each torrent.
func TorrentTable(list []*record.Torrent) string {
	rows := [][]string{{"id", "state", "done", "size", "down", "up", "eta", "ratio", "peers", "name"}}
	for _, t := range list {
		rows = append(rows, []string{
			record.Safe(t.ID[:min(shortID, len(t.ID))]), record.Safe(t.State), part(t.Progress), Bytes(t.Size),
			rateOrDash(t.DownRate), rateOrDash(t.UpRate), eta(t.ETA), strconv.FormatFloat(t.Ratio, 'f', 2, 64), strconv.Itoa(t.Peers), record.Safe(t.Name),
		})
	}
	return grid("llrrrrrrrl", rows)
}

// part is rounded down: what is not complete is never 100 %.
func part(done float64) string { return strconv.Itoa(int(done*100)) + "%" }

func rateOrDash(n int64) string {
	if n == 0 {
		return "-"
	}
	return Rate(n)
}

func eta(seconds *int64) string {
	if seconds == nil {
		return "-"
	}
	return Duration(time.Duration(*seconds) * time.Second)
}

// TorrentText is all that a daemon knows of a torrent, a line for each thing.
func TorrentText(t *record.Torrent) string {
	var b strings.Builder
	line := func(key, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-12s %s\n", key, record.Safe(text))
		}
	}
	line("name", t.Name)
	line("id", t.ID)
	if t.IDV2 != nil {
		line("id, v2", *t.IDV2)
	}
	line("state", stateText(t))
	line("done", fmt.Sprintf("%s of %s", Bytes(t.Verified), Bytes(t.Wanted)))
	if t.DownRate > 0 || t.UpRate > 0 {
		line("rates", fmt.Sprintf("down %s, up %s", Rate(t.DownRate), Rate(t.UpRate)))
	}
	if t.ETA != nil {
		line("eta", eta(t.ETA))
	}
	line("transferred", fmt.Sprintf("down %s, up %s, ratio %.2f", Bytes(t.Downloaded), Bytes(t.Uploaded), t.Ratio))
	line("peers", fmt.Sprintf("%d, %d of them seeds; %d known", t.Peers, t.Seeds, t.Known))
	line("swarm", crowd(t.Swarm))
	line("path", pathOf(t))
	line("labels", strings.Join(t.Labels, ", "))
	line("limits", limits(t.Limits))
	line("seeding", seedGoal(t.Seed))
	line("added", moment(&t.Added))
	line("completed", moment(t.Completed))
	line("tracker", t.Tracker)
	line("pieces", fmt.Sprintf("%d of %s", t.Pieces, Bytes(t.PieceLength)))
	line("files", strconv.Itoa(t.Files))
	if t.Private {
		line("private", "yes")
	}
	line("comment", t.Comment)
	line("made by", t.CreatedBy)
	for _, w := range t.Warnings {
		line("warning", w)
	}
	return b.String()
}

// pathOf is where the data is, or will be.
func pathOf(t *record.Torrent) string {
	if t.Path == "" {
		return t.Dir
	}
	return t.Path
}

// stateText is the state, and what there is to say of it.
func stateText(t *record.Torrent) string {
	switch {
	case t.Error != nil:
		return fmt.Sprintf("%s: %s", t.State, t.Error.Detail)
	case t.Queue != nil:
		return fmt.Sprintf("%s, number %d in line", t.State, *t.Queue+1)
	case t.State == record.StateChecking || t.State == record.StateMoving || t.State == record.StateDownloading:
		return fmt.Sprintf("%s, %s", t.State, part(t.Progress))
	}
	return t.State
}

func crowd(c record.Crowd) string {
	if c.Seeders == nil && c.Leechers == nil {
		return ""
	}
	return fmt.Sprintf("%s seeders, %s leechers", number(c.Seeders), number(c.Leechers))
}

func limits(l record.RateLimits) string {
	var parts []string
	if l.MaxDown > 0 {
		parts = append(parts, "down "+Rate(l.MaxDown))
	}
	if l.MaxUp > 0 {
		parts = append(parts, "up "+Rate(l.MaxUp))
	}
	return strings.Join(parts, ", ")
}

// seedGoal is empty where the settings of the daemon hold.
func seedGoal(g record.SeedGoal) string {
	if g.Mode == "" || g.Mode == "default" {
		return ""
	}
	parts := []string{g.Mode}
	if g.Ratio != nil {
		parts = append(parts, fmt.Sprintf("ratio %g", *g.Ratio))
	}
	if g.Time != nil {
		parts = append(parts, "for "+eta(g.Time))
	}
	if g.Idle != nil {
		parts = append(parts, "idle "+eta(g.Idle))
	}
	return strings.Join(parts, ", ")
}

func moment(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

// FileTable has a line for each file of a torrent.
func FileTable(list []record.TorrentFile) string {
	rows := [][]string{{"file", "done", "size", "priority", "path"}}
	for _, f := range list {
		done := 1.0
		if f.Length > 0 {
			done = float64(f.Verified) / float64(f.Length)
		}
		rows = append(rows, []string{strconv.Itoa(f.Index), part(done), Bytes(f.Length), record.Safe(f.Priority), record.Safe(f.Path)})
	}
	return grid("rrrll", rows)
}

// PeerTable has a line for each connection.
func PeerTable(list []record.TorrentPeer) string {
	rows := [][]string{{"address", "done", "down", "up", "flags", "from", "client"}}
	for _, p := range list {
		rows = append(rows, []string{
			record.Safe(p.Addr), part(p.Progress), rateOrDash(p.DownRate), rateOrDash(p.UpRate), record.Safe(p.Flags), record.Safe(p.Source), record.Safe(p.Client),
		})
	}
	return grid("lrrrlll", rows)
}

// TrackerTable has a line for each tracker; times are as seen from now.
func TrackerTable(list []record.TorrentTracker, now time.Time) string {
	rows := [][]string{{"tier", "state", "seeders", "leechers", "next", "tracker"}}
	for _, t := range list {
		next := "-"
		if t.Next != nil {
			next = Duration(t.Next.Sub(now))
		}
		url := t.URL
		if t.Error != "" {
			url += ": " + t.Error
		}
		rows = append(rows, []string{strconv.Itoa(t.Tier), record.Safe(t.State), number(t.Seeders), number(t.Leechers), next, record.Safe(url)})
	}
	return grid("rlrrrl", rows)
}

// SettingsTable has a line for each setting: its value, and where that comes from.
func SettingsTable(s *record.Settings) string {
	var rows [][]string
	add := func(key, value, from string, fixed bool) {
		if value == "" {
			value = "-" // a column must not be empty, or awk takes the next one for it
		}
		if fixed {
			from += ", fixed"
		}
		rows = append(rows, []string{key, record.Safe(value), record.Safe(from)})
	}
	knob(add, "max-down", s.MaxDown, rateOrNone)
	knob(add, "max-up", s.MaxUp, rateOrNone)
	knob(add, "schedule", s.Schedule, func(v []record.Slot) string { return countOrNone(len(v), "slot") })
	knob(add, "override", s.Override, overrideText)
	knob(add, "max-downloads", s.Queue.MaxDownloads, numberOrNone)
	knob(add, "max-seeds", s.Queue.MaxSeeds, numberOrNone)
	knob(add, "max-checks", s.Queue.MaxChecks, numberOrNone)
	knob(add, "seed", s.Seed.Mode, func(v string) string { return v })
	knob(add, "seed-ratio", s.Seed.Ratio, func(v float64) string { return fmt.Sprintf("%g", v) })
	knob(add, "seed-time", s.Seed.Time, func(v int64) string { return eta(&v) })
	knob(add, "seed-idle", s.Seed.Idle, func(v int64) string { return eta(&v) })
	knob(add, "dir", s.Dir, func(v string) string { return v })
	knob(add, "roots", s.Roots, func(v []string) string { return strings.Join(v, " ") })
	knob(add, "watch", s.Watch, func(v []record.WatchDir) string { return countOrNone(len(v), "folder") })
	knob(add, "dht", s.DHT, strconv.FormatBool)
	knob(add, "lsd", s.LSD, strconv.FormatBool)
	knob(add, "pex", s.PEX, strconv.FormatBool)
	knob(add, "port", s.Port, portText)
	knob(add, "max-peers", s.MaxPeers, numberOrNone)
	return grid("lll", rows)
}

// knob adds the row of one setting.
func knob[T any](add func(key, value, from string, fixed bool), key string, k record.Knob[T], text func(T) string) {
	add(key, text(k.Value), k.From, k.Fixed)
}

func rateOrNone(n int64) string {
	if n == 0 {
		return "none"
	}
	return Rate(n)
}

// portText is a port as --port takes it.
func portText(n int) string {
	switch n {
	case 0:
		return "auto"
	case -1:
		return "none"
	}
	return strconv.Itoa(n)
}

func numberOrNone(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func countOrNone(n int, noun string) string {
	if n == 0 {
		return "none"
	}
	return Count(n, noun)
}

func overrideText(o *record.Override) string {
	if o == nil {
		return "none"
	}
	return fmt.Sprintf("down %s, up %s, until %s", rateOrNone(o.MaxDown), rateOrNone(o.MaxUp), moment(&o.Until))
}
