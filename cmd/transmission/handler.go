package transmission

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	idHeader      = "X-Transmission-Session-Id"
	versionHeader = "X-Transmission-Rpc-Version"

	maxSmall  = 1 << 20  // bytes of a request
	maxLarge  = 90 << 20 // of one with a .torrent, which has 64 MiB at most, in base64
	maxLarges = 4        // at a time
	maxBatch  = 100      // calls
)

// Config is what a Handler needs.
type Config struct {
	Session Session
	// Owner reports whether a request may change something and see secrets; Local,
	// whether it came over the socket and may name files of this machine. Both are
	// asked after access was granted. nil: no.
	Owner, Local func(*http.Request) bool
	Version      string // of gotor
	Now          func() time.Time
}

// Handler answers POST /transmission/rpc. It is to be asked only by who may.
type Handler struct {
	cfg    Config
	id     string // of the session, as Transmission means it: new with each run
	larges chan struct{}
	fields map[string]field
	prefs  *prefs

	mu      sync.Mutex
	numbers numbers
}

// New makes a Handler.
func New(cfg Config) *Handler {
	no := func(*http.Request) bool { return false }
	if cfg.Owner == nil {
		cfg.Owner = no
	}
	if cfg.Local == nil {
		cfg.Local = no
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Handler{cfg: cfg, id: rand.Text(), larges: make(chan struct{}, maxLarges), fields: fields(), prefs: newPrefs(), numbers: newNumbers()}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(idHeader, h.id)
	w.Header().Set(versionHeader, semver)
	w.Header().Set("Cache-Control", "no-store")
	// Also for a GET: that is how some clients ask for the id.
	if subtle.ConstantTimeCompare([]byte(r.Header.Get(idHeader)), []byte(h.id)) != 1 {
		http.Error(w, "409: send the "+idHeader+" of this answer with the next request", http.StatusConflict)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "405: a request is a POST", http.StatusMethodNotAllowed)
		return
	}
	body, release, status := h.read(w, r)
	defer release()
	if status != 0 {
		http.Error(w, http.StatusText(status), status)
		return
	}
	answer := h.answer(&caller{Handler: h, ctx: r.Context(), owner: h.cfg.Owner(r), local: h.cfg.Local(r)}, body)
	if answer == nil { // nobody wants one
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Write(answer)
}

// read returns the body of a request, or the HTTP status of what is wrong with it.
// Large ones have to wait for nobody: there is room for few, which have it until
// release is called.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (_ []byte, release func(), status int) {
	body := http.MaxBytesReader(w, r.Body, maxLarge)
	release = func() {}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(body, maxSmall+1))
	if err == nil && n > maxSmall {
		select {
		case h.larges <- struct{}{}:
			release = func() { <-h.larges }
		default:
			return nil, release, http.StatusServiceUnavailable
		}
		_, err = io.Copy(&b, body)
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, release, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, release, http.StatusBadRequest
	}
	return b.Bytes(), release, 0
}

// answer carries out one request, or several of the newer dialect; nil: there is
// nothing to say.
func (h *Handler) answer(c *caller, body []byte) []byte {
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		return h.batch(c, body)
	}
	return c.one(body)
}

// batch carries out the requests of an array, in their order (JSON-RPC 2.0, 6).
func (h *Handler) batch(c *caller, body []byte) []byte {
	var requests []json.RawMessage
	if err := json.Unmarshal(body, &requests); err != nil {
		return encode(failure(nil, codeParse, "the request is not JSON"))
	}
	if len(requests) == 0 || len(requests) > maxBatch {
		return encode(failure(nil, codeRequest, "a batch has 1 to 100 requests"))
	}
	answers := []json.RawMessage{}
	for _, r := range requests {
		if a := c.one(r); a != nil {
			answers = append(answers, a)
		}
	}
	if len(answers) == 0 {
		return nil
	}
	return encode(answers)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // a number that is none
		return []byte(`{"result":"internal error"}`)
	}
	return b
}
