package daemon

import (
	"context"
	"net/netip"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// verbs change torrents. What they return is on disk in the session. They may be called
// from any goroutine; those on the same torrent go one after the other.
type verbs struct{ *parts }

// on waits for the turn to change a torrent.
func (v *verbs) on(ctx context.Context, id string) (it *item, give func(), err error) {
	if it, err = v.roster.named(id); err != nil {
		return nil, nil, err
	}
	if err := it.take(ctx); err != nil {
		return nil, nil, err
	}
	if _, ok := it.entry(); !ok { // removed meanwhile
		it.give()
		return nil, nil, gone(it.id)
	}
	return it, it.give, nil
}

// onFiles is on for who has something to do with the files of the torrent: an error while
// they are on their way, or go. e is the entry; neither begins while the turn is the
// caller's.
func (v *verbs) onFiles(ctx context.Context, id string) (it *item, e *session.Entry, give func(), err error) {
	if it, give, err = v.on(ctx, id); err != nil {
		return nil, nil, nil, err
	}
	e, ok := it.entry()
	if err = gone(it.id); ok {
		err = engaged(e)
	}
	if err != nil {
		give()
		return nil, nil, nil, err
	}
	return it, e, give, nil
}

// engaged says that the files of a torrent are on their way, or go; nil: they are not.
func engaged(e *session.Entry) error {
	switch {
	case e.Move != nil:
		return record.NewProblem(record.CodeConflict, "its files are on their way to another folder; wait for the end of that")
	case e.Remove != "":
		return record.NewProblem(record.CodeConflict, "the torrent is being removed with its files; to keep what is left of them, remove it without")
	}
	return nil
}

// change carries out one change of the entry of a torrent, and has it followed.
func (v *verbs) change(ctx context.Context, id string, change func(*session.Entry) error) (*record.Torrent, error) {
	it, give, err := v.on(ctx, id)
	if err != nil {
		return nil, err
	}
	defer give()
	return v.apply(ctx, it, change)
}

// apply is change for who has the turn.
func (v *verbs) apply(ctx context.Context, it *item, change func(*session.Entry) error) (*record.Torrent, error) {
	if _, err := it.update(ctx, change); err != nil {
		return nil, err
	}
	it.poke()
	row := it.show()
	if row == nil {
		return nil, gone(it.id)
	}
	return row, nil
}

// pause stops a torrent until start.
func (v *verbs) pause(ctx context.Context, id string) (*record.Torrent, error) {
	return v.change(ctx, id, func(e *session.Entry) error { e.Paused, e.Pass = true, false; return nil })
}

// start ends a pause or a failure; pass: it does not wait for its turn.
func (v *verbs) start(ctx context.Context, id string, pass bool) (*record.Torrent, error) {
	it, give, err := v.on(ctx, id)
	if err != nil {
		return nil, err
	}
	defer give()
	row, err := v.apply(ctx, it, func(e *session.Entry) error {
		e.Paused, e.Failed, e.Pass = false, nil, e.Pass || pass
		e.Ended = false
		return nil
	})
	if err == nil && it.mend() {
		it.poke()
		row = it.show()
	}
	return row, err
}

// mend forgets a failure that could not be written down, and reports whether there was
// one.
func (it *item) mend() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	was := it.broken != nil
	it.broken = nil
	return was
}

// check has everything hashed again.
func (v *verbs) check(ctx context.Context, id string) (*record.Torrent, error) {
	it, e, give, err := v.onFiles(ctx, id)
	if err != nil {
		return nil, err
	}
	defer give()
	if e.Link != "" {
		return nil, record.NewProblem(record.CodeConflict, "there is nothing to check yet: it is not known what is in this torrent")
	}
	return v.rehash(ctx, it, e.Dir)
}

// addPeers has addresses dialled; a torrent that sleeps has no use for them.
func (v *verbs) addPeers(_ context.Context, id string, peers []netip.AddrPort) (int, error) {
	it, err := v.roster.named(id)
	if err != nil {
		return 0, err
	}
	r := it.inSwarm()
	if r == nil {
		return 0, nil
	}
	t := r.torrent.Load()
	if t == nil {
		return 0, nil
	}
	for _, a := range peers {
		t.AddPeer(netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	}
	return len(peers), nil
}
