// Package torrent is the control plane of gotor: a Client is the process (the
// endpoint, the buffer budget, the hash workers, the limits), a
// Torrent is one swarm (candidates, connections, announces, the state on disk).
//
// Bytes do not pass through here: a peer.Conn puts them into the buffers of the
// piece.Manager and a hash worker writes them to the storage.Store. What comes
// here is one notice per verified piece.
//
// # Ownership
//
// All state of a Torrent belongs to its run goroutine. Everybody else posts
// func(now time.Time) to its mailbox; posting never blocks, and the loop never
// waits for anybody: what takes time (opening files, hashing, fsync, dialling)
// is done by the goroutines below, which post their results.
//
// The state is in parts, each a value with its own methods over the core that they
// have in common (core.go): lookup and its waiters until it is known what the torrent
// is; survey, holdings, keeper and archive for what is on disk; peers, web, announces,
// disco and public for the swarm. None knows the Torrent: what they find they return,
// or tell through functions that wiring.go makes. The loop (loop.go) carries out what
// follows of it for the others.
//
// A torrent is added as a Source, is Known at once or when its link has led to its
// metainfo, and works from Begin on: a .torrent and a link go the same way.
//
// # Goroutines
//
//   - endpoint.run: one per Client; reads the UDP socket and hands out what comes
//     (demux.go). Started by NewClient, ended by closing the socket, waited for by
//     Client.Close.
//   - Client.accept: one per Client; started by NewClient, ended by closing the
//     listener, waited for by Client.Close. It starts one goroutine per
//     incoming connection, bounded by the handshake timeout; of those that wait
//     for a torrent in the lobby, at most maxHandshakes, the oldest make way.
//   - Torrent.run: one per Torrent; started by Client.Add, ends when the job is
//     over. Client.Close waits until it has let go of everything: a loop that hangs
//     after a panic may stay.
//   - opener: one per Torrent; opens the storage, reads the record and re-checks
//     data, once more when the selection changes (reselect.go; before that another
//     one waits for connections to end). Ended by the Torrent's context.
//   - keeper: one per Torrent with a store, while there is something to do; syncs data
//     and writes the record, finishes files (fsync and rename), hashes again what
//     somebody else has changed. Ends with its queue.
//   - dial and conn: one per half-open or open connection, the conn's reader
//     (package peer adds a writer). Ended by the Torrent's context.
//   - peerNames.find: one per name of Source.PeerNames, until it is found. Ended by the
//     Torrent's context.
//   - for a magnet link, before the metainfo is known: recall looks for what an
//     earlier run left, resolvePeers looks names up, a waiter is one connection,
//     fetchExact is one URL of the .torrent, and one more makes sense of what has
//     come (lookup.go, waiters.go). Ended by the Torrent's context.
//   - for the DHT, once a torrent has asked for it: the dht.Runner's and
//     mainline.keep (looks up bootstrap nodes, saves the table). Ended and waited for
//     by Client.Close. One more per search of a Torrent, and one that looks up the
//     nodes it names, ended by its context; and a moment's one that tells the node of
//     another that a peer has (discovery.named).
//   - for the local network: the lsd.Runner's, ended by Client.Close, and a short
//     one per Torrent that opens the sockets if need be.
//   - streamer: one per Torrent whose bytes go to a writer, which may hang: ended by
//     streamer.close, and not waited for.
//   - web: one per web server that is asked, in webseed.Seed.Run; at most
//     maxWebActive. Ended by webSeeds.stop, or the Torrent's context.
//   - goodbye: the announces at exit, of all torrents together bounded by goodbyeTime:
//     one per Torrent (announces.stop), which Torrent.shutdown waits for.
//   - for a torrent that sleeps: none that stays. Client.AnnounceAsleep runs on its
//     caller's goroutine and three more, which it waits for; Config.Wake is called on
//     that of the connection that has come (wake.go).
//   - those of the tracker.Client, which all torrents share: ended by Client.Close.
//
// A panic in any of them is caught (bug.go): one in a connection ends that, one in
// the loop or in another goroutine of a Torrent ends the Torrent with ErrBug and
// its state saved, and one in what all Torrents share ends all of them.
//
// Those that a Torrent starts are counted in its wait group (core.spawn), which the run
// goroutine waits for, but for streamer and goodbye; those of the Client in its own,
// which Client.Close waits for.
//
// # Who reads
//
// A FileReader (Torrent.OpenFile) reads on the goroutine of its user, which waits for
// pieces and whom the loop does not know: readers says what there is to read from, and
// wakes those who wait (readers.go). Where they read, missing pieces come first
// (piece.ReadHead).
//
// # Who is served
//
// swarm.Choker decides whom we upload to, swarm.SuperSeed what a seed shows,
// swarm.Hints what it suggests, swarm.Hosts.Shed who makes room,
// swarm.Seats how many connections each torrent has, swarm.PEX who is told
// of whom, swarm.Book whom to dial. All are machines without I/O that are told the
// time; peers carries out what they say (dial.go, join.go, member.go, unchoke.go,
// reveal.go, gossip.go).
//
// What the swarm needs of a seed is one copy of everything, soon: so a seed with
// a complete copy suggests to each leecher that has a slot pieces that nobody else
// was given, and leechers that know each other share out the rest (package piece).
// Few slots make pieces complete, and passed on, early. Figures are in
// docs/measured.md; make sim repeats them.
//
// # Where peers come from
//
// From trackers (announces), other peers (gossip.go), the DHT and the local network
// (discovery, by mainline and neighbours of the Client) and the user (peernames.go);
// publicity is whether anybody finds us. find.go joins them to the rest of a Torrent.
// Client.sourcesOf is the one place that decides what a torrent may use; a private one
// has its trackers only, and whom the user names. network.Policy decides where packets
// may go, when they go, by who named the address.
//
// # Where we are
//
// The endpoint (endpoint.go) owns the port, for connections and for datagrams, and
// what others say that they see of us (outside.go). Whoever tells others where we
// are asks it: trackers, peers, the DHT and the local network are told its port, which
// does not change; who makes room is decided by its address (BEP 40), which may.
//
// # What changes while a torrent runs
//
// The selection (reselect.go), and in live.go limits, seeding, trackers and web servers.
// Each is posted to the loop, which passes it on to the part that it is for; what is
// inside a torrent is asked for in the same way (view.go). Bans and the figures of a
// Client belong to no loop (bans.go, totals.go).
//
// # Limits
//
// See limits.go; each has the attack it answers beside it.
package torrent
