package session

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// memory is a session for many readers: what is in it is durable, but for what is
// counted. Only the committer changes entries.
type memory struct {
	mu    sync.RWMutex // never held across I/O
	state *state
	list  []*Entry // what entries returns; nil: to be made anew
	dirty map[ID]dirt
	total bool          // totals are dirty
	woken chan struct{} // has a value: something has become dirty
}

// dirt is what of an item is not on disk.
type dirt struct{ tally, record bool }

func newMemory(s *state) *memory {
	return &memory{state: s, dirty: make(map[ID]dirt), woken: make(chan struct{}, 1)}
}

// publish makes a draft visible.
func (m *memory) publish(ops []Op) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range ops {
		m.state.apply(&ops[i])
		ops[i].content = nil
	}
	m.list = nil
}

func (m *memory) entry(id ID) *Entry {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.entry(id)
}

func (m *memory) last() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.serial
}

func (m *memory) entries() []*Entry {
	m.mu.RLock()
	list := m.list
	m.mu.RUnlock()
	if list != nil {
		return list
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list == nil {
		m.list = make([]*Entry, len(m.state.ids))
		for i, id := range m.state.ids {
			m.list[i] = m.state.items[id].entry
		}
	}
	return m.list
}

func (m *memory) tally(id ID) (t Tally) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if it := m.state.find(id); it != nil {
		t = it.tally
	}
	return t
}

func (m *memory) count(tallies map[ID]Tally) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, t := range tallies {
		if it := m.state.find(id); it != nil && it.tally != t {
			it.tally = t
			d := m.dirty[it.entry.ID]
			d.tally = true
			m.dirty[it.entry.ID] = d
		}
	}
	m.wake()
}

func (m *memory) record(id ID) (record []byte) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if it := m.state.find(id); it != nil {
		record = it.record
	}
	return record
}

func (m *memory) saveRecord(id ID, record []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it := m.state.find(id)
	if it == nil {
		return ErrNotFound
	}
	it.record = record
	d := m.dirty[it.entry.ID]
	d.record = true
	m.dirty[it.entry.ID] = d
	m.wake()
	return nil
}

func (m *memory) totals() Totals {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.totals
}

func (m *memory) countTotals(t Totals) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state.totals != t {
		m.state.totals, m.total = t, true
		m.wake()
	}
}

// wake tells the committer that there is dirt.
func (m *memory) wake() {
	if len(m.dirty) == 0 && !m.total {
		return
	}
	select {
	case m.woken <- struct{}{}:
	default:
	}
}

func (m *memory) settings() json.RawMessage {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.settings
}

func (m *memory) once(key string, now time.Time) (Once, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.once.get(key, now)
}

// clean returns what is dirty, and takes it for written.
func (m *memory) clean() (ops []Op) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, d := range m.dirty {
		it := m.state.items[id]
		if it != nil && d.tally {
			ops = append(ops, Op{kind: kindTally, id: id, tally: clonePtr(&it.tally)})
		}
		if it != nil && d.record {
			ops = append(ops, Op{kind: kindRecord, id: id, record: it.record})
		}
	}
	if m.total {
		ops = append(ops, Op{kind: kindTotals, totals: clonePtr(&m.state.totals)})
	}
	clear(m.dirty)
	m.total = false
	return ops
}

// all yields a session as the changes that make it. Only the committer may call it, as it
// alone changes entries: it looks at one item at a time.
func (m *memory) all(yield func(*Op) bool) {
	m.mu.RLock()
	ids, settings, totals, once := slices.Clone(m.state.ids), m.state.settings, m.state.totals, slices.Clone(m.state.once.order)
	m.mu.RUnlock()
	for _, id := range ids {
		for _, o := range m.item(id) {
			if !yield(&o) {
				return
			}
		}
	}
	if settings != nil && !yield(&Op{kind: kindSettings, raw: settings}) {
		return
	}
	for _, o := range once {
		if !yield(&Op{kind: kindOnce, once: o}) {
			return
		}
	}
	if totals != (Totals{}) {
		yield(&Op{kind: kindTotals, totals: &totals})
	}
}

func (m *memory) item(id ID) []Op {
	m.mu.RLock()
	it := *m.state.items[id]
	m.mu.RUnlock()
	ops := []Op{{kind: kindPut, id: id, entry: it.entry}}
	if it.tally != (Tally{}) {
		ops = append(ops, Op{kind: kindTally, id: id, tally: &it.tally})
	}
	if it.record != nil {
		ops = append(ops, Op{kind: kindRecord, id: id, record: it.record})
	}
	return ops
}
