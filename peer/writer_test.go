package peer

import (
	"errors"
	"testing"
	"time"

	"gotor/peer/wire"
)

// The turn that sends requests also sets the alarm for their answers; nobody
// else may wake the writer until then.
func TestTurnSetsSnubAlarm(t *testing.T) {
	c, _, _ := stepConn(t, 64)
	now := time.Now()
	if _, err := c.wr.turn(now); err != nil {
		t.Fatal(err)
	}
	if c.out.ask.pipe.left == 0 {
		t.Fatal("no requests")
	}
	if c.wr.wait.After(now.Add(snubUnknown)) {
		t.Errorf("next look after %v, requests are due after %v", c.wr.wait.Sub(now), snubUnknown)
	}
}

// A turn without anything to do says when there will be.
func TestIdleTurnSetsAlarms(t *testing.T) {
	c, _, _ := stepConn(t, 64)
	c.rd.onChoke()
	c.out.ask.pipe.dropped()
	now := time.Now()
	c.wr.last = now
	for range 3 {
		c.wr.buf, c.out.msgs.ctl = c.wr.buf[:0], c.out.msgs.ctl[:0]
		if _, err := c.wr.turn(now); err != nil {
			t.Fatal(err)
		}
		if d := c.wr.wait.Sub(now); d <= 0 || d > keepAliveAfter {
			t.Errorf("next look after %v", d)
		}
	}
}

// What an idle connection keeps of a large batch of messages is little.
func TestBuffersShrinkAfterUse(t *testing.T) {
	c, _, _ := stepConn(t, 64)
	c.out.mu.Lock()
	for i := range 20_000 {
		c.out.msgs.ctl = wire.Append(c.out.msgs.ctl, wire.Message{ID: wire.Have, Index: uint32(i)})
	}
	c.out.mu.Unlock()
	if _, err := c.wr.turn(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := cap(c.wr.buf) + cap(c.out.msgs.ctl); n > 2*keepBuffer {
		t.Errorf("%d bytes kept", n)
	}
}

func TestOutboxFlooded(t *testing.T) {
	c, _, _ := stepConn(t, 64)
	c.SendExtended("unknown", nil)
	c.out.msgs.haves = make([]byte, maxControl)
	if c.Choke(false); !errors.Is(c.cause, ErrFlooded) {
		t.Errorf("closed with %v", c.cause)
	}
}
