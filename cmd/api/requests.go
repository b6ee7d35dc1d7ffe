package api

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gotor/cmd/record"
)

// requests counts what was asked for and how it was answered, by the pattern of the
// route: never by a path, of which anybody can make any number.
type requests struct {
	mu     sync.Mutex
	counts map[requestKind]uint64
	times  map[string]*record.Histogram // seconds, by route
}

type requestKind struct {
	route, method string
	code          int
}

func newRequests() *requests {
	return &requests{counts: make(map[requestKind]uint64), times: make(map[string]*record.Histogram)}
}

// requestTimes are the bounds of the histogram, in seconds. What waits or streams is
// beyond the last.
func requestTimes() []float64 { return []float64{.001, .005, .025, .1, .5, 2.5, 10} }

// noRoute is the route of what was refused before one was looked for, or has none.
const noRoute = "none"

type noteKey struct{}

// note says which route a request has taken, to who counts it.
func note(r *http.Request, pattern string) {
	if route, ok := r.Context().Value(noteKey{}).(*string); ok {
		_, *route, _ = strings.Cut(pattern, " ")
		*route = cmp.Or(*route, pattern)
	}
}

// count counts the requests that pass.
func (q *requests) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, route, out := time.Now(), noRoute, &statusWriter{ResponseWriter: w}
		defer func() { q.add(route, r.Method, cmp.Or(out.status, http.StatusOK), time.Since(begin)) }() // of one that is cut, too
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), noteKey{}, &route)))
	})
}

// add counts one. Methods that nobody knows are one: anybody can make up any number.
func (q *requests) add(route, method string, code int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.counts[requestKind{route, method, code}]++
	h := q.times[route]
	if h == nil {
		h = &record.Histogram{Bounds: requestTimes()}
		h.Counts = make([]uint64, len(h.Bounds)+1)
		q.times[route] = h
	}
	i, _ := slices.BinarySearch(h.Bounds, took.Seconds())
	h.Counts[i]++
	h.Sum += took.Seconds()
}

// expose writes the two families.
func (q *requests) expose(e *exposition) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e.family(isCounter, "gotor_http_requests_total", "Requests that were answered.")
	kinds := slices.SortedFunc(maps.Keys(q.counts), func(a, b requestKind) int {
		return cmp.Or(strings.Compare(a.route, b.route), strings.Compare(a.method, b.method), a.code-b.code)
	})
	for _, k := range kinds {
		e.sample(float64(q.counts[k]), "route", k.route, "method", k.method, "code", strconv.Itoa(k.code))
	}
	e.family(isHistogram, "gotor_http_request_duration_seconds", "Time from a request to the end of its answer.")
	for _, route := range slices.Sorted(maps.Keys(q.times)) {
		e.histogram(q.times[route], "route", route)
	}
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int // 0: none yet
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}
