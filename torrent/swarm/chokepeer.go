package swarm

import (
	"net/netip"
	"time"
)

// snubAfter is how long a peer may be silent that owes us blocks.
const snubAfter = 60 * time.Second

// ChokeSample is what the caller knows of a connection.
type ChokeSample struct {
	Down, Up   int64 // payload bytes received from it and sent to it so far
	Have       int   // pieces it has
	Owing      bool  // we asked it for blocks
	Asks       bool  // requests of it wait for us
	UploadOnly bool  // it wants nothing whatever it says: a seed, or BEP 21
}

// ChokePeer is what a Choker knows of one connection. The zero value, with Addr, is
// ready for Choker.Join.
type ChokePeer struct {
	Addr netip.AddrPort // names the connection to the caller; the choker leaves it alone

	interested bool // it wants something of us, see Choker.Interest
	ChokeSample

	seq        uint64 // order of joining: the last tie break
	index      int    // in Choker.peers
	unchoked   bool
	optimistic bool      // the slot it has is an optimistic one
	served     bool      // it had a slot before
	rewarded   bool      // this round: it earned its slot
	dropped    bool      // this round: it lost its slot
	spurned    time.Time // when it lost a slot that it took nothing by; zero: never
	granted    int64     // Up when it got its slot
	hoarding   time.Time // since when it keeps what we gave to it alone; zero: it does not
	since      time.Time // it has had its slot, or has waited for one
	gave       time.Time // it sent something or owed nothing
	measured   time.Time // when the rates were last measured
	wasDown    int64     // Down and Up at that time
	wasUp      int64
	lookedUp   int64   // Up when Lend last looked
	downRate   float64 // bytes/s, mostly of the last two rounds
	upRate     float64
}

// Sample takes what is known of a peer now. The caller does it for each before it
// calls Choker.Lend or Choker.Round.
func (p *ChokePeer) Sample(s ChokeSample) { p.ChokeSample = s }

// Unchoked reports whether a peer has a slot.
func (p *ChokePeer) Unchoked() bool { return p.unchoked }

// Optimistic reports whether a peer has a slot on trial: it gave us nothing for it.
func (p *ChokePeer) Optimistic() bool { return p.optimistic }

// Rewarded reports whether it has the slot by what it gave.
func (p *ChokePeer) Rewarded() bool { return p.rewarded }

// eligible reports whether a peer may hold a slot.
func (p *ChokePeer) eligible() bool { return p.interested && !p.UploadOnly }

// Waiting reports whether a peer wants a slot and has none.
func (p *ChokePeer) Waiting() bool { return p.eligible() && !p.unchoked }

// snubbing reports whether a peer owes us blocks and has been silent too long.
func (p *ChokePeer) snubbing(now time.Time) bool { return p.Owing && now.Sub(p.gave) >= snubAfter }
