package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// desk takes sources in: what a torrent is had from, as somebody has handed it over.
// It is immutable.
type desk struct {
	loader job.Loader
}

// newDesk makes a desk that fetches with a loader, and in our own network only from
// where inside says.
func newDesk(l job.Loader, inside []netip.Prefix) *desk {
	l.Stdin = nil
	l.Ask = func(u *url.URL, ip netip.Addr) error {
		for _, p := range inside {
			if p.Contains(ip.Unmap()) {
				return nil
			}
		}
		return fmt.Errorf("%v: a private address that the settings do not allow: %w", ip.Unmap(), network.ErrForbidden)
	}
	return &desk{loader: l}
}

// open reads what is to be added. warn is told what is odd about it.
func (d *desk) open(ctx context.Context, a *record.Add, warn func(string)) (*job.Source, error) {
	l := d.loader
	l.Warn = warn
	src, err := openWith(ctx, &l, a)
	if err == nil {
		err = src.Usable()
	}
	if err == nil && src.Meta == nil && !src.Link.HasV1 {
		err = record.Errorf(record.ExitMalformed, "a link to a public key has to be looked up first; give its info-hash")
	}
	if err != nil {
		return nil, refused(err)
	}
	return src, nil
}

func openWith(ctx context.Context, l *job.Loader, a *record.Add) (*job.Source, error) {
	switch source := strings.TrimSpace(a.Source); {
	case len(a.Raw) > 0:
		return parseRaw(l, a.Raw)
	case source == "":
		return nil, record.NewProblem(record.CodeInvalid, "neither a torrent nor a source is given")
	case job.IsMagnet(source), job.IsHash(metainfo.TrimLink(source)):
		return l.OpenLink(source)
	case job.IsURL(source):
		return l.Open(ctx, source)
	case !a.LocalPath:
		return nil, record.NewProblem(record.CodeInvalid, "%s is neither an http or https URL, a magnet link nor an info-hash", job.Clip(source))
	case source == "-":
		return nil, record.NewProblem(record.CodeInvalid, "a daemon has no standard input")
	default:
		return l.Open(ctx, source)
	}
}

// parseRaw makes sense of a .torrent that was sent. Whoever sent it is the user, so
// it may lead to private addresses, as one that get is given.
func parseRaw(l *job.Loader, raw []byte) (*job.Source, error) {
	if len(raw) > metainfo.MaxSize {
		return nil, record.NewProblem(record.CodeTooLarge, "it is larger than 64 MiB, which no torrent is")
	}
	m, err := metainfo.Options{PortableNames: l.Portable}.Parse(raw)
	if err != nil {
		return nil, err
	}
	l.Oddities(m)
	return &job.Source{Arg: m.Name, Raw: raw, Meta: m, Local: true}, nil
}

// refused is an error about what somebody has asked for, as a problem. Messages that
// begin with the flag of a command line lose its dashes.
func refused(err error) error {
	var p *record.Problem
	if err == nil || errors.As(err, &p) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return record.NewProblem(record.Reason(record.CodeOf(err)), "%s", strings.TrimPrefix(err.Error(), "--"))
}
