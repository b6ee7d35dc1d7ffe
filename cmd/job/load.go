package job

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// Source is a torrent, or a link to one, and where it came from. One of Meta and
// Link is not nil; a link whose torrent has become known has both.
type Source struct {
	Arg  string            // as the user wrote it
	Raw  []byte            // the whole .torrent
	Meta *metainfo.Torrent // nil while there is only a link
	Link *metainfo.Link    // nil: it came as a .torrent
	// Local: the torrent came from a file, standard input or a private address,
	// and so may lead to private addresses.
	Local bool
}

// Loader is the one way to read a source, wherever it lies. Every source is bounded:
// metainfo.MaxSize in bytes, and from the network in time and redirects, too. A
// Loader may be used by several goroutines, but for standard input.
//
// Warn is told what is odd about a source, and Note what the user may not have
// meant; each may be nil, and may be called from any goroutine that reads.
type Loader struct {
	Stdin      io.Reader
	Warn, Note func(text string)
	Network    network.Network // what sources are fetched through
	Agent      string          // how web servers are told that we are called
	Insecure   bool            // do not verify TLS certificates
	Portable   bool            // names that every system takes
	Only       Family
	Header     http.Header // for the server of a source that is a URL; never shown
	// Ask says why a URL must not be asked for at a private address; nil: all may.
	Ask func(u *url.URL, ip netip.Addr) error
}

// Quiet is a loader that says nothing of what is odd: it will be read once more.
func (l *Loader) Quiet() *Loader {
	q := *l
	q.Warn, q.Note = nil, nil
	return &q
}

// tell says a text to whom it is for, if anybody.
func tell(to func(string), text string) {
	if to != nil {
		to(text)
	}
}

// Load reads one source of which the torrent itself is needed: a link is
// record.ExitMalformed.
func (l *Loader) Load(ctx context.Context, arg string) (*Source, error) {
	src, err := l.Open(ctx, arg)
	if err == nil && src.Meta == nil {
		err = record.Errorf(record.ExitMalformed, "%s: a link is not enough here; gotor magnet -o FILE LINK makes a torrent of it", Label(arg))
	}
	if err != nil {
		return nil, err
	}
	return src, nil
}

// Open reads one source, which may be a link, and checks it. Its errors have an exit
// code: record.ExitMalformed for what is no torrent, ExitFile, ExitFetch or, for an
// argument that can be no source, ExitUsage.
func (l *Loader) Open(ctx context.Context, arg string) (*Source, error) {
	if IsLink(arg) {
		return l.OpenLink(arg)
	}
	src, err := l.read(ctx, arg)
	if err != nil {
		return nil, err
	}
	src.Arg = arg
	if src.Link != nil { // a URL that redirects to one
		return src, nil
	}
	if err := l.parse(src); err != nil {
		return nil, fmt.Errorf("%s: %w", arg, notTorrent(src.Raw, err))
	}
	return src, nil
}

// parse makes sense of the bytes of a source.
func (l *Loader) parse(src *Source) (err error) {
	if src.Meta, err = (metainfo.Options{PortableNames: l.Portable}).Parse(src.Raw); err != nil {
		return err
	}
	l.Oddities(src.Meta)
	return nil
}

// Oddities warns of what is odd in a torrent.
func (l *Loader) Oddities(m *metainfo.Torrent) {
	for _, w := range m.Warnings {
		tell(l.Warn, m.Name+": "+w)
	}
}

// read gets the bytes of a source.
func (l *Loader) read(ctx context.Context, arg string) (*Source, error) {
	switch {
	case arg == "-":
		raw, err := ReadBounded(l.Stdin)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return &Source{Raw: raw, Local: true}, nil
	case IsURL(arg):
		return l.fetch(ctx, arg)
	}
	f, err := os.Open(arg)
	if err != nil {
		// Only now: a file may be called anything.
		if meant := mistaken(arg); meant != nil {
			err = meant
		} else {
			err = ReadError(arg, err)
		}
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, record.Errorf(record.ExitFile, "%s is a folder, not a torrent; to go on with a download in it, use gotor resume", arg)
	}
	raw, err := ReadBounded(f)
	if err != nil {
		return nil, ReadError(arg, err)
	}
	return &Source{Raw: raw, Local: true}, nil
}

// ReadBounded reads at most metainfo.MaxSize bytes: standard input, a device
// or a web server may never end.
func ReadBounded(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, metainfo.MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > metainfo.MaxSize {
		return nil, record.Errorf(record.ExitMalformed, "larger than %.1f MiB, which no torrent is", mebibytes(metainfo.MaxSize))
	}
	return raw, nil
}

// notTorrent says what was given instead of a torrent, where that is plain to
// see: a saved web page is the most common mistake.
func notTorrent(raw []byte, err error) error {
	// The beginning is enough to tell, and nobody wants megabytes in lower case.
	head := strings.ToLower(strings.TrimSpace(string(raw[:min(len(raw), 64)])))
	switch {
	case len(raw) == 0:
		return record.Errorf(record.ExitMalformed, "malformed torrent: it is empty")
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"):
		return record.Errorf(record.ExitMalformed, "malformed torrent: it is a web page")
	case strings.HasPrefix(head, "magnet:"):
		return record.Errorf(record.ExitMalformed, "it holds a magnet link; give the link itself instead of the file")
	}
	return err
}
