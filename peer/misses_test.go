package peer

import (
	"testing"

	"gotor/peer/wire"
)

// Requests, cancels and rejects for bytes that there are not cost the message, and
// the connection only in a flood.
func TestBytesThatThereAreNot(t *testing.T) {
	for name, c := range map[string]struct {
		o options
		m wire.Message
	}{
		"request past piece":      {m: requestFor(0, 64<<10-10, 11)},
		"request at end":          {m: requestFor(0, 64<<10, 1)},
		"request of nothing":      {m: requestFor(0, 0, 0)},
		"request of no piece":     {m: requestFor(8, 0, 1)},
		"request too long":        {o: options{pieceLength: 1 << 20}, m: requestFor(0, 0, 128<<10+1)},
		"request that overflows":  {m: requestFor(0, 1<<32-1, 1<<32-1)},
		"request past last piece": {o: options{cut: 100}, m: requestFor(7, 0, 64<<10)},
		"cancel out of range":     {m: wire.Message{ID: wire.Cancel, Index: 9, Length: 1}},
		"reject out of range":     {m: wire.Message{ID: wire.Reject, Index: 9, Length: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, c.o, func(tc *testConn) {
				tc.send(c.m)
				if c.m.ID == wire.Request {
					want := c.m
					want.ID = wire.Reject
					tc.want(want)
				}
				tc.wantIdle(testPatience)
				tc.wantOpen()
			})
			converse(t, c.o, func(tc *testConn) {
				tc.send(flood(c.m, maxMisses+1)...)
				tc.wantClosed(ErrProtocol, c.m.ID.String())
			})
		})
	}
}
