package torrent

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// halfDone downloads a part of a torrent of two files, and stops.
func (l *lab) halfDone(o order) {
	l.Helper()
	payload := blastPayload(4 << 20)
	l.seedAt(o.Meta, payload, 300_000)
	c := l.client(Config{})
	tr := l.add(c, o)
	l.until(tr, "a part", func(s Snapshot) bool { return s.Verified > 1<<20 })
	tr.Stop()
	<-tr.Stopped()
	l.must(c.Close())
}

func TestRemoveFiles(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.torrent(blastPayload(4<<20), 64<<10, testFiles(1<<20, 3<<20))
		place := Place{Dir: l.dir, Rename: "mine"}
		l.halfDone(order{Source: Source{Meta: m}, Spec: Spec{Place: place, Selection: Selection{First: []bool{true}}}})
		foreign := filepath.Join(l.dir, "mine", "foreign")
		l.must(os.WriteFile(foreign, nil, 0o600))

		other := l.torrent(blastPayload(1<<20), 64<<10, nil)
		if _, err := RemoveFiles(RemoveSpec{Place: place, Meta: other, Complete: true, Unfinished: true, KeyDir: l.keys()}); !errors.Is(err, ErrFileConflict) {
			t.Errorf("another torrent of that name: %v", err)
		}
		r, err := RemoveFiles(RemoveSpec{Place: place, Meta: m, Unfinished: true, KeyDir: l.keys()})
		if err != nil || r.Files != 1 || len(r.Left) != 0 {
			t.Errorf("unfinished files: %+v, %v", r, err)
		}
		l.wantNames("mine/a", "mine/foreign")
		r, err = RemoveFiles(RemoveSpec{Place: place, Meta: m, Complete: true, Unfinished: true, KeyDir: l.keys()})
		if err != nil || r.Files != 1 || len(r.Left) != 1 || r.Left[0].Path != "mine" {
			t.Errorf("everything: %+v, %v", r, err)
		}
		l.wantNames("mine/foreign")
	})
}

// TestRemoveFilesOfRunning: not while it runs.
func TestRemoveFilesOfRunning(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 64<<10)
		tr := l.add(l.client(Config{Port: 6881}), of(m))
		l.until(tr, "downloading", func(s Snapshot) bool { return s.State == StateDownloading })
		if _, err := RemoveFiles(RemoveSpec{Place: Place{Dir: l.dir}, Meta: m, Unfinished: true}); !errors.Is(err, ErrLocked) {
			t.Errorf("removed while it runs: %v", err)
		}
		tr.Stop()
		<-tr.Stopped()
	})
}
