package cmd

import (
	"context"
	"fmt"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/tracker/dht"
)

// scrapeTarget is what to ask about, and whom.
type scrapeTarget struct {
	name     string
	hash     [20]byte
	trackers []string
	private  bool
}

// targetOf reads it from a torrent or a link. Of a torrent, the trackers of every
// tier are asked: a person who asks wants to see them all, not the one that BEP 12
// would use. Torrents of version 2 only are known by the first 20 bytes of their
// info-hash (BEP 52).
func targetOf(s *job.Source) (t scrapeTarget, err error) {
	if m := s.Meta; m != nil {
		t = scrapeTarget{name: m.Name, hash: m.InfoHash, private: m.Private}
		for _, tier := range m.Trackers {
			t.trackers = append(t.trackers, tier...)
		}
		if !m.HasV1 {
			t.hash = [20]byte(m.InfoHashV2[:20])
		}
		return t, nil
	}
	l := s.Link
	t = scrapeTarget{name: l.Name, hash: l.InfoHash, trackers: l.Trackers}
	if !l.HasV1 && !l.HasV2 {
		return t, record.Errorf(record.ExitMalformed, "%s: the link has a public key instead of an info-hash; gotor dht get tells what it points to", job.Label(s.Arg))
	}
	if !l.HasV1 {
		t.hash = [20]byte(l.InfoHashV2[:20])
	}
	if t.name == "" {
		t.name = fmt.Sprintf("%x", t.hash)
	}
	return t, nil
}

// askDHT counts the peers that the DHT knows (BEP 33).
func (o *scrapeOptions) askDHT(ctx context.Context, s *streams, hash [20]byte) *record.ScrapeDHT {
	c, err := openDHTWith(dhtSocket{familyOptions: o.familyOptions}, &o.dhtOptions, s)
	if err != nil {
		return &record.ScrapeDHT{Error: record.Redact(err.Error())}
	}
	defer c.close()
	res, err := c.find(ctx, func(ctx context.Context) dht.Result {
		return c.node.GetPeers(ctx, hash, dht.PeersOptions{Scrape: true}, nil)
	})
	switch {
	case err != nil:
		return &record.ScrapeDHT{Error: record.Redact(err.Error())}
	case !res.Scraped:
		return &record.ScrapeDHT{Error: "no node answered in time"}
	}
	return &record.ScrapeDHT{Seeders: &res.Seeds, Leechers: &res.Leechers, Nodes: res.Answered}
}
