package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"gotor/cmd/record"
)

// lastWord is how long the answer to who waits for the end may take to be sent.
const lastWord = time.Second

type shutdownIn struct {
	Until string    `query:"until" enum:"ended" doc:"Answer when it has ended, and its state folder is free. Over HTTP/2 it answers at once all the same."`
	Body  *struct{} // {} as much as nothing
}

// ending ends the daemon, and tells those who wait for that. HTTP ends first, so that
// what is answered can still be kept; their connections are taken away from it.
type ending struct {
	session Governor

	mu      sync.Mutex
	waiting []lingerer // guarded by mu
}

// lingerer is who waits for the end, and the headers of the answer.
type lingerer struct {
	conn   net.Conn
	header http.Header
}

// register registers the end.
func (e *ending) register(r *routes) {
	raw[shutdownIn](r, route{method: http.MethodPost, path: "/shutdown", id: "shut-down", tag: "daemon", summary: "End the daemon",
		status: http.StatusAccepted, errors: []int{422, 500}, media: media{202: nil, 204: nil}}, e.shutDown)
}

// shutDown begins the end. The caller that waits for it is noted first: the end may be
// quick.
func (e *ending) shutDown(w http.ResponseWriter, r *http.Request) {
	defer e.session.Shutdown()
	if r.URL.Query().Get("until") == "" {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	header := w.Header().Clone()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // of HTTP/2, whose connection has other requests, too
		w.WriteHeader(http.StatusAccepted)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = append(e.waiting, lingerer{conn, header})
}

// ended answers those who wait; err is what went wrong at the end.
func (e *ending) ended(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.waiting {
		f.say(err)
	}
	e.waiting = nil
}

// say answers, and closes the connection. Nobody is told when that fails.
func (f lingerer) say(err error) {
	defer f.conn.Close()
	answer := http.Response{StatusCode: http.StatusNoContent, ProtoMajor: 1, ProtoMinor: 1, Header: f.header, Close: true}
	if p := record.ProblemOf(err); p != nil {
		body, _ := json.Marshal(p)
		answer.StatusCode, answer.ContentLength, answer.Body = p.Status, int64(len(body)), io.NopCloser(bytes.NewReader(body))
		f.header.Set("Content-Type", typeProblem)
	}
	_ = f.conn.SetWriteDeadline(time.Now().Add(lastWord))
	_ = answer.Write(f.conn)
}
