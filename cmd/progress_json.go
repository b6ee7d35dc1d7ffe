package cmd

import (
	"time"

	"gotor/cmd/term"
	"gotor/torrent"
)

// eventVersion is the "v" of every JSON line. It changes when a key is removed
// or changes its meaning, not when one is added.
const eventVersion = 1

// jsonPeriod is the time between two progress events of a download.
const jsonPeriod = time.Second

// jsonPrinter writes one event per row and second.
type jsonPrinter struct{ s *streams }

func (p *jsonPrinter) period() time.Duration { return jsonPeriod }
func (p *jsonPrinter) close(board)           {}

func (p *jsonPrinter) tick(t board) {
	for _, r := range t.rows {
		p.show(r)
	}
}

// finished shows the last state, which no tick may have seen.
func (p *jsonPrinter) finished(r row, _ error) { p.show(r) }

func (p *jsonPrinter) show(r row) {
	sn := r.snapshot()
	p.s.console.event(newProgressEvent(r.source, &sn, p.s.now()))
}

// progressEvent is how one download stands. Its keys are described by
// schema.json.
type progressEvent struct {
	V          int            `json:"v"`
	Event      string         `json:"event"` // "progress"
	Time       time.Time      `json:"time"`
	Source     string         `json:"source"`
	Name       string         `json:"name"`
	InfoHash   string         `json:"info_hash"`
	State      string         `json:"state"`
	Elapsed    float64        `json:"elapsed"` // seconds
	Wanted     int64          `json:"wanted"`  // bytes, as all numbers up to the rates
	Verified   int64          `json:"verified"`
	Resumed    int64          `json:"resumed"`
	Checked    int64          `json:"checked"`
	ToCheck    int64          `json:"to_check"`
	Downloaded int64          `json:"downloaded"`
	FromPeers  int64          `json:"from_peers"`     // of Downloaded
	FromWeb    int64          `json:"from_web_seeds"` // of Downloaded
	Uploaded   int64          `json:"uploaded"`
	Ratio      float64        `json:"ratio"` // uploaded, in earlier runs too, per byte wanted
	Wasted     int64          `json:"wasted"`
	DownRate   int64          `json:"down_rate"` // bytes per second
	UpRate     int64          `json:"up_rate"`
	ETA        *float64       `json:"eta"` // seconds; null: unknown
	Pieces     int            `json:"pieces"`
	PiecesDone int            `json:"pieces_done"`
	Peers      int            `json:"peers"`
	Seeds      int            `json:"seeds"`
	Choking    int            `json:"choking"` // of Peers, as all numbers down to Unchoked
	Lacking    int            `json:"lacking"`
	Silent     int            `json:"silent"`
	Interested int            `json:"interested"`
	Unchoked   int            `json:"unchoked"`
	Known      int            `json:"known"`
	Dialing    int            `json:"dialing"`
	Tried      int            `json:"tried"` // of Known, and those that came again
	Trackers   []trackerEvent `json:"trackers"`
	WebSeeds   []webSeedEvent `json:"web_seeds"`
	DHT        *dhtEvent      `json:"dht"`      // null: not used
	Local      *int           `json:"local"`    // addresses from the local network; null: not used
	Port       int            `json:"port"`     // where peers connect; 0: nowhere
	Findable   bool           `json:"findable"` // others can find it, as far as is known

	// While State is metadata: peers that have it, and bytes of it that came.
	MetadataPeers int   `json:"metadata_peers"`
	MetadataGot   int64 `json:"metadata_got"`
	MetadataSize  int64 `json:"metadata_size"`
}

// dhtEvent is what the DHT does for a download.
type dhtEvent struct {
	Nodes  int    `json:"nodes"`  // that answered lately
	Found  int    `json:"found"`  // addresses of peers
	Stored int    `json:"stored"` // nodes that took our last announce
	Error  string `json:"error,omitempty"`
}

// trackerEvent is what one tracker last answered.
type trackerEvent struct {
	URL   string `json:"url"` // without its secrets
	State string `json:"state"`
	Error string `json:"error,omitempty"`
	Peers int    `json:"peers"`
}

// webSeedEvent is what one web server has done so far.
type webSeedEvent struct {
	URL        string `json:"url"` // without its secrets
	State      string `json:"state"`
	Error      string `json:"error,omitempty"`
	Downloaded int64  `json:"downloaded"`
}

func newProgressEvent(source string, sn *torrent.Snapshot, now time.Time) progressEvent {
	e := progressEvent{
		V: eventVersion, Event: "progress", Time: now, Source: term.Redact(source), Name: sn.Name, InfoHash: sn.InfoHash,
		State: string(sn.State), Elapsed: sn.Elapsed.Seconds(), Wanted: sn.Wanted, Verified: sn.Verified, Resumed: sn.Resumed,
		Checked: sn.Checked, ToCheck: sn.ToCheck, Downloaded: sn.Downloaded, Uploaded: sn.Uploaded, Wasted: sn.Wasted,
		DownRate: sn.DownRate, UpRate: sn.UpRate, Pieces: sn.Pieces, PiecesDone: sn.PiecesDone, Peers: sn.Peers,
		Ratio: sn.Ratio, Seeds: sn.Seeds, Interested: sn.Interested, Unchoked: sn.Unchoked, Known: sn.Known, Dialing: sn.Dialing, Trackers: trackerEvents(sn.Trackers),
	}
	e.Choking, e.Lacking, e.Silent = sn.Choking, sn.Lacking, sn.Silent
	e.FromPeers, e.FromWeb, e.Tried, e.WebSeeds = sn.Downloaded-sn.DownloadedWeb, sn.DownloadedWeb, sn.Tried, webSeedEvents(sn.WebSeeds)
	e.Port, e.Findable = int(sn.Port), sn.Findable()
	e.MetadataPeers, e.MetadataGot, e.MetadataSize = sn.MetadataPeers, sn.MetadataGot, sn.MetadataSize
	if d := &sn.DHT; d.Used {
		e.DHT = &dhtEvent{Nodes: d.Nodes, Found: d.Found, Stored: d.Stored, Error: d.Error}
	}
	if sn.Local >= 0 {
		e.Local = &sn.Local
	}
	if sn.ETA > 0 {
		s := sn.ETA.Seconds()
		e.ETA = &s
	}
	return e
}

// trackerEvents copies what trackers answered, without their secrets. The list
// is never null.
func trackerEvents(list []torrent.TrackerStatus) []trackerEvent {
	out := make([]trackerEvent, 0, len(list))
	for _, t := range list {
		out = append(out, trackerEvent{URL: term.Redact(t.URL), State: t.State, Error: term.Redact(t.Error), Peers: t.Peers})
	}
	return out
}

// webSeedEvents copies what web servers have done, without their secrets. The
// list is never null.
func webSeedEvents(list []torrent.WebSeedStatus) []webSeedEvent {
	out := make([]webSeedEvent, 0, len(list))
	for _, w := range list {
		out = append(out, webSeedEvent{URL: term.Redact(w.URL), State: string(w.State), Error: term.Redact(w.Error), Downloaded: w.Downloaded})
	}
	return out
}
