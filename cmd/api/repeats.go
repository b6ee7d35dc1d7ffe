package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"sync"
	"time"
	"unicode/utf8"

	"gotor/cmd/record"
)

const (
	repeatSpan = 24 * time.Hour
	// maxRepeats bounds what is kept of answers: each counts once, and once for each
	// of its outcomes.
	maxRepeats   = 20_000
	maxRepeatKey = 255 // bytes

	otherRequest = "it was used for another request"
)

// repeats are the answers to requests with an Idempotency-Key: whoever did not hear
// one may ask again, and it is not done again. Here they are as they were given; the
// session keeps what of them must survive the end of the daemon.
type repeats struct {
	session Repeater

	mu     sync.Mutex
	by     map[string]*repeat
	weight int
	now    func() time.Time
}

// repeat is one answer, or one that is being worked on.
type repeat struct {
	sum    [sha256.Size]byte // of the request
	at     time.Time
	weight int
	done   chan struct{} // closed when answer is set
	answer any           // nil: it failed, and may be tried again
}

func newRepeats(s Repeater) *repeats {
	return &repeats{session: s, by: make(map[string]*repeat), now: time.Now}
}

// repeatable is a kind of request: how much its answers count, beside 1, how one is
// made of what the session has kept (nil: it cannot be, and is done again), and how it
// is carried out and kept there.
type repeatable[T any] struct {
	weigh func(*T) int
	read  func(answer []byte) (*T, error)
	do    func(record.Repeat) (*T, error)
}

// once answers a request with a key as it was answered first, or does it. Failures
// are not kept. body is the request, so that a key is not used for another one.
func once[T any](ctx context.Context, r *repeats, key string, body []byte, k repeatable[T]) (*T, error) {
	if key == "" {
		return k.do(record.Repeat{})
	}
	if len(key) > maxRepeatKey || !utf8.ValidString(key) { // JSON would keep another one
		return nil, badKey("at most %d bytes of UTF-8", maxRepeatKey)
	}
	sum := sha256.Sum256(body)
	for {
		e, first, err := r.enter(key, sum)
		if err != nil {
			return nil, err
		}
		if first {
			return work(r, key, e, k)
		}
		// The same request is under way: its answer is for both.
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, record.NewProblem(record.CodeNotReady, "the first request with this key is still being worked on")
		}
		if v, ok := e.answer.(*T); ok {
			return v, nil
		}
	}
}

// badKey is the problem of a key that cannot be used so.
func badKey(format string, args ...any) *record.Problem {
	return invalid("header.Idempotency-Key", format, args...)
}

// work does what was asked for, unless the session knows that it is done, and tells
// those who wait for it.
func work[T any](r *repeats, key string, e *repeat, k repeatable[T]) (v *T, err error) {
	defer func() { // of a bug, too: nobody must wait for ever
		if v == nil || err != nil {
			r.leave(key, e, nil, 0)
			return
		}
		r.leave(key, e, v, 1+k.weigh(v))
	}()
	if kept, ok := r.session.Repeated(key); ok {
		if !bytes.Equal(kept.Print, e.sum[:]) {
			return nil, badKey(otherRequest)
		}
		if v, err := k.read(kept.Answer); v != nil || err != nil {
			return v, err
		}
	}
	return k.do(record.Repeat{Key: key, Print: e.sum[:]})
}

// enter finds the answer of a key, or makes room for it.
func (r *repeats) enter(key string, sum [sha256.Size]byte) (e *repeat, first bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.by[key]; e != nil && r.now().Sub(e.at) < repeatSpan {
		if e.sum != sum {
			return nil, false, badKey(otherRequest)
		}
		return e, false, nil
	} else if e != nil {
		r.drop(key, e)
	}
	e = &repeat{sum: sum, at: r.now(), done: make(chan struct{})}
	r.by[key] = e
	return e, true, nil
}

// leave keeps an answer, and lets the oldest ones go for it.
func (r *repeats) leave(key string, e *repeat, answer any, weight int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.answer, e.weight = answer, weight
	close(e.done)
	if answer == nil {
		delete(r.by, key)
		return
	}
	r.weight += weight
	// The oldest has had most time to be asked for. Those that are worked on stay.
	for r.weight > maxRepeats {
		key, oldest := "", (*repeat)(nil)
		for k, e := range r.by {
			if e.answer != nil && (oldest == nil || e.at.Before(oldest.at)) {
				key, oldest = k, e
			}
		}
		r.drop(key, oldest)
	}
}

// drop forgets an answer. mu is held.
func (r *repeats) drop(key string, e *repeat) {
	delete(r.by, key)
	r.weight -= e.weight
}
