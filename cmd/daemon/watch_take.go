package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// The files that are taken, by the ends of their names, and how they end when they
// were.
const (
	kindTorrent = ".torrent"
	kindMagnet  = ".magnet"

	nameAdded    = ".added"
	nameRejected = ".rejected"
	nameWhy      = ".rejected.txt"
)

// maxMagnet bounds a file with a link in it.
const maxMagnet = 64 << 10

// take adds what is in a file that is whole. It reports whether what is known of the file
// holds on.
func (w *watcher) take(ctx context.Context, d *watched, in *os.Root, name string, fi fs.FileInfo, s *sighting) (stays bool) {
	shown := record.Safe(name)
	a, err := request(d, in, name, fi)
	if errors.Is(err, errTouched) {
		return false // it is new, and not whole, when it is looked at next
	}
	var t *record.Torrent
	var existing bool
	if err == nil {
		t, existing, err = w.add(ctx, a)
	}
	switch {
	case err != nil && passing(ctx, err):
		w.sayOnce(s, levelWarn, fmt.Sprintf("%s cannot be added now, and is tried again: %v", shown, err))
		return true
	case err != nil:
		w.log.write(levelWarn, "", "%s is rejected: %v", shown, err)
		return w.settle(s, shown, reject(in, name, err))
	case existing:
		w.log.write(levelInfo, t.ID, "%s: was there already when it came from %s", t.Name, shown)
	default:
		w.log.write(levelInfo, t.ID, "%s: came from %s", t.Name, shown)
	}
	if d.Delete {
		return w.settle(s, shown, in.Remove(name))
	}
	return w.settle(s, shown, in.Rename(name, name+nameAdded))
}

// settle notes whether a file that was dealt with is out of the way. If not, it is left
// alone until it changes.
func (w *watcher) settle(s *sighting, shown string, err error) (stays bool) {
	if err == nil {
		return false
	}
	s.done = true
	w.sayOnce(s, levelWarn, fmt.Sprintf("%s cannot be put aside, and is left alone from now on: %v", shown, err))
	return true
}

func (w *watcher) sayOnce(s *sighting, level, text string) {
	if s.said != text {
		s.said = text
		w.log.write(level, "", "%s", text)
	}
}

// passing reports whether another time the same may be added.
func passing(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return true
	}
	switch record.ProblemOf(err).Code {
	case record.CodeNotReady, record.CodeInternal, record.CodeTooMany, record.Reason(record.ExitNoSpace), record.Reason(record.ExitLocked):
		return true
	}
	return false
}

// reject puts a file aside, and says why beside it.
func reject(in *os.Root, name string, why error) error {
	text := record.Redact(record.Safe(why.Error())) + "\n"
	// Whatever stands under that name, a link perhaps, is not written through.
	if err := in.Remove(name + nameWhy); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := in.OpenFile(name+nameWhy, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return in.Rename(name, name+nameRejected)
}

// errTouched: a file changed between two looks.
var errTouched = errors.New("it is being written")

// request is what a file asks for.
func request(d *watched, in *os.Root, name string, fi fs.FileInfo) (record.Add, error) {
	a := record.Add{Dir: d.Dir, Labels: d.Labels, Paused: d.Paused}
	limit := int64(metainfo.MaxSize)
	if kindOf(name) == kindMagnet {
		limit = maxMagnet
	}
	if fi.Size() > limit {
		return a, record.NewProblem(record.CodeTooLarge, "it has %d bytes, and may have %d", fi.Size(), limit)
	}
	b, err := readSame(in, name, fi)
	if err != nil {
		return a, err
	}
	if len(b) == 0 {
		return a, record.NewProblem(record.CodeInvalid, "it is empty")
	}
	if kindOf(name) == kindTorrent {
		a.Raw = b
		return a, nil
	}
	a.Source = strings.TrimSpace(string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	if !job.IsMagnet(a.Source) || strings.ContainsAny(a.Source, "\r\n") {
		return a, record.NewProblem(record.CodeInvalid, "it has to have one magnet link in it, and nothing else")
	}
	return a, nil
}

// readSame reads a file that must still be the one that was looked at, and as it was. A
// pipe that has taken its place is not waited for.
func readSame(in *os.Root, name string, fi fs.FileInfo) ([]byte, error) {
	f, err := in.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, record.NewProblem(record.Reason(record.ExitFile), "it cannot be read: %v", plain(err))
	}
	defer f.Close()
	same := func() bool {
		now, err := f.Stat()
		return err == nil && os.SameFile(now, fi) && now.Mode().IsRegular() && now.Size() == fi.Size() && now.ModTime().Equal(fi.ModTime())
	}
	if !same() {
		return nil, errTouched
	}
	b := make([]byte, fi.Size())
	if _, err := io.ReadFull(f, b); err != nil || !same() {
		return nil, errTouched
	}
	return b, nil
}
