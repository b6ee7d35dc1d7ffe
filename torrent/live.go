package torrent

import (
	"errors"
	"net/netip"
	"slices"
	"time"
)

// This file is what can be changed of a torrent while it runs, beside its selection
// (reselect.go). What is changed counts for those who are connected, too.

// Speed limits what one torrent may take, in bytes of payload per second, under the
// limits of the Client; 0: none.
type Speed struct{ MaxDown, MaxUp int64 }

// SetSpeed changes the limits of the torrent. It counts at once, for who waits within
// a second, and may be called before Begin, whose Spec replaces it.
func (t *Torrent) SetSpeed(s Speed) { t.core.limit(s) }

// SetSeeding changes what comes after the download, or ends it: it may be called at
// any time after Begin, and does nothing once the torrent has ended. The spans go on
// from where they began. SeedOnly stays what it was.
func (t *Torrent) SetSeeding(s Seeding) {
	t.core.post(func(now time.Time) {
		if t.layout == nil || t.core.over || t.stopping {
			return
		}
		to := &t.spec.Seeding
		super := to.SuperSeed
		to.Seed, to.SeedRatio, to.SeedTime, to.SeedIdle, to.SuperSeed = s.Seed, s.SeedRatio, s.SeedTime, s.SeedIdle, s.SuperSeed
		t.stay = s.Seed
		t.still.among(t.spec.StallTimeout, t.spec.PeerTimeout, s.SeedIdle)
		if t.state != StateSeeding {
			return
		}
		if !s.Seed {
			t.core.over, t.state, t.held.sated = true, StateDone, true
			return
		}
		t.seeds.aim(&s)
		switch {
		case s.SuperSeed == super:
		case super:
			t.peers.reveals.endSuper()
		default:
			t.peers.beginSuper()
		}
	})
}

var errDropped = errors.New("the user has dropped it")

// Disconnect ends the connection with an address. It may be made again; see
// Client.Ban.
func (t *Torrent) Disconnect(a netip.AddrPort) {
	t.core.post(func(now time.Time) { disconnect(t, func(b netip.AddrPort) bool { return b == a }, errDropped, now) })
}

// disconnect ends the connections with some addresses.
func disconnect(t *Torrent, with func(netip.AddrPort) bool, why error, now time.Time) {
	for a, m := range t.peers.members {
		if with(a) {
			t.peers.dismiss(m, why, now)
		}
	}
	t.lookup.dismiss(with, why, now)
}

// AnnounceNow asks trackers and the DHT for peers, as soon as they allow it.
func (t *Torrent) AnnounceNow() {
	t.core.post(func(now time.Time) {
		t.announces.again()
		t.disco.again(now)
	})
}

// SetTrackers replaces all trackers of the torrent, those of the user's too, by tiers
// (BEP 12); nil: by those that it had. Those that stay notice nothing, those that go
// are told that we stop, and new ones are announced to at once. It fails, and changes
// nothing, if one is no URL of a tracker, or when the torrent has ended. Those that the
// torrent, or its link, does not name itself count as the user's word: they may be in a
// private network. A private torrent has still no other source than its trackers, one
// at a time, and whom only trackers that go have named is let go.
func (t *Torrent) SetTrackers(tiers [][]string) error {
	tiers, err := checkTiers(tiers)
	if err != nil {
		return err
	}
	return t.core.now(t.outcome, func(now time.Time) error {
		before := t.announces.list()
		t.announces.replace(tiers)
		if t.meta != nil && t.meta.Private {
			forsake(t, hostsOf(before), hostsOf(t.announces.list()), now)
		}
		return nil
	})
}

// forsake lets those peers go whom only trackers have named that are not asked any
// more: "when switching between trackers, the peer must disconnect from all current
// peers" (BEP 27).
func forsake(t *Torrent, before, after []string, now time.Time) {
	gone := slices.DeleteFunc(before, func(host string) bool { return slices.Contains(after, host) })
	for _, a := range t.peers.book.ForgetTold(gone) {
		disconnect(t, func(b netip.AddrPort) bool { return b == a }, errForsaken, now)
	}
}

var errForsaken = errors.New("the torrent is private, and its tracker is not used any more")

// SetWebSeeds replaces the web servers that are asked for data, those of the user's
// too; nil: by those that there were. Those that stay notice nothing. It fails, and
// changes nothing, if one is no http or https URL, or when the torrent has ended. What
// SetTrackers says of the user's word holds here, too; a server that is in the torrent
// is asked as it says there.
func (t *Torrent) SetWebSeeds(urls []string) error {
	if err := checkWebSeeds(urls); err != nil {
		return err
	}
	urls = slices.Clone(urls)
	return t.core.now(t.outcome, func(time.Time) error {
		t.web.replace(urls)
		return nil
	})
}
