package dht

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Limits per source (threats: floods and reflection).
const (
	packetEvery  = time.Second / 5 // sustained rate of packets from an address
	packetBurst  = 25              // packets that may come at once
	localFactor  = 100             // how many times that local addresses may send
	blockFor     = 5 * time.Minute
	provenFor    = 15 * time.Minute
	maxSources   = 4096     // sources remembered in each of two generations
	excessRate   = 32 << 10 // bytes a second sent to unproven sources beyond what they sent
	probeEvery   = time.Second / 2
	probeBurst   = 16
	secretFor    = 5 * time.Minute // a token is good for one to two of these (BEP 5)
	tokenSize    = 8
	maxReply     = 1400 // bytes of any packet of ours
	usualReply   = 1024 // of those without an item (BEP 32)
	defaultRatio = 8    // Config.Amplify: room for a scrape's filters
)

// bucketOfTime is a token bucket kept as one number: the time when it will be
// full again. The zero value is full.
type bucketOfTime struct{ full time.Time }

// take takes n units that cost each apart; it takes nothing and returns false
// if there are not as many.
func (b *bucketOfTime) take(now time.Time, n int, each time.Duration, burst int) bool {
	full := b.full
	if full.Before(now) {
		full = now
	}
	full = full.Add(time.Duration(n) * each)
	if full.Sub(now) > time.Duration(burst)*each {
		return false
	}
	b.full = full
	return true
}

// recent is a map that forgets: it has two generations, and what was not
// touched for a whole one is lost. So it is bounded without any scan.
type recent[K comparable, V any] struct {
	young, old map[K]V
	most       int // entries of a generation
}

func (r *recent[K, V]) get(k K) (v V, ok bool) {
	if v, ok = r.young[k]; !ok {
		v, ok = r.old[k]
	}
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	if r.young == nil || len(r.young) >= r.most {
		r.young, r.old = r.old, r.young
		clear(r.young)
		if r.young == nil {
			r.young = make(map[K]V)
		}
	}
	r.young[k] = v
}

// source is what is known of where packets come from: see addressRules.source.
type source struct {
	rate    bucketOfTime
	blocked time.Time  // until then nothing is answered
	proven  time.Time  // until then prover is known to receive what we send
	prover  netip.Addr // of a /64, the last one to show it
	probed  time.Time  // until then it is not pinged just because it has queried us
}

// gate decides whom to serve, and how much.
type gate struct {
	rules   addressRules
	ratio   int // bytes to an unproven source for each byte of it
	sources recent[netip.AddrPort, source]
	excess  bucketOfTime
	probes  bucketOfTime
}

// admit counts a packet that is not an answer, and reports whether to look at
// it. Too many in too short a time close the gate for 5 minutes.
func (g *gate) admit(now time.Time, from netip.AddrPort) bool {
	key := g.rules.source(from)
	s, _ := g.sources.get(key)
	if now.Before(s.blocked) {
		return false
	}
	every := packetEvery
	if g.rules.exempt(from.Addr()) {
		every /= localFactor
	}
	ok := s.rate.take(now, 1, every, packetBurst)
	if !ok {
		s.blocked = now.Add(blockFor)
	}
	g.sources.put(key, s)
	return ok
}

// prove notes that a source receives what we send to it.
func (g *gate) prove(now time.Time, from netip.AddrPort) {
	key := g.rules.source(from)
	s, _ := g.sources.get(key)
	s.proven, s.prover = now.Add(provenFor), from.Addr()
	g.sources.put(key, s)
}

// proven reports whether this very address is known to receive what we send: a
// neighbour in its network cannot show it for a victim.
func (g *gate) proven(now time.Time, from netip.AddrPort) bool {
	s, _ := g.sources.get(g.rules.source(from))
	return s.prover == from.Addr() && now.Before(s.proven)
}

// room returns how many bytes may answer a packet of size bytes.
func (g *gate) room(now time.Time, from netip.AddrPort, size int) int {
	if g.proven(now, from) {
		return maxReply
	}
	if g.excess.full.Sub(now) >= time.Second {
		return size
	}
	return min(maxReply, size*g.ratio)
}

// spend notes what was sent to a source in answer to a packet of size bytes.
// It is exact enough: the last answer may overdraw the second by its own size.
func (g *gate) spend(now time.Time, from netip.AddrPort, size, sent int) {
	if sent > size && !g.proven(now, from) {
		g.excess.take(now, sent-size, time.Second/excessRate, 2*excessRate)
	}
}

// tokens makes and checks write tokens: an HMAC of the asker's address and the
// target with a secret that changes every 5 minutes. So a token works only for
// the address that received it, for this one target, and for 10 minutes.
type tokens struct {
	secrets [2][32]byte // of this period and of the one before
	until   time.Time   // end of this period
}

func (t *tokens) rotate(now time.Time, random *rand.Rand) {
	if now.Before(t.until) {
		return
	}
	t.secrets[1] = t.secrets[0]
	if now.Sub(t.until) >= secretFor { // also the first time
		t.secrets[1] = newSecret(random)
		t.until = now
	}
	t.secrets[0] = newSecret(random)
	t.until = t.until.Add(secretFor)
}

func newSecret(random *rand.Rand) (s [32]byte) {
	for i := 0; i < len(s); i += 8 {
		binary.LittleEndian.PutUint64(s[i:], random.Uint64())
	}
	return s
}

func (t *tokens) make(period int, ip netip.Addr, target *ID) []byte {
	mac := hmac.New(sha256.New, t.secrets[period][:])
	a := ip.As16()
	mac.Write(a[:])
	mac.Write(target[:])
	return mac.Sum(nil)[:tokenSize]
}

// valid reports whether a token was given to ip for this target.
func (t *tokens) valid(token []byte, ip netip.Addr, target *ID) bool {
	return hmac.Equal(token, t.make(0, ip, target)) || hmac.Equal(token, t.make(1, ip, target))
}

// mayProbe reports whether to ping a node that has queried us, which costs it
// nothing to make us do: a few a second, and each source once in 15 minutes.
func (g *gate) mayProbe(now time.Time, from netip.AddrPort) bool {
	key := g.rules.source(from)
	s, _ := g.sources.get(key)
	if now.Before(s.probed) || !g.probes.take(now, 1, probeEvery, probeBurst) {
		return false
	}
	s.probed = now.Add(provenFor)
	g.sources.put(key, s)
	return true
}
