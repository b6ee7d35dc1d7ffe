package job

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// OpenLink reads a link. It came from the command line, so it may lead to private
// addresses.
func (l *Loader) OpenLink(arg string) (*Source, error) {
	link, err := l.parseLink(arg)
	if err != nil {
		if loneLink(arg) != "" {
			err = fmt.Errorf("%w; if the link was longer, %s", err, quoteLink)
		}
		return nil, err
	}
	if note := loneLink(arg); note != "" {
		tell(l.Note, note)
	}
	return &Source{Arg: arg, Link: link, Local: true}, nil
}

// parseLink makes sense of a link, and says what of it is lost.
func (l *Loader) parseLink(arg string) (*metainfo.Link, error) {
	link, err := metainfo.ParseLink(arg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Label(arg), err)
	}
	for _, w := range link.Warnings {
		tell(l.Warn, Label(arg)+": "+w)
	}
	return link, nil
}

// Usable says why a source cannot be downloaded.
func (s *Source) Usable() error {
	switch {
	case s.Meta != nil:
		return s.Meta.CanDownload()
	case s.Link.HasV1, s.Link.HasKey:
		return nil
	case s.Link.HasV2:
		return record.Errorf(record.ExitMalformed, "the link leads to a version 2 torrent only, which cannot be downloaded yet")
	}
	return record.Errorf(record.ExitMalformed, "the link has no info-hash")
}

// Selected is what a link selects (BEP 53) where the user does not; nil: all, as of
// a torrent that came without a link.
func (s *Source) Selected() []metainfo.Range {
	if s.Link == nil {
		return nil
	}
	return s.Link.Select
}

// Follow looks up what a link with a public key leads to (BEP 46), unless the
// link says that itself. limit bounds it; 0: nothing does.
func (s *Source) Follow(ctx context.Context, c *torrent.Client, limit time.Duration, note func(string)) error {
	if s.Link == nil || s.Link.HasV1 || !s.Link.HasKey {
		return nil
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	note("looking up the public key in the DHT")
	hash, err := c.ResolveKey(ctx, s.Link.Key, s.Link.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", Label(s.Arg), err)
	}
	found := *s.Link
	found.InfoHash, found.HasV1 = hash, true
	s.Link = &found
	return nil
}

// FetchLinked gets a .torrent that a link names, for the engine. Whoever wrote the
// link may not know our own network, and must not make us ask anything there:
// of a private address, only for a plain path.
func (l *Loader) FetchLinked(ctx context.Context, link string) ([]byte, bool, error) {
	rules := network.ByUser(l.Only.Suffix()).Rules(func(u *url.URL, ip netip.Addr) error {
		if l.Ask != nil {
			if err := l.Ask(u, ip); err != nil {
				return err
			}
		}
		return network.PlainPath(u, ip)
	})
	src, err := l.fetchFrom(ctx, link, rules, nil)
	if err == nil && src.Raw == nil {
		err = errors.New("it leads to another link")
	}
	if err != nil {
		return nil, false, err
	}
	return src.Raw, src.Local, nil
}
