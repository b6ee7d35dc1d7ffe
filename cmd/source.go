package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"syscall"

	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent/metainfo"
)

// source is a torrent, or a link to one, and where it came from.
type source struct {
	arg  string            // as the user wrote it
	raw  []byte            // the whole .torrent
	meta *metainfo.Torrent // nil while there is only a link
	link *metainfo.Link    // nil: it came as a .torrent
	// local: the torrent came from a file, standard input or a private address,
	// and so may lead to private addresses.
	local bool
}

// loader reads sources.
type loader struct {
	s        *streams
	insecure bool // do not verify TLS certificates
	portable bool // names that every system takes
	only     familyOptions
	header   http.Header // for the server of a source that is a URL; never shown
	mute     bool        // say nothing of what is odd: it will be read once more
}

// warn says what is odd about a source.
func (l *loader) warn(text string) {
	if !l.mute {
		l.s.console.Warn(text)
	}
}

// load reads one source of which the torrent itself is needed.
func (l *loader) load(ctx context.Context, arg string) (*source, error) {
	src, err := l.open(ctx, arg)
	if err == nil && src.meta == nil {
		err = record.Errorf(record.ExitMalformed, "%s: a link is not enough here; gotor magnet -o FILE LINK makes a torrent of it", shortArg(arg))
	}
	if err != nil {
		return nil, err
	}
	return src, nil
}

// open reads one source, which may be a link, and checks it. Warnings about it
// go to stderr.
func (l *loader) open(ctx context.Context, arg string) (*source, error) {
	if isLink(arg) {
		return l.openLink(arg)
	}
	src, err := l.read(ctx, arg)
	if err != nil {
		return nil, err
	}
	src.arg = arg
	if src.link != nil { // a URL that redirects to one
		return src, nil
	}
	if err := l.parse(src); err != nil {
		return nil, fmt.Errorf("%s: %w", arg, notTorrent(src.raw, err))
	}
	return src, nil
}

// parse makes sense of the bytes of a source.
func (l *loader) parse(src *source) (err error) {
	if src.meta, err = (metainfo.Options{PortableNames: l.portable}).Parse(src.raw); err != nil {
		return err
	}
	l.oddities(src.meta)
	return nil
}

// oddities warns of what is odd in a torrent.
func (l *loader) oddities(m *metainfo.Torrent) {
	for _, w := range m.Warnings {
		l.warn(m.Name + ": " + w)
	}
}

// read gets the bytes of a source.
func (l *loader) read(ctx context.Context, arg string) (*source, error) {
	switch {
	case arg == "-":
		raw, err := readBounded(l.s.in)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return &source{raw: raw, local: true}, nil
	case isURL(arg):
		return l.fetch(ctx, arg)
	}
	f, err := os.Open(arg)
	if err != nil {
		if meant := mistaken(arg); meant != nil {
			err = meant
		} else {
			err = readError(arg, err)
		}
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, record.Errorf(record.ExitFile, "%s is a folder, not a torrent; to go on with a download in it, use gotor resume", arg)
	}
	raw, err := readBounded(f)
	if err != nil {
		return nil, readError(arg, err)
	}
	return &source{raw: raw, local: true}, nil
}

// readBounded reads at most metainfo.MaxSize bytes: standard input, a device
// or a web server may never end.
func readBounded(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, metainfo.MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > metainfo.MaxSize {
		return nil, record.Errorf(record.ExitMalformed, "larger than %s, which no torrent is", ui.Bytes(metainfo.MaxSize))
	}
	return raw, nil
}

// readError is fileError for reading.
func readError(name string, err error) error { return fileError("read", name, err) }

// fileError names the file once, without the name of the system call.
func fileError(verb, name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	code := exitFileOr(err)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		err = errors.New("a part of that path is a file, not a folder")
	case errors.Is(err, syscall.EISDIR):
		err = errors.New("it is a folder")
	}
	return record.WithCode(code, fmt.Errorf("cannot %s %s: %w", verb, name, err))
}

// exitFileOr keeps the code of an error that has one.
func exitFileOr(err error) int {
	if code := record.CodeOf(err); code != record.ExitOther {
		return code
	}
	return record.ExitFile
}

// notTorrent says what was given instead of a torrent, where that is plain to
// see: a saved web page is the most common mistake.
func notTorrent(raw []byte, err error) error {
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

func isURL(arg string) bool { return hasScheme(arg, "http://") || hasScheme(arg, "https://") }

func hasScheme(arg, scheme string) bool {
	return len(arg) >= len(scheme) && strings.EqualFold(arg[:len(scheme)], scheme)
}

// isHash reports whether arg looks like a bare info-hash: 40, 64 or (as a
// multihash) 68 hexadecimal digits, or 32 of base32.
func isHash(arg string) bool {
	switch len(arg) {
	case 40, 64, 68:
		return strings.Trim(strings.ToLower(arg), "0123456789abcdef") == ""
	case 32:
		return strings.Trim(strings.ToUpper(arg), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
	}
	return false
}

// clip keeps an error line short when an argument is long.
func clip(arg string) string {
	const most = 80
	if len(arg) <= most {
		return arg
	}
	return arg[:most] + "..."
}
