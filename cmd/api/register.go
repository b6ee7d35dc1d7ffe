package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	// media are types of answers that are not JSON, by status.
	media map[int]string
}

// handle registers a route. Errors of h are problems, or become them.
func handle[I, O any](s *Server, rt route, h func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, s.operation(rt), func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, fail(err)
		}
		return out, nil
	})
}

// operation makes of a route what huma registers.
func (s *Server) operation(rt route) huma.Operation {
	op := huma.Operation{OperationID: rt.id, Method: rt.method, Path: rt.path, Summary: rt.summary, Tags: []string{rt.tag},
		DefaultStatus: rt.status, Responses: map[string]*huma.Response{"default": s.problemResponse("An error.")}}
	for _, code := range rt.errors {
		op.Responses[strconv.Itoa(code)] = s.problemResponse(http.StatusText(code))
	}
	for code, t := range rt.answers {
		answer := answerOf(&op, code)
		if t != nil {
			answer.Content[typeJSON] = &huma.MediaType{Schema: s.api.OpenAPI().Components.Schemas.Schema(t, true, "")}
		}
	}
	for code, kind := range rt.media {
		answerOf(&op, code).Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return op
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
func (s *Server) problemResponse(text string) *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[record.Problem](), true, "")
	return &huma.Response{Description: text, Content: map[string]*huma.MediaType{typeProblem: {Schema: schema}}}
}

// formats is how bodies are written and read.
func formats() map[string]huma.Format {
	f := huma.Format{Marshal: writeJSON, Unmarshal: readJSON}
	return map[string]huma.Format{typeJSON: f, "json": f}
}

// writeJSON writes a body at once, so that its length is known to who compresses it.
// Runes that a terminal would act upon are escaped. Nobody is told when it cannot be
// sent: there is nobody.
func writeJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(b, func(c byte) bool { return c >= 0x7f }) {
		b = record.EscapeJSON(make([]byte, 0, len(b)+len(b)/8), b)
	}
	_, _ = w.Write(append(b, '\n'))
	return nil
}

// readJSON decodes a request's body. A key that is there twice is a mistake: what is
// judged, which is the last one, must be what is decoded.
func readJSON(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if err := uniqueKeys(d); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more than one JSON value")
	}
	return json.Unmarshal(b, v)
}

// uniqueKeys reads one value and refuses objects with a key twice.
func uniqueKeys(d *json.Decoder) error {
	// One entry per open object or array; nil for arrays.
	var open []map[string]bool
	key := false // the next string is a key
	for {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, make(map[string]bool))
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			if len(open) > maxDepth {
				return fmt.Errorf("it is deeper than %d levels", maxDepth)
			}
			key = len(open) > 0 && open[len(open)-1] != nil
		case string:
			if key {
				keys := open[len(open)-1]
				if keys[t] {
					return fmt.Errorf("the key %q is there twice", record.Safe(t))
				}
				keys[t], key = true, false
				continue
			}
			key = len(open) > 0 && open[len(open)-1] != nil
		default:
			key = len(open) > 0 && open[len(open)-1] != nil
		}
		if len(open) == 0 {
			return nil
		}
	}
}

// maxDepth is far more than any request needs.
const maxDepth = 32
