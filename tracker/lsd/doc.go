// Package lsd is the local tracker (BEP 14): peers of one network find each
// other by multicast, over IPv4 and IPv6.
//
// A [Node] is a machine without I/O, clock or goroutine. Its owner hands it
// datagrams (Receive), tells it the time (Tick) and gives it a function that
// sends. A [Runner] owns a Node and the sockets that [Listen] opens:
//
//	conns, err := lsd.Listen(lsd.ListenOptions{IPv4: true, IPv6: true})
//	r := lsd.NewRunner(lsd.Config{Port: 6881, Found: found, Local: lsd.OnLink()}, conns...)
//	r.Announce(infoHash)
//	defer r.Close()
//
// Which torrents are announced is for the caller to decide. A private torrent
// (BEP 27) must never be: whoever is on the network would learn of it.
//
// # What is sent
//
// Each torrent is announced every five minutes, the first time thrice within seconds:
// multicast gets lost, and who has just started may not listen yet. No more than one
// packet a minute goes to each group on average, and four at once; when several torrents are due, it has as many of them as fit
// into 1,400 bytes (25), and who waited longest is first. When a peer is heard of
// for the first time, the torrent's next announce comes earlier, at most once in
// two minutes: the other side may be one that we cannot dial.
//
// # What is believed
//
// Anybody on the network can send anything, with any source address. A packet
// counts only if its source is on a network of ours (Config.Local), so that
// announces cannot make us dial others. A source has 20 packets a minute; of
// one torrent 64 new addresses are reported in five minutes. What is remembered
// is bounded. Our own packets, which multicast returns to us, are known by
// their cookie.
//
// # Goroutines
//
// A Node has none and must not be used by two at once. NewRunner starts one for
// the Node and one per socket; Close closes the sockets, ends all and waits
// for them.
package lsd
