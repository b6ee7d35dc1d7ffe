package cmd

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"

	"gotor/cmd/job"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// jobFor is a job that is about the torrent with the given first byte.
func jobFor(first byte, link bool) *work {
	hash := [20]byte{first}
	if link {
		return &work{Job: job.Job{Source: torrent.Source{Link: &metainfo.Link{InfoHash: hash}}}}
	}
	return &work{Job: job.Job{Source: torrent.Source{Meta: &metainfo.Torrent{InfoHash: hash}}}}
}

// taker takes turns in the background and notes the order.
type taker struct {
	*testing.T
	r     *runner
	order []string
}

func (k *taker) take(ctx context.Context, name string, j *work) {
	go func() {
		if err := k.r.take(ctx, j, name); err != nil {
			name += " gave up"
		}
		k.order = append(k.order, name)
	}()
	synctest.Wait()
}

func (k *taker) want(names ...string) {
	k.Helper()
	synctest.Wait()
	if len(k.order) != len(names) {
		k.Fatalf("took turns: %q, want %q", k.order, names)
	}
	for i := range names {
		if k.order[i] != names[i] {
			k.Fatalf("took turns: %q, want %q", k.order, names)
		}
	}
}

func newTaker(t *testing.T) (*taker, *fake) {
	f := newFake("")
	return &taker{T: t, r: newTestRunner(t, f)}, f
}

func TestTurns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, f := newTaker(t)
		a, b, c, other := jobFor(1, false), jobFor(1, true), jobFor(1, false), jobFor(2, false)
		k.take(t.Context(), "a", a)
		k.take(t.Context(), "b", b)
		k.take(t.Context(), "c", c)
		k.take(t.Context(), "other", other)
		k.want("a", "other")
		a.turn.give(nil)
		k.want("a", "other", "b")
		b.turn.give(nil)
		k.want("a", "other", "b", "c")
		want := "b: the same torrent as another one, which is done first\n" +
			"c: the same torrent as another one, which is done first\n"
		if got := f.stderr.String(); got != want {
			t.Errorf("notes %q, want %q", got, want)
		}
	})
}

// One that ends while it waits does not hold up those after it.
func TestTurnGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, _ := newTaker(t)
		a, b, c := jobFor(1, false), jobFor(1, false), jobFor(1, false)
		ctx, cancel := context.WithCancel(t.Context())
		k.take(t.Context(), "a", a)
		k.take(ctx, "b", b)
		k.take(t.Context(), "c", c)
		cancel()
		k.want("a", "b gave up")
		a.turn.give(nil)
		k.want("a", "b gave up", "c")
		if b.turn != nil {
			t.Error("who gave up has a turn")
		}
	})
}

// A task that seeds is told of each that waits, however long before they came,
// and of none that does not.
func TestTurnWanted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, _ := newTaker(t)
		a, b, c := jobFor(1, false), jobFor(1, false), jobFor(1, false)
		k.take(t.Context(), "a", a)
		k.take(t.Context(), "b", b)
		k.take(t.Context(), "c", c)
		<-a.turn.wanted
		k.want("a")
		a.turn.give(nil)
		synctest.Wait()
		next, last := b, c // one was told, which has put it behind the other
		if next.turn == nil {
			next, last = c, b
		}
		<-next.turn.wanted
		next.turn.give(nil)
		synctest.Wait()
		if len(k.order) != 3 {
			t.Fatalf("took turns: %q", k.order)
		}
		select {
		case <-last.turn.wanted:
			t.Error("somebody wants the last turn")
		default:
		}
	})
}

// A torrent is gone from its client, and its files are free, when it has stopped.
func TestTurnFollows(t *testing.T) {
	client, err := torrent.NewClient(torrent.Config{Port: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	meta, err := metainfo.Parse(tinyTorrent())
	if err != nil {
		t.Fatal(err)
	}
	nobody := netip.MustParseAddrPort("127.0.0.1:1") // so that it goes on trying
	source := torrent.Source{Meta: meta, Local: true, Peers: []netip.AddrPort{nobody}}
	first, err := client.Add(source, torrent.Lookup{})
	if err != nil {
		t.Fatal(err)
	}
	u := newTurn()
	if err := u.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := u.follow(ended, first); !errors.Is(err, context.Canceled) {
		t.Errorf("follows a torrent that has not stopped: %v", err)
	}
	first.Stop()
	if err := u.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Add(source, torrent.Lookup{}); err != nil {
		t.Errorf("the turn came too early: %v", err)
	}
}
