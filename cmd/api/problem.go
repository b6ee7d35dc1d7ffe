package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gotor/cmd/record"
)

const (
	typeProblem = "application/problem+json"
	// maxLocated bounds the mistakes that are told of one request.
	maxLocated = 32
	// detailInvalid is the line of a problem whose mistakes are listed beside it.
	detailInvalid = "the request has keys or values that cannot be: see errors"
)

// problem is a record.Problem as huma takes an error: with its status and its type.
type problem struct{ *record.Problem }

// ContentType implements huma.ContentTypeFilter.
func (problem) ContentType(string) string { return typeProblem }

func (p problem) Unwrap() error { return p.Problem }

// fail makes any error of a handler one that is answered. That a request was ended is
// no fault of ours; hardly anybody is there to hear it.
func fail(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = record.NewProblem(record.CodeNotReady, "the request was ended before there was an answer")
	}
	return problem{record.ProblemOf(err)}
}

// invalid is the answer to one mistake in a request, and where it is.
func invalid(location, format string, args ...any) *record.Problem {
	p := record.NewProblem(record.CodeInvalid, format, args...)
	p.Errors = []record.Located{{Location: location, Message: p.Detail}}
	return p
}

// translate is a huma.Transformer: mistakes that huma finds are told as all others
// are, and what was sent is not sent back: it may be a secret.
func translate(_ huma.Context, status string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	code := map[string]string{"406": record.CodeUnsupported, "413": record.CodeTooLarge, "415": record.CodeUnsupported, "500": record.CodeInternal}[status]
	if code == "" {
		code = record.CodeInvalid
	}
	p := record.NewProblem(code, "%s", detailInvalid)
	p.Status, _ = strconv.Atoi(status) // of a 400 and a 422 huma knows the difference
	p.Title = http.StatusText(p.Status)
	for _, d := range e.Errors {
		if d != nil {
			locate(p, d)
		}
	}
	if len(p.Errors) == 0 {
		p.Detail = e.Detail
	}
	return problem{p}, nil
}

// mistakes are those that huma.Validate has found.
func mistakes(errs []error) *record.Problem {
	p := record.NewProblem(record.CodeInvalid, "%s", detailInvalid)
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			locate(p, d)
		}
	}
	return p
}

// locate adds a mistake to a problem.
func locate(p *record.Problem, d *huma.ErrorDetail) {
	if len(p.Errors) < maxLocated {
		p.Errors = append(p.Errors, record.Located{Location: record.Safe(d.Location), Message: record.Safe(d.Message)})
	}
}

// refuse answers with a problem, and the headers of its status.
func refuse(w http.ResponseWriter, p *record.Problem) {
	b, err := json.Marshal(p)
	if err != nil { // a problem is strings and numbers
		b = []byte("{}")
	}
	h := w.Header()
	h.Set("Content-Type", typeProblem)
	h.Del("Content-Length")
	h.Del("Content-Disposition")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(b, '\n')) // nobody to tell
}

// retryAfter says when it is worth to come back.
func retryAfter(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int((d+time.Second-1)/time.Second))))
}
