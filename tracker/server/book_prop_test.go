package server

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gotor/tracker"
)

// model is what a book of unlimited room must know, kept the simple way.
type model map[modelKey]modelPeer

type modelKey struct {
	hash byte
	at   netip.AddrPort
}

type modelPeer struct {
	id   [20]byte
	seed bool
	seen int // seconds
}

// told is whom an announce must be told of: everybody, when it wants so many.
func (m model) told(a *announce, hash byte) map[netip.AddrPort]bool {
	out := make(map[netip.AddrPort]bool)
	for k, p := range m {
		hidden := k.hash != hash || p.id == a.id || a.seed && p.seed && a.event != tracker.EventStarted ||
			a.family == 4 && k.at.Addr().Is6() || a.family == 6 && k.at.Addr().Is4() ||
			k.at.Addr().IsLoopback() && !a.from.IsLoopback()
		if !hidden {
			out[k.at] = true
		}
	}
	return out
}

func (m model) expire(now, ttl int) {
	for k, p := range m {
		if now-p.seen >= ttl {
			delete(m, k)
		}
	}
}

// drawAnnounce makes one of few torrents, addresses, ports and ids, so that they
// meet.
func drawAnnounce(t *rapid.T) (a *announce, hash byte) {
	hash = rapid.Byte().Draw(t, "torrent") % 3
	from := rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "8.8.8.8", "127.0.0.1", "127.0.0.2", "::1", "fd00::1", "fd00::2", "2001:db8::1"}).Draw(t, "from")
	port := rapid.Uint16Range(0, 3).Draw(t, "port")
	a = peer(fmt.Sprintf("1.1.1.1:%d", port))
	a.hash, a.from = hashOf(hash), netip.MustParseAddr(from)
	a.id = idOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h"}).Draw(t, "id"))
	a.seed = rapid.Bool().Draw(t, "seed")
	a.want = rapid.SampledFrom([]int{0, 1, 3, maxWant}).Draw(t, "want")
	a.family = rapid.SampledFrom([]int{0, 4, 6}).Draw(t, "family")
	a.event = rapid.SampledFrom([]tracker.Event{tracker.EventNone, tracker.EventStarted, tracker.EventCompleted, tracker.EventStopped}).Draw(t, "event")
	return a, hash
}

// While there is room, the book is the model; its own structure is checked by
// every step.
func TestBookProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, m, now := newTestBook(t, smallLimits()), model{}, 0
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			step := rapid.IntRange(0, 200).Draw(t, "seconds")
			now += step
			b.advance(time.Duration(step) * time.Second)
			m.expire(now, int(b.ttl))
			a, hash := drawAnnounce(t)
			key := modelKey{hash, netip.AddrPortFrom(a.from, a.port)}
			if a.event == tracker.EventStopped {
				delete(m, key)
			} else if a.port != 0 {
				m[key] = modelPeer{a.id, a.seed, now}
			}
			_, got, err := b.announce(b.clock, a, nil)
			if err != nil {
				t.Fatal(err)
			}
			b.check()
			compare(t, b, m, a, hash, got)
		}
	})
}

// compare checks an answer, and the numbers, against the model.
func compare(t *rapid.T, b *testBook, m model, a *announce, hash byte, got []contact) {
	want := m.told(a, hash)
	most := min(a.want, len(want))
	if a.event == tracker.EventStopped {
		most = 0
	}
	if len(got) != most {
		t.Fatalf("told of %d peers, want %d of %v", len(got), most, want)
	}
	for _, p := range got {
		if !want[p.addr] {
			t.Fatalf("told of %v, twice or wrongly; want of %v", p.addr, want)
		}
		delete(want, p.addr) // never twice
	}
	var c counts
	for k, p := range m {
		switch {
		case k.hash != hash:
		case p.seed:
			c.seeders++
		default:
			c.leechers++
		}
	}
	if got, _ := b.scrape(b.clock, hashOf(hash)); got.seeders != c.seeders || got.leechers != c.leechers {
		t.Fatalf("%+v, want %+v", got, c)
	}
}

// However little room there is, the book stays within it and consistent, and
// what it says is about peers that have announced.
func TestBookLimitsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.IntRange(1, 4)
		b := newTestBook(t, limits{ttl: 360, torrents: few.Draw(t, "torrents"), peers: few.Draw(t, "peers"),
			swarm: few.Draw(t, "swarm"), share: few.Draw(t, "share")})
		if rapid.Bool().Draw(t, "allow list") { // which makes torrents outlive their peers
			b.allow = map[[20]byte]bool{hashOf(0): true, hashOf(1): true, hashOf(2): true}
			b.limits.torrents = len(b.allow)
		}
		known := make(map[modelKey]bool)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			b.advance(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
			a, hash := drawAnnounce(t)
			_, got, err := b.announce(b.clock, a, nil)
			if err != nil && err != errShare {
				t.Fatal(err)
			}
			known[modelKey{hash, netip.AddrPortFrom(a.from, a.port)}] = true
			b.check()
			for _, p := range got {
				if !known[modelKey{hash, p.addr}] {
					t.Fatalf("told of %v, who has never announced", p.addr)
				}
			}
		}
	})
}
