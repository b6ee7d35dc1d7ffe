package peer

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/peer/wire"
	"gotor/piece"
)

// The parts of a Conn, each by itself and with a time of its own.

var partsNow = time.Unix(1000, 0)

// said are the messages in buf.
func said(t *testing.T, buf []byte) (list []wire.Message) {
	t.Helper()
	TraceFunc(func(_ bool, m wire.Message) { list = append(list, m) }).sending(buf)
	return list
}

func havesOf(pieces ...uint32) (list []wire.Message) {
	for _, i := range pieces {
		list = append(list, wire.Message{ID: wire.Have, Index: i})
	}
	return list
}

// The first have message of a burst goes at once, the others together; one that is
// no news waits for company.
func TestMessagesHaves(t *testing.T) {
	var m messages
	if m.have(1, false, partsNow) || !m.flush.IsZero() {
		t.Error("no news is urgent")
	}
	if buf, look := m.take(nil, partsNow); len(buf) != 0 || !look.IsZero() {
		t.Errorf("no news went alone: %v, %v", said(t, buf), look)
	}
	if !m.have(2, true, partsNow) {
		t.Error("news is not urgent")
	}
	buf, _ := m.take(nil, partsNow)
	if d := cmp.Diff(havesOf(1, 2), said(t, buf)); d != "" {
		t.Error(d)
	}
	m.have(3, true, partsNow.Add(time.Millisecond))
	buf, look := m.take(nil, partsNow.Add(2*time.Millisecond))
	if len(buf) != 0 || look != partsNow.Add(haveDelay) {
		t.Errorf("%v; look at %v", said(t, buf), look.Sub(partsNow))
	}
	m.add(wire.Message{ID: wire.Unchoke})
	buf, _ = m.take(nil, partsNow.Add(3*time.Millisecond))
	if d := cmp.Diff(append([]wire.Message{{ID: wire.Unchoke}}, havesOf(3)...), said(t, buf)); d != "" {
		t.Errorf("they go along with others: %s", d)
	}
	m.have(4, true, partsNow)
	m.push()
	m.add(wire.Message{ID: wire.Choke})
	buf, look = m.take(nil, partsNow)
	if d := cmp.Diff(append(havesOf(4), wire.Message{ID: wire.Choke}), said(t, buf)); d != "" || !look.IsZero() || m.size() != 0 {
		t.Errorf("pushed before what follows: %s (look at %v)", d, look)
	}
}

// However many wait, there is a bound that makes them urgent.
func TestMessagesManyHaves(t *testing.T) {
	var m messages
	n := 0
	for ; !m.have(n, false, partsNow); n++ {
		if len(m.haves) > maxHaves {
			t.Fatal("never urgent")
		}
	}
	if buf, _ := m.take(nil, partsNow); len(said(t, buf)) != n+1 {
		t.Errorf("%d messages, want %d", len(said(t, buf)), n+1)
	}
}

func TestRequests(t *testing.T) {
	l, err := piece.NewLayout(1<<20, 256<<10)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []piece.Block
	for i := range uint32(4) {
		b, _ := l.Block(i, 0, piece.BlockSize)
		blocks = append(blocks, b)
	}
	var q requests
	for _, b := range blocks {
		q.push(b)
	}
	q.owing = true
	if got := q.pop(nil, 1); len(got) != 1 || got[0] != blocks[0] {
		t.Errorf("one at least, in order: %v", got)
	}
	if q.remove(blocks[0]) || !q.remove(blocks[2]) || q.bytes != 2*piece.BlockSize {
		t.Errorf("%d bytes wait", q.bytes)
	}
	if q.settled() {
		t.Error("settled while some wait")
	}
	var out []piece.Block
	q.keep(func(b piece.Block) bool { return b == blocks[3] }, func(b piece.Block) { out = append(out, b) })
	if len(out) != 1 || out[0] != blocks[1] || q.queued() != 1 || q.bytes != piece.BlockSize {
		t.Errorf("threw out %v, keeps %d", out, q.queued())
	}
	if got := q.pop(nil, 1<<20); len(got) != 1 || got[0] != blocks[3] || q.bytes != 0 {
		t.Errorf("left: %v", got)
	}
	if !q.settled() || q.settled() {
		t.Error("the end is told of once")
	}
}

// An info dictionary is given a few times, and no piece that there is not.
func TestOffers(t *testing.T) {
	var f offers
	if f.ask(2, 2) || f.ask(0, 0) {
		t.Error("gives what there is not")
	}
	given := 0
	for f.ask(given%2, 2) {
		given++
	}
	if given != offerCopies*2 {
		t.Errorf("gives %d pieces of 2", given)
	}
	for i := range given {
		if got, more := f.next(); got != i%2 || more != (i < given-1) {
			t.Errorf("%d: piece %d, more: %v", i, got, more)
		}
	}
	if f.queue != nil || f.ask(0, 2) {
		t.Error("gives it again")
	}
}

// Two copies of each piece of the set, and the wait begins anew when it was broken.
func TestGrantsAlone(t *testing.T) {
	l, err := piece.NewLayout(4*piece.BlockSize, piece.BlockSize)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := l.Block(1, 0, piece.BlockSize)
	out, _ := l.Block(2, 0, piece.BlockSize)
	g := grants{pieces: []grant{{1, grantCopies * piece.BlockSize}}}
	for i := range grantCopies {
		if !g.take(in) {
			t.Errorf("copy %d was refused", i)
		}
	}
	if g.take(in) || g.take(out) {
		t.Error("gives more than it granted")
	}
	later := partsNow.Add(time.Minute)
	g.follow(true, partsNow)
	g.follow(true, later)
	if g.since != partsNow {
		t.Errorf("waits since %v", g.since)
	}
	g.follow(false, later)
	if g.follow(true, later); g.since != later {
		t.Errorf("waits since %v, want a new start", g.since)
	}
}

func TestExtensionTable(t *testing.T) {
	e := extensions{wire.ExtMetadata, wire.ExtPEX}
	ids := e.ids()
	if len(ids) != 3 || ids[wire.ExtDontHave] != localDontHave {
		t.Errorf("%v", ids)
	}
	for _, name := range e {
		if got := e.name(ids[name]); got != name {
			t.Errorf("%s has the id of %q", name, got)
		}
	}
	for _, id := range []byte{0, localDontHave, localDontHave + 3, 255} {
		if got := e.name(id); got != "" {
			t.Errorf("%d is the id of %q", id, got)
		}
	}
}

// What the remote says of our requests decides whether there is more to ask for.
func TestAsker(t *testing.T) {
	l := &link{wake: make(chan struct{}, 1)}
	a := &asker{link: l, mu: new(sync.Mutex), pipe: newPipeline(), choking: true}
	may := func(want bool, why string) {
		t.Helper()
		if got, _ := a.mayAsk(); got != want {
			t.Errorf("%s: may ask is %v", why, got)
		}
	}
	may(false, "choked")
	a.allow()
	may(true, "choked, with a piece allowed")
	a.allowed = 0
	a.unchoked(partsNow)
	may(true, "unchoked")
	n, look := a.want(partsNow, 0, 0)
	if n != startDepth || !look.IsZero() {
		t.Errorf("wants %d blocks, looks again at %v", n, look)
	}
	if look := a.requested(partsNow, n, false); !look.After(partsNow) {
		t.Errorf("nobody looks what came of them: %v", look)
	}
	may(false, "all are asked for")
	if _, low := a.received(partsNow.Add(time.Second), n, n*piece.BlockSize); !low {
		t.Error("all came, and nothing more is asked for")
	}
	_, mark := a.mayAsk()
	if n, _ := a.want(partsNow, 7, mark-2); n != a.pipe.depth-5 {
		t.Errorf("wants %d with 7 outstanding of which 2 were settled since, depth %d", n, a.pipe.depth)
	}
	if len(l.wake) != 1 {
		t.Error("the writer was not woken")
	}
}

func TestSoonest(t *testing.T) {
	never, a, b := time.Time{}, partsNow, partsNow.Add(1)
	for _, c := range [][3]time.Time{{never, never, never}, {a, never, a}, {never, a, a}, {a, b, a}, {b, a, a}} {
		if got := soonest(c[0], c[1]); got != c[2] {
			t.Errorf("soonest(%v, %v) = %v", c[0], c[1], got)
		}
	}
}

// Only the first reason counts, and it closes the connection.
func TestLinkEnds(t *testing.T) {
	near, far := net.Pipe()
	l := &link{cfg: Config{Conn: near}, done: make(chan struct{})}
	if l.ended() != nil {
		t.Error("ended before it was closed")
	}
	l.close(nil)
	l.close(io.EOF)
	if err := l.ended(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("ended with %v", err)
	}
	<-l.done
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the remote reads %v", err)
	}
}
