package torrent

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotor/piece/storage"
)

// A seal is good for the record and the key that it was made with, and no other.
func TestSeal(t *testing.T) {
	key, other, record := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), testRecord().encode()
	sealed := seal(key, record)
	if got, ours := unseal(key, sealed); !ours || !bytes.Equal(got, record) {
		t.Error("an own record is not recognized")
	}
	for name, c := range map[string]struct{ key, b []byte }{
		"another key": {other, sealed},
		"no key":      {nil, sealed},
		"no seal":     {key, record},
		"no key then": {key, seal(nil, record)},
		"changed":     {key, append(bytes.Clone(sealed[:len(sealed)-1]), 'x')},
		"short":       {key, sealed[:20]},
		"empty":       {key, nil},
	} {
		if got, ours := unseal(c.key, c.b); ours {
			t.Errorf("%s: %q is taken for ours", name, got)
		}
	}
}

// Of a record that somebody else may have written only layout and selection are
// taken.
func TestForeignRecord(t *testing.T) {
	want, key := testRecord(), bytes.Repeat([]byte{1}, 32)
	for name, c := range map[string]struct {
		b   []byte
		err error
	}{
		"without a seal":      {want.encode(), nil},
		"in a file of others": {seal(key, want.encode()), fmt.Errorf("x: %w", storage.ErrNotOurs)},
	} {
		r, err := readRecord(key, c.b, c.err, want.infoHash, 16, 2)
		if err != nil {
			t.Fatal(err)
		}
		if r.ours || r.clean || r.files != nil || countBits(r.have) != 0 || r.peers != nil || r.rename != "" || r.local || r.uploaded != 0 {
			t.Errorf("%s: believed: %+v", name, r)
		}
		if !r.flat || !r.portable || !bytes.Equal(r.wanted, want.wanted) {
			t.Errorf("%s: layout or selection are lost: %+v", name, r)
		}
	}
	if r, err := readRecord(key, seal(key, want.encode()), nil, want.infoHash, 16, 2); err != nil || !r.ours || !r.clean || r.peers == nil {
		t.Errorf("an own one: %+v, %v", r, err)
	}
	if _, err := readRecord(key, nil, fs.ErrNotExist, want.infoHash, 16, 2); err == nil {
		t.Error("a record of nothing")
	}
}

// plantRecord puts a record beside the data of a torrent: every piece is there, and
// the files look as they should. It is sealed with key, if there is one.
func plantRecord(l *lab, tor *Torrent, key []byte, name string) {
	l.Helper()
	fi, err := os.Lstat(filepath.Join(l.dir, name))
	if err != nil {
		l.Fatal(err)
	}
	r := &record{infoHash: tor.core.hash, clean: true, have: bytes.Repeat([]byte{0xff}, len(tor.held.have)), wanted: packBits(tor.held.files.wanted),
		files: []storage.Mark{storage.MarkOf(fi)}, side: storage.Mark{Size: storage.NoFile}}
	s, err := storage.Open((&survey{core: tor.core, spec: &tor.spec, files: tor.held.files, paths: &tor.paths}).storeSpec())
	if err != nil {
		l.Fatal(err)
	}
	defer s.Close()
	if err := s.SaveRecord(seal(key, r.encode())); err != nil {
		l.Fatal(err)
	}
}

// A record that was planted with wrong data is not believed: not for a .part file,
// and not for a file under its final name, whoever wrote it.
func TestPlantedRecord(t *testing.T) {
	for _, c := range []struct {
		name   string
		file   string
		sealed bool
	}{{"part", "payload.part", false}, {"final name", "payload", false}, {"final name, own key", "payload", true}} {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(200_000)
				m := l.single(payload, 16<<10)
				l.seed(m, payload, nil)
				bad := bytes.Clone(payload)
				bad[100_000] ^= 1
				if err := os.WriteFile(filepath.Join(l.dir, c.file), bad, 0o666); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour) // in the bubble: what was written is old
				client := l.client(Config{})
				plan, err := newTorrent(client, Source{Meta: m}, Lookup{})
				l.must(err)
				l.must(plan.adopt(Spec{Place: Place{Dir: l.dir}}))
				var key []byte
				if c.sealed {
					key = client.sealKey()
				}
				plantRecord(l, plan, key, c.file)
				got := l.add(client, of(m))
				<-got.Done()
				b, err := os.ReadFile(filepath.Join(l.dir, "payload"))
				if got.Err() == nil && !bytes.Equal(b, payload) {
					t.Errorf("complete with wrong bytes (%v)", err)
				}
				if c.file == "payload" && got.Err() == nil {
					t.Error("a file with other content is taken")
				}
				l.end(got)
			})
		})
	}
}

// A .part file of another program, which has nothing of the torrent in it, is not
// overwritten; what a run of this download left there, or has a right piece, is.
func TestForeignPart(t *testing.T) {
	for _, right := range []bool{false, true} {
		inLab(t, func(l *lab) {
			payload := blastPayload(200_000)
			m := l.single(payload, 16<<10)
			l.seed(m, payload, nil)
			part := bytes.Repeat([]byte("not ours"), 200_000/8)
			if right {
				copy(part[32<<10:], payload[32<<10:48<<10])
			}
			path := filepath.Join(l.dir, "payload.part")
			if err := os.WriteFile(path, part, 0o666); err != nil {
				t.Fatal(err)
			}
			got := l.add(l.client(Config{}), of(m))
			<-got.Done()
			if (got.Err() == nil) != right {
				t.Errorf("with a right piece: %v: %v", right, got.Err())
			}
			if b, _ := os.ReadFile(path); !right && !bytes.Equal(b, part) {
				t.Error("it was changed")
			}
			l.end(got)
		})
	}
}
