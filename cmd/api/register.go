package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"gotor/cmd/record"
)

// route is what the description says of an operation beyond its types.
type route struct {
	method, path string
	id           string // operationId: a verb and what it is about
	tag          string
	summary      string
	status       int   // of success; 0: 200
	errors       []int // of its own; 401, 403, 421, 429, 503 may come from any
	// answers are the bodies of answers whose type huma cannot see, by status; nil: it
	// has none.
	answers map[int]reflect.Type
	// media are types of answers that are not JSON, by status; nil: it has no body.
	media media
}

// media are types of bodies by the status of their answer.
type media map[int][]string

// routes is where the operations of all parts are registered, and so described.
type routes struct{ api huma.API }

// handle registers a route. Errors of h are problems, or become them.
func handle[I, O any](r *routes, rt route, h func(context.Context, *I) (*O, error)) {
	huma.Register(r.api, r.operation(rt), func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, fail(err)
		}
		return out, nil
	})
}

// operation makes of a route what huma registers.
func (r *routes) operation(rt route) huma.Operation {
	op := huma.Operation{OperationID: rt.id, Method: rt.method, Path: rt.path, Summary: rt.summary, Tags: []string{rt.tag},
		DefaultStatus: rt.status, Responses: map[string]*huma.Response{"default": r.problemResponse("An error.")}}
	for _, code := range rt.errors {
		op.Responses[strconv.Itoa(code)] = r.problemResponse(http.StatusText(code))
	}
	// An answer with no body is described, too: 304 would else be an error.
	for code, t := range rt.answers {
		answer := answerOf(&op, code)
		if t != nil {
			answer.Content[typeJSON] = &huma.MediaType{Schema: r.api.OpenAPI().Components.Schemas.Schema(t, true, "")}
		}
	}
	for code, kinds := range rt.media {
		answer := answerOf(&op, code)
		for _, kind := range kinds {
			answer.Content[kind] = &huma.MediaType{Schema: bytesOrText(kind)}
		}
	}
	return op
}

// bytesOrText describes a body that is not JSON.
func bytesOrText(kind string) *huma.Schema {
	if kind == typeEvents || kind == typePlaylist {
		return &huma.Schema{Type: huma.TypeString}
	}
	return &huma.Schema{Type: huma.TypeString, Format: "binary"}
}

// answerOf is an operation's answer with a status.
func answerOf(op *huma.Operation, code int) *huma.Response {
	key := strconv.Itoa(code)
	if op.Responses[key] == nil {
		op.Responses[key] = &huma.Response{Description: http.StatusText(code), Content: make(map[string]*huma.MediaType)}
	}
	return op.Responses[key]
}

// problemResponse describes an error.
func (r *routes) problemResponse(text string) *huma.Response {
	schema := r.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[record.Problem](), true, "")
	return &huma.Response{Description: text, Content: map[string]*huma.MediaType{typeProblem: {Schema: schema}}}
}

// formats is how bodies are written and read.
func formats() map[string]huma.Format {
	f := huma.Format{Marshal: writeJSON, Unmarshal: json.Unmarshal}
	return map[string]huma.Format{typeJSON: f, "json": f}
}

// writeJSON writes a body at once, so that its length is known to who compresses it.
// Nobody is told when it cannot be sent: there is nobody.
func writeJSON(w io.Writer, v any) error {
	b, err := marshal(v)
	if err != nil {
		return err
	}
	_, _ = w.Write(append(b, '\n'))
	return nil
}

// marshal encodes a value; runes that a terminal would act upon are escaped.
func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err == nil && slices.ContainsFunc(b, func(c byte) bool { return c >= 0x7f }) {
		b = record.EscapeJSON(make([]byte, 0, len(b)+len(b)/8), b)
	}
	return b, err
}

// readJSON decodes a request's body.
func readJSON(b []byte, v any) error {
	if err := checkJSON(b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
