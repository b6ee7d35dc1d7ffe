package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"gotor/cmd/record"
)

const testToken = "a-token-for-tests-only"

// harness is a server over a made-up session. All answers that it gets are held
// against the description.
type harness struct {
	*testing.T
	s    *Server
	c    Config
	fake *fakeSession
	dir  string
}

// newHarness makes one with n torrents; edit changes its Config.
func newHarness(t *testing.T, n int, edit func(*Config)) *harness {
	t.Helper()
	dir := t.TempDir()
	keys, err := OpenKeys(KeyOptions{Dir: dir, Token: testToken})
	if err != nil {
		t.Fatal(err)
	}
	fake := newFake(n)
	c := Config{Session: fake, Version: "1.2.3", Keys: keys, StateDir: dir, Log: func(text string) { t.Log("log:", text) }}
	if edit != nil {
		edit(&c)
	}
	h := &harness{T: t, c: c, fake: fake, dir: dir}
	h.restart()
	return h
}

// restart makes the server anew: what it kept in memory is gone.
func (h *harness) restart() {
	h.Helper()
	s, err := New(h.c)
	if err != nil {
		h.Fatal(err)
	}
	h.s = s
}

// answer is what came back.
type answer struct {
	*http.Response
	body []byte
}

// request makes one with the full token. headers are pairs; an empty value takes one
// away.
func (h *harness) request(method, path, body string, headers ...string) *http.Request {
	h.Helper()
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://localhost:7470"+path, b)
	r.Header.Set("Authorization", "Bearer "+testToken)
	if body != "" {
		r.Header.Set("Content-Type", typeJSON)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

// do sends a request below the base and checks the answer.
func (h *harness) do(method, path, body string, headers ...string) answer {
	h.Helper()
	return h.send(h.request(method, base+path, body, headers...))
}

// send sends any request and checks the answer against the description.
func (h *harness) send(r *http.Request) answer {
	h.Helper()
	w := httptest.NewRecorder()
	h.s.ServeHTTP(w, r)
	a := answer{Response: w.Result(), body: w.Body.Bytes()}
	h.describes(r, a)
	return a
}

// want sends a request and fails unless the answer has this status.
func (h *harness) want(status int, method, path, body string, headers ...string) answer {
	h.Helper()
	a := h.do(method, path, body, headers...)
	if a.StatusCode != status {
		h.Fatalf("%s %s: %d, want %d\n%s", method, path, a.StatusCode, status, a.body)
	}
	return a
}

// decode reads an answer's JSON.
func decode[T any](h *harness, a answer) T {
	h.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		h.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// describes fails when the description has no such answer to such a request, or of
// another shape, or when a header is not there that every answer has.
func (h *harness) describes(r *http.Request, a answer) {
	h.Helper()
	for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy"} {
		if a.Header.Get(name) == "" {
			h.Errorf("%s %s: no %s", r.Method, r.URL.Path, name)
		}
	}
	path, ok := strings.CutPrefix(r.URL.Path, base)
	if !ok {
		return
	}
	op := operationOf(h.s.routes.api.OpenAPI(), r.Method, path)
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	var response *huma.Response
	if op != nil {
		if response = op.Responses[strconv.Itoa(a.StatusCode)]; response == nil && a.StatusCode >= 400 {
			response = op.Responses["default"]
		}
		if response == nil {
			h.Errorf("%s %s: the description has no %d", r.Method, path, a.StatusCode)
			return
		}
	}
	var schema *huma.Schema
	switch {
	case a.StatusCode >= 400:
		if kind != typeProblem {
			h.Errorf("%s %s: %d is %q, not a problem: %s", r.Method, path, a.StatusCode, kind, a.body)
			return
		}
		schema = &huma.Schema{Ref: schemaPrefix + "Problem"}
	case response == nil:
		return
	case len(a.body) == 0 && (len(response.Content) == 0 || r.Method == http.MethodHead || a.StatusCode == http.StatusNotModified):
		return
	default:
		m := response.Content[kind]
		if m == nil {
			h.Errorf("%s %s: the description has no %d of %q", r.Method, path, a.StatusCode, kind)
			return
		}
		schema = m.Schema
	}
	if kind == typeJSON || kind == typeProblem {
		h.fits(r, schema, a.body)
	}
}

// fits fails unless JSON fits a schema.
func (h *harness) fits(r *http.Request, schema *huma.Schema, body []byte) {
	h.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		h.Errorf("%s %s: %v in %q", r.Method, r.URL.Path, err, body)
		return
	}
	registry := h.s.routes.api.OpenAPI().Components.Schemas
	result := &huma.ValidateResult{}
	huma.Validate(registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, result)
	for _, err := range result.Errors {
		h.Errorf("%s %s: the answer is not as described: %v", r.Method, r.URL.Path, err)
	}
	if nulls := nullLists(registry, schema, v); nulls != "" {
		h.Errorf("%s %s: %s is null, and must be a list", r.Method, r.URL.Path, nulls)
	}
}

// nullLists finds a null where the description has something else: huma's validator
// lets them pass.
func nullLists(r huma.Registry, s *huma.Schema, v any) string {
	for s != nil && s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	if s == nil || len(s.AnyOf)+len(s.OneOf) > 0 {
		return ""
	}
	switch v := v.(type) {
	case nil:
		if s.Type != "" && s.Type != "null" && !s.Nullable {
			return "a value"
		}
	case []any:
		for _, item := range v {
			if at := nullLists(r, s.Items, item); at != "" {
				return "[]." + at
			}
		}
	case map[string]any:
		for k, item := range v {
			if at := nullLists(r, s.Properties[k], item); at != "" {
				return k + "." + at
			}
		}
	}
	return ""
}

// operationOf finds the operation of a path; nil: there is none.
func operationOf(api *huma.OpenAPI, method, path string) *huma.Operation {
	for template, item := range api.Paths {
		if !pathFits(template, path) {
			continue
		}
		ops := map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodHead: item.Head, http.MethodPost: item.Post, http.MethodPut: item.Put,
			http.MethodPatch: item.Patch, http.MethodDelete: item.Delete}
		if method == http.MethodHead && item.Head == nil {
			return item.Get
		}
		return ops[method]
	}
	return nil
}

func pathFits(template, path string) bool {
	t, p := strings.Split(template, "/"), strings.Split(path, "/")
	if len(t) != len(p) {
		return false
	}
	for i := range t {
		if !strings.HasPrefix(t[i], "{") && t[i] != p[i] {
			return false
		}
	}
	return true
}

// code asks for a link that signs a browser in, and takes the code from it.
func (h *harness) code(as ...string) string {
	h.Helper()
	l := decode[record.LoginLink](h, h.want(201, "POST", "/session/code", "", as...))
	if l.URL != "http://localhost:7470/docs/#code="+l.Code || l.Code == "" {
		h.Errorf("the link %s of the code %s", l.URL, l.Code)
	}
	if made := h.s.Entrance("http://127.0.0.1:1/"); !strings.HasPrefix(made, "http://127.0.0.1:1/docs/#code=") {
		h.Errorf("the link %s", made)
	}
	return l.Code
}

// codeOf is the word of an error's problem.
func codeOf(err error) string {
	var p *record.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}
