package torrent

import (
	"errors"
	"reflect"
	"testing"

	"gotor/piece/storage"
)

func testRecord() *record {
	return &record{infoHash: [20]byte{1, 2, 3}, clean: true, have: []byte{0xa0, 0x01}, wanted: []byte{0xc0}, owned: []byte{0xe0},
		files: []storage.Mark{{Size: 100, ModTime: 1_700_000_000_000_000_001, Inode: 1<<63 + 5, Blocks: 8}, {Size: storage.NoFile}}, side: storage.Mark{Size: 5, ModTime: 6, Inode: 7, Blocks: 1}, uploaded: 7, down: 8, spent: 9,
		first: []byte{0x40}, rename: "other.bin", flat: true, portable: true, local: true, peers: []string{"192.0.2.1:6881"}}
}

func TestRecordRoundTrip(t *testing.T) {
	want := testRecord()
	got, err := decodeRecord(want.encode(), want.infoHash, 16, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// A record of an older version does not say whose .part files are ours: those of what
// it wanted.
func TestRecordWithoutOwned(t *testing.T) {
	r := testRecord()
	r.owned = nil
	got, err := decodeRecord(r.encode(), r.infoHash, 16, 2)
	if err != nil || string(got.owned) != string(r.wanted) {
		t.Errorf("owned %x, %v; wanted were %x", got.owned, err, r.wanted)
	}
}

func TestRecordRefused(t *testing.T) {
	r := testRecord()
	b := r.encode()
	for name, c := range map[string]struct {
		b             []byte
		hash          [20]byte
		pieces, files int
		want          error
	}{
		"another torrent": {b, [20]byte{9}, 16, 2, errOtherTorrent},
		"more pieces":     {b, r.infoHash, 17, 2, errRecord},
		"more files":      {b, r.infoHash, 16, 9, errRecord},
		"fewer marks":     {b, r.infoHash, 16, 3, errRecord},
		"cut short":       {b[:len(b)-5], r.infoHash, 16, 2, errRecord},
		"empty":           {nil, r.infoHash, 16, 2, errRecord},
		"not a dict":      {[]byte("le"), r.infoHash, 16, 2, errRecord},
		"later version":   {[]byte("d7:versioni3ee"), r.infoHash, 16, 2, errRecord},
	} {
		if _, err := decodeRecord(c.b, c.hash, c.pieces, c.files); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(testRecord().encode())
	f.Add([]byte("d5:filesli1ee4:have1:x7:versioni1ee"))
	f.Fuzz(func(t *testing.T, b []byte) {
		want := [20]byte{1, 2, 3}
		r, err := decodeRecord(b, want, 16, 2)
		if err != nil {
			return
		}
		if len(r.have) != 2 || r.files != nil && len(r.files) != 2 || len(r.wanted) != 1 || len(r.peers) > maxRecordPeers {
			t.Fatalf("a record of the wrong size was taken: %+v", r)
		}
		again, err := decodeRecord(r.encode(), want, 16, 2)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("not stable: %+v, %+v, %v", r, again, err)
		}
	})
}
