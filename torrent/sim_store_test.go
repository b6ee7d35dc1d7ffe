package torrent

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// simPayload is what a simulated swarm distributes. All its clients share the
// bytes: a store of one of them only notes what it was given, so that hundreds
// of clients need the memory of one.
type simPayload struct {
	meta  *metainfo.Torrent
	bytes []byte
	// bad is called when a client would have kept wrong bytes.
	bad func(format string, args ...any)

	mu     sync.Mutex
	copies []int // of each piece, at those who download
	spread int   // pieces with a copy
	whole  chan struct{}
}

// newSimPayload makes up size bytes; the same for the same seed.
func newSimPayload(seed uint64, size, pieceLength int, bad func(string, ...any), trackers ...string) (*simPayload, error) {
	p := &simPayload{bytes: make([]byte, size), bad: bad, whole: make(chan struct{})}
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(p.bytes)
	var err error
	p.meta, err = metainfo.Parse(rawTorrent(p.bytes, pieceLength, nil, trackers...))
	p.copies = make([]int, (size+pieceLength-1)/pieceLength)
	return p, err
}

// gained notes n verified bytes at off of one who downloads.
func (p *simPayload) gained(off, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	length := p.meta.PieceLength
	for i := (off + length - 1) / length; i < int64(len(p.copies)) && min((i+1)*length, int64(len(p.bytes))) <= off+n; i++ {
		if p.copies[i]++; p.copies[i] == 1 {
			if p.spread++; p.spread == len(p.copies) {
				close(p.whole)
			}
		}
	}
}

// mirror is the Storage of one client: a view of the payload.
type mirror struct {
	*simPayload
	full    bool // everything is there from the start
	corrupt bool // what is read for uploads is wrong

	got atomic.Int64 // bytes written
}

// Open checks nothing: there is one torrent.
func (m *mirror) Open(storage.Spec) (Store, error) { return m, nil }

// ReadAt does what it says for what was written; nobody may ask for more.
func (m *mirror) ReadAt(b []byte, off int64) (int, error) {
	n := copy(b, m.bytes[off:])
	if m.corrupt && n > 0 {
		b[n/2] ^= 0x55
	}
	if n < len(b) {
		return n, fs.ErrInvalid
	}
	return n, nil
}

// WriteVec compares: what is written was verified before.
func (m *mirror) WriteVec(bufs [][]byte, off int64) error {
	at := off
	for _, b := range bufs {
		if !bytes.Equal(b, m.bytes[at:at+int64(len(b))]) {
			m.bad("wrong bytes are written in [%d, %d)", at, at+int64(len(b)))
		}
		at += int64(len(b))
	}
	m.got.Add(at - off)
	m.gained(off, at-off)
	return nil
}

func (m *mirror) Stat(int) (storage.FileState, error) {
	if m.full {
		return storage.FileState{Kind: storage.Final, Mark: storage.Mark{Size: int64(len(m.bytes))}}, nil
	}
	return storage.FileState{}, nil
}

// Finish is called when all is there, and only then.
func (m *mirror) Finish([]int) error {
	if got := m.got.Load(); !m.full && got != int64(len(m.bytes)) {
		m.bad("finished with %d bytes written of %d", got, len(m.bytes))
		return fmt.Errorf("%d bytes are missing", int64(len(m.bytes))-got)
	}
	return nil
}

func (m *mirror) MayHold(int64, int64) bool                { return m.full }
func (m *mirror) ServeAt(b []byte, off int64) (int, error) { return m.ReadAt(b, off) }
func (m *mirror) Renew(i int) (storage.FileState, error)   { return m.Stat(i) }
func (m *mirror) RenewSide() (storage.FileState, error)    { return storage.FileState{}, nil }
func (m *mirror) Trust(...int)                             {}
func (m *mirror) Mark(int) storage.Mark                    { return storage.Mark{} }
func (m *mirror) MarkSide() storage.Mark                   { return storage.Mark{} }
func (m *mirror) Look([]int) ([]int, error)                { return nil, nil }
func (m *mirror) Changed() []int                           { return nil }
func (m *mirror) Begin(_, _ []byte) error                  { return nil }
func (m *mirror) Sync() error                              { return nil }
func (m *mirror) CheckSpace() error                        { return nil }
func (m *mirror) LoadRecord() ([]byte, error)              { return nil, fs.ErrNotExist }
func (m *mirror) SaveRecord([]byte) error                  { return nil }
func (m *mirror) SaveMetainfo([]byte) error                { return nil }
func (m *mirror) RemoveState() error                       { return nil }
func (m *mirror) RemoveSide() error                        { return nil }
func (m *mirror) Kept(off, n int64) bool                   { return true }
func (m *mirror) Close() error                             { return nil }
