package peer

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/simnet"
	"gotor/peer/wire"
)

// shake runs f in a bubble with the two ends of a connection.
func shake(t *testing.T, f func(t *testing.T, us, them net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Options{Seed: 1})
		l, err := n.Host(theirAddr, simnet.HostOptions{}).Listen(t.Context(), "tcp", ":6881")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		us, err := n.Host(ourAddr, simnet.HostOptions{}).DialContext(t.Context(), "tcp", "10.0.0.2:6881")
		if err != nil {
			t.Fatal(err)
		}
		defer us.Close()
		them, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer them.Close()
		f(t, us, them)
	})
}

func testHandshake(id string) wire.Handshake {
	return wire.Handshake{Features: wire.FeatureFast, InfoHash: [20]byte{1, 2, 3}, PeerID: wire.NewPeerID(id)}
}

// knows is a know function for one torrent.
func knows(h wire.Handshake) func([20]byte) (wire.Handshake, bool) {
	return func(hash [20]byte) (wire.Handshake, bool) { return h, hash == h.InfoHash }
}

func TestHandshakeBothWays(t *testing.T) {
	a, b := testHandshake("-AA0000-"), testHandshake("-BB0000-")
	shake(t, func(t *testing.T, us, them net.Conn) {
		done := make(chan error, 1)
		go func() {
			in, err := Accept(t.Context(), them, knows(b))
			if err == nil && in != a {
				err = errors.New("wrong handshake")
			}
			them.Write([]byte("x")) // what follows is not read
			done <- err
		}()
		in, err := Handshake(t.Context(), us, a)
		if err != nil || in != b {
			t.Errorf("%+v, %v", in, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // neither has a deadline left
		if p, err := io.ReadAll(io.LimitReader(us, 1)); string(p) != "x" || err != nil {
			t.Errorf("read %q, %v after the handshake", p, err)
		}
	})
}

// "If both sides don't send the same value, they sever the connection" (BEP 3).
func TestHandshakeOtherTorrent(t *testing.T) {
	a, b := testHandshake("-AA0000-"), testHandshake("-BB0000-")
	b.InfoHash[0]++
	shake(t, func(t *testing.T, us, them net.Conn) {
		them.Write(wire.AppendHandshake(nil, b))
		if _, err := Handshake(t.Context(), us, a); !errors.Is(err, ErrInfoHash) {
			t.Error(err)
		}
	})
	shake(t, func(t *testing.T, us, them net.Conn) {
		us.Write(wire.AppendHandshake(nil, a))
		if _, err := Accept(t.Context(), them, knows(b)); !errors.Is(err, ErrUnknownTorrent) {
			t.Error(err)
		}
		them.Close()
		if p, _ := io.ReadAll(us); len(p) != 0 {
			t.Errorf("a stranger was told %q", p)
		}
	})
}

// "They may wait for incoming connections to give a download hash first, and
// respond with the same one" (BEP 3): our answer must not wait for the peer id.
func TestAcceptAnswersBeforePeerID(t *testing.T) {
	a, b := testHandshake("-AA0000-"), testHandshake("-BB0000-")
	shake(t, func(t *testing.T, us, them net.Conn) {
		done := make(chan error, 1)
		go func() {
			_, err := Accept(t.Context(), them, knows(b))
			done <- err
		}()
		hello := wire.AppendHandshake(nil, a)
		us.Write(hello[:hashLen])
		answer := make([]byte, wire.HandshakeLen)
		if _, err := io.ReadFull(us, answer); err != nil {
			t.Error(err)
		}
		us.Write(hello[hashLen:])
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Threats row 12: silent, half-open, drip.
func TestHandshakeTimeout(t *testing.T) {
	for name, remote := range map[string]func(net.Conn){
		"silent": func(net.Conn) {},
		"drip": func(c net.Conn) {
			for _, x := range wire.AppendHandshake(nil, testHandshake("-BB0000-")) {
				if _, err := c.Write([]byte{x}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			shake(t, func(t *testing.T, us, them net.Conn) {
				var wg sync.WaitGroup
				wg.Go(func() { remote(them) })
				defer wg.Wait()
				defer us.Close()
				start := time.Now()
				if _, err := Handshake(t.Context(), us, testHandshake("-AA0000-")); err == nil {
					t.Error("no error")
				}
				if d := time.Since(start); d != handshakeTimeout {
					t.Errorf("gave up after %v, want %v", d, handshakeTimeout)
				}
			})
			shake(t, func(t *testing.T, us, them net.Conn) {
				var wg sync.WaitGroup
				wg.Go(func() { remote(us) })
				defer wg.Wait()
				defer them.Close()
				start := time.Now()
				if _, err := Accept(t.Context(), them, knows(testHandshake("-AA0000-"))); err == nil {
					t.Error("no error")
				}
				if d := time.Since(start); d != handshakeTimeout {
					t.Errorf("gave up after %v, want %v", d, handshakeTimeout)
				}
			})
		})
	}
}

// Strangers are turned away after the first wrong byte.
func TestHandshakeStranger(t *testing.T) {
	shake(t, func(t *testing.T, us, them net.Conn) {
		us.Write([]byte("GET"))
		start := time.Now()
		if _, err := Accept(t.Context(), them, knows(testHandshake("-AA0000-"))); !errors.Is(err, wire.ErrNotBitTorrent) {
			t.Error(err)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("took %v", d)
		}
	})
}

func TestHandshakeCutShort(t *testing.T) {
	for _, n := range []int{0, 1, 47, 48, 67} {
		shake(t, func(t *testing.T, us, them net.Conn) {
			them.Write(wire.AppendHandshake(nil, testHandshake("-BB0000-"))[:n])
			them.Close()
			if _, err := Handshake(t.Context(), us, testHandshake("-AA0000-")); err == nil {
				t.Errorf("%d bytes are a handshake", n)
			}
		})
	}
}

func TestHandshakeCancelled(t *testing.T) {
	reason := errors.New("no longer needed")
	shake(t, func(t *testing.T, us, them net.Conn) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		if _, err := Handshake(ctx, us, testHandshake("-AA0000-")); !errors.Is(err, reason) {
			t.Error(err)
		}
	})
}
