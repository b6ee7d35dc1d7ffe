package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"gotor/cmd/record"
)

// A list is cut in three steps: a filter, an order, a page. Each is made of a
// request once and then knows nothing of requests.

// filter lets torrents through.
type filter struct {
	states, labels, trackers, dirs []string
	words                          []string // lower case; all must occur
}

// newFilter reads what is asked for. Words may come in any order and any case.
func newFilter(states, labels, trackers, dirs []string, q string) filter {
	return filter{states: states, labels: labels, trackers: trackers, dirs: dirs, words: strings.Fields(strings.ToLower(q))}
}

// empty reports whether it lets everything through.
func (f filter) empty() bool {
	return len(f.states)+len(f.labels)+len(f.trackers)+len(f.dirs)+len(f.words) == 0
}

// passes: of each kind that is asked for, one must fit; a label of "" is to have none.
func (f filter) passes(t *record.Torrent) bool {
	return oneOf(f.states, t.State) && oneOf(f.trackers, t.Tracker) && oneOf(f.dirs, t.Dir) && f.labelled(t) && f.hasWords(t)
}

// oneOf reports whether a value is among those that are wanted; none: all are.
func oneOf(wanted []string, v string) bool { return len(wanted) == 0 || slices.Contains(wanted, v) }

// labelled reports whether a torrent has one of the labels, or none if that is wanted.
func (f filter) labelled(t *record.Torrent) bool {
	if len(f.labels) == 0 {
		return true
	}
	for _, l := range f.labels {
		if slices.Contains(t.Labels, l) || l == "" && len(t.Labels) == 0 {
			return true
		}
	}
	return false
}

// hasWords looks for words in name, labels and the tracker's host.
func (f filter) hasWords(t *record.Torrent) bool {
	if len(f.words) == 0 {
		return true
	}
	text := strings.ToLower(t.Name + "\n" + t.Tracker + "\n" + strings.Join(t.Labels, "\n"))
	for _, w := range f.words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// rowKeys are the keys of a torrent by their names, and where they are in it.
type rowKeys map[string][]int

// newRowKeys reads them from the type, so that what is told can be sorted by and asked
// for, and nothing else.
func newRowKeys() rowKeys {
	keys := make(rowKeys)
	for f := range fields(reflect.TypeFor[record.Torrent]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		keys[name] = f.Index
	}
	return keys
}

// sortKey is one key of an order.
type sortKey struct {
	name  string
	index []int
	down  bool
}

const maxSortKeys = 8

// order reads what a list is sorted by, such as "-down_rate,name". Ties are by id.
func (k rowKeys) order(by string) ([]sortKey, error) {
	if by == "" {
		return nil, nil
	}
	var keys []sortKey
	for _, name := range strings.Split(by, ",") {
		name, down := strings.CutPrefix(name, "-")
		index, ok := k[name]
		if !ok || !sortable(reflect.TypeFor[record.Torrent]().FieldByIndex(index).Type) {
			return nil, invalid("query.sort", "there is no key %q to sort by", name)
		}
		keys = append(keys, sortKey{name: name, index: index, down: down})
	}
	if len(keys) > maxSortKeys {
		return nil, invalid("query.sort", "at most %d keys", maxSortKeys)
	}
	return keys, nil
}

// sortable reports whether values of a type are in an order.
func sortable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64, reflect.String:
		return true
	}
	return t == reflect.TypeFor[time.Time]()
}

// value is one value to sort by; one of the three is set. What nobody knows comes
// last, whichever way the order goes.
type value struct {
	Unknown bool    `json:"u,omitempty"`
	Int     int64   `json:"i,omitempty"`
	Float   float64 `json:"f,omitempty"`
	Text    string  `json:"t,omitempty"`
}

// valueOf reads a field of a row, which is addressable.
func valueOf(v reflect.Value) value {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return value{Unknown: true}
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return value{Int: 1}
		}
		return value{}
	case reflect.Int, reflect.Int64:
		return value{Int: v.Int()}
	case reflect.Uint64:
		return value{Int: int64(v.Uint())}
	case reflect.Float64:
		return value{Float: v.Float()}
	// Names are in an order for people, whatever their case.
	case reflect.String:
		return value{Text: strings.ToLower(v.String())}
	}
	t, _ := v.Addr().Interface().(*time.Time) // the time itself would be copied to the heap
	return value{Int: t.UnixMicro()}
}

// spot is where a torrent stands in an order.
type spot struct {
	Values []value `json:"v"`
	ID     string  `json:"id"`
}

// spotOf fills in where a torrent stands.
func spotOf(t *record.Torrent, keys []sortKey, values []value) spot {
	row := reflect.ValueOf(t).Elem()
	for i, k := range keys {
		values[i] = valueOf(row.FieldByIndex(k.index))
	}
	return spot{ID: t.ID, Values: values}
}

// compareSpots orders two torrents; the id decides at last, so that an order is the same
// each time.
func compareSpots(a, b *spot, keys []sortKey) int {
	for i := range keys {
		x, y := &a.Values[i], &b.Values[i]
		if x.Unknown != y.Unknown {
			if x.Unknown {
				return 1
			}
			return -1
		}
		if c := x.compare(y); c != 0 {
			if keys[i].down {
				return -c
			}
			return c
		}
	}
	return cmp.Compare(a.ID, b.ID)
}

// compare compares two values of the same kind.
func (x *value) compare(y *value) int {
	switch {
	case x.Int != y.Int:
		return cmp.Compare(x.Int, y.Int)
	case x.Float != y.Float:
		return cmp.Compare(x.Float, y.Float)
	}
	return strings.Compare(x.Text, y.Text)
}

// arrange sorts. Without keys the order is that of being added, which is that of the
// session, and nothing is to be done.
func arrange(ts []*record.Torrent, keys []sortKey) []*record.Torrent {
	n := len(keys)
	if n == 0 {
		return ts
	}
	// Numbers are sorted instead of rows: they are moved at no cost.
	spots, values, order := make([]spot, len(ts)), make([]value, len(ts)*n), make([]int32, len(ts))
	for i, t := range ts {
		spots[i], order[i] = spotOf(t, keys, values[i*n:(i+1)*n:(i+1)*n]), int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return compareSpots(&spots[a], &spots[b], keys) })
	rows := make([]*record.Torrent, len(ts))
	for i, at := range order {
		rows[i] = ts[at]
	}
	return rows
}

// added is the spot in a list without keys.
func added(t *record.Torrent) spot {
	return spot{ID: t.ID, Values: []value{{Int: t.Added.UnixMicro()}}}
}

// cursor is where the next page begins: after a torrent, which may be gone by then.
type cursor struct {
	Sort string `json:"s,omitempty"`
	spot
}

func (c cursor) String() string {
	b, _ := json.Marshal(c) // strings and numbers: it cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads a cursor that was given out for the same order.
func parseCursor(s, order string, keys []sortKey) (cursor, error) {
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.Sort != order || len(c.Values) != max(1, len(keys)) {
		return cursor{}, invalid("query.cursor", "it is not a cursor of this list: begin again without one")
	}
	return c, nil
}

// after is how many torrents come before the page that a cursor is for.
func (c cursor) after(rows []*record.Torrent, keys []sortKey) int {
	if len(keys) > 0 {
		values := make([]value, len(keys))
		return sort.Search(len(rows), func(i int) bool {
			at := spotOf(rows[i], keys, values)
			return compareSpots(&at, &c.spot, keys) > 0
		})
	}
	if i := slices.IndexFunc(rows, func(t *record.Torrent) bool { return t.ID == c.ID }); i >= 0 {
		return i + 1
	}
	// It is gone: those after it were added later.
	if i := slices.IndexFunc(rows, func(t *record.Torrent) bool { return t.Added.UnixMicro() > c.Values[0].Int }); i >= 0 {
		return i
	}
	return len(rows)
}

// pageOf is what follows a cursor, at most limit torrents (0: all), and the cursor of
// what follows that, if there is more.
func pageOf(rows []*record.Torrent, c *cursor, order string, keys []sortKey, limit int) (page []*record.Torrent, next *string) {
	if c != nil {
		rows = rows[c.after(rows, keys):]
	}
	if limit == 0 || len(rows) <= limit {
		return rows, nil
	}
	page = rows[:limit]
	last := added(page[limit-1])
	if len(keys) > 0 {
		last = spotOf(page[limit-1], keys, make([]value, len(keys)))
	}
	text := cursor{Sort: order, spot: last}.String()
	return page, &text
}
