package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// differ writes what differs between two values of a struct as a JSON object. It
// holds nothing of either, and may be used by many goroutines.
type differ[T any] struct {
	fields []diffField
}

type diffField struct {
	index  int
	key    []byte // as it stands in the object, with its colon
	always bool   // it says which one it is
	plain  bool   // == tells whether it is the same
}

// newDiffer makes a differ; the keys of always are written whether they differ or
// not.
func newDiffer[T any](always ...string) *differ[T] {
	t := reflect.TypeFor[T]()
	d := &differ[T]{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || name == "" {
			continue
		}
		d.fields = append(d.fields, diffField{
			index: i, key: []byte(strconv.Quote(name) + ":"), always: slices.Contains(always, name), plain: isPlain(f.Type.Kind()),
		})
	}
	return d
}

// isPlain reports whether values of a kind are the same when == says so.
func isPlain(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Float64 || k == reflect.String
}

// append adds the object to dst. was nil: all keys. Nothing is added, and false
// returned, if nothing differs.
func (d *differ[T]) append(dst []byte, was, is *T) ([]byte, bool) {
	begin, changed := len(dst), was == nil
	vis := reflect.ValueOf(is).Elem()
	vwas := reflect.ValueOf(was)
	if was != nil {
		vwas = vwas.Elem()
	}
	dst = append(dst, '{')
	for i := range d.fields {
		f := &d.fields[i]
		differs := was == nil || !f.same(vwas.Field(f.index), vis.Field(f.index))
		if !differs && !f.always {
			continue
		}
		changed = changed || differs
		value, err := json.Marshal(vis.Field(f.index).Interface())
		if err != nil { // no field of ours can fail but by a NaN, which nobody can read anyway
			continue
		}
		if len(dst) > begin+1 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, f.key...), value...)
	}
	if !changed {
		return dst[:begin], false
	}
	return append(dst, '}'), true
}

// same compares two values. A pointer is what it points to: each row has its own.
func (f *diffField) same(a, b reflect.Value) bool {
	if f.plain {
		return a.Equal(b)
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}
