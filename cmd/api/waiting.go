package api

import (
	"context"
	"time"

	"gotor/cmd/record"
)

const (
	// defaultWait is how long a request for a file waits for a byte that is not here
	// yet, and maxWait how long it may be told to.
	defaultWait = time.Minute
	maxWait     = time.Hour
)

// waiting is an open file whose reads end when no byte comes for a span. Everything
// ends with the request.
type waiting struct {
	Content
	ctx   context.Context
	end   context.CancelFunc
	span  time.Duration
	timer *time.Timer // ends ctx; runs while a read waits
	late  error       // what ctx ends with then
}

// openWaiting opens a file of a torrent.
func openWaiting(ctx context.Context, s Session, id string, file int, span time.Duration) (*waiting, error) {
	w := &waiting{span: span, late: record.NewProblem(record.CodeNotReady, "no byte of file %d came in %v: it is being looked for, try again", file, span)}
	ctx, cancel := context.WithCancelCause(ctx)
	w.ctx, w.end = ctx, func() { cancel(nil) }
	content, err := s.Open(ctx, id, file)
	if err != nil {
		w.end()
		return nil, err
	}
	w.Content = content
	w.timer = time.AfterFunc(span, func() { cancel(w.late) })
	w.timer.Stop()
	return w, nil
}

// Read implements io.Reader.
func (w *waiting) Read(p []byte) (int, error) {
	w.timer.Reset(w.span)
	n, err := w.Content.Read(p)
	w.timer.Stop()
	if err != nil && n == 0 && context.Cause(w.ctx) == w.late {
		err = w.late
	}
	return n, err
}

// Close implements io.Closer.
func (w *waiting) Close() error {
	w.timer.Stop()
	w.end()
	return w.Content.Close()
}
