package daemon

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
)

// What was answered to a key is known after a restart, for a day; the answer to an Add
// is kept with the torrent.
func TestRepeated(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 20_000)
		h := l.home()
		d, stop := h.start()
		if r, ok := d.Repeated("one"); ok {
			t.Errorf("known before it was asked: %+v", r)
		}
		add := record.Add{Raw: p.raw, Paused: true, Repeat: record.Repeat{Key: "one", Print: []byte{1}}}
		_, _, err := d.Add(l.Context(), add)
		l.must(err)
		add.Repeat.Key = "two"
		_, _, err = d.Add(l.Context(), add)
		l.must(err)
		l.must(d.Repeat(l.Context(), record.Repeat{Key: "three", Print: []byte{3}, Answer: []byte(`[3]`)}))
		if err := d.Repeat(l.Context(), record.Repeat{Key: strings.Repeat("k", 256), Answer: []byte(`1`)}); err == nil {
			t.Error("a key of 256 bytes was kept")
		}
		stop()

		d, stop = h.start()
		for key, existing := range map[string]bool{"one": false, "two": true} {
			r, ok := d.Repeated(key)
			var a record.Added
			if err := json.Unmarshal(r.Answer, &a); !ok || err != nil || a.Torrent == nil {
				t.Fatalf("%s: %s, %v", key, r.Answer, err)
			}
			if a.Torrent.ID != p.id || a.Torrent.Name != "film" || a.Existing != existing || string(r.Print) != "\x01" {
				t.Errorf("%s: %s of %x", key, r.Answer, r.Print)
			}
		}
		if r, ok := d.Repeated("three"); !ok || string(r.Answer) != "[3]" {
			t.Errorf("three: %s", r.Answer)
		}
		stop()

		time.Sleep(24 * time.Hour) // virtual
		d, stop = h.start()
		defer stop()
		if r, ok := d.Repeated("one"); ok {
			t.Errorf("known after a day: %+v", r)
		}
	})
}
