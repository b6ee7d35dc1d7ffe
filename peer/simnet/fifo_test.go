package simnet

import (
	"bytes"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// A fifo gives back what it was given, in order, and holds no more segments
// than its bytes need.
func TestFIFO(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := fifo{pool: &sync.Pool{New: func() any { return new(segment) }}}
		var model []byte
		next := byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				b := make([]byte, rapid.IntRange(0, 3*len(segment{})).Draw(t, "n"))
				for i := range b {
					next += 7
					b[i] = next
				}
				f.put(b)
				model = append(model, b...)
			},
			"get": func(t *rapid.T) {
				b := make([]byte, rapid.IntRange(0, len(model)).Draw(t, "n"))
				f.get(b, len(b))
				if !bytes.Equal(b, model[:len(b)]) {
					t.Fatalf("got other bytes than put")
				}
				model = model[len(b):]
			},
			"drop": func(t *rapid.T) {
				n := rapid.IntRange(0, len(model)).Draw(t, "n")
				f.get(nil, n)
				model = model[n:]
			},
			"": func(t *rapid.T) {
				if most := len(model)/len(segment{}) + 2; len(f.segs) > most || len(model) == 0 && len(f.segs) > 0 {
					t.Fatalf("%d segments for %d bytes", len(f.segs), len(model))
				}
			},
		})
	})
}
