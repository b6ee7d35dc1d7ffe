package transmission

import (
	"encoding/json"
	"strings"
	"time"

	"gotor/cmd/record"
)

const (
	// recently is how long a torrent counts as active, or as just removed.
	recently = time.Minute
	// maxRemoved is how many removed torrents are remembered.
	maxRemoved = 1000
)

// numbers gives each torrent a number, which clients of this protocol want: in the
// order in which they were added, and never the same twice in a run. Guarded by
// Handler.mu.
type numbers struct {
	last    int
	of      map[life]int
	removed []gone
}

// life is the time that a torrent is there for: one that is removed and added again,
// perhaps while nobody looks, is another one.
type life struct {
	id    string
	added int64 // Unix, nanoseconds
}

func lifeOf(t *record.Torrent) life { return life{t.ID, t.Added.UnixNano()} }

type gone struct {
	number int
	at     time.Time
}

func newNumbers() numbers { return numbers{of: map[life]int{}} }

// follow takes over which torrents there are.
func (n *numbers) follow(all []*record.Torrent, now time.Time) {
	if len(n.of) > 0 {
		there := make(map[life]bool, len(all))
		for _, t := range all {
			there[lifeOf(t)] = true
		}
		for l, number := range n.of {
			if !there[l] {
				delete(n.of, l)
				n.removed = append(n.removed, gone{number, now})
			}
		}
	}
	for _, t := range all {
		if _, ok := n.of[lifeOf(t)]; !ok {
			n.last++
			n.of[lifeOf(t)] = n.last
		}
	}
	for len(n.removed) > maxRemoved || len(n.removed) > 0 && now.Sub(n.removed[0].at) > recently {
		n.removed = n.removed[1:]
	}
}

// numbered is a torrent with its number.
type numbered struct {
	number int
	place  int // in the list
	t      *record.Torrent
}

// all are the torrents there are, and which were removed lately.
func (h *Handler) all() (list []numbered, removed []int) {
	rows := h.cfg.Session.List().Torrents
	h.mu.Lock()
	defer h.mu.Unlock()
	h.numbers.follow(rows, h.cfg.Now())
	for i, t := range rows {
		list = append(list, numbered{h.numbers.of[lifeOf(t)], i, t})
	}
	removed = []int{}
	for _, g := range h.numbers.removed {
		removed = append(removed, g.number)
	}
	return list, removed
}

// number is that of a torrent.
func (h *Handler) number(id string) int {
	list, _ := h.all()
	for _, n := range list {
		if n.t.ID == id {
			return n.number
		}
	}
	return 0
}

// ids are the torrents that a call is about: nothing is all, else numbers, hashes, or
// a word. What is not there is passed over.
type ids struct {
	some    bool
	recent  bool
	numbers map[int]bool
	hashes  map[string]bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *ids) UnmarshalJSON(b []byte) error {
	var items list[json.RawMessage]
	if string(b) == "null" {
		return nil
	}
	if err := json.Unmarshal(b, &items); err != nil {
		return err
	}
	*s = ids{some: len(items) > 0, numbers: map[int]bool{}, hashes: map[string]bool{}}
	for _, item := range items {
		var word string
		if json.Unmarshal(item, &word) == nil {
			if snake(word) == "recently_active" {
				s.recent = true
			}
			s.hashes[strings.ToLower(word)] = true
			continue
		}
		var n number
		if err := json.Unmarshal(item, &n); err != nil {
			return err
		}
		s.numbers[int(n)] = true
	}
	return nil
}

// has reports whether a torrent is meant.
func (s *ids) has(n numbered, now time.Time) bool {
	t := n.t
	switch {
	case !s.some, s.numbers[n.number], s.hashes[t.ID], t.IDV2 != nil && s.hashes[*t.IDV2]:
		return true
	case s.recent:
		return t.DownRate+t.UpRate > 0 || t.Active != nil && now.Sub(*t.Active) < recently || now.Sub(t.Added) < recently ||
			t.State == record.StateChecking || t.State == record.StateMoving
	}
	return false
}

// meant are the torrents that a call is about.
func (h *Handler) meant(s *ids) []numbered {
	all, _ := h.all()
	now, out := h.cfg.Now(), all[:0]
	for _, n := range all {
		if s.has(n, now) {
			out = append(out, n)
		}
	}
	return out
}

// each makes a method that does something to each torrent that is meant. It goes on
// after an error, and reports the first.
func each(f func(c *caller, id string) error) func(*caller, *call) (object, error) {
	return func(c *caller, a *call) (object, error) {
		var args struct {
			IDs ids `json:"ids"`
		}
		if err := a.into(&args); err != nil {
			return nil, err
		}
		return nil, c.each(&args.IDs, func(n numbered) error { return f(c, n.t.ID) })
	}
}

func (c *caller) each(s *ids, f func(n numbered) error) (first error) {
	for _, n := range c.meant(s) {
		if err := f(n); err != nil && first == nil {
			first = err
		}
	}
	return first
}
