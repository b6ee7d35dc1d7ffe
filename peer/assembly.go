package peer

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"gotor/peer/wire"
)

// Assembly is where the info dictionary of one torrent comes together (BEP 9), of
// blocks that several Preludes bring: a remote may give some of them only, or go
// away in the middle, and what it gave stays.
//
// Blocks have no hashes of their own. When a mixture turns out wrong, or two remotes
// disagree about a block, nobody knows who spoiled it: from then on each address that
// had a part in it has to give everything by itself, and is known as a liar by that.
// Others go on together.
//
// Its memory follows what has arrived: one info dictionary for the sources that
// share, whatever their number, one for each that is on its own, and those of
// maxOrphans sizes that nobody is left for. The methods may be called from any
// goroutine; nothing is hashed or called under its lock.
type Assembly struct {
	hash [20]byte
	mem  *Buffers // has the budget of all Assemblies

	mu       sync.Mutex
	shared   map[int64]*sheet // by size: remotes may disagree
	suspects map[netip.Prefix]struct{}
	held     int64 // bytes of the budget
	closed   bool
}

const (
	// metadataBudget bounds the blocks of all info dictionaries that share a
	// Buffers: one of the largest, and others beside it. Those larger than
	// smallMetadata together leave a quarter to the others, so that nobody who
	// claims to have 30 MiB keeps ordinary ones from coming.
	metadataBudget = 48 << 20
	smallMetadata  = 4 << 20

	// maxOrphans bounds the sizes of which blocks are kept although nobody that
	// names them is being asked.
	maxOrphans = 2
	// maxSuspects bounds the addresses that are kept in mind. With more, nobody is
	// trusted with a part.
	maxSuspects = 1000
)

// errNoRoom ends the connection of a source for whose blocks there is no memory.
// It did nothing wrong.
var errNoRoom = fmt.Errorf("%w: there is no memory for it beside that of others", ErrNoMetadata)

// NewAssembly returns one for the info dictionary whose SHA-1 is infoHash. mem
// bounds what all that share it keep; nil: it has a bound of its own.
func NewAssembly(infoHash [20]byte, mem *Buffers) *Assembly {
	if mem == nil {
		mem = new(Buffers)
	}
	return &Assembly{hash: infoHash, mem: mem, shared: make(map[int64]*sheet), suspects: make(map[netip.Prefix]struct{})}
}

// Close gives the memory back. No more blocks are taken after it.
func (a *Assembly) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.mem.metadata.Add(-a.held)
	a.held = 0
}

// hold draws on the budget for n bytes of a sheet of some size, or gives back.
// Under a.mu.
func (a *Assembly) hold(n, size int64) bool {
	most := a.mem.within(metadataBudget, 2)
	if size > smallMetadata {
		most = most / 4 * 3
	}
	if a.closed {
		return n < 0
	}
	if a.mem.metadata.Add(n) > most && n > 0 {
		a.mem.metadata.Add(-n)
		return false
	}
	a.held += n
	return true
}

// sheet is one info dictionary in the making.
type sheet struct {
	blocks  [][]byte
	by      []*giver // who gave each
	missing int
	bytes   int64
	judged  bool // it is complete, and being hashed
	users   []*giver
}

// giver is one remote that is asked for blocks. Assembly.mu guards it.
type giver struct {
	key     netip.Prefix // its address
	wake    func()       // makes it ask for more
	size    int64
	sheet   *sheet
	asked   []bool // blocks that it owes
	refused []bool
	owes    int
}

func newSheet(size int64) *sheet {
	n := wire.MetadataPieces(size)
	return &sheet{blocks: make([][]byte, n), by: make([]*giver, n), missing: n}
}

func (sh *sheet) put(i int, b []byte, by *giver) {
	sh.blocks[i], sh.by[i] = b, by
	sh.missing--
	sh.bytes += int64(len(b))
}

// take takes a block out.
func (sh *sheet) take(i int) (b []byte) {
	b, sh.blocks[i], sh.by[i] = sh.blocks[i], nil, nil
	sh.missing++
	sh.bytes -= int64(len(b))
	return b
}

// dismiss ends the use of it by s, and reports whether there was one.
func (sh *sheet) dismiss(s *giver) bool {
	n := len(sh.users)
	sh.users = slices.DeleteFunc(sh.users, func(o *giver) bool { return o == s })
	return len(sh.users) < n
}

// wakes returns what wakes its users.
func (sh *sheet) wakes() (all []func()) {
	for _, s := range sh.users {
		all = append(all, s.wake)
	}
	return all
}

// wholly reports whether one source gave everything.
func (sh *sheet) wholly(s *giver) bool {
	return !slices.ContainsFunc(sh.by, func(o *giver) bool { return o != s })
}

// right reports whether the hash of a complete sheet is the one given.
func (sh *sheet) right(hash [20]byte) bool {
	h := sha1.New()
	for _, b := range sh.blocks {
		h.Write(b)
	}
	return [20]byte(h.Sum(nil)) == hash
}

// neighbourhood is what counts as one address: an IPv6 host owns a /64.
func neighbourhood(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

// join adds a remote that says how large the info dictionary is. wake makes it
// call next again; it is called from any goroutine and must not wait.
func (a *Assembly) join(from netip.Addr, size int64, wake func()) *giver {
	n := wire.MetadataPieces(size)
	s := &giver{key: neighbourhood(from), wake: wake, size: size, asked: make([]bool, n), refused: make([]bool, n)}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seat(s)
	return s
}

// seat gives a source a sheet: the one that others of its size use, or one of its
// own. Under a.mu.
func (a *Assembly) seat(s *giver) {
	_, suspect := a.suspects[s.key]
	if suspect || len(a.suspects) >= maxSuspects {
		s.sheet = newSheet(s.size)
	} else if s.sheet = a.shared[s.size]; s.sheet == nil {
		s.sheet = newSheet(s.size)
		a.shared[s.size] = s.sheet
	}
	s.sheet.users = append(s.sheet.users, s)
}

// leave ends what join began. What the source has given stays for the others that
// share, and those to come.
func (a *Assembly) leave(s *giver) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.sheet.dismiss(s)
	if a.shared[s.size] != s.sheet && len(s.sheet.users) == 0 {
		a.hold(-s.sheet.bytes, s.size) // it was on its own
		s.sheet.bytes = 0
	}
	orphans, least := 0, s.size
	for size, sh := range a.shared {
		switch {
		case len(sh.users) > 0:
			continue
		case sh.bytes == 0:
			delete(a.shared, size)
			continue
		}
		orphans++
		if o := a.shared[least]; o == nil || len(o.users) > 0 || sh.bytes < o.bytes {
			least = size
		}
	}
	if orphans > maxOrphans {
		a.hold(-a.shared[least].bytes, least)
		delete(a.shared, least)
	}
}

// Progress returns how many bytes have come of the size of which most have, from
// all who share; what a remote gives that is on its own does not count.
func (a *Assembly) Progress() (got, size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for n, sh := range a.shared {
		if sh.bytes > got {
			got, size = sh.bytes, n
		}
	}
	return got, size
}

// next returns blocks to ask s for, so that it owes at most window: those that
// nobody owes first, then those that others have not brought yet. spent means that
// it owes nothing, and gives nothing of what is missing.
func (a *Assembly) next(s *giver, window int) (ask []int, spent bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.sheet.judged {
		return nil, false
	}
	open := 0
	for _, again := range [...]bool{false, true} {
		for i, b := range s.sheet.blocks {
			if b != nil || s.refused[i] {
				continue
			}
			open++
			if s.owes < window && !s.asked[i] && (again || !s.sheet.owed(i)) {
				s.asked[i] = true
				s.owes++
				ask = append(ask, i)
			}
		}
	}
	return ask, open == 0 && s.owes == 0
}

// owed reports whether any source was asked for a block that has not come.
func (sh *sheet) owed(i int) bool {
	return slices.ContainsFunc(sh.users, func(s *giver) bool { return s.asked[i] })
}

// settle notes an answer of s about a block, and reports whether it owed one.
func (a *Assembly) settle(s *giver, i int, refused bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i >= len(s.asked) || !s.asked[i] {
		return false
	}
	s.asked[i], s.refused[i] = false, refused
	s.owes--
	return true
}

// owing returns how many blocks s owes.
func (a *Assembly) owing(s *giver) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return s.owes
}

// give takes a copy of a block that s owed. With the last one it returns the info
// dictionary, or ErrLiar if that is wrong and s gave all of it.
func (a *Assembly) give(s *giver, i int, block []byte) (info []byte, err error) {
	full, wake, err := a.put(s, i, block)
	if full != nil {
		if full.right(a.hash) { // nobody changes a sheet that is being judged
			return slices.Concat(full.blocks...), nil
		}
		wake, err = a.spoilt(full, s)
	}
	for _, f := range wake {
		f()
	}
	return nil, err
}

// put keeps a block unless it is there already, and returns the sheet if that
// completed it. Two givers that disagree part, and one of them at least is wrong.
func (a *Assembly) put(s *giver, i int, block []byte) (full *sheet, wake []func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	sh := s.sheet
	if other := sh.by[i]; other != nil && !sh.judged && !bytes.Equal(sh.blocks[i], block) {
		a.banish(sh, other)
		a.banish(sh, s)
		wake, sh = append(sh.wakes(), other.wake), s.sheet
	}
	if sh.judged || sh.blocks[i] != nil {
		return nil, wake, nil
	}
	if !a.hold(int64(len(block)), s.size) {
		return nil, wake, errNoRoom
	}
	sh.put(i, slices.Clone(block), s)
	if sh.missing > 0 {
		return nil, wake, nil
	}
	sh.judged = true
	return sh, wake, nil
}

// spoilt follows a complete sheet that is wrong; last gave its last block. It
// returns whom to wake, and ErrLiar if last alone is to blame.
func (a *Assembly) spoilt(sh *sheet, last *giver) (wake []func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	wake, sh.judged = sh.wakes(), false
	if sh.wholly(last) {
		a.hold(-sh.bytes, last.size)
		for i := range sh.blocks {
			sh.take(i)
		}
		return wake, ErrLiar
	}
	for _, s := range sh.by { // banish takes all of it
		if s != nil {
			a.banish(sh, s)
		}
	}
	return wake, nil
}

// banish makes a suspect of a giver: it goes on by itself, with what it has given.
// Under a.mu.
func (a *Assembly) banish(sh *sheet, s *giver) {
	if len(a.suspects) < maxSuspects {
		a.suspects[s.key] = struct{}{}
	}
	own := newSheet(s.size)
	for i, by := range sh.by {
		if by == s {
			own.put(i, sh.take(i), s)
		}
	}
	if s.sheet == sh && sh.dismiss(s) {
		s.sheet, own.users = own, []*giver{s}
		return
	}
	a.hold(-own.bytes, s.size) // it has left, and nobody will use that
}
