package daemon

import (
	"sync"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// keptPapers and keptBytes are how many torrents, and bytes of .torrents, are kept
// parsed: those of all that sleep cannot be.
const (
	keptPapers = 8
	keptBytes  = 16 << 20
)

// papers gives the metainfo of torrents: from the disk, or from the few that were
// asked for last. Its methods may be called from any goroutine.
type papers struct {
	store *session.Store

	mu     sync.Mutex
	recent []paper // the newest last
}

type paper struct {
	id       session.ID
	portable bool
	raw      []byte
	meta     *metainfo.Torrent
}

// get reads the .torrent of an entry. It reads the disk, and its error is
// record.CodeConflict as long as it is not known what the torrent is.
func (p *papers) get(e *session.Entry) (raw []byte, m *metainfo.Torrent, err error) {
	if e.Link != "" {
		return nil, nil, record.NewProblem(record.CodeConflict, "it is not known yet what is in this torrent")
	}
	if raw, m = p.find(e); m != nil {
		return raw, m, nil
	}
	if raw, err = p.store.Metainfo(e.ID); err != nil {
		return nil, nil, err
	}
	if m, err = (metainfo.Options{PortableNames: e.Portable}).Parse(raw); err != nil {
		return nil, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recent = keep(p.recent, paper{e.ID, e.Portable, raw, m}, keptPapers)
	for p.bytes() > keptBytes {
		p.recent = append([]paper(nil), p.recent[1:]...)
	}
	return raw, m, nil
}

// bytes are those of all that are kept. p.mu is held.
func (p *papers) bytes() (n int) {
	for i := range p.recent {
		n += len(p.recent[i].raw)
	}
	return n
}

func (p *papers) find(e *session.Entry) ([]byte, *metainfo.Torrent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, have := range p.recent {
		if have.id == e.ID && have.portable == e.Portable {
			p.recent = append(append(p.recent[:i:i], p.recent[i+1:]...), have)
			return have.raw, have.meta
		}
	}
	return nil, nil
}

// forget drops what is kept of a torrent.
func (p *papers) forget(id session.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.recent {
		if p.recent[i].id == id {
			p.recent = append(p.recent[:i:i], p.recent[i+1:]...)
			return
		}
	}
}
