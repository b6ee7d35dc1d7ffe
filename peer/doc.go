// Package peer is one connection to one peer: the handshake, what both sides
// said, the request pipeline, the blocks that come in and those that go out.
//
// The owner dials or accepts, calls [Handshake] or [Accept], makes a [Conn]
// with [New] and gives it a goroutine:
//
//	in, err := peer.Handshake(ctx, conn, out)
//	c := peer.New(peer.Config{Conn: conn, Local: out, Remote: in, ...})
//	err = c.Run(ctx) // until the end of the connection
//
// A Conn talks to the piece.Manager by itself: it tells it what the remote
// has, asks it what to request and hands in the blocks. To the owner it
// reports through [Events] and [Conn.Stats]; from the owner it takes
// [Conn.Choke], [Conn.Have] and [Conn.Close]. Everything starts choked in both
// directions (BEP 3).
//
// One that super-seeds sets Config.Hidden and calls [Conn.Reveal] for each piece
// that the remote may know of, guided by Events.Gained, until [Conn.RevealAll].
//
// # Parts
//
// A Conn is four: the link, which does not change and has the end; the reader and
// the writer, whose state is confined to their goroutines; and the outbox, the one
// monitor between these two, the Manager and the owner. In the outbox are values
// that know neither locks nor goroutines: messages that wait, requests of the
// remote, offers of metadata, grants (what it may have although we choke it), the
// veil (what it may know of our pieces) and, in the asker, the pipeline of our
// requests.
//
// # Goroutines
//
// Two for each connection, and for a moment a third:
//
//   - the reader is the caller of Run. It ends when reading fails, which Close
//     brings about, or when the remote breaks the protocol.
//   - the writer is started by Run and ends on Close or when writing fails.
//     Run waits for it.
//   - when the context of Run, Handshake or Accept ends, context.AfterFunc
//     closes the connection, or moves its deadline, from a goroutine of its
//     own, which ends at once.
//
// A panic in either becomes an error marked [ErrBug].
//
// # Data
//
// The reader parses messages where they were read. The payload of a block goes
// to the slab that Manager.Claim gave for it, and Manager.Commit hands it in;
// there is no channel, no allocation and no goroutine switch for a block. When
// half of the pipeline has arrived, the reader wakes the writer, which asks for
// more with one Pick and one write. The writer sends control messages and
// requests before payload, and payload in batches that a slow remote makes
// small: neighbouring blocks are read with one call, and a batch is written with
// one. The reader wakes the writer for requests when a batch is together or
// nothing more has come. How deep the pipeline is, and when a remote counts as snubbed, is
// decided in pipeline.go, which knows neither goroutines nor a clock.
//
// Back-pressure comes from the Manager: without memory it gives nothing to
// request, and nothing arrives. What a remote makes us send is bounded:
// requests beyond Config.ReqQ are rejected, and one that does not read our
// answers is dropped. Limits hold back requests and payload, each for itself:
// whatever is held back, control messages go out, and a spent upload limit does
// not slow the download.
//
// A remote that we choke may still have a few pieces (BEP 6): see grants. Have
// messages are written at once, or every 100 ms when there are many; one that
// is no news to the remote goes along with other messages, but goes, since a
// remote that super-seeds waits for it.
//
// # Limits
//
// Handshake 10 s. Nothing received for 3 minutes, nothing taken by the remote for
// 30 to 60 s while we write, or less than 1 KiB a second of one write after a
// minute: closed with [ErrSilent]. No block for 20 to 60 s although some are owed:
// snubbed, its requests go to others. Choked or rejected again and again instead
// of served: asked again after 0.25 to 30 s.
// More than 256 KiB of messages waiting: closed with [ErrFlooded]. Sizes of
// messages: package wire. An idle connection weighs 18 KB, its goroutines
// included; those that deliver share at most 16 MiB of read buffers, and those
// that are served 16 MiB of batches, and 16 KiB each. A [Prelude] holds 32 KiB of
// what it was told, and all of them 4 MiB beyond that.
//
// # Room
//
// Encrypted and uTP connections are a Config.Conn like any other; vectored
// reads and writes are used where the connection is a *net.TCPConn. Extensions
// are named in Config.Extensions, arrive as Events.Message and leave through
// [Conn.SendExtended]. The choker is whoever calls [Conn.Choke].
//
// Sources: BEP 3, 5 (PORT), 6, 9, 10, 16, 21, 54.
package peer
