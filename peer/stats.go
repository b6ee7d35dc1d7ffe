package peer

import "time"

// Stats is what a connection has done and how it stands.
type Stats struct {
	Downloaded, Uploaded int64 // bytes of blocks, also of those that turned out unneeded or bad
	DownRate, UpRate     int64 // bytes per second over the last seconds; see Conn.Stats

	AmChoking, AmInterested     bool // what we told the remote
	PeerChoking, PeerInterested bool // what it told us

	Client      string // as the remote calls itself; raw bytes from outside, at most 100
	Snubbed     bool   // it owes blocks and does not send them
	Have        int    // pieces it has
	Seed        bool   // these are all
	UploadOnly  bool   // it wants nothing (BEP 21)
	Outstanding int    // blocks asked for and not received
	Depth       int    // blocks that it should be asked for at a time
	Queued      int    // requests of it that wait for an answer

	// Owing is how long it has owed us blocks without sending one; 0 if it
	// owes none. BEP 3 gives up reciprocating after a minute.
	Owing time.Duration
}

const (
	// rateSpan is the time over which rates are measured, if Stats is called
	// often enough.
	rateSpan = 5 * time.Second
	// rateStep is the least time between two samples.
	rateStep = 500 * time.Millisecond
)

// sample is the state of the counters at one time.
type sample struct {
	at       time.Time
	down, up int64
}

// rates holds samples of the last rateSpan, oldest first. They are taken when
// somebody asks, so a connection that nobody looks at does nothing.
type rates struct {
	samples [int(rateSpan/rateStep) + 1]sample
	n       int
}

// since returns the sample to compare now with, and takes now as a new one.
func (r *rates) since(now sample) sample {
	if r.n == 0 || now.at.Sub(r.samples[r.n-1].at) >= rateStep {
		if r.n == len(r.samples) {
			r.n = copy(r.samples[:], r.samples[1:])
		}
		r.samples[r.n] = now
		r.n++
	}
	for r.n > 2 && now.at.Sub(r.samples[1].at) >= rateSpan {
		r.n = copy(r.samples[:], r.samples[1:r.n])
	}
	return r.samples[0]
}

// stats is Conn.Stats.
func (o *outbox) stats() Stats {
	now := sample{time.Now(), o.tally.downloaded.Load(), o.tally.uploaded.Load()}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.rates.n == 0 {
		o.rates.since(sample{at: o.born})
	}
	old := o.rates.since(now)
	r := &o.remote
	return Stats{
		Downloaded: now.down, Uploaded: now.up,
		DownRate:  perSecond(now.down-old.down, now.at.Sub(old.at)),
		UpRate:    perSecond(now.up-old.up, now.at.Sub(old.at)),
		AmChoking: r.amChoking, AmInterested: r.amInterested,
		PeerChoking: o.ask.choking, PeerInterested: r.peerInterested,
		Client:      r.client,
		Snubbed:     o.ask.pipe.snubbed,
		Have:        r.have,
		Seed:        r.seed,
		UploadOnly:  r.uploadOnly,
		Outstanding: o.ask.pipe.left,
		Depth:       o.ask.pipe.depth,
		Queued:      o.reqs.queued(),
		Owing:       o.ask.pipe.owing(now.at),
	}
}

// perSecond is an average; 0 over no time at all.
func perSecond(bytes int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(bytes) / d.Seconds())
}
