// Package server is a small BitTorrent tracker for private swarms and CI:
// announce and scrape over HTTP and UDP (BEP 3, 7, 15, 23, 24, 48), with all of
// its state in memory.
//
//	s := server.New(server.Config{})
//	err := s.Serve(ctx, listener, packetConn) // until ctx is done
//
// What it knows is a book (book.go, pick.go): a plain structure that is told
// the time. Around it are a codec for each transport (query.go and reply.go,
// packet.go and token.go) and the loops that read and write (http.go, udp.go).
//
// # Who is told of whom
//
// A peer is an address and a port, taken from where its announce came from.
// Answers are a random choice of the others; a seeder gets leechers only. All
// addresses of private networks are given to everybody: it is a tracker for
// such networks. A peer without a port, or with an address that means something
// else to each host (link-local ones), gets answers but is in none.
//
// A peer with a loopback address runs on the tracker's own machine, often
// because the machine's name stands for 127.0.1.1 in its own /etc/hosts. Other
// peers on the machine are told that address; to everybody else it is given as
// the address under which they have reached the tracker. Over UDP that is known
// on Linux, where answers also leave from there; elsewhere a socket on all
// addresses is a reason to set Config.Addrs.
//
// The parameter ip= is for peers of a local network only (see announce.place);
// ipv4= and ipv6= of BEP 7 are ignored, since clients announce over both
// families anyway. So is BEP 41: there is one announce path, and its query says
// nothing that is of use here. A peer with addresses of both families counts as
// two in the numbers.
//
// # Bounds
//
// An entry for a peer takes 72 bytes, and about as much again in the tables
// that lead to it. A peer that says nothing for three intervals (and 6 minutes)
// is dropped, a torrent with its last peer, unless a list of allowed torrents
// keeps it. What expires is taken off the front of a list by whichever request
// comes next; nothing is scanned, and nothing ticks.
//
// One source (an IPv4 address or an IPv6 /64) holds at most a sixteenth of the
// room, or 1,000 peers if that is more; then its new peers are refused. This is so
// for private addresses, too: they are whom such a tracker is for. The tracker's
// own machine, where a proxy may speak for all, has no such limit.
//
// When there is no more room, something of the source that has most of it makes
// way, as far as sixteen random peers show who that is; among equals
//   - of all peers, the one that has been silent longest: its word is worth
//     least, and if it lives it is back within an interval;
//   - of the peers of one torrent, at half of all room, a random one: each is as
//     good as any other in a swarm of that size;
//   - of the torrents, the one announced least recently: a swarm with many peers
//     is announced all the time, made-up hashes once. Here a source has the
//     torrents in which nobody else is.
//
// A newcomer whose own source has as much as anybody takes the place of another
// of its own, or is refused: so nobody pushes others out alone.
//
// HTTP takes 5 s for a request of 8 KiB at most, one a connection, with 512
// connections at a time, 128 of one source. UDP answers whoever has not shown
// that it receives at its address with no more bytes than it sent (16 to connect,
// nothing to anything else); connection ids are computed, not stored. An answer has 200 peers at most, over UDP also
// 1,220 bytes.
//
// # Goroutines
//
// Serve starts one for HTTP, which accepts, and one for UDP, which does all of
// its work; net/http starts one for each connection. All end when the context
// does, and Serve waits for them; in a hurry to do so context.AfterFunc closes
// the sockets from a goroutine of its own. Nothing else runs.
package server
