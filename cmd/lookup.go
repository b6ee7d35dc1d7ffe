package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// lookupOptions are the flags of the commands that want to know what a link leads
// to, and nothing else.
type lookupOptions struct {
	limit    timeValue
	peers    []string // HOST:PORT, several separated by commas
	trackers addedTrackers
	insecure bool // TLS certificates of sources and trackers are not verified
	progress progressOptions
	discoverOptions
	headerOption
}

func (o *lookupOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	addMetadataFlag(f, &o.limit)
	f.StringArrayVar(&o.peers, "peer", nil, "ask the peer `HOST:PORT`, too; may be repeated")
	o.trackers.addFlag(f, "ask")
	o.discoverOptions.addFlags(c)
	o.headerOption.addFlag(f)
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates")
	o.progress.addFlags(c)
}

// lookupMemory is for a client that holds no payload.
const lookupMemory = 16 << 20

// resolve makes the whole .torrent of a link: src gets raw and meta. Nothing is
// written to disk, and nobody can connect to us.
func (o *lookupOptions) resolve(ctx context.Context, s *streams, l *job.Loader, src *job.Source) error {
	if err := src.Usable(); err != nil {
		return fmt.Errorf("%s: %w", job.Label(src.Arg), err)
	}
	peers, err := o.ParsePeers(o.peers, s.console.Warn)
	if err != nil {
		return err
	}
	// No port: who only looks has nothing to give, and wants to be found by nobody.
	cfg := torrent.Config{Port: -1, MaxMemory: lookupMemory, Name: userAgent(), Insecure: o.insecure}
	if err = o.discoverOptions.check(); err == nil {
		err = o.configure(&cfg, s, false)
	}
	if err != nil {
		return err
	}
	c, err := torrent.NewClient(cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	limit := metadataLimit(o.limit, s.errTTY)
	if err := src.Follow(ctx, c, limit, s.console.Note); err != nil {
		return err
	}
	from := torrent.Source{Link: src.Link, PortableNames: l.Portable, Local: src.Local}
	peers.Apply(&from)
	from.Trackers = o.trackers.urls()
	tor, err := c.Add(from, torrent.Lookup{MetadataTimeout: limit, Fetch: l.FetchLinked, PeerNameFailed: peers.Failed})
	if err != nil {
		return fmt.Errorf("%s: %w", job.Label(src.Arg), err)
	}
	if err := o.watch(ctx, s, tor, src); err != nil {
		return err
	}
	src.Raw, src.Meta = tor.Metainfo()
	l.Oddities(src.Meta)
	return nil
}

// watch waits until a torrent is known, on display.
func (o *lookupOptions) watch(ctx context.Context, s *streams, tor *torrent.Torrent, src *job.Source) error {
	up := ui.StartDisplay(o.progress.display(s), 1)
	up.Add(ui.Row{Source: src.Arg, Snapshot: tor.Snapshot})
	known := awaitKnown(ctx, tor)
	up.Stop()
	switch {
	case known:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	err, sn := tor.Err(), tor.Snapshot()
	var bad *metainfo.Error
	switch {
	case errors.As(err, &bad):
		return fmt.Errorf("%s: %w", job.Label(src.Arg), err)
	case lonely(err):
		ui.Explain(s.console, &sn)
	}
	return fmt.Errorf("%s: %w", sn.Name, err)
}

// openKnown opens a source and finds out what it leads to, if it is a link.
func (o *lookupOptions) openKnown(ctx context.Context, s *streams, l *job.Loader, arg string) (*job.Source, error) {
	src, err := l.Open(ctx, arg)
	if err == nil && src.Meta == nil {
		err = o.resolve(ctx, s, l, src)
	}
	return src, err
}
