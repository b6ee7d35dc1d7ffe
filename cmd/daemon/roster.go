package daemon

import (
	"context"
	"slices"
	"sync"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// roster is who is there: the torrents by their ids, and those that are just being
// added or removed, so that nobody does so twice. Its methods may be called from any
// goroutine.
type roster struct {
	mu    sync.Mutex
	items map[session.ID]*item
	also  map[session.ID]*item // by the second id of a hybrid
	busy  map[session.ID]chan struct{}
}

func newRoster() *roster {
	return &roster{items: map[session.ID]*item{}, also: map[session.ID]*item{}, busy: map[session.ID]chan struct{}{}}
}

// find returns the torrent that an id names, either one of a hybrid; nil: none.
func (r *roster) find(id session.ID) *item {
	r.mu.Lock()
	defer r.mu.Unlock()
	if it := r.items[id]; it != nil {
		return it
	}
	return r.also[id]
}

// named is find for what a request names.
func (r *roster) named(text string) (*item, error) {
	if id, err := session.ParseID(text); err == nil {
		if it := r.find(id); it != nil {
			return it, nil
		}
	}
	return nil, record.NewProblem(record.CodeNotFound, "there is no torrent %s", text[:min(len(text), 64)])
}

// put enters a torrent, or its second id.
func (r *roster) put(it *item, second session.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items[it.id] = it
	if second != "" {
		r.also[second] = it
	}
}

// remove strikes a torrent out.
func (r *roster) remove(it *item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.items, it.id)
	for id, other := range r.also {
		if other == it {
			delete(r.also, id)
		}
	}
}

// all are the torrents, in no order.
func (r *roster) all() []*item {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*item, 0, len(r.items))
	for _, it := range r.items {
		list = append(list, it)
	}
	return list
}

// claim reserves ids for who adds or removes a torrent, and waits for who does so
// already. release is to be called when that is over.
func (r *roster) claim(ctx context.Context, ids ...session.ID) (release func(), err error) {
	ids = slices.DeleteFunc(ids, func(id session.ID) bool { return id == "" })
	for {
		r.mu.Lock()
		var other chan struct{}
		for _, id := range ids {
			if c := r.busy[id]; c != nil {
				other = c
			}
		}
		if other == nil {
			mine := make(chan struct{})
			for _, id := range ids {
				r.busy[id] = mine
			}
			r.mu.Unlock()
			return func() { r.release(mine, ids) }, nil
		}
		r.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *roster) release(mine chan struct{}, ids []session.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		delete(r.busy, id)
	}
	close(mine)
}
