// Package simnet is an internet in memory, for tests only: hosts with
// addresses, bandwidth and latency, NATs, streams that behave like TCP, datagrams
// that get lost and overtake each other, a table of names, and faults on demand. A Host has the four
// methods of network.Network, so whole swarms of the real client run on it.
//
//	synctest.Test(t, func(t *testing.T) {
//		n := simnet.New(simnet.Options{Seed: 1})
//		seed := n.Host(netip.MustParseAddr("10.0.0.1"), simnet.HostOptions{Up: 2_500_000, Latency: 10 * time.Millisecond})
//		leech := n.Host(netip.MustParseAddr("10.0.0.2"), simnet.HostOptions{})
//		l, err := seed.Listen(t.Context(), "tcp", ":6881")
//		...
//		c, err := leech.DialContext(t.Context(), "tcp", "10.0.0.1:6881")
//	})
//
// # Time
//
// Everything happens in the time of the [testing/synctest] bubble in which New
// was called: hours pass in the milliseconds that the programs under test need
// to compute. All waiting is on channels and condition variables, which the
// bubble sees as durably blocked. Outside of a bubble the same code runs in
// real time.
//
// # Model of the network
//
// Each host hangs on one access line with an uplink and a downlink; the core
// between the lines is infinitely fast. The latency of a path is the sum of the
// latencies of its two hosts, one way. What a host sends to itself or to a
// loopback address takes no time and no bandwidth.
//
// A link serves its flows by deficit round robin: every stream and every pair
// of datagram addresses with something to send gets an equal share in bytes,
// and what one cannot use goes to the others. The unit of service is what the
// link carries in 8 ms, at least 1,448 bytes and at most 64 KiB, and it is
// stored and forwarded: a lone message of n bytes arrives after n/up + latency
// + n/down. There are no headers: a link of r bytes per second carries r bytes
// of payload per second, exactly.
//
// A stream holds at most [HostOptions.Window] bytes between Write and Read (of
// the receiving host); then the writer waits. That one number stands for send
// buffer, congestion window and receive buffer. Acknowledgements cost nothing
// and take no time, so the window allows window/latency bytes per second, with
// the latency of one way. [HostOptions.SendBuffer] bounds apart from it what
// waits at the sender's uplink, as TCP_NOTSENT_LOWAT does: many streams from one
// slow line want it, else each has a window of old news in front. A lost packet
// ([HostOptions.Loss]) is a pause of a round trip for its stream; there is no
// congestion control that would send less after it. Dialing takes the three
// journeys of a TCP handshake, and a lost first packet is sent again after 1, 2,
// 4... seconds; refused, unreachable and timed out come as the errors, and after
// the delays, that they come with from a kernel.
//
// Datagrams are lost at random by [HostOptions.Loss] of both ends, overtake each
// other by [HostOptions.Jitter], and are lost when a queue is full: 256 KiB at each link for each pair of addresses, and 256 KiB in
// the socket.
//
// # NAT
//
// A [NAT] is a router between the lines of its hosts and the core. It maps and
// filters datagrams by its [NATKind] and forgets a mapping two minutes after the
// last datagram out. Streams go out, and in only by [NAT.Forward]: whoever dials
// its address without one gets no answer. Datagrams are filtered when they come
// to the router, so that two hosts that send to each other make their holes.
//
// # Large simulations
//
// What costs is the number of different instants and the number of events:
// [Options.Grain] rounds times up, so that a thousand lines share a few hundred
// instants per second; GOMAXPROCS=1 saves the hand-over between processors, which
// is most of what more of them would add. A swarm of 100 torrent clients that
// moves 6.7 GB takes 35 to 40 CPU seconds, of which simnet has a quarter; hashing,
// copies and the clients' own work are the rest.
//
// # Failures
//
// [Host.SetDown] is a cable pulled: nobody is told, and things go on when it is
// back. [Host.Cut] resets connections. [NAT.Forget] is a router that starts anew.
//
// # Room to grow
//
// Queues other than round robin belong in link.start; NATs behind NATs in
// Net.route and outside.
//
// # Determinism
//
// Each host draws its losses and delays from a generator of its own, seeded with
// [Options.Seed] and its address; events at the same instant run in the order in
// which they were made. What remains is the order in which the scheduler runs
// the goroutines under test.
//
// # Goroutines
//
// None that last. One time.AfterFunc timer runs all events that are due, in a
// goroutine that ends with them; blocked calls with a deadline have a timer
// each. A Net need not be closed: when its connections and listeners are, it is
// garbage.
//
// # Limits
//
// Connected UDP sockets (dialing "udp"), ICMP errors for datagrams, congestion
// control and NATs behind NATs are not simulated. Ports of finished connections are used again after
// 16,384 others.
package simnet
