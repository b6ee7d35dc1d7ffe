package api

import (
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"gotor/cmd/record"
)

// entriesPerEvent bounds an event of peers or files.
const entriesPerEvent = 500

// toldEntries is what one stream was told of the peers, or the files, of a torrent.
type toldEntries[T any] struct {
	differ *differ[T]
	name   string // of the event
	key    func(*T) string
	told   map[string]T
}

// newToldPeers begins with nobody: the first event has all peers.
func newToldPeers() *toldEntries[record.TorrentPeer] {
	return &toldEntries[record.TorrentPeer]{newDiffer[record.TorrentPeer]("addr"), record.EventPeers, func(p *record.TorrentPeer) string { return p.Addr }, nil}
}

// newToldFiles begins with nothing: the first events have all files.
func newToldFiles() *toldEntries[record.TorrentFile] {
	return &toldEntries[record.TorrentFile]{newDiffer[record.TorrentFile]("index"), record.EventFiles, func(f *record.TorrentFile) string { return strconv.Itoa(f.Index) }, nil}
}

// tell writes what has changed, and who is gone.
func (t *toldEntries[T]) tell(w *eventWriter, id string, now []T) {
	ev := record.EntriesEvent{ID: id, Entries: []json.RawMessage{}, Removed: []string{}}
	// A copy of each entry is kept, not a pointer: what the session returns is made anew
	// for each look, and would be kept alive.
	if t.told == nil {
		t.told = make(map[string]T)
	}
	here := make(map[string]bool, len(now))
	for i := range now {
		key := t.key(&now[i])
		here[key] = true
		var was *T
		if old, known := t.told[key]; known {
			was = &old
		}
		b, differs := t.differ.append(nil, was, &now[i])
		if !differs {
			continue
		}
		t.told[key] = now[i]
		// A torrent may have 100,000 files: they come in several events, of which each is
		// true by itself.
		if ev.Entries = append(ev.Entries, b); len(ev.Entries) == entriesPerEvent {
			w.value(t.name, 0, ev)
			ev.Entries = ev.Entries[:0]
		}
	}
	for key := range t.told {
		if !here[key] {
			delete(t.told, key)
			ev.Removed = append(ev.Removed, key)
		}
	}
	if len(ev.Entries)+len(ev.Removed) > 0 {
		w.value(t.name, 0, ev)
	}
}

// availabilityEvery is how often the availability is told, which can be as long as
// there are pieces and changes with each message of each peer.
const availabilityEvery = 5 * time.Second

// toldPieces is what one stream was told of the pieces of a torrent.
type toldPieces struct {
	last      *record.Pieces
	available time.Time // when the availability was told
}

// tell writes what has changed.
func (t *toldPieces) tell(w *eventWriter, id string, is *record.Pieces) {
	// Pieces come one at a time, and a bitfield is long: what is new is told by number.
	// If bits went, as after a check, or their count is another, it is told whole.
	was := t.last
	ev := record.PiecesEvent{ID: id, Count: is.Count}
	first := was == nil || len(was.Have) != len(is.Have)
	if first {
		was = &record.Pieces{}
	}
	if got, lost := newBits(was.Have, is.Have); first || lost {
		ev.Have = is.Have
	} else {
		ev.Got = got
	}
	if first || !reflect.DeepEqual(was.Unwanted, is.Unwanted) {
		ev.Unwanted = is.Unwanted
	}
	if first || !(len(was.Partial) == 0 && len(is.Partial) == 0 || reflect.DeepEqual(was.Partial, is.Partial)) {
		ev.Partial = &is.Partial
	}
	// What was not told must not count as told: the old availability stays with it.
	told := *is
	told.Availability = was.Availability
	if now := time.Now(); first || now.Sub(t.available) >= availabilityEvery && !reflect.DeepEqual(was.Availability, is.Availability) {
		ev.Availability, told.Availability, t.available = is.Availability, is.Availability, now
	}
	t.last = &told
	if ev.Have != nil || ev.Got != nil || ev.Unwanted != nil || ev.Partial != nil || ev.Availability != nil {
		w.value(record.EventPieces, 0, ev)
	}
}

// newBits are the bits of is that was has not; lost: was has some that is has not.
func newBits(was, is []byte) (got []int, lost bool) {
	for i := range is {
		var old byte
		if i < len(was) {
			old = was[i]
		}
		lost = lost || old&^is[i] != 0
		for fresh := is[i] &^ old; fresh != 0; {
			bit := 0
			for fresh<<bit&0x80 == 0 {
				bit++
			}
			got = append(got, i*8+bit)
			fresh &^= 0x80 >> bit
		}
	}
	return got, lost
}
