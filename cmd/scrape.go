package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent/network"
	"gotor/tracker"
)

// scrapeOptions are the flags of scrape.
type scrapeOptions struct {
	dhtOptions
	familyOptions
	headerOption
	trackers addedTrackers
	source   string
	timeout  timeValue // for all together; 0: none of our own
	noDHT    bool
	json     bool
	insecure bool
}

// scrapeTime bounds a scrape by default, and scrapeParallel the trackers asked
// at the same time.
const (
	scrapeTime     = 20 * time.Second
	scrapeParallel = 16
)

// newScrapeCmd describes scrape; runF is runScrape, or a test's function.
func newScrapeCmd(s *streams, runF func(context.Context, *scrapeOptions, *streams) error) *cobra.Command {
	o := new(scrapeOptions)
	c := &cobra.Command{
		Use:   "scrape [flags] SOURCE",
		Short: "Ask trackers and the DHT how many peers there are",
		Long: `Scrape asks every tracker of a torrent or a magnet link, and unless the torrent
is private the DHT, for the numbers of seeders and leechers, without joining the
swarm. Those of the DHT are estimates (BEP 33). The code is 0 when at least one of
them knows the torrent, 5 when those that answered do not (over UDP and in the
DHT that is: zero of everything), and 11 when none answered.`,
		Example: examples("gotor scrape debian.torrent", "gotor scrape 'magnet:?xt=urn:btih:...'", "gotor scrape --json debian.torrent | jq '[.trackers[].seeders] | max'"),
		Args:    wantArgs(1, 1, "one SOURCE"), ValidArgsFunction: torrentArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE: func(c *cobra.Command, args []string) error {
			o.source = args[0]
			if err := o.headerOption.check(c.Flags(), o.source); err != nil {
				return err
			}
			return runF(c.Context(), o, s)
		},
	}
	f := c.Flags()
	f.Var(&o.timeout, "timeout", "wait so long for answers (default: 20s)")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates")
	f.BoolVar(&o.noDHT, "no-dht", false, "ask only the trackers")
	o.trackers.addFlag(f, "ask")
	o.headerOption.addFlag(f)
	o.dhtOptions.addFlags(f)
	o.familyOptions.addFlags(f)
	return c
}

func (o *scrapeOptions) check() error {
	if _, err := o.nodes(); err != nil {
		return err
	}
	if err := job.CheckTrackers(o.trackers.urls()); err != nil {
		return err
	}
	return o.familyOptions.check()
}

// scraped is what all who were asked have said.
type scraped struct {
	record.Scrape

	answered bool // somebody has, if only that it does not know the torrent
}

// scrapeAnswer is what one tracker said.
type scrapeAnswer struct {
	record.ScrapeTracker

	reached bool // it answered, if only that it does not know the torrent
}

// runScrape asks trackers and DHT side by side.
func runScrape(ctx context.Context, o *scrapeOptions, s *streams) error {
	l := s.loader(o.Family)
	l.Insecure, l.Header = o.insecure, o.header()
	src, err := l.Open(ctx, o.source)
	if err != nil {
		return err
	}
	t, err := targetOf(src)
	if err != nil {
		return err
	}
	// The DHT must not learn of a private torrent (BEP 27), not even that somebody asks.
	askDHT := !o.noDHT && !t.private
	if len(t.trackers)+len(o.trackers.urls()) == 0 && !askDHT {
		return record.Errorf(record.ExitFetch, "%s names no tracker", t.name)
	}
	if limit := o.timeout.or(scrapeTime); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	rec := scraped{Scrape: record.Scrape{V: record.Version, Name: t.name, InfoHash: fmt.Sprintf("%x", t.hash), Trackers: []record.ScrapeTracker{}}}
	var wg sync.WaitGroup
	if askDHT {
		wg.Go(func() { rec.DHT = o.askDHT(ctx, s, t.hash) })
	}
	answers := o.askTrackers(ctx, &t, src.Local)
	wg.Wait()
	rec.answered = rec.DHT != nil && rec.DHT.Error == ""
	for _, a := range answers {
		rec.Trackers = append(rec.Trackers, a.ScrapeTracker)
		rec.answered = rec.answered || a.reached
	}
	if _, stopped := interruptOf(ctx); stopped { // the end of the time limit is none: what came counts
		return ctx.Err()
	}
	return rec.report(s, o.json)
}

// askTrackers scrapes the trackers of a torrent and those that the user named, all
// side by side. local: the torrent may lead to private addresses; so may the user.
func (o *scrapeOptions) askTrackers(ctx context.Context, t *scrapeTarget, local bool) []scrapeAnswer {
	own := o.trackers.urls()
	// A tracker that the user names is judged as theirs, also when the torrent has it.
	others := slices.DeleteFunc(slices.Clone(t.trackers), func(u string) bool { return slices.Contains(own, u) })
	c := tracker.New(scrapeConfig(o))
	defer c.Close()
	var wg sync.WaitGroup
	var first, last []scrapeAnswer
	wg.Go(func() { last = askAll(ctx, c, scrapeRules(o, true, own...), own, t.hash) })
	first = askAll(ctx, c, scrapeRules(o, local), others, t.hash)
	wg.Wait()
	return append(first, last...)
}

// scrapeConfig is how trackers are reached.
func scrapeConfig(o *scrapeOptions) tracker.Config {
	door := o.network()
	return tracker.Config{
		DialContext: door.DialContext, ListenPacket: door.ListenPacket, LookupNetIP: door.LookupNetIP,
		UserAgent: userAgent(), Proxy: network.HTTPProxy, Insecure: o.insecure,
	}
}

// scrapeRules are the address policy: a torrent from the internet does not lead
// into our network, a torrent of the user's own may, and what a public tracker
// answers never does.
//
// Of own trackers, those that the user named, any path may be asked for.
func scrapeRules(o *scrapeOptions, local bool, own ...string) network.Rules {
	return network.ByTorrent(local, o.Suffix()).Rules(network.OwnTrackers(own))
}

// askAll scrapes all trackers side by side and returns their answers in order.
func askAll(ctx context.Context, c *tracker.Client, rules network.Rules, urls []string, hash [20]byte) []scrapeAnswer {
	out := make([]scrapeAnswer, len(urls))
	var g errgroup.Group
	g.SetLimit(scrapeParallel)
	for i, u := range urls {
		g.Go(func() error {
			out[i] = ask(ctx, c, network.NewGuard(rules), u, hash)
			return nil
		})
	}
	_ = g.Wait() // errors are in the answers
	return out
}

// ask scrapes one tracker. Its URL stands in the answer already, so it is cut
// from the error.
func ask(ctx context.Context, c *tracker.Client, judge tracker.Judge, u string, hash [20]byte) scrapeAnswer {
	a := scrapeAnswer{ScrapeTracker: record.ScrapeTracker{URL: record.Redact(u)}}
	got, err := c.Scrape(ctx, judge, u, [][20]byte{hash})
	switch {
	case err != nil:
		a.Error = strings.TrimPrefix(record.Redact(err.Error()), "tracker "+tracker.Redact(u)+": ")
	case len(got) != 1 || unknown(got[0]): // BEP 48: who does not know a torrent leaves it out
		a.Error, a.reached = "it does not know this torrent", true
	default:
		a.reached = true
		a.Seeders, a.Leechers, a.Completed = known(got[0].Seeders), known(got[0].Leechers), known(got[0].Completed)
	}
	return a
}

// unknown reports whether a tracker knows nothing of a torrent.
func unknown(r tracker.ScrapeResult) bool { return r.Seeders < 0 && r.Leechers < 0 && r.Completed < 0 }

// known is nil for the -1 of an unknown number.
func known(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

// report prints the answers; no answer at all is an error.
func (r *scraped) report(s *streams, json bool) error {
	var err error
	if json {
		err = writeJSON(s.out, &r.Scrape)
	} else {
		_, err = io.WriteString(s.out, ui.ScrapeTable(&r.Scrape))
		for _, a := range r.Trackers {
			if a.Error != "" {
				s.console.Tell("tracker " + a.URL + ": " + a.Error)
			}
		}
		if r.DHT != nil && r.DHT.Error != "" {
			s.console.Tell("DHT: " + r.DHT.Error)
		}
	}
	switch {
	case err != nil:
		return err
	case !r.answered:
		return r.silence()
	case !r.known():
		return record.Errorf(record.ExitNoPeers, "%s: nobody who answered knows this torrent", r.Name)
	}
	return nil
}

// known reports whether anybody knows the torrent. Trackers over UDP have no other
// word than zeros for one that they do not know (BEP 15), nor has the DHT.
func (r *scraped) known() bool {
	some := func(n *int) bool { return n != nil && *n > 0 }
	for _, a := range r.Trackers {
		if a.Error == "" && !job.HasScheme(a.URL, "udp:") || some(a.Seeders) || some(a.Leechers) || some(a.Completed) {
			return true
		}
	}
	return r.DHT != nil && (some(r.DHT.Seeders) || some(r.DHT.Leechers))
}

// silence is the error of a scrape that nobody answered.
func (r *scraped) silence() error {
	switch {
	case r.DHT == nil:
		return record.Errorf(record.ExitFetch, "%s: no tracker answered", r.Name)
	case len(r.Trackers) == 0:
		return record.Errorf(record.ExitFetch, "%s names no tracker, and the DHT did not answer", r.Name)
	}
	return record.Errorf(record.ExitFetch, "%s: neither a tracker nor the DHT answered", r.Name)
}
