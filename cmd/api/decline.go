package api

import (
	"encoding/json"
	"net/http"

	"gotor/cmd/record"
)

// decline answers with a problem.
func decline(w http.ResponseWriter, p *record.Problem) {
	b, err := json.Marshal(p)
	if err != nil { // a problem is strings and numbers
		b = []byte("{}")
	}
	h := w.Header()
	h.Set("Content-Type", typeProblem)
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	h.Del("Content-Length")
	h.Del("Content-Disposition")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(b, '\n'))
}
