package torrent

import (
	"maps"
	"testing"
)

// TestNames: files that have other paths are found by who goes on, and get others while
// nothing runs.
func TestNames(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		files := testFiles(1<<20, 3<<20)
		m, raw := l.torrent(payload, 64<<10, files), rawTorrent(payload, 64<<10, files, l.tracker.URL)
		if _, err := (&order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Dir: l.dir, Names: map[int]string{0: "b"}}}}).begin(l.client(Config{})); err == nil {
			t.Error("two files of one name are begun")
		}
		place := Place{Dir: l.dir, Names: map[int]string{1: "x/y"}}
		l.halfDone(order{Source: Source{Meta: m, Raw: raw}, Spec: Spec{Place: place, Selection: Selection{First: []bool{true}}}})
		l.wantNames(".payload.gotor", ".payload.gotor.files", ".payload.gotor.lock", ".payload.gotor.torrent", "payload/a", "payload/x/y.part")

		names := map[int]string{0: "x/z", 1: "b"}
		l.must(Relocate(l.Context(), RelocateSpec{Meta: m, From: place, To: Place{Dir: l.dir, Names: names}, KeyDir: l.keys()}))
		l.wantNames(".payload.gotor", ".payload.gotor.files", ".payload.gotor.lock", ".payload.gotor.torrent", "payload/b.part", "payload/x/z")

		left, err := Unfinished(l.dir, l.keys())
		if err != nil || len(left) != 1 {
			t.Fatalf("%d unfinished: %v", len(left), err)
		}
		src, spec, err := left[0].Load()
		if err != nil || !maps.Equal(spec.Names, names) {
			t.Fatalf("names %v: %v", spec.Names, err)
		}
		tr := l.mustGet(l.client(Config{}), order{Source: src, Spec: spec})
		if s := tr.Snapshot(); s.Resumed < 1<<20 {
			t.Errorf("%d bytes resumed", s.Resumed)
		}
		<-tr.Stopped()
		l.wantNames("payload/b", "payload/x/z")
		l.wantFile("payload/x/z", payload[:1<<20])
		l.wantFile("payload/b", payload[1<<20:])
		if _, err := RemoveFiles(RemoveSpec{Place: spec.Place, Meta: m, Complete: true}); err != nil {
			t.Error(err)
		}
		l.wantNames()
	})
}

// TestNamesInRecord: they are read as they were written, and not from whom we do not
// know.
func TestNamesInRecord(t *testing.T) {
	r := testRecord()
	r.names = map[int]string{1: "x/y", 0: "z"}
	got, err := decodeRecord(r.encode(), r.infoHash, 16, 2)
	if err != nil || !maps.Equal(got.names, r.names) {
		t.Errorf("%v, %v", got, err)
	}
	if got.distrust(); got.names != nil {
		t.Errorf("names of a record that is not ours: %v", got.names)
	}
	r.names = map[int]string{2: "there is no such file"}
	if got, err := decodeRecord(r.encode(), r.infoHash, 16, 2); err != nil || got.names != nil {
		t.Errorf("%v, %v", got, err)
	}
}
