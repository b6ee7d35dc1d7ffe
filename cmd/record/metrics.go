package record

// Metrics are the figures of a daemon that only a monitoring system wants, beside
// those of Stats. Counters are of this run, and never fall.
type Metrics struct {
	Peers []PeerCount // connections, by kind

	ReceivedPeers int64 // payload from peers, bytes
	ReceivedWeb   int64 // payload from web seeds
	Sent          int64 // payload
	Verified      int64 // bytes in pieces whose hash was right
	Wasted        map[string]int64
	PiecesFailed  int64
	Announces     Tally
	Dials         Tally
	DHTNodes      map[string]int // by family, ipv4 or ipv6; nil: there is no DHT

	JournalSyncs       int64
	JournalSyncSeconds *Histogram // nil: not measured
}

// PeerCount is how many connections there are of a kind.
type PeerCount struct {
	Transport  string // as of a TorrentPeer
	Encryption string // as of a TorrentPeer
	Direction  string // in, out
	Count      int
}

// Tally counts what may go wrong.
type Tally struct{ OK, Failed int64 }

// Histogram counts values by size.
type Histogram struct {
	Bounds []float64 // upper ends, ascending; what is greater is counted beyond the last
	Counts []uint64  // one more than bounds; not summed up
	Sum    float64
}
