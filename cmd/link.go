package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// isLink reports whether an argument is a magnet link or a bare info-hash, as
// pasted. A file that is called like a hash is a file.
func isLink(arg string) bool {
	if isMagnet(arg) {
		return true
	}
	if !isHash(metainfo.TrimLink(arg)) {
		return false
	}
	_, err := os.Lstat(arg)
	return errors.Is(err, fs.ErrNotExist)
}

func isMagnet(arg string) bool { return hasScheme(metainfo.TrimLink(arg), "magnet:") }

// openLink reads a link. It came from the command line, so it may lead to private
// addresses.
func (l *loader) openLink(arg string) (*source, error) {
	link, err := l.parseLink(arg)
	if err != nil {
		if loneLink(arg) != "" {
			err = fmt.Errorf("%w; if the link was longer, %s", err, quoteLink)
		}
		return nil, err
	}
	if note := loneLink(arg); note != "" && !l.mute {
		l.s.console.Note(note)
	}
	return &source{arg: arg, link: link, local: true}, nil
}

// parseLink makes sense of a link, and says what of it is lost.
func (l *loader) parseLink(arg string) (*metainfo.Link, error) {
	link, err := metainfo.ParseLink(arg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shortArg(arg), err)
	}
	for _, w := range link.Warnings {
		l.warn(shortArg(arg) + ": " + w)
	}
	return link, nil
}

// usable says why a source cannot be downloaded.
func (s *source) usable() error {
	switch {
	case s.meta != nil:
		return s.meta.CanDownload()
	case s.link.HasV1, s.link.HasKey:
		return nil
	case s.link.HasV2:
		return record.Errorf(record.ExitMalformed, "the link leads to a version 2 torrent only, which cannot be downloaded yet")
	}
	return record.Errorf(record.ExitMalformed, "the link has no info-hash")
}

// shortArg is an argument for an error line: a link may be long, and what is cut
// off must not keep a secret from being seen as one.
func shortArg(arg string) string {
	if isMagnet(arg) {
		return clip(record.Redact(metainfo.TrimLink(arg)))
	}
	return arg
}

// follow looks up what a link with a public key leads to (BEP 46), unless the
// link says that itself. limit bounds it; 0: nothing does.
func (s *source) follow(ctx context.Context, c *torrent.Client, limit time.Duration, note func(string)) error {
	if s.link == nil || s.link.HasV1 || !s.link.HasKey {
		return nil
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	note("looking up the public key in the DHT")
	hash, err := c.ResolveKey(ctx, s.link.Key, s.link.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", shortArg(s.arg), err)
	}
	found := *s.link
	found.InfoHash, found.HasV1 = hash, true
	s.link = &found
	return nil
}

// fetchLinked gets a .torrent that a link names, for the engine. Whoever wrote the
// link may not know our own network, and must not make us ask anything there:
// of a private address, only for a plain path.
func (l *loader) fetchLinked(ctx context.Context, link string) ([]byte, bool, error) {
	rules := network.ByUser(l.only.suffix()).Rules(network.PlainPath)
	src, err := l.fetchFrom(ctx, link, rules, nil)
	if err == nil && src.raw == nil {
		err = errors.New("it leads to another link")
	}
	if err != nil {
		return nil, false, err
	}
	return src.raw, src.local, nil
}
