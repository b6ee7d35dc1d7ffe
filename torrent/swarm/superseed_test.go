package swarm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var superStart = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// superLab runs a SuperSeed with peers that do as they are told, and checks
// after every call that what it said makes sense.
type superLab struct {
	t     fataler
	s     *SuperSeed
	now   time.Time
	n     int
	peers []*superRemote
	shown []*superRemote // to whom the last call showed something, by reveal
	made  []Reveal
	wide  bool  // windows may be larger than usual: the line was not full
	sent  int64 // what the machine is told
}

// superRemote is a remote.
type superRemote struct {
	SuperPeer
	name string
	has  []bool
	todo []int // shown to it and not fetched yet
	got  int   // pieces it fetched from the seed
}

func newSuperLab(t fataler, pieces int, pieceLen int64) *superLab {
	return &superLab{t: t, n: pieces, now: superStart,
		s: NewSuperSeed(rand.New(rand.NewPCG(5, 6)), pieces, pieceLen)}
}

func (l *superLab) join(name string) *superRemote {
	l.t.Helper()
	r := &superRemote{name: name, has: make([]bool, l.n)}
	l.peers = append(l.peers, r)
	l.apply(l.s.Join(&r.SuperPeer, l.now, l.made[:0]))
	return r
}

func (l *superLab) leave(r *superRemote) {
	l.t.Helper()
	l.peers = slices.DeleteFunc(l.peers, func(p *superRemote) bool { return p == r })
	l.apply(l.s.Leave(&r.SuperPeer, l.now, l.made[:0]))
}

// has lets r announce pieces.
func (l *superLab) has(r *superRemote, pieces ...int) {
	l.t.Helper()
	for _, i := range pieces {
		r.has[i] = true
		r.todo = slices.DeleteFunc(r.todo, func(x int) bool { return x == i })
		l.apply(l.s.Announced(&r.SuperPeer, i, l.now, l.made[:0]))
	}
}

// field lets r send a bitfield of the pieces.
func (l *superLab) field(r *superRemote, pieces ...int) {
	l.t.Helper()
	bits := make([]byte, (l.n+7)/8)
	for _, i := range pieces {
		r.has[i] = true
		bits[i/8] |= 0x80 >> (i % 8)
	}
	l.apply(l.s.Field(&r.SuperPeer, bits, l.now, l.made[:0]))
}

// wait lets time pass until the next tick, or d if that is sooner.
func (l *superLab) wait(d time.Duration) {
	l.t.Helper()
	end := l.now.Add(d)
	for at := l.s.nextTick(); !at.IsZero() && !at.After(end); at = l.s.nextTick() {
		if at.After(l.now) { // else patience has become less in between
			l.now = at
		}
		l.apply(l.s.tick(l.now, l.made[:0]))
		if at := l.s.nextTick(); !at.IsZero() && !at.After(l.now) {
			l.t.Fatalf("the next tick is due at once, again")
		}
	}
	l.now = end
}

// apply plays the caller's part and checks what must always hold.
func (l *superLab) apply(made []Reveal) {
	l.t.Helper()
	l.made, l.shown = made, l.shown[:0]
	for _, m := range made {
		i := slices.IndexFunc(l.peers, func(r *superRemote) bool { return &r.SuperPeer == m.Peer })
		if i < 0 {
			l.t.Fatalf("piece %d is shown to a peer that is not there", m.Piece)
		}
		r := l.peers[i]
		switch {
		case r.quiet:
			l.t.Fatalf("%s wants nothing and is shown %d", r.name, m.Piece)
		case r.has[m.Piece]:
			l.t.Fatalf("%s is shown %d, which it has", r.name, m.Piece)
		case slices.Contains(r.todo, m.Piece):
			l.t.Fatalf("%s is shown %d again", r.name, m.Piece)
		case !l.mayRequest(r, m.Piece):
			l.t.Fatalf("%s is shown %d and may not ask for it", r.name, m.Piece)
		}
		r.todo = append(r.todo, m.Piece)
		l.shown = append(l.shown, r)
	}
	l.check()
}

// mayRequest reports whether r was told that we have a piece, or everybody was.
func (l *superLab) mayRequest(r *superRemote, piece int) bool {
	return piece >= 0 && piece < l.n && (l.s.Finished() || r.revealed(piece))
}

// check compares the machine's books with the facts.
func (l *superLab) check() {
	l.t.Helper()
	if l.s.Finished() {
		return
	}
	open, known := make([]int, l.n), make([]int, l.n)
	for _, r := range l.peers {
		most := l.s.window
		if l.wide {
			most = maxShown
		}
		if len(r.window) > most {
			l.t.Fatalf("%s is shown %d pieces at a time, more than %d", r.name, len(r.window), most)
		}
		for _, w := range r.window {
			open[w.piece]++
		}
		for i, has := range r.has {
			if has {
				known[i]++
			}
		}
	}
	spread := 0
	for _, n := range known {
		if n > 0 {
			spread++
		}
	}
	if l.s.spread != spread {
		l.t.Fatalf("%d pieces are out, the books say %d", spread, l.s.spread)
	}
	queued := make(map[int]int)
	for i := range l.s.queue.len() {
		queued[int(*l.s.queue.at(i))]++
	}
	for i := range l.n {
		switch {
		case int(l.s.open[i]) != open[i] || int(l.s.known[i]) != known[i]:
			l.t.Fatalf("piece %d: in %d windows and known to %d, the books say %d and %d",
				i, open[i], known[i], l.s.open[i], l.s.known[i])
		case queued[i] > 1:
			l.t.Fatalf("piece %d is queued %d times", i, queued[i])
		case open[i] == 0 && known[i] == 0 && queued[i] == 0:
			l.t.Fatalf("piece %d will never be shown", i)
		}
	}
}

// reveals is how many pieces r was shown so far.
func (l *superLab) reveals(r *superRemote) (n int) {
	for i := range l.n {
		if r.revealed(i) {
			n++
		}
	}
	return n
}

func (l *superLab) wantReveals(r *superRemote, want int) {
	l.t.Helper()
	if got := l.reveals(r); got != want {
		l.t.Fatalf("%s was shown %d pieces, want %d", r.name, got, want)
	}
}

// "The seed will not inform it of any other pieces until it has seen the piece it
// had sent previously present on at least one other client" (BEP 16).
func TestSuperSeedMovesWhenPassedOn(t *testing.T) {
	l := newSuperLab(t, 100, mib)
	a, b := l.join("a"), l.join("b")
	l.wantReveals(a, leastWindow)
	l.wantReveals(b, leastWindow)
	x := a.todo[0]
	if l.mayRequest(b, x) || !l.mayRequest(a, x) {
		t.Fatal("only a was shown the piece, so only a may ask for it")
	}
	l.has(a, x)
	l.wantReveals(a, leastWindow)
	l.has(b, x)
	l.wantReveals(a, leastWindow+1)
	l.wantReveals(b, leastWindow)
	l.has(b, x) // says it twice
	l.wantReveals(a, leastWindow+1)
	for _, i := range []int{-1, 100, 1 << 40} {
		l.apply(l.s.Announced(&b.SuperPeer, i, l.now, nil)) // no piece of the torrent
		l.wantReveals(b, leastWindow)
	}
}

func TestSuperSeedWindow(t *testing.T) {
	for _, c := range []struct {
		pieceLen int64
		want     int
	}{{16 * kib, 8}, {64 * kib, 8}, {128 * kib, 4}, {256 * kib, 2}, {16 * mib, 2}, {0, 8}} {
		l := newSuperLab(t, 100, c.pieceLen)
		l.wantReveals(l.join("a"), c.want)
	}
}

// No piece is shown twice while others were never shown.
func TestSuperSeedShowsEachPieceOnce(t *testing.T) {
	l := newSuperLab(t, 20, mib)
	seen := make(map[int]bool)
	for i := range 10 {
		for _, x := range l.join(fmt.Sprint("p", i)).todo {
			if seen[x] {
				t.Errorf("piece %d is shown to two peers", x)
			}
			seen[x] = true
		}
	}
	l.wantReveals(l.join("late"), 0) // all are on their way
}

// One that never passes on loses its claim, and another gets the piece.
func TestSuperSeedPatience(t *testing.T) {
	l := newSuperLab(t, leastWindow, mib)
	idle, b := l.join("idle"), l.join("b")
	l.wantReveals(b, 0)
	l.wait(firstPatience - 1)
	l.wantReveals(b, 0)
	l.wait(1)
	l.wantReveals(b, leastWindow)
	if !l.mayRequest(idle, idle.todo[0]) {
		t.Error("what was shown once is not served any more")
	}
}

// What a peer gets that passes nothing on falls off quickly, and never ends.
func TestSuperSeedFreeRider(t *testing.T) {
	l := newSuperLab(t, 1000, mib)
	rider := l.join("rider")
	l.join("other") // which is as bad
	// Windows emptied after 1, 3, 7 and 15 minutes, then every ten: 25, 35, 45, 55.
	l.wait(time.Hour)
	l.wantReveals(rider, leastWindow*9)
	l.wait(10 * time.Minute)
	l.wantReveals(rider, leastWindow*10)
}

// One that says what it has, and passes nothing on, makes patience as short as
// it gets: 5, 10, 20 seconds and so on, but soon ten minutes too.
func TestSuperSeedBoastingFreeRider(t *testing.T) {
	l := newSuperLab(t, 1000, mib)
	rider := l.join("rider")
	l.join("other")
	for range 3600 {
		l.has(rider, slices.Clone(rider.todo)...)
		l.wait(time.Second)
	}
	l.wantReveals(rider, leastWindow*12)
}

// Patience follows what pieces usually take.
func TestSuperSeedLearnsPatience(t *testing.T) {
	for _, c := range []struct{ takes, want time.Duration }{
		{100 * time.Millisecond, leastPatience},
		{5 * time.Second, 20 * time.Second},
		{time.Hour, mostPatience},
	} {
		l := newSuperLab(t, 1000, mib)
		a, b := l.join("a"), l.join("b")
		for range 60 {
			x := a.todo[0]
			l.now = l.now.Add(c.takes)
			l.has(a, x)
			l.has(b, x)
		}
		got := l.s.patience(&b.share)
		if got < c.want*9/10 || got > c.want*22/10 { // two in a window: up to twice
			t.Errorf("patience %v with pieces that take %v, want about %v", got, c.takes, c.want)
		}
	}
}

// Who passes something on after all is trusted again.
func TestSuperSeedForgives(t *testing.T) {
	l := newSuperLab(t, 1000, mib)
	a, b := l.join("a"), l.join("b")
	l.wait(10 * time.Minute)
	if got := l.s.patience(&a.share); got <= firstPatience {
		t.Fatalf("patience %v after ten minutes of nothing", got)
	}
	l.has(b, a.window[0].piece)
	if got := l.s.patience(&a.share); got != firstPatience {
		t.Errorf("patience %v after a piece was passed on, want %v", got, firstPatience)
	}
}

// Seeds of one torrent should not all begin with the same pieces.
func TestSuperSeedRandomOrder(t *testing.T) {
	first := func(seed uint64) (pieces []int) {
		s := NewSuperSeed(rand.New(rand.NewPCG(seed, 0)), 1000, 1)
		for _, m := range s.Join(&SuperPeer{}, superStart, nil) {
			pieces = append(pieces, m.Piece)
		}
		return pieces
	}
	if a, b := first(1), first(2); slices.Equal(a, b) {
		t.Errorf("both begin with %v", a)
	}
	if a, b := first(1), first(1); !slices.Equal(a, b) {
		t.Errorf("the same random seed gave %v and %v", a, b)
	}
}

func TestSuperSeedAlone(t *testing.T) {
	l := newSuperLab(t, 50, mib)
	a := l.join("a")
	for i := range 50 {
		if l.s.Finished() {
			t.Fatalf("finished with %d pieces of 50 known", i)
		}
		l.has(a, a.todo[0])
	}
	if !l.s.Finished() {
		t.Error("not finished although the peer has everything")
	}
}

// Who is left alone need not wait for somebody to pass its pieces on to.
func TestSuperSeedLeftAlone(t *testing.T) {
	l := newSuperLab(t, 50, mib)
	a, b := l.join("a"), l.join("b")
	l.has(a, slices.Clone(a.todo)...)
	l.wantReveals(a, leastWindow)
	l.leave(b)
	l.wantReveals(a, 2*leastWindow)
	c := l.join("c")
	l.has(a, slices.Clone(a.todo)...)
	l.wantReveals(a, 2*leastWindow)
	l.apply(l.s.UploadOnly(&c.SuperPeer, l.now, nil))
	l.wantReveals(a, 3*leastWindow)
}

// What only one peer had, or was shown, is shown to others when it leaves.
func TestSuperSeedLeave(t *testing.T) {
	l := newSuperLab(t, 4, mib)
	a, b := l.join("a"), l.join("b")
	c := l.join("c")
	l.wantReveals(c, 0)
	l.has(a, a.todo[0])
	l.leave(a)
	l.wantReveals(c, 2)
	l.leave(b)
	l.has(c, slices.Clone(c.todo)...)
	l.wantReveals(c, 4)
	// After it left, nothing that it still says counts.
	l.apply(l.s.Announced(&a.SuperPeer, 0, l.now, nil))
	l.apply(l.s.Field(&a.SuperPeer, []byte{0xf0}, l.now, nil))
	l.apply(l.s.UploadOnly(&a.SuperPeer, l.now, nil))
	l.apply(l.s.Leave(&a.SuperPeer, l.now, nil))
	if l.s.Finished() {
		t.Error("finished by a peer that had left")
	}
}

func TestSuperSeedBitfield(t *testing.T) {
	l := newSuperLab(t, 20, mib)
	a, b := l.join("a"), l.join("b")
	l.field(a, a.todo[0], 3, 4) // had one of them all along
	if len(a.window) != leastWindow {
		t.Errorf("%d pieces are on their way to a, want %d", len(a.window), leastWindow)
	}
	l.field(b, a.window[0].piece)
	l.wantReveals(a, leastWindow+2)
}

func TestSuperSeedFinishes(t *testing.T) {
	all := make([]int, 20)
	for i := range all {
		all[i] = i
	}
	for name, end := range map[string]func(l *superLab, a, b *superRemote){
		"another seed":      func(l *superLab, a, _ *superRemote) { l.s.Seed() },
		"a full bitfield":   func(l *superLab, a, _ *superRemote) { l.field(a, all...) },
		"a peer that ends":  func(l *superLab, a, _ *superRemote) { l.has(a, all...) },
		"everything is out": func(l *superLab, a, b *superRemote) { l.field(a, all[:12]...); l.field(b, all[12:]...) },
		"on a partial seed": func(l *superLab, a, b *superRemote) {
			l.apply(l.s.UploadOnly(&a.SuperPeer, l.now, nil))
			l.field(a, all...)
		},
		"a liar, piecemeal": func(l *superLab, a, b *superRemote) { l.has(b, all[5:]...); l.has(a, all...) },
	} {
		l := newSuperLab(t, 20, mib)
		a, b := l.join("a"), l.join("b")
		end(l, a, b)
		if !l.s.Finished() {
			t.Errorf("%s: not finished", name)
			continue
		}
		if !l.s.nextTick().IsZero() {
			t.Errorf("%s: a tick is due after the end", name)
		}
		late := l.join("late")
		for i := range all {
			if !l.mayRequest(late, i) || !l.mayRequest(b, i) {
				t.Errorf("%s: piece %d is not served after the end", name, i)
			}
		}
		l.has(b, 0)
		l.leave(b)
		l.apply(l.s.tick(l.now, nil))
		if n := l.reveals(a); n == 0 || n == 20 {
			t.Errorf("%s: a was shown %d pieces before the end; the caller must know which", name, n)
		}
	}
}

// A swarm of peers that fetch what they are shown and trade the rest.
type superSwarm struct {
	*superLab
	rng *rand.Rand
	// cheats fetch and never announce, liars announce what they do not have.
	cheats, liars map[*superRemote]bool
}

// step: each peer fetches one piece of what it was shown, and gets one from
// another peer.
func (w *superSwarm) step() {
	for _, r := range slices.Clone(w.peers) {
		if w.liars[r] {
			w.has(r, w.rng.IntN(w.n))
			continue
		}
		if len(r.todo) > 0 {
			x := r.todo[0]
			r.got++
			if w.cheats[r] {
				r.todo = r.todo[1:]
				continue
			}
			w.has(r, x)
		}
		from := w.peers[w.rng.IntN(len(w.peers))]
		if w.cheats[from] || w.liars[from] || w.cheats[r] {
			continue
		}
		for _, i := range w.rng.Perm(w.n) {
			if from.has[i] && !r.has[i] {
				w.has(r, i)
				break
			}
		}
	}
	w.wait(time.Second)
}

// "A single client running in super-seed mode was able to do so after only
// uploading 105% of the data."
func TestSuperSeedSendsOneCopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.IntRange(20, 120).Draw(t, "pieces")
		w := &superSwarm{superLab: newSuperLab(t, pieces, mib), rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "world"), 1))}
		for i := range rapid.IntRange(2, 12).Draw(t, "peers") {
			w.join(fmt.Sprint("p", i))
		}
		steps := 0
		for ; !w.s.Finished(); steps++ {
			if steps > 20*pieces {
				t.Fatalf("%d of %d pieces are out after %d steps", w.s.spread, pieces, steps)
			}
			w.step()
		}
		sent := 0
		for _, r := range w.peers {
			sent += r.got
		}
		if sent > pieces+pieces/20 {
			t.Fatalf("%d pieces were sent to get %d out", sent, pieces)
		}
	})
}

// Whatever the others do, one honest peer is enough to get everything out.
func TestSuperSeedBadPeers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.IntRange(5, 60).Draw(t, "pieces")
		w := &superSwarm{superLab: newSuperLab(t, pieces, mib), rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "world"), 1)),
			cheats: make(map[*superRemote]bool), liars: make(map[*superRemote]bool)}
		for i := range rapid.IntRange(0, 6).Draw(t, "cheats") {
			w.cheats[w.join(fmt.Sprint("cheat", i))] = true
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "liars") {
			w.liars[w.join(fmt.Sprint("liar", i))] = true
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "silent") { // never fetch, never say anything
			w.cheats[w.join(fmt.Sprint("silent", i))] = true
		}
		honest := w.join("honest")
		for steps := 0; !w.s.Finished(); steps++ {
			// At worst it gets a window every ten minutes.
			if steps > 600*(pieces+10) {
				t.Fatalf("the honest peer has %d of %d pieces after %d steps", honest.count, pieces, steps)
			}
			w.step()
		}
	})
}

// Whatever happens, what superLab.apply and check demand holds.
func TestSuperSeedInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.IntRange(1, 150).Draw(t, "pieces")
		l := newSuperLab(t, pieces, rapid.SampledFrom([]int64{16 * kib, mib}).Draw(t, "length"))
		piece := rapid.IntRange(0, pieces-1)
		one := func(t *rapid.T) *superRemote {
			if len(l.peers) == 0 {
				t.Skip("nobody")
			}
			return l.peers[rapid.IntRange(0, len(l.peers)-1).Draw(t, "peer")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"join":  func(t *rapid.T) { l.join("p") },
			"leave": func(t *rapid.T) { l.leave(one(t)) },
			"has":   func(t *rapid.T) { l.has(one(t), piece.Draw(t, "piece")) },
			"fetch": func(t *rapid.T) {
				if r := one(t); len(r.todo) > 0 {
					l.has(r, r.todo[0])
				}
			},
			"field": func(t *rapid.T) { l.field(one(t), rapid.SliceOfN(piece, 0, 5).Draw(t, "pieces")...) },
			"partial seed": func(t *rapid.T) {
				r := one(t)
				l.apply(l.s.UploadOnly(&r.SuperPeer, l.now, nil))
			},
			"serve": func(t *rapid.T) {
				l.serves(one(t), Serving(rapid.IntRange(0, int(Busy)).Draw(t, "serving")))
			},
			"ask": func(t *rapid.T) {
				if r := one(t); len(r.todo) > 0 {
					l.s.Requested(&r.SuperPeer, r.todo[0])
				}
			},
			"look": func(t *rapid.T) {
				l.sent += int64(rapid.IntRange(0, 10*mib).Draw(t, "sent"))
				l.apply(l.s.useLine(func() int64 { return l.sent }, l.now, nil))
			},
			"wait": func(t *rapid.T) { l.wait(time.Duration(rapid.IntRange(0, 900).Draw(t, "seconds")) * time.Second) },
		})
	})
}
