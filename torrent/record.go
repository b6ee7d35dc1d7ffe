package torrent

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gotor/bencode"
	"gotor/piece/storage"
)

// record is what a download remembers between two runs, beside what package
// storage wraps around it (checksum, atomic replacement). It only claims pieces
// whose data was synced before it was written.
//
// On disk it is a bencoded dictionary; unknown keys are ignored, and a version
// we do not know means that there is no record.
type record struct {
	infoHash [20]byte
	// clean: written when we stopped in order, so that what is not in have is not
	// on disk; else the process may have died since, with more written.
	clean   bool
	seeding bool   // of complete data, to be kept apart from it; not on disk
	ours    bool   // sealed by this user, see seal.go; not on disk
	live    bool   // of this very run, which holds the lock; not on disk
	have    []byte // bit per piece, high bit first
	wanted  []byte // bit per file
	// owned are the files, bit per file, of which this download has begun .part files:
	// those that are wanted, or were, by this run or an earlier one.
	owned []byte
	first []byte // Selection.First, bit per file; nil: none
	// files is what each file looked like when what have says of it was verified
	// and synced: it holds for those that still do. nil, in a record of an older
	// version: have is a hint.
	files    []storage.Mark
	side     storage.Mark // of what unselected files share
	uploaded int64
	down     int64
	spent    int64  // seconds
	rename   string // Place.Rename
	flat     bool
	names    map[int]string // Place.Names
	portable bool           // Source.PortableNames
	local    bool           // Source.Local
	peers    []string       // Source.Peers and Source.PeerNames
}

// recordVersion: 1 had two numbers for each file, of the moment of saving.
const recordVersion = 2

// maxRecord bounds a record read from disk.
const maxRecord = 16 << 20

var (
	errRecord       = errors.New("damaged state record")
	errOtherTorrent = errors.New("the state record here is of another torrent")
)

func (r *record) encode() []byte {
	b := make([]byte, 0, 512+len(r.have)+48*len(r.files))
	b = append(b, 'd')
	b = appendInt(b, "clean", boolInt(r.clean))
	b = appendInt(b, "downloaded", r.down)
	b = bencode.AppendString(b, "files")
	b = append(b, 'l')
	for _, f := range r.files {
		b = appendMark(b, f)
	}
	b = append(b, 'e')
	if r.first != nil {
		b = appendStr(b, "first", string(r.first))
	}
	b = appendInt(b, "flat", boolInt(r.flat))
	b = appendStr(b, "have", string(r.have))
	b = appendStr(b, "info-hash", string(r.infoHash[:]))
	b = appendInt(b, "local", boolInt(r.local))
	if len(r.names) > 0 {
		b = appendNames(b, r.names)
	}
	b = appendStr(b, "owned", string(r.owned))
	b = bencode.AppendString(b, "peers")
	b = append(b, 'l')
	for _, p := range r.peers {
		b = bencode.AppendString(b, p)
	}
	b = append(b, 'e')
	b = appendInt(b, "portable", boolInt(r.portable))
	b = appendStr(b, "rename", r.rename)
	b = appendInt(b, "seconds", r.spent)
	b = append(bencode.AppendString(b, "side"), 'l')
	b = append(appendMark(b, r.side), 'e')
	b = appendInt(b, "uploaded", r.uploaded)
	b = appendInt(b, "version", recordVersion)
	b = appendStr(b, "wanted", string(r.wanted))
	return append(b, 'e')
}

// appendNames adds pairs of an index and a path.
func appendNames(b []byte, names map[int]string) []byte {
	b = append(bencode.AppendString(b, "names"), 'l')
	for _, i := range slices.Sorted(maps.Keys(names)) {
		b = bencode.AppendString(bencode.AppendInt(b, int64(i)), names[i])
	}
	return append(b, 'e')
}

// namesOf reads what appendNames has written; nil if it is anything else.
func namesOf(v bencode.Value, files int) map[int]string {
	names, index, odd := make(map[int]string), int64(0), false
	for item := range v.Items() {
		if odd = !odd; odd {
			var ok bool
			if index, ok = item.Int(); !ok || index < 0 || index >= int64(files) {
				return nil
			}
			continue
		}
		s, ok := item.Str()
		if !ok {
			return nil
		}
		names[int(index)] = string(s)
	}
	if odd || len(names) == 0 {
		return nil
	}
	return names
}

// mark adds to a record what the files looked like when what it claims of them
// was verified; not what they look like now.
func (r *record) mark(s Store) {
	for i := range r.files {
		r.files[i] = s.Mark(i)
	}
	r.side = s.MarkSide()
}

// appendMark adds the four numbers of a mark.
func appendMark(b []byte, m storage.Mark) []byte {
	b = bencode.AppendInt(bencode.AppendInt(b, m.Size), m.ModTime)
	return bencode.AppendInt(bencode.AppendInt(b, int64(m.Inode)), m.Blocks) // an inode of 64 bits may look negative
}

func appendInt(b []byte, key string, v int64) []byte {
	return bencode.AppendInt(bencode.AppendString(b, key), v)
}

func appendStr(b []byte, key, v string) []byte {
	return bencode.AppendString(bencode.AppendString(b, key), v)
}

func boolInt(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// decodeRecord reads the record of the torrent infoHash, which has the given
// numbers of pieces and files; errOtherTorrent when it is of another. The input
// may come from anybody: it is bounded and checked.
func decodeRecord(b []byte, infoHash [20]byte, pieces, files int) (*record, error) {
	d, err := bencode.Parse(b, bencode.Limits{Size: maxRecord, Depth: 4})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	version := intKey(d, "version")
	if version < 1 || version > recordVersion {
		return nil, fmt.Errorf("%w: version %d", errRecord, version)
	}
	r := &record{
		clean: intKey(d, "clean") == 1, flat: intKey(d, "flat") == 1, portable: intKey(d, "portable") == 1, local: intKey(d, "local") == 1, rename: string(strKey(d, "rename")),
		uploaded: max(0, intKey(d, "uploaded")), down: max(0, intKey(d, "downloaded")), spent: max(0, intKey(d, "seconds")),
		have: strKey(d, "have"), wanted: strKey(d, "wanted"),
	}
	if copy(r.infoHash[:], strKey(d, "info-hash")) != len(r.infoHash) {
		return nil, fmt.Errorf("%w: no info-hash", errRecord)
	}
	if r.infoHash != infoHash {
		return nil, fmt.Errorf("%w: %x", errOtherTorrent, r.infoHash)
	}
	if first := strKey(d, "first"); len(first) == len(r.wanted) {
		r.first = first
	}
	r.names = namesOf(d.Get("names"), files)
	if r.owned = strKey(d, "owned"); len(r.owned) != len(r.wanted) { // of an older version
		r.owned = r.wanted
	}
	if version == recordVersion {
		r.files = marks(d.Get("files"), files)
		if m := marks(d.Get("side"), 1); m != nil {
			r.side = m[0]
		}
	}
	for p := range d.Get("peers").Items() {
		if s, ok := p.Str(); ok && len(r.peers) < maxRecordPeers {
			r.peers = append(r.peers, string(s))
		}
	}
	if len(r.have) != bytesFor(pieces) || len(r.wanted) != bytesFor(files) || version == recordVersion && r.files == nil {
		return nil, fmt.Errorf("%w: wrong number of pieces or files", errRecord)
	}
	return r, nil
}

// maxRecordPeers bounds the addresses kept in a record.
const maxRecordPeers = 100

// marks returns nil unless v holds exactly four integers per file.
func marks(v bencode.Value, files int) []storage.Mark {
	out := make([]storage.Mark, 0, min(files, 1<<16))
	var four [4]int64
	n := 0
	for item := range v.Items() {
		i, ok := item.Int()
		if !ok || n >= 4*files {
			return nil
		}
		if four[n%4] = i; n%4 == 3 {
			out = append(out, storage.Mark{Size: four[0], ModTime: four[1], Inode: uint64(four[2]), Blocks: four[3]})
		}
		n++
	}
	if n != 4*files {
		return nil
	}
	return out
}

func intKey(d bencode.Value, key string) int64 {
	n, _ := d.Get(key).Int()
	return n
}

func strKey(d bencode.Value, key string) []byte {
	s, _ := d.Get(key).Str()
	return s
}

// Bits are numbered as in a bitfield message (BEP 3): high bit first.

// bytesFor is how many bytes n bits take.
func bytesFor(n int) int { return (n + 7) / 8 }

func bit(b []byte, i int) bool { return b[i/8]&(0x80>>(i%8)) != 0 }
func clearBit(b []byte, i int) { b[i/8] &^= 0x80 >> (i % 8) }
func setBit(b []byte, i int)   { b[i/8] |= 0x80 >> (i % 8) }

func packBits(v []bool) []byte {
	b := make([]byte, bytesFor(len(v)))
	for i, on := range v {
		if on {
			setBit(b, i)
		}
	}
	return b
}
