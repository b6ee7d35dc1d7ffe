package daemon

import (
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/piece/storage"
	"gotor/torrent"
)

// slowDisk is files that are not opened before its gate is.
type slowDisk chan struct{}

func (d slowDisk) Open(s storage.Spec) (torrent.Store, error) {
	<-d
	return storage.Open(s)
}

// A complete torrent lists its files as complete while it is looked what is on disk, and
// when it falls asleep or stops before that is known.
func TestFilesOfAnUnseenSeed(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"one": 100_000, "two": 50_000})
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		stop()
		gate := make(slowDisk)
		h.storage = gate
		d, stop = h.start()
		time.Sleep(time.Minute)
		wantWhole := func(what string) {
			t.Helper()
			files, err := d.Files(p.id)
			l.must(err)
			for _, f := range files {
				if f.Verified != f.Length || !f.Complete {
					t.Errorf("%s: %d of %d bytes of %s", what, f.Verified, f.Length, f.Path)
				}
			}
		}
		wantWhole("asleep")
		it, err := d.parts.roster.named(p.id)
		l.must(err)
		r, err := it.awaken(l.Context())
		l.must(err)
		_, err = r.await(l.Context())
		l.must(err)
		wantWhole("awake")
		_, err = d.Pause(l.Context(), p.id)
		l.must(err)
		close(gate)
		h.until(d, p.id, record.StatePaused)
		wantWhole("paused")
		stop()
	})
}
