package torrent

import (
	"time"

	"gotor/piece/storage"
)

const (
	// maxPeers bounds the connections of one torrent: each costs two
	// goroutines and a bitfield.
	maxPeers = 80
	// maxAllPeers bounds the connections of all torrents together.
	maxAllPeers = 500
	// leastPeers and leastStrangers are how many connections there may be, and
	// how many in the lobby and half-open, however few files the process may open.
	leastPeers     = 4
	leastStrangers = 2
	// ownDescriptors is what a process needs beside files and peers: its three
	// streams, the runtime's, listeners, UDP sockets, trackers, folders and locks.
	ownDescriptors = 24
	// torrentDescriptors is what a download has open for good, folders and a lock, and
	// as much again for a file and a peer or two.
	torrentDescriptors = 8
	// maxDialing bounds half-open connections of one torrent, so that a list
	// of dead addresses does not flood a home router's table.
	maxDialing = 40
	// maxHalfOpen bounds those of all torrents together.
	maxHalfOpen = 4 * maxDialing
	// maxHandshakes bounds incoming connections that no torrent has taken yet
	// (threat: slowloris, floods).
	maxHandshakes = 100

	// dialRate and dialBurst bound new dials per second (threat: peer lists
	// that make us a scanner or a DDoS gun).
	dialRate  = 20
	dialBurst = 100

	dialTimeout = 10 * time.Second
	// dialHurry is how long a connection may take while more addresses wait than
	// can be dialled at a time: a SYN is sent three times by then.
	dialHurry = 4 * time.Second
	// goodbyeTime bounds the announces at exit, those of all torrents together.
	goodbyeTime = 2 * time.Second
	// recordEvery is the least time between two writes of the record, and
	// firstRecord the time to the first that waits for the disk (see
	// Store.Begin): a torrent that is done before then never pays for one.
	recordEvery = 5 * time.Second
	firstRecord = 300 * time.Millisecond

	// managerTick is how often the piece manager looks for requests that nobody
	// will answer. Silence is no event: this is the one clock that ticks, while
	// somebody is connected.
	managerTick = time.Second

	// strikesForLast is how many bad pieces a peer that nobody can replace may send
	// until it has to wait after each (blame.go).
	strikesForLast = 3

	// allowedFast is how many pieces a peer may get without a slot (BEP 6).
	allowedFast = 10

	// sameTime is how long after a connection another one between the same two
	// peers counts as made at the same time: one of both has to go.
	sameTime = 10 * time.Second

	// seedLook is how often, at least, a seeding torrent with a limit looks at
	// how much it has sent; seedRecord how often that is written down.
	seedLook   = 10 * time.Second
	seedRecord = time.Minute
)

// limits are how many connections of each kind a Client may have.
type limits struct {
	members  int // of all torrents
	lobby    int // incoming, and not taken yet
	halfOpen int // being dialled, by all torrents
	dialing  int // by one
}

// limitsFor scales the limits with what the process may open. Of what it does not
// need itself, files get a quarter (storage.NewDescriptors), peers half, those who
// come and those who are dialled an eighth each.
func limitsFor(descriptors int, cfg Config) limits {
	l := limits{members: cfg.MaxPeers}
	if l.members <= 0 {
		l.members = max(cfg.MaxPeersPerTorrent, maxAllPeers)
	}
	free := max(0, descriptors-ownDescriptors)
	l.members = min(l.members, max(leastPeers, free/2))
	l.lobby = min(maxHandshakes, max(leastStrangers, free/8))
	l.halfOpen = min(maxHalfOpen, max(leastStrangers, free/8))
	l.dialing = min(maxDialing, l.halfOpen)
	return l
}

// Room is how many torrents can be downloaded at a time, with as many files as the
// process may have open.
func Room() int { return max(1, (storage.OpenLimit()-ownDescriptors)/torrentDescriptors) }

// dialShare is how many of the dials of a torrent may be to addresses of one
// teller.
func dialShare(dialing int) int { return max(1, dialing*3/4) }
