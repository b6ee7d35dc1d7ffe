package transmission

import (
	"encoding/base64"
	"mime"
	"net/netip"
	"path"
	"strings"
	"time"

	"gotor/cmd/record"
)

// field is a field of torrent_get.
type field func(v *view) any

// What status may be.
const (
	statusStopped      = 0
	statusChecking     = 2
	statusDownloadWait = 3
	statusDownloading  = 4
	statusSeedWait     = 5
	statusSeeding      = 6
)

// Numbers that say that there is no number.
const (
	notAvailable = -1
	unknown      = -2
)

// The modes of limits of seeding.
const (
	modeGlobal    = 0
	modeSingle    = 1
	modeUnlimited = 2
)

// kilo is how many bytes a limit counts in: the units that session_get tells.
const kilo = 1000

// fields are all fields, by their name in the newer dialect.
func fields() map[string]field {
	all := map[string]field{}
	for _, some := range []map[string]field{identity(), progress(), transfers(), goals(), times(), insides(), swarmFields()} {
		for name, f := range some {
			all[name] = f
		}
	}
	return all
}

func identity() map[string]field {
	return map[string]field{
		"id":                func(v *view) any { return v.number },
		"hash_string":       func(v *view) any { return v.t.ID },
		"name":              func(v *view) any { return v.t.Name },
		"comment":           func(v *view) any { return v.t.Comment },
		"creator":           func(v *view) any { return v.t.CreatedBy },
		"download_dir":      func(v *view) any { return v.t.Dir },
		"group":             func(*view) any { return "" },
		"is_private":        func(v *view) any { return v.t.Private },
		"labels":            func(v *view) any { return notNil(v.t.Labels) },
		"magnet_link":       func(v *view) any { return v.t.Magnet },
		"torrent_file":      func(*view) any { return "" },
		"primary_mime_type": func(v *view) any { return mimeType(v.allFiles()) },
		"queue_position":    func(v *view) any { return position(v.numbered) },
	}
}

func progress() map[string]field {
	return map[string]field{
		"status":                    func(v *view) any { return status(v.t) },
		"error":                     func(v *view) any { return failed(v.t) },
		"error_string":              func(v *view) any { return failedText(v.t) },
		"is_finished":               func(v *view) any { return v.t.State == record.StateCompleted },
		"is_stalled":                func(v *view) any { return v.t.State == record.StateStalled },
		"total_size":                func(v *view) any { return v.t.Size },
		"size_when_done":            func(v *view) any { return v.t.Wanted },
		"left_until_done":           func(v *view) any { return v.t.Wanted - v.t.Verified },
		"have_valid":                func(v *view) any { return v.t.Verified },
		"have_unchecked":            func(*view) any { return 0 },
		"desired_available":         func(v *view) any { return available(v.t) },
		"percent_done":              func(v *view) any { return part(v.t.Verified, v.t.Wanted, v.t) },
		"percent_complete":          func(v *view) any { return part(v.t.Verified, v.t.Size, v.t) },
		"metadata_percent_complete": func(v *view) any { return float(known(v.t)) },
		"recheck_progress":          func(v *view) any { return rechecked(v.t) },
		"piece_count":               func(v *view) any { return v.t.Pieces },
		"piece_size":                func(v *view) any { return v.t.PieceLength },
		"file_count":                func(v *view) any { return v.t.Files },
		"eta":                       func(v *view) any { return eta(v.t) },
		"eta_idle":                  func(*view) any { return notAvailable },
	}
}

func transfers() map[string]field {
	return map[string]field{
		"rate_download":         func(v *view) any { return v.t.DownRate },
		"rate_upload":           func(v *view) any { return v.t.UpRate },
		"downloaded_ever":       func(v *view) any { return v.t.Downloaded },
		"uploaded_ever":         func(v *view) any { return v.t.Uploaded },
		"corrupt_ever":          func(v *view) any { return v.t.Wasted },
		"upload_ratio":          func(v *view) any { return v.t.Ratio },
		"download_limit":        func(v *view) any { return v.t.Limits.MaxDown / kilo },
		"download_limited":      func(v *view) any { return v.t.Limits.MaxDown > 0 },
		"upload_limit":          func(v *view) any { return v.t.Limits.MaxUp / kilo },
		"upload_limited":        func(v *view) any { return v.t.Limits.MaxUp > 0 },
		"honors_session_limits": func(*view) any { return true },
		"bandwidth_priority":    func(*view) any { return 0 },
		"sequential_download":   func(v *view) any { return v.t.Sequential },
	}
}

func goals() map[string]field {
	return map[string]field{
		"seed_ratio_mode": func(v *view) any { return ratioMode(v.t.Seed) },
		"seed_ratio_limit": func(v *view) any {
			if r := v.t.Seed.Ratio; r != nil {
				return *r
			}
			return 0.0
		},
		"seed_idle_mode": func(v *view) any { return idleMode(v.t.Seed) },
		"seed_idle_limit": func(v *view) any {
			if i := v.t.Seed.Idle; i != nil {
				return *i / 60
			}
			return 0
		},
	}
}

func times() map[string]field {
	return map[string]field{
		"added_date":           func(v *view) any { return v.t.Added.Unix() },
		"done_date":            func(v *view) any { return unix(v.t.Completed) },
		"activity_date":        func(v *view) any { return unix(v.t.Active) },
		"start_date":           func(v *view) any { return v.t.Added.Unix() },
		"edit_date":            func(*view) any { return 0 },
		"date_created":         func(*view) any { return 0 },
		"seconds_downloading":  func(v *view) any { return v.t.Downloading },
		"seconds_seeding":      func(v *view) any { return v.t.Seeding },
		"manual_announce_time": func(*view) any { return 0 },
	}
}

func insides() map[string]field {
	return map[string]field{
		"files":      func(v *view) any { return files(v) },
		"file_stats": func(v *view) any { return fileStats(v) },
		"priorities": func(v *view) any {
			out := []int{}
			for _, f := range v.allFiles() {
				out = append(out, priority(f.Priority))
			}
			return out
		},
		"wanted": func(v *view) any { // numbers, as it always was
			out := []int{}
			for _, f := range v.allFiles() {
				out = append(out, int(float(f.Priority != "skip")))
			}
			return out
		},
		"pieces": func(v *view) any {
			if p := v.allPieces(); p != nil {
				return base64.StdEncoding.EncodeToString(p.Have)
			}
			return ""
		},
		"availability": func(v *view) any { return availability(v.allPieces()) },
	}
}

func files(v *view) []object {
	out := []object{}
	top := ""
	if v.t.Path != "" && v.t.Path != v.t.Dir && len(v.allFiles()) > 0 && (v.t.Files > 1 || path.Base(v.t.Path) != path.Base(v.allFiles()[0].Path)) {
		top = path.Base(v.t.Path)
	}
	for _, f := range v.allFiles() {
		out = append(out, object{
			"name": path.Join(top, f.Path), "length": f.Length, "bytes_completed": f.Verified, "begin_piece": f.FirstPiece, "end_piece": f.LastPiece + 1,
		})
	}
	return out
}

func fileStats(v *view) []object {
	out := []object{}
	for _, f := range v.allFiles() {
		out = append(out, object{"bytes_completed": f.Verified, "wanted": f.Priority != "skip", "priority": priority(f.Priority)})
	}
	return out
}

// availability is a number for each piece: of peers, or -1 for those that we have.
func availability(p *record.Pieces) []int {
	out := []int{}
	if p == nil {
		return out
	}
	for _, r := range p.Availability {
		for range r.Length {
			if len(out) == p.Count { // more than there are would be a mistake
				break
			}
			out = append(out, r.Peers)
		}
	}
	for i := range out {
		if i/8 < len(p.Have) && p.Have[i/8]&(0x80>>(i%8)) != 0 {
			out[i] = notAvailable
		}
	}
	return out
}

// status is what Transmission calls a state.
func status(t *record.Torrent) int {
	complete := known(t) && t.Verified >= t.Wanted
	switch t.State {
	case record.StateChecking:
		return statusChecking
	case record.StateQueued:
		if complete {
			return statusSeedWait
		}
		return statusDownloadWait
	case record.StateSeeding:
		return statusSeeding
	case record.StatePaused, record.StateCompleted, record.StateFailed:
		return statusStopped
	case record.StateMoving:
		if t.Paused {
			return statusStopped
		}
		if complete {
			return statusSeeding
		}
	}
	return statusDownloading
}

// failed is 3, an error of our own, or 0.
func failed(t *record.Torrent) int {
	if t.Error != nil {
		return 3
	}
	return 0
}

func failedText(t *record.Torrent) string {
	if t.Error != nil {
		return t.Error.Detail
	}
	return ""
}

// known reports whether the metainfo is.
func known(t *record.Torrent) bool { return t.Pieces > 0 }

func float(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// part is how much of whole is here; of nothing, everything.
func part(here, whole int64, t *record.Torrent) float64 {
	if whole <= 0 {
		return float(known(t))
	}
	return float64(here) / float64(whole)
}

func rechecked(t *record.Torrent) float64 {
	if t.State == record.StateChecking {
		return t.Progress
	}
	return 0
}

// available are the bytes of what is left that somebody has.
func available(t *record.Torrent) int64 {
	left := t.Wanted - t.Verified
	if t.Availability >= 1 {
		return left
	}
	return int64(float64(left) * max(0, t.Availability))
}

func eta(t *record.Torrent) int64 {
	switch {
	case t.ETA != nil:
		return *t.ETA
	case t.State == record.StateDownloading || t.State == record.StateStalled:
		return unknown
	}
	return notAvailable
}

func unix(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// position is the place in line of who waits, else in the list.
func position(n numbered) int {
	if n.t.Queue != nil {
		return *n.t.Queue
	}
	return n.place
}

// priority is what Transmission calls one. What is skipped has none.
func priority(p string) int {
	switch p {
	case "low":
		return -1
	case "high":
		return 1
	}
	return 0
}

func ratioMode(g record.SeedGoal) int {
	switch g.Mode {
	case "forever":
		return modeUnlimited
	case "never":
		return modeSingle // of nothing
	case "limits":
		if g.Ratio != nil && *g.Ratio > 0 {
			return modeSingle
		}
		if g.Ratio != nil {
			return modeUnlimited
		}
	}
	return modeGlobal
}

func idleMode(g record.SeedGoal) int {
	switch g.Mode {
	case "forever":
		return modeUnlimited
	case "limits":
		if g.Idle != nil && *g.Idle > 0 {
			return modeSingle
		}
		if g.Idle != nil {
			return modeUnlimited
		}
	}
	return modeGlobal
}

// mimeType is that of the largest file.
func mimeType(files []record.TorrentFile) string {
	largest := record.TorrentFile{Length: -1}
	for _, f := range files {
		if f.Length > largest.Length {
			largest = f
		}
	}
	if t := mime.TypeByExtension(path.Ext(largest.Path)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// swarmFields are those about peers and trackers.
func swarmFields() map[string]field {
	return map[string]field{
		"peers":           func(v *view) any { return peers(v.allPeers()) },
		"peers_from":      func(v *view) any { return peersFrom(v.allPeers()) },
		"peers_connected": func(v *view) any { return v.t.Peers },
		"peers_sending_to_us": func(v *view) any {
			return count(v.allPeers(), func(p *record.TorrentPeer) bool { return p.DownRate > 0 })
		},
		"peers_getting_from_us": func(v *view) any {
			return count(v.allPeers(), func(p *record.TorrentPeer) bool { return p.UpRate > 0 })
		},
		"max_connected_peers":    func(v *view) any { return v.c.cfg.Session.Settings().MaxPeers.Value },
		"peer_limit":             func(v *view) any { return v.c.cfg.Session.Settings().MaxPeers.Value },
		"trackers":               func(v *view) any { return trackers(v.allTrackers()) },
		"tracker_stats":          func(v *view) any { return trackerStats(v.allTrackers()) },
		"tracker_list":           func(v *view) any { return trackerList(v.allTrackers()) },
		"webseeds":               func(v *view) any { return v.webSeeds(func(record.WebSeed) bool { return true }) },
		"webseeds_sending_to_us": func(v *view) any { return len(v.webSeeds(func(w record.WebSeed) bool { return w.State == "ok" })) },
	}
}

func (v *view) webSeeds(which func(record.WebSeed) bool) []string {
	out := []string{}
	seeds, err := v.c.cfg.Session.WebSeeds(v.t.ID)
	if err != nil && v.err == nil && record.ProblemOf(err).Code != record.CodeConflict {
		v.err = err
	}
	for _, w := range seeds {
		if which(w) {
			out = append(out, w.URL)
		}
	}
	return out
}

func count(peers []record.TorrentPeer, which func(*record.TorrentPeer) bool) int {
	n := 0
	for i := range peers {
		if which(&peers[i]) {
			n++
		}
	}
	return n
}

func peers(all []record.TorrentPeer) []object {
	out := []object{}
	for i := range all {
		p := &all[i]
		addr, _ := netip.ParseAddrPort(p.Addr)
		has := func(letter rune) bool { return strings.ContainsRune(p.Flags, letter) }
		out = append(out, object{
			"address": addr.Addr().String(), "port": addr.Port(), "client_name": p.Client, "flag_str": p.Flags, "progress": p.Progress,
			"client_is_choked": has('d'), "client_is_interested": has('D') || has('d'), "peer_is_choked": has('u'), "peer_is_interested": has('U') || has('u'),
			"is_downloading_from": p.DownRate > 0, "is_uploading_to": p.UpRate > 0, "is_incoming": p.Incoming,
			"is_encrypted": p.Encryption != "none", "is_utp": p.Transport == "utp", "rate_to_client": p.DownRate, "rate_to_peer": p.UpRate,
		})
	}
	return out
}

func peersFrom(all []record.TorrentPeer) object {
	from := object{"from_cache": 0, "from_dht": 0, "from_incoming": 0, "from_lpd": 0, "from_ltep": 0, "from_pex": 0, "from_tracker": 0}
	names := map[string]string{"tracker": "from_tracker", "dht": "from_dht", "pex": "from_pex", "lsd": "from_lpd", "link": "from_cache", "user": "from_cache", "incoming": "from_incoming"}
	for i := range all {
		if name, ok := names[all[i].Source]; ok {
			from[name] = from[name].(int) + 1
		}
	}
	return from
}
