package webseed

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
)

// oddServer sends ranges of b right, and says odd things about them.
type oddServer struct {
	b      []byte
	status int
	most   int      // bytes that it sends at a time; 0: as many as asked for
	before int      // how many more it sends behind the range
	cr     string   // how it writes Content-Range, from first, last and size; empty: not at all
	length bool     // it says how much it sends
	header []string // names and values
}

func (s oddServer) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var first, last int
	if n, _ := fmt.Sscanf(q.Header.Get("Range"), "bytes=%d-%d", &first, &last); n < 2 {
		http.Error(w, "no range", http.StatusBadRequest)
		return
	}
	if s.most > 0 {
		last = min(last, first+s.most-1)
	}
	last = min(last+s.before, len(s.b)-1)
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if s.cr != "" {
		h.Set("Content-Range", fmt.Sprintf(s.cr, first, last, len(s.b)))
	}
	if s.length {
		h.Set("Content-Length", strconv.Itoa(last-first+1))
	}
	for i := 0; i < len(s.header); i += 2 {
		h.Set(s.header[i], s.header[i+1])
	}
	w.WriteHeader(s.status)
	w.Write(s.b[first : last+1])
}

// TestOddAnswers: the bytes are right, and so the answer is.
func TestOddAnswers(t *testing.T) {
	const usual = "bytes %d-%d/%d"
	for name, s := range map[string]oddServer{
		"a coding that is none":        {status: 206, cr: usual, length: true, header: []string{"Content-Encoding", "gzip"}},
		"an old name of one":           {status: 206, cr: usual, length: true, header: []string{"Content-Encoding", "x-gzip"}},
		"Content-Range without size":   {status: 206, cr: "bytes %d-%d%.0[3]d", length: true},
		"blank before the size":        {status: 206, cr: "bytes %d-%d/ %d", length: true},
		"no Content-Range":             {status: 206, length: true},
		"neither range nor length":     {status: 206},
		"a range under status 200":     {status: 200, cr: usual, length: true},
		"from a cache that changed it": {status: 203, cr: usual, length: true},
		"a part of the range":          {status: 206, cr: usual, length: true, most: 5 * blk / 2},
		"a part of it, by its length":  {status: 206, length: true, most: 3 * blk},
		"more than the range":          {status: 206, cr: usual, length: true, before: 9999},
		"more, and no length":          {status: 206, cr: usual, before: 9999},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, 16*blk+777, 4*blk, func(r *rig) {
				r.split(10*blk+5, 6*blk+772)
				mux := http.NewServeMux()
				a, b := s, s
				a.b, b.b = r.data[:10*blk+5], r.data[10*blk+5:]
				mux.Handle("/dir/0", a)
				mux.Handle("/dir/1", b)
				r.handler = mux
				r.mustGet(New(r.cfg))
				if r.bad > 0 {
					t.Errorf("%d pieces were bad", r.bad)
				}
			})
		})
	}
}

// TestCrumbs: a server that gives a byte for each request is none.
func TestCrumbs(t *testing.T) {
	inRig(t, 8*blk, 4*blk, func(r *rig) {
		r.handler = oddServer{b: r.data, status: 206, cr: "bytes %d-%d/%d", length: true, most: 1}
		r.wantError(true, "sends 1 of")
		if n := len(r.asked()); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}
