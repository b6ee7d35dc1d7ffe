package peer

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// traced collects what a TraceFunc is told.
type traced struct {
	mu   sync.Mutex
	said []string // guarded by mu
}

func (l *traced) note(sent bool, m wire.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	way := "<"
	if sent {
		way = ">"
	}
	l.said = append(l.said, fmt.Sprintf("%s %v %d %d+%d %d", way, m.ID, m.Index, m.Begin, m.Length, len(m.Payload)))
}

// wantTrace checks that the lines are among what was told, in their order.
func (l *traced) wantTrace(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	at := 0
	for _, w := range want {
		i := slices.Index(l.said[at:], w)
		if i < 0 {
			t.Fatalf("%q is missing behind line %d of %q", w, at, l.said)
		}
		at += i + 1
	}
}

// Every message of both sides is told of, blocks without their bytes.
func TestTrace(t *testing.T) {
	var seen traced
	o := options{have: []int{0}, config: func(c *Config) { c.Events.Trace = seen.note }}
	converse(t, o, func(tc *testConn) {
		tc.unchoked()
		tc.send(wire.Message{ID: wire.Interested}, requestFor(0, 0, piece.BlockSize), requestFor(0, piece.BlockSize, piece.BlockSize))
		tc.want(tc.answerTo(requestFor(0, 0, piece.BlockSize)), tc.answerTo(requestFor(0, piece.BlockSize, piece.BlockSize)))
		tc.send(wire.Message{ID: wire.Have, Index: 3}, wire.Message{ID: wire.Unchoke})
		tc.want(wire.Message{ID: wire.Interested})
		tc.give(tc.wantRequests(4)[0])
		tc.send(wire.Message{ID: 99})
		tc.settle()
		seen.wantTrace(t, "> unchoke 0 0+0 0", "< interested 0 0+0 0", "< request 0 16384+16384 0", "> piece 0 0+16384 0", "> piece 0 16384+16384 0")
		seen.wantTrace(t, "> bitfield 0 0+0 1", "< have 3 0+0 0", "> interested 0 0+0 0", "> request 3 0+16384 0", "< piece 3 0+16384 0", "< unknown message 99 0 0+0 0")
	})
}

// The same of a connection that knows no metadata yet.
func TestTracePrelude(t *testing.T) {
	var seen traced
	info := metadataOf(100)
	connect(t, giving(info), func(tc *testConn) {
		p := tc.prelude(info, func(c *PreludeConfig) { c.Trace = seen.note })
		done := p.start(tc.Context())
		tc.advance(time.Second)
		p.Fetch()
		if r := <-done; r.err != nil {
			t.Fatal(r.err)
		}
		extended := 0
		for _, s := range seen.said {
			if s[2:10] == "extended" {
				extended++
			}
		}
		if extended != 4 { // a handshake each way, a request and its answer
			t.Errorf("%q", seen.said)
		}
	})
}
