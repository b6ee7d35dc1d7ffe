package api

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// The description that is committed is the one that is served: who generates a client
// of it sees each change in a diff.
func TestDescriptionIsCommitted(t *testing.T) {
	h := newHarness(t, 0, nil)
	got := h.want(200, "GET", "/openapi.json", "", "Authorization", "").body
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("openapi.json is not what the types say: run go test ./cmd/api -run TestDescriptionIsCommitted -update")
	}
	if yaml := h.want(200, "GET", "/openapi.yaml", "", "Authorization", "").body; !strings.Contains(string(yaml), "openapi: 3.1.0") {
		t.Errorf("yaml: %.80s", yaml)
	}
}

// What a linter would say of the description.
func TestDescriptionIsSound(t *testing.T) {
	api := newHarness(t, 0, nil).s.routes.api.OpenAPI()
	if api.OpenAPI != "3.1.0" {
		t.Errorf("version %s", api.OpenAPI)
	}
	seen := make(map[string]bool)
	for _, op := range operations(api) {
		at := op.Method + " " + op.Path
		if !regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`).MatchString(op.OperationID) || seen[op.OperationID] {
			t.Errorf("%s: operation id %q", at, op.OperationID)
		}
		seen[op.OperationID] = true
		if op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s: summary %q, tags %q", at, op.Summary, op.Tags)
		}
		for _, name := range regexp.MustCompile(`\{([a-z]+)\}`).FindAllStringSubmatch(op.Path, -1) {
			if !hasParam(op, "path", name[1]) {
				t.Errorf("%s: no parameter %s", at, name[1])
			}
		}
		ok := false
		for code, r := range op.Responses {
			ok = ok || code[0] == '2'
			if r.Description == "" {
				t.Errorf("%s: %s has no description", at, code)
			}
			if code[0] == '3' && len(r.Content) > 0 {
				t.Errorf("%s: %s has a body", at, code)
			}
			for kind, m := range r.Content {
				if !strings.Contains(kind, "/") {
					t.Errorf("%s: %s is %q", at, code, kind)
				}
				if (code[0] == '4' || code[0] == '5' || code == "default") != (kind == typeProblem) {
					t.Errorf("%s: %s is %s", at, code, kind)
				}
				checkRefs(t, api, at, m.Schema)
			}
		}
		if !ok || op.Responses["default"] == nil {
			t.Errorf("%s: no answer of success, or none by default", at)
		}
		for _, p := range op.Parameters {
			if p.Schema.Nullable {
				t.Errorf("%s: %s may be null, which no query can say", at, p.Name)
			}
		}
		if (op.Method == http.MethodGet || op.Method == http.MethodDelete) && op.RequestBody != nil {
			t.Errorf("%s: has a body", at)
		}
		if op.RequestBody != nil {
			for _, m := range op.RequestBody.Content {
				checkRefs(t, api, at, m.Schema)
				isStrict(t, api, at, m.Schema)
			}
		}
	}
	for name, s := range api.Components.Schemas.Map() {
		checkRefs(t, api, name, s)
	}
}

// checkRefs finds references to nothing.
func checkRefs(t *testing.T, api *huma.OpenAPI, at string, s *huma.Schema) {
	t.Helper()
	eachSchema(s, func(s *huma.Schema) {
		if s.Ref != "" && api.Components.Schemas.SchemaFromRef(s.Ref) == nil {
			t.Errorf("%s: %s is not there", at, s.Ref)
		}
	})
}

// isStrict finds objects in requests that would swallow keys nobody knows.
func isStrict(t *testing.T, api *huma.OpenAPI, at string, s *huma.Schema) {
	t.Helper()
	eachSchema(s, func(s *huma.Schema) {
		if s.Ref != "" {
			isStrict(t, api, at, api.Components.Schemas.SchemaFromRef(s.Ref))
			return
		}
		if s.Type == huma.TypeObject && s.AdditionalProperties == nil {
			t.Errorf("%s: an object of %d keys takes any others", at, len(s.Properties))
		}
	})
}

func hasParam(op *huma.Operation, in, name string) bool {
	for _, p := range op.Parameters {
		if p.In == in && p.Name == name {
			return true
		}
	}
	return false
}

// The page needs nothing from elsewhere and no script in its text, and its policy
// says so.
func TestDocsPage(t *testing.T) {
	h := newHarness(t, 0, nil)
	page := h.want(200, "GET", "/docs/", "", "Authorization", "")
	if csp := page.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page.body), -1) {
		if strings.Contains(m[1], "//") {
			t.Errorf("%s is from elsewhere", m[1])
		}
		path := "/docs/" + m[1]
		if after, ok := strings.CutPrefix(m[1], "../"); ok {
			path = "/" + after
		}
		for _, encoding := range []string{"gzip", ""} {
			a := h.want(200, "GET", path, "", "Authorization", "", "Accept-Encoding", encoding)
			if len(a.body) == 0 || encoding == "" && a.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s: %d bytes, %q", path, len(a.body), a.Header)
			}
		}
	}
	if strings.Contains(string(page.body), "<script>") || regexp.MustCompile(` on[a-z]+=| style=`).Match(page.body) {
		t.Error("the page has a script or a style in its text")
	}
	h.want(404, "GET", "/docs/swagger.txt", "")
	h.want(404, "GET", "/docs/../server.go", "")
	a := h.send(h.request("GET", "/docs/", ""))
	if a.StatusCode != 302 || resolve(t, "https://box.example/torrents/docs/", a.Header.Get("Location")) != "https://box.example/torrents"+base+"/docs/" {
		t.Errorf("/docs/: %d %q", a.StatusCode, a.Header.Get("Location"))
	}
}

// Whoever reads the description behind a proxy, below any path, finds the API there.
func TestServerIsRelative(t *testing.T) {
	h := newHarness(t, 0, nil)
	var d struct{ Servers []struct{ URL string } }
	if err := json.Unmarshal(h.want(200, "GET", "/openapi.json", "").body, &d); err != nil || len(d.Servers) != 1 {
		t.Fatalf("servers %+v: %v", d.Servers, err)
	}
	if u := resolve(t, "https://box.example/torrents/api/v1/openapi.json", d.Servers[0].URL); u != "https://box.example/torrents/api/v1/" {
		t.Errorf("%q leads to %v", d.Servers[0].URL, u)
	}
}

// resolve is where a reference leads that stands in an answer from a URL.
func resolve(t *testing.T, from, ref string) string {
	t.Helper()
	at, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	to, err := at.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	return to.String()
}
