package torrent

import "time"

const (
	// maxPeers bounds the connections of one torrent: each costs two
	// goroutines and a bitfield.
	maxPeers = 80
	// maxAllPeers bounds the connections of all torrents together.
	maxAllPeers = 500
	// minAllPeers is how many there may be however few files the process may
	// open.
	minAllPeers = 16
	// maxDialing bounds half-open connections of one torrent, so that a list
	// of dead addresses does not flood a home router's table.
	maxDialing = 40
	// maxKnown bounds the addresses kept of one swarm (threat: peer lists as a
	// memory bomb).
	maxKnown = 2000
	// maxPerIP bounds connections from one public host, see hostOf (threat: one
	// host that takes all slots). Loopback and private addresses are exempt.
	maxPerIP = 3
	// maxHandshakes bounds incoming connections that have not yet said which
	// torrent they want (threat: slowloris).
	maxHandshakes = 100

	// dialRate and dialBurst bound new dials per second (threat: peer lists
	// that make us a scanner or a DDoS gun).
	dialRate  = 20
	dialBurst = 100

	dialTimeout = 10 * time.Second
	// goodbyeTime bounds the announces at exit.
	goodbyeTime = 2 * time.Second
	// recordEvery is the least time between two writes of the record, and
	// firstRecord the time to the first: a torrent that is done before then
	// never pays for one.
	recordEvery = 5 * time.Second
	firstRecord = 300 * time.Millisecond

	// managerTick is how often the piece manager looks for requests that nobody
	// will answer. Silence is no event: this is the one clock that ticks, while
	// somebody is connected.
	managerTick = time.Second

	// strikesForLast is how many bad pieces the last peer may send before it is
	// banned all the same: one failure may be a faulty cable, and without it
	// nothing is left.
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
