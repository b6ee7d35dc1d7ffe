package cmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gotor/cmd/term"
	"gotor/tracker"
)

// scrapeOptions are the flags of scrape.
type scrapeOptions struct {
	source   string
	timeout  timeValue // for all trackers together; 0: none of our own
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
		Short: "Ask the trackers how many peers there are",
		Long: `Scrape asks every tracker of a torrent for its numbers of seeders and leechers,
without joining the swarm. The code is 0 when at least one tracker answered,
and 11 when none did.`,
		Example: examples("gotor scrape debian.torrent", "gotor scrape --json debian.torrent | jq '[.trackers[].seeders] | max'"),
		Args:    wantArgs(1, 1, "one SOURCE"), ValidArgsFunction: torrentArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.source = args[0]
			return runF(c.Context(), o, s)
		},
	}
	f := c.Flags()
	f.Var(&o.timeout, "timeout", "wait so long for answers (default: 20s)")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates")
	return c
}

// scrapeRecord is the object of scrape --json.
type scrapeRecord struct {
	V        int            `json:"v"`
	Name     string         `json:"name"`
	InfoHash string         `json:"info_hash"`
	Trackers []scrapeAnswer `json:"trackers"`
}

// scrapeAnswer is what one tracker said. Without an answer the numbers are null.
type scrapeAnswer struct {
	URL       string `json:"url"` // without its secrets
	Seeders   *int   `json:"seeders"`
	Leechers  *int   `json:"leechers"`
	Completed *int   `json:"completed"`
	Error     string `json:"error,omitempty"`

	reached bool // it answered, if only that it does not know the torrent
}

// runScrape asks the trackers of every tier: a person who asks wants to see them
// all, not the one that BEP 12 would use.
func runScrape(ctx context.Context, o *scrapeOptions, s *streams) error {
	l := &loader{s: s, insecure: o.insecure}
	src, err := l.load(ctx, o.source)
	if err != nil {
		return err
	}
	m := src.meta
	var urls []string
	for _, tier := range m.Trackers {
		urls = append(urls, tier...)
	}
	if len(urls) == 0 {
		return codef(exitFetch, "%s names no tracker", m.Name)
	}
	hash := m.InfoHash
	if !m.HasV1 { // BEP 52: trackers know it by the first 20 bytes
		hash = [20]byte(m.InfoHashV2[:20])
	}
	if limit := o.timeout.or(scrapeTime); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c := tracker.New(scrapeConfig(o, src.local))
	defer c.Close()
	rec := scrapeRecord{V: eventVersion, Name: m.Name, InfoHash: fmt.Sprintf("%x", hash), Trackers: askAll(ctx, c, urls, hash)}
	if _, stopped := interruptOf(ctx); stopped {
		return ctx.Err()
	}
	return rec.report(s, o.json)
}

// scrapeConfig applies the address policy: a torrent from the internet does not
// lead into our network, neither by an address in a URL nor by a name that
// resolves to one, nor by a redirect. A torrent of the user's own may.
func scrapeConfig(o *scrapeOptions, local bool) tracker.Config {
	g := new(guard)
	g.public.Store(!local)
	cfg := tracker.Config{UserAgent: userAgent(), Insecure: o.insecure}
	if local {
		return cfg
	}
	cfg.DialContext = g.dial
	cfg.LookupNetIP = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
		if err != nil {
			return nil, err
		}
		for _, ip := range ips {
			if err := g.check(ip); err != nil {
				return nil, err
			}
		}
		return ips, nil
	}
	cfg.CheckURL = func(u *url.URL) error {
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
			return g.check(ip)
		}
		return nil
	}
	return cfg
}

// askAll scrapes all trackers side by side and returns their answers in order.
func askAll(ctx context.Context, c *tracker.Client, urls []string, hash [20]byte) []scrapeAnswer {
	out := make([]scrapeAnswer, len(urls))
	var g errgroup.Group
	g.SetLimit(scrapeParallel)
	for i, u := range urls {
		g.Go(func() error {
			out[i] = ask(ctx, c, u, hash)
			return nil
		})
	}
	_ = g.Wait() // errors are in the answers
	return out
}

// ask scrapes one tracker. Its URL stands in the answer already, so it is cut
// from the error.
func ask(ctx context.Context, c *tracker.Client, u string, hash [20]byte) scrapeAnswer {
	a := scrapeAnswer{URL: term.Redact(u)}
	got, err := c.Scrape(ctx, u, [][20]byte{hash})
	switch {
	case err != nil:
		a.Error = strings.TrimPrefix(term.Redact(err.Error()), "tracker "+tracker.Redact(u)+": ")
	case len(got) != 1 || unknown(got[0]):
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
func (r *scrapeRecord) report(s *streams, json bool) error {
	answered := false
	for _, a := range r.Trackers {
		answered = answered || a.reached
	}
	var err error
	if json {
		err = writeJSON(s.out, r)
	} else {
		_, err = io.WriteString(s.out, r.table())
		for _, a := range r.Trackers {
			if a.Error != "" {
				s.console.tell("tracker " + a.URL + ": " + a.Error)
			}
		}
	}
	if err == nil && !answered {
		return codef(exitFetch, "%s: no tracker answered", r.Name)
	}
	return err
}

// table has a line for each tracker that answered.
func (r *scrapeRecord) table() string {
	var b strings.Builder
	for _, a := range r.Trackers {
		if a.Error != "" {
			continue
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "%8s %8s %9s  %s\n", "seeders", "leechers", "completed", "tracker")
		}
		fmt.Fprintf(&b, "%8s %8s %9s  %s\n", number(a.Seeders), number(a.Leechers), number(a.Completed), a.URL)
	}
	return b.String()
}

// number is a count for the table.
func number(n *int) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}
