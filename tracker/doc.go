// Package tracker asks BitTorrent trackers for peers: announce and scrape over
// HTTP, HTTPS and UDP (BEP 3, 7, 12, 15, 21, 23, 24, 27, 31, 41, 48).
//
// A [Client] makes single announces and scrapes:
//
//	c := tracker.New(tracker.Config{ // n is the network
//		DialContext: n.DialContext, ListenPacket: n.ListenPacket, LookupNetIP: n.LookupNetIP,
//		UserAgent: "gotor/1.0",
//	})
//	defer c.Close()
//	answer, err := c.Announce(ctx, judge, "udp://tracker.example:6969", request)
//
// An [Announcer] keeps one torrent announced to all of its trackers: when to
// ask whom, what follows a failure, and the events started, completed and
// stopped. Its decisions are a machine without clock or I/O (tiers.go); what
// is left to the Announcer is to run it.
//
// The announces of all Announcers of a Client begin in turns (queue.go): 8 at a time
// at one host, 128 in all over HTTP and 512 over UDP, four times as many when they say
// that we stop, and at one host a hundred a second after the first fifty. Torrents that
// sleep ([Announcer.Round]) come last. Who has another tracker to turn to waits 8 seconds
// for that. Once a host is known not to answer, one at a time tries it again, and the
// others fail as that does: thousands of torrents cost a dead tracker no more than one.
//
// # Hostile trackers
//
// Whatever an answer says, it costs bounded time and memory: an HTTP exchange
// takes 10 seconds, 5 redirects and 2 MiB after inflation at most, and of long
// bodies four are read at a time; 500 peers are taken from an answer; intervals are
// brought into 1 minute to 1 hour; text is cut at 512 bytes but otherwise raw, so it
// must be made safe before it is printed. Addresses that no peer can have are dropped.
// A UDP answer must come from the very address that was asked and carry the random
// transaction id of the question. Redirects are followed by hand, without a Referer,
// and each one passes the Judge of the exchange, as do the addresses that names lead
// to and those of peers; credentials do not follow to another origin, and https never
// leads to http.
//
// Within these bounds answers are read as libtorrent reads them, since trackers
// are tested against nothing else: bytes behind the dictionary, a body shorter
// than its length, gzip with a wrong checksum. Of peers given by host names (BEP
// 3) eight are looked up; the Judge says which of their addresses a tracker may
// name.
//
// # Both address families
//
// A tracker with an IPv4 and an IPv6 address is announced to over both, as
// each connection makes only its own source address known (BEP 7). When one
// family has answered, the other gets a few seconds more.
//
// # Goroutines
//
//   - One reader per UDP socket (at most two a Client), started by the first
//     UDP exchange, ended by Client.Close, which waits for it.
//   - One per further address family of an announce or scrape, ended with the
//     call's context at the latest; the call waits for it.
//   - Those of net/http: two for each connection. A connection is kept for ten
//     seconds after an exchange, at most 32 of them, for the next one with the same
//     tracker, name and addresses; others end with their exchange. Client.Close
//     closes them all and waits for that.
//   - A timer while announces wait for the pace of a host, whose function takes a
//     moment; nothing waits for it. An announce that waits has no goroutine.
//   - An Announcer has a timer, whose function takes a moment, and one goroutine for
//     each announce in progress: at most one a tracker. Announcer.Stop starts one per
//     tracker, which starts those of the farewell; it ends them all and waits. SetList
//     starts one per tracker that goes, for ten seconds at most. Announcer.Round
//     and Sleep wait for theirs.
package tracker
