package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"gotor/cmd/record"
)

const (
	// watchEvery is how often a folder is looked into that tells of nothing: not all
	// file systems tell, and a folder may come and go.
	watchEvery = 10 * time.Second
	// watchSoon is how long after a change it is looked into: one file makes many.
	watchSoon = 200 * time.Millisecond
	// watchStill is how long a file must stay as it is to be taken for whole.
	watchStill = 2 * time.Second

	// maxWatched bounds the names of a folder that are looked at.
	maxWatched = 10_000
)

// watcher adds what is put into folders: files NAME.torrent, and NAME.magnet with one
// link in them. What was taken is renamed to NAME.added, or deleted; what is refused to
// NAME.rejected, and a line in NAME.rejected.txt says why. Nothing else is touched, no
// link is followed, and folders in a folder are none of its business.
//
// It belongs to the one goroutine of run.
type watcher struct {
	dirs []*watched
	add  func(context.Context, record.Add) (t *record.Torrent, existing bool, err error)
	log  *logbook
}

// watched is a folder, and what was seen in it.
type watched struct {
	record.WatchDir
	seen map[string]sighting
	said string // what was logged last of the folder itself
	deaf bool   // it is known that the system does not tell of changes
}

// sighting is how a file looked, and since when.
type sighting struct {
	size  int64
	mtime time.Time
	since time.Time
	said  string // what was logged of it: once is enough
	done  bool   // it could not be renamed, and is not taken again as it is
}

// newWatcher watches folders that were checked; see checkWatch.
func newWatcher(dirs []record.WatchDir, p *parts, in *intake) *watcher {
	w := &watcher{add: in.add, log: p.log}
	for _, d := range dirs {
		w.dirs = append(w.dirs, &watched{WatchDir: d, seen: make(map[string]sighting)})
	}
	return w
}

// checkWatch makes the folders absolute. One that lies where data goes is refused: a
// torrent with a file called x.torrent could add another torrent.
func checkWatch(dirs []record.WatchDir, all roots) error {
	for i := range dirs {
		d := &dirs[i]
		abs, err := filepath.Abs(d.Path)
		if err != nil {
			return err
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
		if _, _, err := all.split(abs); err == nil {
			return record.Usagef("the folder to watch, %s, lies where the data of torrents goes: a torrent could put others into it; choose another one", abs)
		}
		if d.Path = abs; d.Dir != "" {
			if d.Dir, err = all.place(d.Dir); err != nil {
				return err
			}
		}
		if d.Labels, err = cleanLabels(d.Labels); err != nil {
			return err
		}
	}
	return nil
}

// start watches until what it returns is called, which waits for the end.
func (w *watcher) start(ctx context.Context) (stop func()) {
	if len(w.dirs) == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	var changes <-chan fsnotify.Event
	var complaints <-chan error
	n, err := fsnotify.NewWatcher()
	if err != nil {
		w.log.write(levelWarn, "", "watched folders are looked into every %v only: %v", watchEvery, err)
	} else {
		defer n.Close()
		changes, complaints = n.Events, n.Errors
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changes:
			if soon := time.Now().Add(watchSoon); soon.Before(next) {
				next = soon
			}
		case err := <-complaints: // such as a queue of events that is full: the next look makes up for it
			w.log.write(levelDebug, "", "the watched folders do not tell of all changes: %v", err)
		case <-timer.C:
			w.listen(n) // before the look, so that nothing falls between
			next = w.look(ctx, time.Now())
		}
		timer.Reset(time.Until(next))
	}
}

// listen has the system tell of changes in the folders that are there, where it can. A
// folder that was made anew is another one.
func (w *watcher) listen(n *fsnotify.Watcher) {
	if n == nil {
		return
	}
	heard := n.WatchList()
	for _, d := range w.dirs {
		if slices.Contains(heard, d.Path) {
			continue
		}
		if err := n.Add(d.Path); err != nil && !errors.Is(err, fs.ErrNotExist) && !d.deaf {
			d.deaf = true
			w.log.write(levelWarn, "", "%s is looked into every %v only: %v", d.Path, watchEvery, plain(err))
		}
	}
}

// look takes what is whole in all folders, and says when to look again.
func (w *watcher) look(ctx context.Context, now time.Time) (next time.Time) {
	next = now.Add(watchEvery)
	for _, d := range w.dirs {
		at, err := w.lookInto(ctx, d, now)
		if err == nil && at.Before(next) {
			next = at
		}
		w.complain(d, err)
	}
	return next
}

// complain logs why a folder cannot be watched, once.
func (w *watcher) complain(d *watched, err error) {
	text := ""
	if err != nil {
		text = fmt.Sprintf("the folder %s cannot be watched: %v", d.Path, plain(err))
	}
	if text != "" && text != d.said {
		w.log.write(levelWarn, "", "%s", text)
	}
	d.said = text
}

// plain is an error without the path, which the line has already.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// lookInto takes what is whole in a folder. at is when something else may be.
func (w *watcher) lookInto(ctx context.Context, d *watched, now time.Time) (at time.Time, err error) {
	at = now.Add(watchEvery)
	in, err := os.OpenRoot(d.Path)
	if err != nil {
		return at, err
	}
	defer in.Close()
	names, err := watchedNames(in)
	if err != nil {
		return at, err
	}
	seen := make(map[string]sighting, len(names))
	for _, name := range names {
		if ctx.Err() != nil {
			return at, nil
		}
		fi, err := in.Lstat(name)
		if err != nil || !fi.Mode().IsRegular() {
			continue
		}
		s, known := d.seen[name]
		if !known || s.size != fi.Size() || !s.mtime.Equal(fi.ModTime()) {
			s = sighting{size: fi.Size(), mtime: fi.ModTime(), since: now}
		}
		switch whole := s.since.Add(watchStill); {
		case s.done:
		case now.Before(whole):
			if whole.Before(at) {
				at = whole
			}
		default:
			if !w.take(ctx, d, in, name, fi, &s) {
				continue
			}
		}
		seen[name] = s
	}
	d.seen = seen
	return at, nil
}

// watchedNames are the files in a folder that may be torrents.
func watchedNames(in *os.Root) (names []string, err error) {
	f, err := in.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for len(names) < maxWatched {
		some, err := f.Readdirnames(1000)
		for _, name := range some {
			if kindOf(name) != "" && !strings.HasPrefix(name, ".") {
				names = append(names, name)
			}
		}
		if err != nil || len(some) == 0 {
			break // io.EOF, or what was read so far
		}
	}
	return names, nil
}

// kindOf is what a file has in it by its name; "" is what we do not take.
func kindOf(name string) string {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case kindTorrent, kindMagnet:
		return ext
	}
	return ""
}
