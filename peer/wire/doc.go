// Package wire turns the messages of the peer protocol into bytes and back.
//
// It is stateless and starts no goroutine: an Append function adds one encoded
// message to a slice, a Parse function reads one out of a slice, in place. What
// Parse returns aliases its input; only ParseExtHandshake, which is called
// about once in the life of a connection, allocates. Which message may arrive
// when is not decided here but in package peer.
//
// A connection is a [Handshake] of 68 bytes each way, then messages, each
// behind a length of four bytes:
//
//	n, id := ...                  // length prefix and the byte after it
//	err := limits.Check(id, n)    // before any memory is spent on it
//	m, err := wire.Parse(body)    // body: the n bytes that follow the length
//
// The payload of a piece message is meant to go from the socket to where it
// belongs without passing through here: [ParsePieceHeader] reads the 13 bytes
// in front of it.
//
// # Limits
//
// Every length is checked by [Limits.Check] before a buffer is found for it.
// Fixed messages have exactly one size, a bitfield the one that follows from
// the number of pieces, a piece message at most the block that was asked for,
// an extended message [MaxExtended] bytes.
//
// Sources: BEP 3 (messages), BEP 5 (port), BEP 6 (fast extension), BEP 10
// (extension protocol), BEP 20 (peer ids), BEP 21 (upload_only), BEP 52 (the
// v2 bit and message ids), BEP 54 (lt_donthave).
package wire
