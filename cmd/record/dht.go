package record

import "time"

// This file has the objects of the dht commands.

// Search says how much asking something in the DHT took.
type Search struct {
	Asked    int     `json:"asked"` // nodes
	Answered int     `json:"answered"`
	Seconds  float64 `json:"seconds"`
}

// DHTPing is the object of dht ping --json.
type DHTPing struct {
	V       int     `json:"v"`
	Address string  `json:"address"`
	ID      string  `json:"id"`
	Seconds float64 `json:"seconds"`
	Version string  `json:"version,omitempty"` // of the node's program, if it says
}

// DHTLookup is the object of dht lookup --json.
type DHTLookup struct {
	V      int             `json:"v"`
	Target string          `json:"target"`
	Nodes  []DHTLookupNode `json:"nodes"` // closest first
	Hops   int             `json:"hops"`
	Search
}

// DHTLookupNode is a node in it.
type DHTLookupNode struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// DHTPeer is a line of dht get-peers --json.
type DHTPeer struct {
	V     int    `json:"v"`
	Event string `json:"event"` // "peer"
	Peer  string `json:"peer"`
}

// DHTPeers is the last line of dht get-peers --json.
type DHTPeers struct {
	V        int    `json:"v"`
	Event    string `json:"event"` // "peers"
	InfoHash string `json:"info_hash"`
	Peers    int    `json:"peers"`
	Search
}

// DHTPut is the object of dht put --json.
type DHTPut struct {
	V        int     `json:"v"`
	Target   string  `json:"target"`
	Key      *string `json:"key"`  // null: immutable
	Salt     *string `json:"salt"` // hexadecimal
	Seq      *int64  `json:"seq"`
	InfoHash *string `json:"info_hash"` // of the torrent that the value points to
	Magnet   string  `json:"magnet,omitempty"`
	Stored   int     `json:"stored"` // nodes that took it
	Search
}

// DHTGet is the object of dht get --json.
type DHTGet struct {
	V        int     `json:"v"`
	Target   string  `json:"target"`
	Text     *string `json:"text"`     // the string that the value is, if it is text
	Bencoded string  `json:"bencoded"` // hexadecimal
	Key      *string `json:"key"`      // null: immutable
	Salt     *string `json:"salt"`     // hexadecimal
	Seq      *int64  `json:"seq"`
	InfoHash *string `json:"info_hash"` // of the torrent that the value points to
	Search
}

// DHTStatus is a line of dht node --json.
type DHTStatus struct {
	V         int       `json:"v"`
	Event     string    `json:"event"` // "listening", "nodes"
	Time      time.Time `json:"time"`
	Port      int       `json:"port"`
	Addresses []string  `json:"addresses"` // of the machine, with the port
	Nodes     int       `json:"nodes"`     // known
	Good      int       `json:"good"`      // of these, those that have answered lately
	Queries   int64     `json:"queries"`   // answered since the start
	Torrents  int       `json:"torrents"`  // with peers that have announced themselves here
	Items     int       `json:"items"`     // values stored here
}
