package cmd

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	discoverOptions
	uploadOptions
	verbose verbosity
	quiet   bool
	flags   *pflag.FlagSet // says where a value comes from

	dirs    []string // roots; none: the current folder
	watch   []string // folders, as parseWatch takes them
	rebuild bool

	transmission, metricsTorrents bool

	listen          []string // HOST:PORT; "none" alone: the socket only
	socket          string   // "": the user's, see job.SocketPath
	hosts, origins  []string
	tokenFile       string
	tlsCert, tlsKey string
	privateURLs     []string // prefixes of addresses
	port            portValue
	maxDown         rateValue
	maxMemory       sizeValue
	maxDownloads    int
	maxSeeds        int
	maxChecks       int
	insecure        bool
}

// defaultListen is where programs find the API.
const defaultListen = "127.0.0.1:7470"

const serveLong = `Serve keeps torrents until it is stopped, and does what it is told over HTTP: gotor
ctl, gotor get --daemon, curl, or a browser: its page is at /, the description of
the API at /docs/. It prints one URL per listener on stdout once it is ready; stderr
gets its log, and at a terminal a link that signs a browser in once, as gotor ctl
login prints.

Data goes into --dir, the current folder by default; with several, the first is
where torrents go that say nothing else. Nothing outside of them is touched. What
it has promised survives a power cut: it is in the state folder, which one daemon at
a time can have (exit code 12).

Whoever can open its unix socket is its user. Over TCP, which is loopback unless
--listen says otherwise, requests need the token that is in the file "token" of the
state folder, and must call the daemon by an address of its own, localhost, or a
--host.

SIGTERM and Ctrl-C end it within 5 s, with code 0. SIGHUP has it read the token and the
file of settings again; a certificate is read when it changes. docs/serve.md has a unit
for systemd, and more.`

// transmissionPath is where its remote controls look for Transmission's RPC.
const transmissionPath = "/transmission/rpc"

// newServeCmd describes serve; runF is runServe, or a test's function.
func newServeCmd(s *streams, runF func(context.Context, *serveOptions, *streams) error) *cobra.Command {
	return serveCmdOf(new(serveOptions), s, runF)
}

// serveCmdOf is the command whose flags are o's.
func serveCmdOf(o *serveOptions, s *streams, runF func(context.Context, *serveOptions, *streams) error) *cobra.Command {
	c := &cobra.Command{
		Use:        "serve [flags]",
		SuggestFor: []string{"daemon", "server"},
		Short:      "Run a daemon that is driven over HTTP",
		Long:       serveLong,
		Example: examples("gotor serve --dir ~/Downloads", "gotor serve --dir /srv/torrents --max-up 5M --seed-ratio 2",
			"gotor serve --listen :7470 --tls-cert cert.pem --tls-key key.pem"),
		Args: wantArgs(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return runF(c.Context(), o, s)
		},
	}
	o.addFlags(c)
	return c
}

func (o *serveOptions) addFlags(c *cobra.Command) {
	o.maxMemory = 64 << 20
	f := c.Flags()
	o.flags = f
	f.StringArrayVar(&o.dirs, "dir", nil, "keep the data of torrents in `DIR`, and touch nothing outside; may be repeated (default: the current folder)")
	f.StringArrayVar(&o.watch, "watch", nil, "add the .torrent and .magnet files that are put into `DIR`; DIR:label=X,dir=Y,paused,delete says more; may be repeated")
	f.StringArrayVar(&o.listen, "listen", []string{defaultListen}, "answer HTTP at `HOST:PORT`; port 0 takes a free one; none: at the socket only; may be repeated")
	f.StringVar(&o.socket, "socket", "", "listen at the unix socket `PATH` (default: in the user's runtime folder)")
	f.StringArrayVar(&o.hosts, "host", nil, "let requests call the daemon `NAME`, too; as a URL, like https://box.example/torrents/, links lead there; may be repeated")
	f.StringArrayVar(&o.origins, "allow-origin", nil, "let pages of `ORIGIN` use the API, like https://box.example; may be repeated")
	f.StringVar(&o.tokenFile, "token-file", "", "the token is in the first line of `FILE`, not in the state folder")
	f.StringVar(&o.tlsCert, "tls-cert", "", "speak TLS with the certificate in `FILE`, which is read again when it changes")
	f.StringVar(&o.tlsKey, "tls-key", "", "its key is in `FILE`")
	f.StringArrayVar(&o.privateURLs, "private-urls", nil, "let URLs that are added lead to addresses in `PREFIX` of our own network, like 192.168.0.0/16; may be repeated")
	f.BoolVar(&o.rebuild, "rebuild", false, "bring back, paused, torrents that the state folder knows and the list has lost")
	f.BoolVar(&o.transmission, "transmission-rpc", false, "let remote controls for Transmission in, at "+transmissionPath)
	f.BoolVar(&o.metricsTorrents, "metrics-torrents", false, "add series for each torrent to /metrics")
	f.Var(&o.maxDown, "max-down", "download at most so much per second, like 500K (bytes) or 10Mbit; 0: no limit")
	f.IntVar(&o.maxDownloads, "max-downloads", 5, "download at most `N` torrents at a time; 0: no bound")
	f.IntVar(&o.maxSeeds, "max-seeds", 0, "seed at most `N` torrents at a time; 0: no bound")
	f.IntVar(&o.maxChecks, "max-checks", 1, "hash at most `N` torrents at a time for each disk")
	f.Var(&o.port, "port", "port for peers: a number, auto or none")
	f.Var(&o.maxMemory, "max-memory", "use about so much memory")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates of trackers and web seeds")
	o.discoverOptions.addFlags(c)
	o.uploadOptions.addFlags(c)
	f.BoolVarP(&o.quiet, "quiet", "q", false, "log warnings and errors only")
	o.verbose.addFlag(f)
}

// check refuses what contradicts itself or cannot be.
func (o *serveOptions) check() error {
	switch {
	case o.maxMemory < 1<<20:
		return record.Usagef("--max-memory must be at least 1MiB")
	case o.maxDownloads < 0 || o.maxSeeds < 0 || o.maxChecks < 0:
		return record.Usagef("--max-downloads, --max-seeds and --max-checks must not be negative")
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return record.Usagef("--tls-cert and --tls-key belong together")
	case o.verbose > 0 && o.quiet:
		return record.Usagef("--verbose tells more and --quiet less: choose one")
	}
	if err := o.checkAddresses(); err != nil {
		return err
	}
	if _, err := parseWatch(o.watch); err != nil {
		return err
	}
	if err := o.uploadOptions.check(); err != nil {
		return err
	}
	return o.discoverOptions.check()
}

// parseHost reads a --host: a name, which has no scheme then, or the URL that a proxy
// makes of it, which ends in a slash.
func parseHost(h string) (*url.URL, error) {
	if !strings.Contains(h, "://") {
		if h == "" || strings.ContainsAny(h, "/:@ *") && !strings.HasPrefix(h, "[") {
			return nil, record.Usagef("--host %q is not a name; write it without a port, or as a URL like https://box.example/torrents/", job.Clip(h))
		}
		return &url.URL{Host: h}, nil
	}
	u, err := url.Parse(h)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, record.Usagef("--host %q is not the URL of a daemon; write it like https://box.example/torrents/", job.Clip(record.Redact(h)))
	}
	return u.JoinPath("/"), nil
}

// checkAddresses refuses what is no address, host, origin or prefix.
func (o *serveOptions) checkAddresses() error {
	for _, at := range o.listen {
		if at == "none" && len(o.listen) == 1 {
			continue
		}
		_, port, err := net.SplitHostPort(at)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return record.Usagef("--listen %q is not an address; write HOST:PORT, or none alone", job.Clip(at))
		}
	}
	for _, h := range o.hosts {
		if _, err := parseHost(h); err != nil {
			return err
		}
	}
	for _, origin := range o.origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return record.Usagef("--allow-origin %q is not an origin; write it like https://box.example", job.Clip(record.Redact(origin)))
		}
	}
	for _, p := range o.privateURLs {
		if _, err := netip.ParsePrefix(p); err != nil {
			return record.Usagef("--private-urls %q is not a prefix of addresses; write it like 192.168.0.0/16", job.Clip(p))
		}
	}
	return nil
}
