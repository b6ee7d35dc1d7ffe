package metainfo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gotor/bencode"
)

// CreateOptions say what Create puts into a torrent. The zero value makes a
// public torrent without trackers and without a date, so that the same files
// always give the same bytes.
type CreateOptions struct {
	Name        string     // default: the last element of the path
	PieceLength int64      // bytes; 0 chooses 16 KiB to 16 MiB for 1,000 to 2,000 pieces
	Trackers    [][]string // tiers of http, https and udp URLs
	WebSeeds    []string   // http and https URLs (BEP 19)
	Private     bool
	Comment     string
	Source      string // part of the info dictionary, so it changes the info-hash
	CreatedBy   string
	Date        time.Time // zero: none

	Workers int // hashing goroutines; 0 means one per core

	// Progress, if set, is told how many bytes have been hashed: first 0, last
	// total, in between one worker after the other has finished a MiB or its
	// share. The calls come from several goroutines, one at a time, and done
	// grows with each. It must not block: the workers wait for it.
	Progress func(done, total int64)
}

// ErrOption is what errors.Is finds in an error of Create that lies in the
// options, not in the files.
var ErrOption = errors.New("bad option")

// optionError is an ErrOption.
type optionError struct{ error }

func (e optionError) Unwrap() error      { return e.error }
func (optionError) Is(target error) bool { return target == ErrOption }

// badOption makes an error that is ErrOption.
func badOption(format string, args ...any) error {
	return optionError{fmt.Errorf(format, args...)}
}

// Create makes a version 1 torrent of a file, or of all files below a
// directory in the byte order of their path components, and returns the
// canonical bytes of the .torrent file.
//
// Nothing is left out silently. A symbolic link to a file inside the directory
// is stored as that file; one that leads out of it, to a directory or to
// nothing is an error, and so are devices and sockets, files that cannot be
// read, names that would be changed on the way back to disk (see CleanName), a
// directory without files, and a file that changes while it is hashed. The
// owner's execute permission is stored (BEP 47, attr x), except on Windows.
//
// Memory is a buffer per worker and the torrent itself. When ctx is done
// Create returns its error.
func Create(ctx context.Context, path string, o CreateOptions) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	src, err := openSource(ctx, path)
	if err != nil {
		return nil, err
	}
	defer src.close()
	if o.Name == "" {
		o.Name = src.name
	}
	if o.PieceLength == 0 {
		o.PieceLength = autoPieceLength(src.total)
	}
	if n := (src.total + o.PieceLength - 1) / o.PieceLength; n > maxPieces {
		return nil, badOption("pieces of %d bytes make %d of them; at most %d can be: take longer ones", o.PieceLength, n, maxPieces)
	}
	// The torrent is laid out with empty hashes and read back, which applies
	// every limit before the long work; t then aliases the place of the hashes.
	b := o.encode(src)
	t, err := Parse(b)
	if err != nil {
		return nil, src.fail(".", tooMuch(err))
	}
	if err := src.survives(t, o.Name); err != nil {
		return nil, err
	}
	return b, src.hash(ctx, t, o)
}

// tooMuch says what Parse found in a torrent of ours: more than a limit. That
// is no malformed torrent, since there is none yet.
func tooMuch(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Msg != "" {
		return errors.New(e.Msg)
	}
	return fmt.Errorf("too much for one torrent: %v", errors.Unwrap(err))
}

// check holds the options against what Parse will accept.
func (o *CreateOptions) check() error {
	if o.PieceLength < 0 || o.PieceLength > maxPieceLength {
		return badOption("piece length %d: it must be 1 to %d, or 0 for a fitting one", o.PieceLength, maxPieceLength)
	}
	for _, s := range []string{o.Name, o.Comment, o.Source, o.CreatedBy} {
		if !utf8.ValidString(s) || len(s) > maxText {
			return badOption("%s is not UTF-8 or is longer than %d bytes", quote(s), maxText)
		}
	}
	if o.Name != "" && clean(o.Name, false, maxName) != o.Name {
		return badOption("name %s would be stored as %s", quote(o.Name), quote(clean(o.Name, false, maxName)))
	}
	if n := o.Date.Unix(); !o.Date.IsZero() && (n < 0 || n > maxDate) {
		return badOption("date %v is out of range", o.Date)
	}
	if err := checkURLs("tracker", slices.Concat(o.Trackers...), trackerSchemes()); err != nil {
		return err
	}
	return checkURLs("web seed", o.WebSeeds, webSchemes())
}

// checkURLs reports the first URL that Parse would leave out or change.
func checkURLs(what string, urls, schemes []string) error {
	if len(urls) > maxURLs {
		return badOption("%d %ss; at most %d are taken", len(urls), what, maxURLs)
	}
	for _, s := range urls {
		err := checkURL(s, schemes)
		if err == nil && strings.TrimSpace(s) != s {
			err = errors.New("white space around the URL")
		}
		if err != nil {
			return badOption("%s %s: %w", what, quote(s), err)
		}
	}
	return nil
}

// autoPieceLength returns the smallest power of two from 16 KiB on that makes
// at most 2,000 pieces; 16 MiB is enough as long as the pieces can be counted.
func autoPieceLength(total int64) int64 {
	n := int64(16 << 10)
	for total > 2_000*n && n < 16<<20 || total > maxPieces*n && n < maxPieceLength {
		n *= 2
	}
	return n
}

// encode writes the torrent with zeros in place of the piece hashes. One tracker
// is an announce and no more; several are an announce-list as well, and the
// first of them the announce of clients that do not know BEP 12. One web seed
// is a string, several are a list (BEP 19 allows both).
func (o *CreateOptions) encode(src *source) []byte {
	trackers := slices.Concat(o.Trackers...)
	b := []byte{'d'}
	if len(trackers) > 0 {
		b = bencode.AppendKeyString(b, "announce", trackers[0])
	}
	if len(trackers) > 1 {
		b = bencode.AppendKey(b, "announce-list")
		b = append(b, 'l')
		for _, tier := range o.Trackers {
			if len(tier) > 0 {
				b = appendList(b, tier)
			}
		}
		b = append(b, 'e')
	}
	b = appendText(b, "comment", o.Comment)
	b = appendText(b, "created by", o.CreatedBy)
	if !o.Date.IsZero() {
		b = bencode.AppendKeyInt(b, "creation date", o.Date.Unix())
	}
	b = bencode.AppendKey(b, "info")
	b = o.encodeInfo(b, src)
	switch len(o.WebSeeds) {
	case 0:
	case 1:
		b = bencode.AppendKeyString(b, "url-list", o.WebSeeds[0])
	default:
		b = bencode.AppendKey(b, "url-list")
		b = appendList(b, o.WebSeeds)
	}
	return append(b, 'e')
}

// encodeInfo writes the info dictionary, keys in order. Sizes are those found
// when the files were listed.
func (o *CreateOptions) encodeInfo(b []byte, src *source) []byte {
	b = append(b, 'd')
	if src.multi {
		b = bencode.AppendKey(b, "files")
		b = append(b, 'l')
		for i := range src.files {
			f := &src.files[i]
			b = append(b, 'd')
			b = f.appendAttr(b)
			b = bencode.AppendKeyInt(b, "length", f.size)
			b = bencode.AppendKey(b, "path")
			b = appendList(b, strings.Split(f.path, "/"))
			b = append(b, 'e')
		}
		b = append(b, 'e')
	} else {
		b = src.files[0].appendAttr(b)
		b = bencode.AppendKeyInt(b, "length", src.files[0].size)
	}
	b = bencode.AppendKeyString(b, "name", o.Name)
	b = bencode.AppendKeyInt(b, "piece length", o.PieceLength)
	b = bencode.AppendKey(b, "pieces")
	pieces := (src.total + o.PieceLength - 1) / o.PieceLength
	b = bencode.AppendString(b, make([]byte, pieces*20))
	if o.Private {
		b = bencode.AppendKeyInt(b, "private", 1)
	}
	b = appendText(b, "source", o.Source)
	return append(b, 'e')
}

// appendText appends an optional key.
func appendText(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return bencode.AppendKeyString(b, key, s)
}

// appendList appends a list of strings.
func appendList(b []byte, list []string) []byte {
	b = append(b, 'l')
	for _, s := range list {
		b = bencode.AppendString(b, s)
	}
	return append(b, 'e')
}

// baseName returns the name a path suggests: that of the directory for ".".
func baseName(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.Base(abs), nil
}
