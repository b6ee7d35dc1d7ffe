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
	if _, err := c.turn(now); err != nil {
		t.Fatal(err)
	}
	if c.pipe.left == 0 {
		t.Fatal("no requests")
	}
	if c.tx.wait.After(now.Add(snubUnknown)) {
		t.Errorf("next look after %v, requests are due after %v", c.tx.wait.Sub(now), snubUnknown)
	}
}

// A turn without anything to do says when there will be.
func TestIdleTurnSetsAlarms(t *testing.T) {
	c, _, _ := stepConn(t, 64)
	c.onChoke()
	c.pipe.dropped()
	now := time.Now()
	c.tx.last = now
	for range 3 {
		c.tx.buf, c.out.ctl = c.tx.buf[:0], c.out.ctl[:0]
		if _, err := c.turn(now); err != nil {
			t.Fatal(err)
		}
		if d := c.tx.wait.Sub(now); d <= 0 || d > keepAliveAfter {
			t.Errorf("next look after %v", d)
		}
	}
}

// What an idle connection keeps of a large batch of messages is little.
func TestBuffersShrinkAfterUse(t *testing.T) {
	c, _, _ := stepConn(t, 64)
	c.mu.Lock()
	for i := range 20_000 {
		c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: wire.Have, Index: uint32(i)})
	}
	c.mu.Unlock()
	if _, err := c.turn(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := cap(c.tx.buf) + cap(c.out.ctl); n > 2*keepBuffer {
		t.Errorf("%d bytes kept", n)
	}
}

func TestOutboxFlooded(t *testing.T) {
	c, _, _ := stepConn(t, 64)
	c.SendExtended("unknown", nil)
	c.out.haves = make([]byte, maxControl)
	if c.Choke(false); !errors.Is(c.cause, ErrFlooded) {
		t.Errorf("closed with %v", c.cause)
	}
}
