package record

import "gotor/torrent"

// This file has the parts that several objects share, each made from a snapshot by
// one function. An object embeds them where their keys are to stand.

// Names say which torrent an object is about.
type Names struct {
	Source   string `json:"source"`    // as the user wrote it, without secrets
	Name     string `json:"name"`      // raw, as the torrent has it
	InfoHash string `json:"info_hash"` // hex, of version 1
}

// Amounts say how far a download is, in bytes of the selected files.
type Amounts struct {
	Wanted   int64 `json:"wanted"`
	Verified int64 `json:"verified"` // of Wanted
	Resumed  int64 `json:"resumed"`  // of Verified, were here before
}

func amounts(sn *torrent.Snapshot) Amounts { return Amounts{sn.Wanted, sn.Verified, sn.Resumed} }

// Transfer is what went over the network, in bytes.
type Transfer struct {
	Downloaded int64   `json:"downloaded"`
	FromPeers  int64   `json:"from_peers"`     // of Downloaded
	FromWeb    int64   `json:"from_web_seeds"` // of Downloaded
	Uploaded   int64   `json:"uploaded"`
	Ratio      float64 `json:"ratio"`  // uploaded, in earlier runs too, per byte wanted
	Wasted     int64   `json:"wasted"` // of Downloaded, came twice or failed the hash
}

func transfer(sn *torrent.Snapshot) Transfer {
	return Transfer{
		Downloaded: sn.Downloaded, FromPeers: sn.Downloaded - sn.DownloadedWeb, FromWeb: sn.DownloadedWeb,
		Uploaded: sn.Uploaded, Ratio: sn.Ratio, Wasted: sn.Wasted,
	}
}

// Rates are in bytes per second: of the last seconds while something goes on, on
// average when it has ended.
type Rates struct {
	DownRate int64 `json:"down_rate"`
	UpRate   int64 `json:"up_rate"`
}

// Swarm counts the peers.
type Swarm struct {
	Peers      int `json:"peers"`   // connected
	Seeds      int `json:"seeds"`   // of Peers, as all numbers down to Unchoked
	Choking    int `json:"choking"` // have something, and do not let us ask
	Lacking    int `json:"lacking"` // have nothing that we lack
	Silent     int `json:"silent"`  // owe us blocks
	Interested int `json:"interested"`
	Unchoked   int `json:"unchoked"`
	Known      int `json:"known"` // addresses heard of
	Dialing    int `json:"dialing"`
	Tried      int `json:"tried"` // of Known, and those that came again
}

func swarm(sn *torrent.Snapshot) Swarm {
	return Swarm{
		Peers: sn.Peers, Seeds: sn.Seeds, Choking: sn.Choking, Lacking: sn.Lacking, Silent: sn.Silent,
		Interested: sn.Interested, Unchoked: sn.Unchoked, Known: sn.Known, Dialing: sn.Dialing, Tried: sn.Tried,
	}
}

// Metadata is how the metadata of a link comes; all is 0 in other states.
type Metadata struct {
	MetadataPeers int   `json:"metadata_peers"` // that have it
	MetadataGot   int64 `json:"metadata_got"`   // bytes
	MetadataSize  int64 `json:"metadata_size"`
}

func metadata(sn *torrent.Snapshot) Metadata {
	return Metadata{sn.MetadataPeers, sn.MetadataGot, sn.MetadataSize}
}

// Sources are the answers of those that lead to data. No list is ever null.
type Sources struct {
	Trackers []Tracker `json:"trackers"`
	WebSeeds []WebSeed `json:"web_seeds"`
}

// Tracker is what one tracker last answered.
type Tracker struct {
	URL   string `json:"url"` // without its secrets
	State string `json:"state"`
	Error string `json:"error,omitempty"`
	Peers int    `json:"peers"` // addresses in the answer
}

// WebSeed is what one web server has done so far.
type WebSeed struct {
	URL        string `json:"url"` // without its secrets
	State      string `json:"state" enum:"idle,connecting,ok,waiting,failed"`
	Error      string `json:"error,omitempty"`
	Downloaded int64  `json:"downloaded"` // bytes
}

// sources copies the answers: those who gave them chose their texts.
func sources(sn *torrent.Snapshot) Sources {
	s := Sources{make([]Tracker, 0, len(sn.Trackers)), make([]WebSeed, 0, len(sn.WebSeeds))}
	for _, t := range sn.Trackers {
		s.Trackers = append(s.Trackers, Tracker{URL: Redact(t.URL), State: t.State, Error: Redact(t.Error), Peers: t.Peers})
	}
	for _, w := range sn.WebSeeds {
		s.WebSeeds = append(s.WebSeeds, WebSeed{URL: Redact(w.URL), State: string(w.State), Error: Redact(w.Error), Downloaded: w.Downloaded})
	}
	return s
}

// DHT is what the DHT does for a download.
type DHT struct {
	Nodes  int    `json:"nodes"`  // that answered lately
	Found  int    `json:"found"`  // addresses of peers
	Stored int    `json:"stored"` // nodes that took our last announce
	Error  string `json:"error,omitempty"`
}

// dhtOf is nil when the DHT is not used.
func dhtOf(sn *torrent.Snapshot) *DHT {
	d := &sn.DHT
	if !d.Used {
		return nil
	}
	return &DHT{Nodes: d.Nodes, Found: d.Found, Stored: d.Stored, Error: d.Error}
}

// File is a selected file of a torrent.
type File struct {
	Index  int    `json:"index"` // its place in the torrent, as show counts
	Path   string `json:"path"`  // on disk; with -o - the path in the torrent
	Length int64  `json:"length"`
}
