package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"gotor/peer/wire"
)

// handshakeTimeout is all the time a handshake may take: a stranger who drips
// one byte a minute is gone after it.
const handshakeTimeout = 10 * time.Second

// hashLen is how much of a handshake comes before the peer id. A remote may
// wait with its peer id for our handshake.
const hashLen = wire.HandshakeLen - 20

// The ways in which a handshake fails that are nobody's network's fault.
var (
	// ErrInfoHash reports that the remote is not in the swarm we want.
	ErrInfoHash = errors.New("the peer has another torrent")
	// ErrUnknownTorrent reports that an incoming connection is for a swarm
	// that we are not in.
	ErrUnknownTorrent = errors.New("the peer wants a torrent that is not here")
)

// Handshake does the handshake of an outgoing connection: it sends out and
// returns what the remote answers. It takes at most 10 s, reads not one byte
// more than the handshake, and leaves conn without a deadline. Whether the
// peer id is our own, or one that is connected already, is for the caller to
// see. After an error the caller closes conn.
func Handshake(ctx context.Context, conn net.Conn, out wire.Handshake) (in wire.Handshake, err error) {
	err = guard(func() error {
		in, err = greet(ctx, conn, out)
		return err
	})
	return in, err
}

func greet(ctx context.Context, conn net.Conn, out wire.Handshake) (in wire.Handshake, err error) {
	defer limitHandshake(ctx, conn, &err)()
	if _, err := conn.Write(wire.AppendHandshake(nil, out)); err != nil {
		return in, err
	}
	var b [wire.HandshakeLen]byte
	if err := readHandshake(conn, b[:], 0); err != nil {
		return in, err
	}
	if in, err = wire.ParseHandshake(b[:]); err != nil {
		return in, err
	}
	if in.InfoHash != out.InfoHash {
		return in, ErrInfoHash
	}
	return in, nil
}

// Accept does the handshake of an incoming connection. It asks know for the
// handshake to answer an info-hash with; false turns the remote away. It is
// bounded as Handshake is.
func Accept(ctx context.Context, conn net.Conn, know func(infoHash [20]byte) (wire.Handshake, bool)) (in wire.Handshake, err error) {
	err = guard(func() error {
		in, err = answer(ctx, conn, know)
		return err
	})
	return in, err
}

func answer(ctx context.Context, conn net.Conn, know func([20]byte) (wire.Handshake, bool)) (in wire.Handshake, err error) {
	defer limitHandshake(ctx, conn, &err)()
	var b [wire.HandshakeLen]byte
	if err := readHandshake(conn, b[:hashLen], 0); err != nil {
		return in, err
	}
	if in, err = wire.ParseHandshake(b[:]); err != nil {
		return in, err
	}
	out, ok := know(in.InfoHash)
	if !ok {
		return in, ErrUnknownTorrent
	}
	if _, err := conn.Write(wire.AppendHandshake(nil, out)); err != nil {
		return in, err
	}
	if err := readHandshake(conn, b[:], hashLen); err != nil {
		return in, err
	}
	return wire.ParseHandshake(b[:])
}

// readHandshake fills b behind the first n bytes and gives up as soon as it
// cannot be a handshake any more.
func readHandshake(conn net.Conn, b []byte, n int) error {
	for n < len(b) {
		k, err := conn.Read(b[n:])
		n += k
		if !wire.IsHandshake(b[:n]) {
			return wire.ErrNotBitTorrent
		}
		if err == io.EOF && n < len(b) {
			return io.ErrUnexpectedEOF
		}
		if err != nil && n < len(b) {
			return err
		}
	}
	return nil
}

// limitHandshake makes conn fail when ctx ends or the time is up. What it
// returns takes the limit off again and says in err what happened.
func limitHandshake(ctx context.Context, conn net.Conn, err *error) func() {
	conn.SetDeadline(time.Now().Add(handshakeTimeout))
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if stop() && *err == nil {
			conn.SetDeadline(time.Time{})
		}
		switch {
		case ctx.Err() != nil:
			*err = context.Cause(ctx)
		case *err != nil:
			*err = fmt.Errorf("handshake: %w", *err)
		}
	}
}
