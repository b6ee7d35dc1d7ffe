package record

import (
	"errors"
	"fmt"
	"net/http"
)

// Problem is an error as a daemon tells it (RFC 9457).
type Problem struct {
	Type   string    `json:"type"` // problemType and the code
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Code   string    `json:"code" doc:"One word; the same as in the results of get where it can be."`
	Detail string    `json:"detail" doc:"One line: what failed, and what to do."`
	Errors []Located `json:"errors,omitempty"`
}

// Located is one of several mistakes in a request.
type Located struct {
	Location string `json:"location"` // such as body.limits.max_down
	Message  string `json:"message"`
}

// problemType is what the type of every problem begins with.
const problemType = "urn:gotor:problem:"

// The codes of a Problem that no exit code has; the others are words of Codes.
const (
	CodeUnauthorized = "unauthorized" // 401
	CodeForbidden    = "forbidden"    // 403
	CodeNotFound     = "not_found"    // 404
	CodeConflict     = "conflict"     // 409: not in this state, or somebody else has it
	CodeGone         = "gone"         // 410: that revision is too old
	CodeStale        = "stale"        // 412: it has changed since
	CodeMethod       = "method"       // 405: the path is there, and does not do that
	CodeSlow         = "slow"         // 408: the body did not come in time
	CodeTooLarge     = "too_large"    // 413
	CodeUnsupported  = "unsupported"  // 415
	CodeMisdirected  = "misdirected"  // 421: a Host that is not ours
	CodeInvalid      = "invalid"      // 422: a key or a value that cannot be
	CodeTooMany      = "too_many"     // 429
	CodeNotReady     = "not_ready"    // 503: loading, stopping, or state cannot be written
	CodeInternal     = "internal"     // 500: a bug
)

// statuses are the HTTP statuses of codes.
func statuses() map[string]int {
	return map[string]int{
		CodeUnauthorized: http.StatusUnauthorized, CodeForbidden: http.StatusForbidden, CodeNotFound: http.StatusNotFound,
		CodeMethod: http.StatusMethodNotAllowed, CodeSlow: http.StatusRequestTimeout,
		CodeConflict: http.StatusConflict, CodeGone: http.StatusGone, CodeStale: http.StatusPreconditionFailed,
		CodeTooLarge: http.StatusRequestEntityTooLarge, CodeUnsupported: http.StatusUnsupportedMediaType,
		CodeMisdirected: http.StatusMisdirectedRequest, CodeInvalid: http.StatusUnprocessableEntity,
		CodeTooMany: http.StatusTooManyRequests, CodeNotReady: http.StatusServiceUnavailable, CodeInternal: http.StatusInternalServerError,
		Reason(ExitUsage): http.StatusUnprocessableEntity, Reason(ExitMalformed): http.StatusUnprocessableEntity,
		Reason(ExitMetadata): http.StatusGatewayTimeout, Reason(ExitNoPeers): http.StatusGatewayTimeout,
		Reason(ExitStalled): http.StatusGatewayTimeout, Reason(ExitTimeout): http.StatusGatewayTimeout,
		Reason(ExitMismatch): http.StatusConflict, Reason(ExitNoSpace): http.StatusInsufficientStorage,
		Reason(ExitFile): http.StatusConflict, Reason(ExitFetch): http.StatusBadGateway, Reason(ExitLocked): http.StatusConflict,
	}
}

// NewProblem makes the problem of a code with one line of detail, which is redacted.
func NewProblem(code, format string, args ...any) *Problem {
	status, ok := statuses()[code]
	if !ok {
		status = http.StatusInternalServerError
	}
	return &Problem{Type: problemType + code, Title: http.StatusText(status), Status: status, Code: code, Detail: Redact(fmt.Sprintf(format, args...))}
}

// ProblemOf is the problem that an error wraps, or the one that its exit code stands
// for; nil for nil.
func ProblemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return NewProblem(Reason(CodeOf(err)), "%v", err)
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ExitCode is what a command ends with that was answered so: that of the word where
// there is one.
func (p *Problem) ExitCode() int {
	for _, c := range Codes() {
		if c.Word == p.Code {
			return c.Code
		}
	}
	switch p.Code {
	case CodeInvalid, CodeNotFound, CodeUnsupported, CodeTooLarge:
		return ExitUsage
	}
	return ExitOther
}
