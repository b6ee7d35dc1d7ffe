package cmd

import (
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/tracker/dht"
)

// familyOptions are the flags that keep everything to one family of addresses.
type familyOptions struct{ job.Family }

func (o *familyOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.IPv4Only, "ipv4-only", false, "use IPv4 only")
	f.BoolVar(&o.IPv6Only, "ipv6-only", false, "use IPv6 only")
}

func (o *familyOptions) check() error {
	if o.IPv4Only && o.IPv6Only {
		return record.Usagef("--ipv4-only and --ipv6-only leave nothing to use")
	}
	return nil
}

// dhtOptions say how the distributed tracker is entered.
type dhtOptions struct {
	bootstrap []string // HOST:PORT, several separated by commas; "none": nobody
}

func (o *dhtOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.bootstrap, "dht-bootstrap", nil,
		"enter the DHT through the node `HOST:PORT` instead of the public ones; none: through nobody; may be repeated")
}

// nodes are the bootstrap nodes that the flags name, or the public ones.
func (o *dhtOptions) nodes() ([]string, error) {
	if len(o.bootstrap) == 0 {
		return dht.Routers(), nil
	}
	nodes := []string{}
	for _, v := range o.bootstrap {
		for _, item := range strings.FieldsFunc(v, func(c rune) bool { return c == ',' || c == ' ' }) {
			if item == "none" {
				continue
			}
			var port portValue
			host, text, err := net.SplitHostPort(item)
			if err != nil || host == "" || port.Set(text) != nil || port <= 0 {
				return nil, record.Usagef("--dht-bootstrap %q: write it as HOST:PORT, [ADDRESS]:PORT for IPv6, or none", item)
			}
			nodes = append(nodes, item)
		}
	}
	return nodes, nil
}

// state is the file that keeps the nodes of the DHT between runs; "": none. Who
// names nodes means their network, which may be a private one: that has a file of
// its own. Who wants to enter through nobody has none.
func (o *dhtOptions) state(s *streams) string {
	dir := job.CacheDir(runtime.GOOS, s.getenv)
	if dir == "" {
		return ""
	}
	nodes, err := o.nodes()
	switch {
	case err != nil || len(o.bootstrap) == 0:
		return filepath.Join(dir, "dht")
	case len(nodes) == 0:
		return "" // nobody is nobody
	}
	// A name made of the nodes, in whatever order they were given: few bytes are enough to
	// tell the networks of one user apart.
	slices.Sort(nodes)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(nodes), " ")))
	return filepath.Join(dir, fmt.Sprintf("dht-%x", sum[:4]))
}

// discoverOptions are the flags of everything that looks for peers.
type discoverOptions struct {
	familyOptions
	dhtOptions
	noDHT, noPEX, noLSD bool
}

func (o *discoverOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.noDHT, "no-dht", false, "do not look for peers in the DHT (BEP 5)")
	f.BoolVar(&o.noPEX, "no-pex", false, "do not exchange addresses of peers with peers (BEP 11)")
	f.BoolVar(&o.noLSD, "no-lsd", false, "do not look for peers on the local network (BEP 14)")
	o.dhtOptions.addFlags(f)
	o.familyOptions.addFlags(f)
}

func (o *discoverOptions) check() error {
	if _, err := o.nodes(); err != nil {
		return err
	}
	return o.familyOptions.check()
}

// configure sets what the flags say. serve: the run is long enough to answer
// others in the DHT.
func (o *discoverOptions) configure(cfg *torrent.Config, s *streams, serve bool) error {
	cfg.NoPEX, cfg.LSD = o.noPEX, !o.noLSD
	cfg.Network, cfg.IPv4Only, cfg.IPv6Only = machine(), o.IPv4Only, o.IPv6Only
	if o.noDHT {
		return nil
	}
	nodes, err := o.nodes()
	if err != nil {
		return err
	}
	// A run of seconds answers nobody (BEP 43): nodes would remember it in vain.
	cfg.DHT = &torrent.DHTConfig{Bootstrap: nodes, State: o.state(s), ReadOnly: !serve}
	return nil
}
