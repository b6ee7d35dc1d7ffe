// Package dht is a node of the distributed tracker: it finds and announces
// peers without any tracker (BEP 5), over IPv4 and IPv6 (BEP 32), with scrapes
// (BEP 33), ids tied to the external address (BEP 42), a read-only mode
// (BEP 43), stored items (BEP 44, and 46 on top of it) and samples of
// info-hashes for indexers (BEP 51).
//
// A [Node] is a machine without I/O, clock or goroutine. Its owner hands it
// datagrams (Receive), tells it the time (Tick) and gives it a function that
// sends; commands such as GetPeers come back through callbacks:
//
//	n := dht.New(dht.Config{Send: send, IPv4: true})
//	n.Bootstrap(now, addrs)
//	n.GetPeers(now, infoHash, dht.PeersOptions{Announce: true, Port: 6881}, onPeers, onDone)
//	next := n.Tick(now) // call again then, and after every other call
//
// A [Runner] owns a Node in one goroutine, for programs that have a socket.
//
// # One node, two tables
//
// The IPv4 and the IPv6 network are two networks: a Node has a table and an id
// for each (BEP 42 derives the id from the address, so the two cannot be the
// same). A lookup runs in both at once and is one lookup to its caller; while
// a search knows few nodes of its own family, it asks the other's for them.
//
// # Lookups
//
// A search keeps the nodes it has heard of in the order of their distance and
// asks the closest, with six queries in flight. It follows three paths that
// start from different nodes; what a node names belongs to its own path. A
// path ends when its eight closest nodes that are alive have answered, and the
// search ends with its last path. So hostile nodes that name only each other
// end one path, not the search: in a network of which 5% are hostile, one path
// alone misses about one seed in a hundred.
//
// A node that has not answered in the time that nearly all others need is no
// longer waited for: another one is asked beside it, and it still may answer.
// Of an answer, eight nodes a family are taken; when two of them are silent
// and none is known to live, the rest is asked last. Nodes whose id does not
// belong to their address (BEP 42) are asked, but the search neither waits for
// them nor ends with them, unless there are no others. One node per address
// and per /24 (IPv6: /64) takes part in a search and in a table.
//
// # Hostile packets
//
// A packet that is no answer from the very address that was asked, with the
// four random bytes of the question, is a query or garbage. Both count: an
// address may send 5 a second (25 at once) and is not served for 5 minutes
// otherwise; the /64 of an IPv6 address counts as one. No reply is longer than
// 1,400 bytes.
//
// Who has not shown that it receives what we send, by an answer or a token, may
// be a victim in whose name somebody else asks. Then an answer to ping,
// announce_peer or put, and every error, is at most as long as the question. With
// find_node, get_peers, get and sample_infohashes that cannot be had: a newcomer
// is unproven with everybody, and would never learn of nodes. These are answered
// with at most Config.Amplify times the bytes of the question (3 times is usual,
// 6 with the filters of a scrape), and with no more than the very bytes of it
// once 32 KiB a second go beyond that in total. A newcomer that the table has
// room for is pinged besides, once in 15 minutes and 2 a second of all.
//
// What is stored is bounded: 2,000 torrents of 500 peers, 100,000 peers in all,
// 1,000 items; so is everything that remembers addresses. One source, an IPv4
// address or an IPv6 /64, holds at most a quarter of the torrents and of the
// items; when all is full, those who hold most make room, so that one host pushes
// out nobody who has less than it. It has one peer of a torrent, a /64 four.
//
// Rules about addresses do not apply to loopback and private ranges, where many
// nodes share an address (Config.StrictLocal): there each address and port is a
// source, and has no share but when all is full.
//
// Texts from the network, as in [RemoteError], are raw: they must be made safe
// before they are printed.
//
// # Goroutines
//
// A Node has none and must not be used by two at once. A Runner has one,
// started by NewRunner, ended by Close, which waits for it.
package dht
