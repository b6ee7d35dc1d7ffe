package dht

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gotor/bencode"
)

func itoa(n int) string { return strconv.Itoa(n) }

// lab is one node with a test in the place of the network.
type lab struct {
	t    *testing.T
	n    *Node
	now  time.Time
	sent []sentPacket
}

type sentPacket struct {
	data []byte
	to   netip.AddrPort
}

func newLab(t *testing.T, cfg Config) *lab {
	l := &lab{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	cfg.Send = func(packet []byte, to netip.AddrPort) {
		l.sent = append(l.sent, sentPacket{bytes.Clone(packet), to})
		if len(packet) > maxReply {
			t.Errorf("a packet has %d bytes", len(packet))
		}
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.NewPCG(1, 2)
	}
	l.n = New(cfg)
	return l
}

// advance lets time pass, with all the ticks in it.
func (l *lab) advance(d time.Duration) {
	end := l.now.Add(d)
	for range 100_000 {
		next := l.n.Tick(l.now)
		if next.IsZero() || next.After(end) {
			l.now = end
			return
		}
		if next.Before(l.now) {
			l.t.Fatal("the next tick is in the past")
		}
		l.now = next
	}
	l.t.Fatal("ticks do not end")
}

func (l *lab) receive(packet string, from netip.AddrPort) {
	l.n.Receive(l.now, []byte(packet), from)
	l.n.Tick(l.now)
}

// take returns the packets sent since the last time.
func (l *lab) take() []sentPacket {
	sent := l.sent
	l.sent = nil
	return sent
}

// wantNone checks that nothing was sent.
func (l *lab) wantNone(why string) {
	l.t.Helper()
	for _, p := range l.take() {
		l.t.Errorf("%s: sent %q to %v", why, p.data, p.to)
	}
}

// want returns the only answer, to an address, leaving out queries.
func (l *lab) want(kind byte, to netip.AddrPort) *message {
	l.t.Helper()
	var found *message
	for _, p := range l.take() {
		m, ok := parse(p.data)
		switch {
		case !ok:
			l.t.Fatalf("sent garbage: %q", p.data)
		case m.kind == 'q' && (kind != 'q' || p.to != to):
		case m.kind != kind || p.to != to || found != nil:
			l.t.Fatalf("sent %q to %v, want one message of kind %c to %v", p.data, p.to, kind, to)
		default:
			found = &m
		}
	}
	if found == nil {
		l.t.Fatalf("no message of kind %c was sent to %v", kind, to)
	}
	return found
}

// wantError checks for an error message with a code.
func (l *lab) wantError(code int64, to netip.AddrPort) {
	l.t.Helper()
	if e := l.want('e', to).remoteError(); e.Code != code {
		l.t.Fatalf("refused with %v, want code %d", e, code)
	}
}

// question is a query of a stranger; args are pairs of keys and bencoded values
// that come in any order.
func question(method string, id ID, args ...string) string {
	pairs := map[string]string{"id": bstr(string(id[:]))}
	for i := 0; i < len(args); i += 2 {
		pairs[args[i]] = args[i+1]
	}
	var keys []string
	for k := range pairs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var b strings.Builder
	b.WriteString("d1:ad")
	for _, k := range keys {
		b.WriteString(bstr(k) + pairs[k])
	}
	return b.String() + "e1:q" + bstr(method) + "1:t2:aa1:y1:qe"
}

func bstr(s string) string { return string(bencode.AppendString(nil, s)) }

// prove makes the node know that an address receives what it sends: it is
// pinged and answers. The node is then in the table, if there is room.
func (l *lab) prove(c Contact) {
	l.t.Helper()
	l.n.AddNode(l.now, c.Addr)
	l.pong(l.want('q', c.Addr), c)
}

// pong answers a query of the node with nothing but an id.
func (l *lab) pong(q *message, c Contact) {
	r := reply{own: c.ID, tid: q.tid}
	l.receive(string(r.append(nil)), c.Addr)
}

// contact makes a node whose id belongs to its address.
func contact(addr string, random byte) Contact {
	a := netip.MustParseAddrPort(addr)
	var id ID
	for i := range id {
		id[i] = random
	}
	return Contact{addressID(a.Addr(), id), a}
}
