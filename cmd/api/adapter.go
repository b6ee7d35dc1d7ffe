package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gotor/cmd/record"
)

const (
	maxJSON  = 1 << 20
	jsonTime = 10 * time.Second // for a body of JSON to come in
)

// The types of bodies.
const (
	typeJSON    = "application/json"
	typeMerge   = "application/merge-patch+json"
	typeTorrent = "application/x-bittorrent"
	typeForm    = "multipart/form-data"

	typeBytes    = "application/octet-stream"
	typeRanges   = "multipart/byteranges"
	typeTar      = "application/x-tar"
	typePlaylist = "audio/x-mpegurl"
	typeEvents   = "text/event-stream"
)

// adapter puts huma's operations on a mux. Before huma sees a body it is read here,
// within bounds: huma would take an aborted one for a fault of ours.
type adapter struct{ mux *http.ServeMux }

// Handle implements huma.Adapter.
func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	path := base + op.Path
	if op.Path == "/" {
		path += "{$}" // "/" alone would be every path that has no route
	}
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // done here
	a.mux.HandleFunc(op.Method+" "+path, func(w http.ResponseWriter, r *http.Request) {
		if p := bodyOf(w, r, op); p != nil {
			refuse(w, p)
			return
		}
		handler(humago.NewContext(op, r, w))
	})
}

// ServeHTTP implements huma.Adapter.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// ownBody is the key in an operation's metadata of one that reads its body itself.
const ownBody = "own body"

// bodyOf judges the type of a request's body and reads it: at most 1 MiB in 10 s, of
// JSON that means one thing only.
func bodyOf(w http.ResponseWriter, r *http.Request, op *huma.Operation) *record.Problem {
	// What a GET brings along has no meaning, and is not read.
	if r.ContentLength == 0 || looks(r) {
		r.Body = http.NoBody
		if op.RequestBody != nil && op.RequestBody.Required && op.Metadata[ownBody] == nil {
			return noBody()
		}
		return nil
	}
	if p := typeAllowed(r, op); p != nil {
		return p
	}
	// A .torrent is larger than JSON may be, and waits for its turn.
	if op.Metadata[ownBody] != nil {
		return nil
	}
	b, p := readBody(w, r, maxJSON, jsonTime)
	if p != nil {
		return p
	}
	// Of a body in chunks the length is known only now.
	if len(b) == 0 && op.RequestBody.Required {
		return noBody()
	}
	if err := checkJSON(b); err != nil && len(b) > 0 {
		return invalid("body", "%v", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return nil
}

// noBody is the problem of a request without the body that it needs.
func noBody() *record.Problem { return invalid("body", "a body is needed") }

// typeAllowed reports whether an operation takes bodies of the request's type.
func typeAllowed(r *http.Request, op *huma.Operation) *record.Problem {
	var types []string
	if op.RequestBody != nil {
		for t := range op.RequestBody.Content {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && slices.Contains(types, got):
		return nil
	case len(types) == 0:
		return record.NewProblem(record.CodeUnsupported, "this request has no body")
	}
	return record.NewProblem(record.CodeUnsupported, "the body must be %s", strings.Join(types, " or "))
}

// readBody reads a body of at most limit bytes within a time. The deadline is the
// connection's: it is taken off again, for an answer may take longer.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, within time.Duration) ([]byte, *record.Problem) {
	tooLarge := func() *record.Problem {
		return record.NewProblem(record.CodeTooLarge, "the body is larger than %d bytes", limit)
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // the rest is not worth to be read
		return nil, tooLarge()
	}
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(within)) // not there in a test without a connection
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		_ = deadline.SetReadDeadline(time.Time{})
		return b, nil
	}
	var (
		big  *http.MaxBytesError
		slow net.Error
	)
	w.Header().Set("Connection", "close")
	switch {
	case errors.As(err, &big):
		return nil, tooLarge()
	case errors.As(err, &slow) && slow.Timeout():
		return nil, record.NewProblem(record.CodeSlow, "the body did not come within %s", within)
	}
	return nil, record.NewProblem(record.CodeInvalid, "the body cannot be read")
}
