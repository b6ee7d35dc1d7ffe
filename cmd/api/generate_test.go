package api

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Requests made from the description, right ones and nearly right ones, find no fault
// of ours: no answer of 500, no bug in the log, none that is not as described.
func TestGeneratedRequests(t *testing.T) {
	n := requestsToMake(t, 4000)
	synctest.Test(t, func(t *testing.T) { // whoever waits does so by the bubble's clock
		h := newHarness(t, 22, func(c *Config) { c.Log = func(text string) { t.Error(text) } })
		g := newGenerator(h, 11)
		ops := operations(h.s.routes.api.OpenAPI())
		took := make(map[int]int)
		for i := range n {
			op := ops[i%len(ops)]
			if i%200 == 0 { // what was removed comes back
				h.fake.torrents = newFake(22).torrents
			}
			r := g.request(op)
			r.Header.Set("Authorization", "Bearer "+testToken)
			ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
			a := h.send(r.WithContext(ctx))
			cancel()
			took[a.StatusCode/100]++
			if a.StatusCode >= 500 && a.StatusCode != 503 {
				body, _ := json.Marshal(g.sent)
				t.Errorf("%s %s: %d %s\nbody: %.500s", r.Method, r.URL, a.StatusCode, a.body, body)
			}
		}
		t.Log("by hundreds:", took)
		if took[2] < n/20 || took[4] < n/20 {
			t.Errorf("it does not reach far: %v", took)
		}
	})
}

// requestsToMake is how many requests are made: as many as GOTOR_REQUESTS says, else
// usual, which takes a few seconds.
func requestsToMake(t *testing.T, usual int) int {
	text := os.Getenv("GOTOR_REQUESTS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("GOTOR_REQUESTS is %q, and must be how many requests are to be made", text)
	}
	return n
}

// generator makes requests of a description.
type generator struct {
	rand     *rand.Rand
	registry huma.Registry
	ids      []string // of torrents that are there
	words    []string // texts that may mean something
	sent     any      // the last body
}

// newGenerator makes one that knows the made-up torrents of a harness.
func newGenerator(h *harness, seed uint64) *generator {
	g := &generator{rand: rand.New(rand.NewPCG(seed, 2026)), registry: h.s.routes.api.OpenAPI().Components.Schemas,
		words: []string{"a", "name", "0", "08:00", "24:00", "mon-fri", "/data", "/data/x", "/etc", "magnet:?xt=urn:btih:" + fakeID(77), "http://example.org/x", fakeID(3), "-name,eta", "1s", "10m",
			"192.0.2.1:1", "0,3-5,*.iso", "[", "state", "id", "", "<b>", "\u0000", "é", "2026-01-01T00:00:00Z", "not a date", `{"max_down":1}`, "rows,stats", "done", "change"}}
	for i := range 22 {
		g.ids = append(g.ids, fakeID(i))
	}
	return g
}

func (g *generator) chance(percent int) bool { return g.rand.IntN(100) < percent }

func pick[T any](g *generator, list ...T) T { return list[g.rand.IntN(len(list))] }

func (g *generator) request(op *huma.Operation) *http.Request {
	path, query := op.Path, url.Values{}
	headers := map[string]string{}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(g.pathValue(p.Name)))
		case p.In == "query" && g.chance(30):
			for range pick(g, 1, 1, 1, 2) {
				query.Add(p.Name, g.text(p.Schema))
			}
		case p.In == "header" && g.chance(20):
			headers[p.Name] = pick(g, g.text(p.Schema), "*", `"made-up-3"`, "W/", ",,", "k")
		}
	}
	if g.chance(3) {
		query.Set(pick(g, "x", "limit ", "State", ""), "1")
	}
	body, kind := "", ""
	if g.sent = nil; op.RequestBody != nil {
		kind = pick(g, typeJSON, typeJSON, typeJSON, typeJSON, typeMerge, typeTorrent, typeForm+"; boundary=x", "text/plain", "")
		if m := op.RequestBody.Content[typeJSON]; m != nil && g.chance(90) {
			g.sent = g.value(m.Schema, 0)
			b, _ := json.Marshal(g.sent)
			body = string(b)
		}
		if g.chance(10) {
			body = pick(g, "", "{", "null", "[]", `""`, "5", "{}", "d4:infode", "--x\r\n\r\n--x--", strings.Repeat("[", 100), "\x00\xff", `{"a":1,"a":2}`)
		}
	}
	r := httptest.NewRequest(op.Method, "http://localhost"+base+path+"?"+query.Encode(), strings.NewReader(body))
	if body == "" {
		r.ContentLength = 0
	}
	r.Header.Set("Content-Type", kind)
	for name, v := range headers {
		r.Header.Set(name, strings.ReplaceAll(v, "\x00", "")) // no client sends it
	}
	return r
}

func (g *generator) pathValue(name string) string {
	switch {
	case g.chance(5):
		return pick(g, "x", "%00", "\u202e", strings.Repeat("a", 300), "-1", "99999999999999999999")
	case name == "id":
		return pick(g, pick(g, g.ids...), pick(g, g.ids...), fakeID(99), strings.Repeat("ab", 32))
	case name == "addr":
		return pick(g, "192.0.2.1:6881", "[2001:db8::1]:1", "1.2.3.4:0", "nobody")
	}
	return pick(g, "0", "3", "11")
}

// text is a value of a schema as it stands in a query.
func (g *generator) text(s *huma.Schema) string {
	v := g.value(s, 0)
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, item := range v {
			b, _ := json.Marshal(item)
			parts = append(parts, strings.Trim(string(b), `"`))
		}
		return strings.Join(parts, ",")
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// value is a value of a schema, or not quite one.
func (g *generator) value(s *huma.Schema, depth int) any {
	for s != nil && s.Ref != "" {
		s = g.registry.SchemaFromRef(s.Ref)
	}
	if s == nil || depth > 6 || g.chance(4) {
		return pick[any](g, nil, true, -1, 1e300, 0.5, "x", []any{}, map[string]any{"x": nil}, []any{[]any{1}}, "\u0000\u202e<b>")
	}
	if len(s.AnyOf) > 0 {
		return g.value(s.AnyOf[g.rand.IntN(len(s.AnyOf))], depth)
	}
	if s.Nullable && g.chance(10) {
		return nil
	}
	if len(s.Enum) > 0 {
		return s.Enum[g.rand.IntN(len(s.Enum))]
	}
	switch s.Type {
	case huma.TypeBoolean:
		return g.chance(50)
	case huma.TypeInteger, huma.TypeNumber:
		return g.number(s)
	case huma.TypeString:
		return g.word(s)
	case huma.TypeArray:
		list := []any{}
		for range g.rand.IntN(4) {
			list = append(list, g.value(s.Items, depth+1))
		}
		return list
	case huma.TypeObject:
		return g.object(s, depth)
	}
	return nil
}

func (g *generator) number(s *huma.Schema) any {
	low, high := 0.0, 1e6
	if s.Minimum != nil {
		low = *s.Minimum
	}
	if s.Maximum != nil {
		high = *s.Maximum
	}
	v := pick(g, low, high, low-1, high+1, low+g.rand.Float64()*(high-low), float64(g.rand.IntN(30)), math.MaxInt64)
	if s.Type == huma.TypeInteger && g.chance(95) {
		return int64(max(math.MinInt64/2, min(math.MaxInt64/2, math.Floor(v))))
	}
	return v
}

func (g *generator) word(s *huma.Schema) string {
	w := pick(g, g.words...)
	if s.MaxLength != nil && g.chance(5) {
		w = strings.Repeat("x", min(*s.MaxLength, 5000)+g.rand.IntN(2))
	}
	return w
}

func (g *generator) object(s *huma.Schema, depth int) any {
	o := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) { // the same ones each time
		if g.chance(45) {
			o[name] = g.value(s.Properties[name], depth+1)
		}
	}
	for _, name := range s.Required {
		if g.chance(90) {
			o[name] = g.value(s.Properties[name], depth+1)
		}
	}
	if g.chance(4) {
		o[pick(g, "x", "Paused", "", "__proto__")] = 1
	}
	return o
}
