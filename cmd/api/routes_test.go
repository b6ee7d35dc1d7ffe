package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

// Each route with what it takes and answers. A row's path is below the base; ID is a
// torrent that is there, GONE one that is not.
func TestRoutes(t *testing.T) {
	const problem = `"type":"urn:gotor:problem:`
	type headers = []string
	rows := []struct {
		method, path, body string
		headers            headers
		status             int
		has                string // of the body
	}{
		{"GET", "/", "", nil, 200, `"name":"gotor","version":"1.2.3","api":"/api/v1","access":"full"`},
		{"GET", "/?x=1", "", nil, 422, `"location":"query.x"`},
		{"HEAD", "/", "", nil, 200, ""},
		{"GET", "/openapi.json", "", nil, 200, `"openapi": "3.1.0"`},
		{"GET", "/openapi.yaml", "", nil, 200, "openapi: 3.1.0"},
		{"GET", "/docs/", "", nil, 200, "<title>gotor API</title>"},
		{"GET", "/nothing", "", nil, 404, problem + `not_found"`},
		{"POST", "/torrents/ID", "{}", nil, 405, problem + `method"`},

		{"POST", "/session", `{"token":"` + testToken + `"}`, headers{"Authorization", ""}, 204, ""},
		{"POST", "/session", `{"token":"wrong"}`, headers{"Authorization", ""}, 401, problem + `unauthorized"`},
		{"POST", "/session", `{"token":"a","code":"b"}`, nil, 422, problem + `invalid"`},
		{"DELETE", "/session", "", nil, 204, ""},

		{"GET", "/settings", "", nil, 200, `"max_down":{"value":0,"from":"default","fixed":false}`},
		{"PATCH", "/settings", `{"max_down":5,"queue":{"max_seeds":null}}`, nil, 200, `"max_down":{"value":5,"from":"api","fixed":false}`},
		{"PATCH", "/settings", `{"dir":"/x"}`, nil, 409, problem + `conflict"`},
		{"PATCH", "/settings", `{"max_down":6}`, headers{"If-Match", `"1"`}, 412, problem + `stale"`},
		{"PATCH", "/settings", `{"max_down":6}`, headers{"If-Match", `*`}, 200, `"value":6`},
		{"PATCH", "/settings", `{"max_down":-1}`, nil, 422, `"location":"body.max_down"`},
		{"PATCH", "/settings", `{"max_dwn":1}`, nil, 422, `"location":"body.max_dwn"`},
		{"PATCH", "/settings", `{"Max_down":1}`, nil, 422, `no key`},
		{"PATCH", "/settings", `{"queue":{"max_seeds":1,"x":1}}`, nil, 422, `"location":"body.queue.x"`},
		{"PATCH", "/settings", `{"seed":{"mode":"sometimes"}}`, nil, 422, `"location":"body.seed.mode"`},
		{"PATCH", "/settings", `{"schedule":[{"days":"","from":"25:00","to":"08:00","max_down":0,"max_up":0}]}`, nil, 422, `"location":"body.schedule[0].from"`},
		{"PATCH", "/settings", `{"schedule":null,"override":null}`, nil, 200, ""},
		{"PATCH", "/settings", `{"max_down":1,"max_down":2}`, nil, 422, `is there twice`},
		{"PATCH", "/settings", `{"max_down":1}{}`, nil, 422, `more than one`},
		{"PATCH", "/settings", `{`, nil, 422, problem + `invalid"`},
		{"PATCH", "/settings", `[]`, nil, 422, problem + `invalid"`},
		{"PATCH", "/settings", strings.Repeat(`{"queue":`, 50), nil, 422, `deeper than 32`},

		{"GET", "/stats", "", nil, 200, `"torrents":{"seeding":1}`},
		{"GET", "/stats?history=3", "", nil, 200, `"history":{"interval":1,"down":[0,0,0],"up":[0,0,0]}`},
		{"GET", "/stats?history=3601", "", nil, 422, `"location":"query.history"`},
		{"GET", "/logs", "", nil, 200, `{"lines":[],"last":0}`},
		{"GET", "/logs?level=loud", "", nil, 422, `"location":"query.level"`},
		{"GET", "/dirs", "", nil, 200, `"dirs":[]`},
		{"GET", "/dirs?path=/data", "", nil, 200, `"path":"/data"`},
		{"GET", "/dirs?path=/etc", "", nil, 403, problem + `forbidden"`},
		{"GET", "/labels", "", nil, 200, `{"name":"books","count":`},

		{"GET", "/torrents", "", nil, 200, `"total":22`},
		{"HEAD", "/torrents", "", nil, 200, ""},
		{"GET", "/torrents?sort=nothing", "", nil, 422, `"location":"query.sort"`},
		{"GET", "/torrents?sort=labels", "", nil, 422, `"location":"query.sort"`},
		{"GET", "/torrents?state=asleep", "", nil, 422, `"location":"query.state[0]"`},
		{"GET", "/torrents?fields=nothing", "", nil, 422, `"location":"query.fields"`},
		{"GET", "/torrents?limit=0", "", nil, 422, `"location":"query.limit"`},
		{"GET", "/torrents?cursor=nonsense", "", nil, 422, `"location":"query.cursor"`},
		{"GET", "/torrents?since=999", "", nil, 410, problem + `gone"`},
		{"GET", "/torrents?since=1&limit=1", "", nil, 422, `"location":"query.since"`},
		{"GET", "/torrents?since=-1", "", nil, 422, `"location":"query.since"`},

		{"POST", "/torrents", `{"source":"magnet:?xt=urn:btih:0000000000000000000000000000000000000000"}`, nil, 201, `"state":"metadata"`},
		{"POST", "/torrents?source=magnet:x", "", nil, 201, ""},
		{"POST", "/torrents", `{}`, nil, 422, `"location":"body.source"`},
		{"POST", "/torrents", `{"source":"magnet:a","labels":"x"}`, nil, 422, `"location":"body.labels"`},
		{"POST", "/torrents", `{"source":"magnet:a","start_now":true}`, nil, 422, `"location":"body.start_now"`},
		{"POST", "/torrents?dir=/a", `{"source":"magnet:a","dir":"/b"}`, nil, 422, `"location":"body.dir"`},
		{"POST", "/torrents?paused=perhaps", `{"source":"magnet:a"}`, nil, 422, `"location":"query.paused"`},
		{"POST", "/torrents?limits=5", `{"source":"magnet:a"}`, nil, 422, `"location":"body.limits"`},
		{"POST", "/torrents?dry_run=true", `{"source":"magnet:a","name":"n"}`, nil, 200, `"existing":false`},
		{"POST", "/torrents", `{"source":"/etc/passwd"}`, nil, 403, problem + `forbidden"`},
		{"POST", "/torrents", `d4:infode`, headers{"Content-Type", typeTorrent}, 201, ""},
		{"POST", "/torrents", `d4:infode`, headers{"Content-Type", typeTorrent}, 200, ""},
		{"POST", "/torrents?source=magnet:b", `d4:infode`, headers{"Content-Type", typeTorrent}, 422, ""},
		{"POST", "/torrents", `<html>`, headers{"Content-Type", typeTorrent}, 422, problem + `malformed"`},
		{"POST", "/torrents", `x`, headers{"Content-Type", "text/plain"}, 415, problem + `unsupported"`},
		{"POST", "/torrents", `--x--`, headers{"Content-Type", typeForm + "; boundary=x"}, 422, `"location":"body.torrent"`},
		{"POST", "/torrents", `what?`, headers{"Content-Type", typeForm}, 422, `"location":"body"`},

		{"POST", "/torrents:batch", `{"sources":["magnet:c","/etc/passwd","magnet:c"]}`, nil, 200, `"ok":true,"created":true},{"source":"/etc/passwd","ok":false,"problem":`},
		{"POST", "/torrents:batch", `{"ids":["ID","GONE"],"action":"pause"}`, nil, 200, `"code":"not_found"`},
		{"POST", "/torrents:batch", `{"filter":{"label":["books"]},"action":"start","args":{"now":true}}`, nil, 200, `"ok":true`},
		{"POST", "/torrents:batch", `{"ids":["ID"],"action":"patch","args":{"labels":["x"]}}`, nil, 200, `"ok":true`},
		{"POST", "/torrents:batch", `{"ids":["ID"],"action":"move","args":{"dir":"/data/x"}}`, nil, 200, `"ok":true`},
		{"POST", "/torrents:batch", `{"ids":["ID"],"action":"check"}`, nil, 200, `"ok":true`},
		{"POST", "/torrents:batch", `{"ids":["ID"],"action":"announce"}`, nil, 200, `"ok":true`},
		{"POST", "/torrents:batch", `{"ids":["ID3"],"action":"remove","args":{"data":"partial"}}`, nil, 200, `"ok":true`},
		{"POST", "/torrents:batch", `{"ids":["ID"],"action":"pause","args":{"now":true}}`, nil, 422, ""},
		{"POST", "/torrents:batch", `{"ids":["ID"],"action":"explode"}`, nil, 422, `"location":"body.action"`},
		{"POST", "/torrents:batch", `{"ids":["ID"]}`, nil, 422, ""},
		{"POST", "/torrents:batch", `{"ids":["ID"],"filter":{},"action":"pause"}`, nil, 422, ""},
		{"POST", "/torrents:batch", `{}`, nil, 422, ""},

		{"GET", "/torrents/ID", "", nil, 200, `"id":"ID"`},
		{"GET", "/torrents/GONE", "", nil, 404, problem + `not_found"`},
		{"GET", "/torrents/xyz", "", nil, 422, `"location":"path.id"`},
		{"PATCH", "/torrents/ID", `{"paused":true,"labels":["a","b"],"limits":{"max_down":7},"seed":null}`, headers{"Content-Type", typeMerge}, 200, `"labels":["a","b"]`},
		{"PATCH", "/torrents/ID", `{"paused":"yes"}`, nil, 422, `"location":"body.paused"`},
		{"PATCH", "/torrents/ID", `{"state":"seeding"}`, nil, 422, `"location":"body.state"`},
		{"PATCH", "/torrents/ID", `{"labels":[""]}`, nil, 422, `"location":"body.labels[0]"`},
		{"PATCH", "/torrents/ID", `{"paused":true}`, headers{"If-Match", `"1"`}, 412, problem + `stale"`},
		{"PATCH", "/torrents/GONE", `{"paused":true}`, nil, 404, ""},
		{"POST", "/torrents/ID/pause", "", nil, 202, `"state":"paused"`},
		{"POST", "/torrents/ID/start", "", nil, 202, `"state":"queued"`},
		{"POST", "/torrents/ID/start", `{"now":true}`, nil, 202, `"state":"downloading"`},
		{"POST", "/torrents/ID/start", `{"now":1}`, nil, 422, `"location":"body.now"`},
		{"POST", "/torrents/ID/check", `{}`, nil, 202, `"state":"checking"`},
		{"POST", "/torrents/ID/check", `{"deep":true}`, nil, 422, `"location":"body.deep"`},
		{"POST", "/torrents/ID/announce", "", nil, 202, `"id":"ID"`},
		{"POST", "/torrents/GONE/announce", "", nil, 404, ""},
		{"POST", "/torrents/ID/move", `{"dir":"/data/y"}`, nil, 202, `"state":"moving"`},
		{"POST", "/torrents/ID/move", `{"dir":"/etc"}`, nil, 403, ""},
		{"POST", "/torrents/ID/move", `{}`, nil, 422, ""},
		{"POST", "/torrents/ID/move", "", nil, 422, ""},
		{"POST", "/torrents/ID/rename", `{"path":"","name":"new"}`, nil, 202, `"name":"new"`},
		{"POST", "/torrents/ID/rename", `{"path":"","name":""}`, nil, 422, `"location":"body.name"`},

		{"GET", "/torrents/ID/files", "", nil, 200, `"total":10`},
		{"GET", "/torrents/ID/files?prefix=disc1/&limit=2&cursor=1", "", nil, 200, `"next":"3"`},
		{"GET", "/torrents/ID/files?cursor=99", "", nil, 200, `"items":[]`},
		{"GET", "/torrents/GONE/files", "", nil, 404, ""},
		{"PATCH", "/torrents/ID/files", `[{"files":"0,3-5,*.iso","priority":"skip"}]`, nil, 200, `"total":10`},
		{"PATCH", "/torrents/ID/files", `[{"files":"0","priority":"urgent"}]`, nil, 422, `"location":"body[0].priority"`},
		{"PATCH", "/torrents/ID/files", `{"files":"0"}`, nil, 422, ""},
		{"POST", "/torrents/ID/files/0/links", `{}`, nil, 200, `"expires":`},
		{"POST", "/torrents/GONE/files/0/links", `{}`, nil, 404, ""},
		{"GET", "/torrents/ID/metainfo", "", nil, 200, "d4:info"},
		{"GET", "/torrents/GONE/metainfo", "", nil, 404, ""},
		{"GET", "/torrents/ID/magnet", "", nil, 200, `"magnet":"magnet:?xt=urn:btih:ID`},
		{"GET", "/torrents/ID/peers", "", nil, 200, `"addr":"192.0.2.1:6881"`},
		{"GET", "/torrents/GONE/peers", "", nil, 404, ""},
		{"POST", "/torrents/ID/peers", `{"addrs":["192.0.2.9:1","[2001:db8::1]:2"]}`, nil, 200, `"added":2`},
		{"POST", "/torrents/ID/peers", `{"addrs":["example.org:1"]}`, nil, 422, `"location":"body.addrs"`},
		{"POST", "/torrents/ID/peers", `{"addrs":[]}`, nil, 422, ""},
		{"DELETE", "/torrents/ID/peers/192.0.2.1:6881?ban=1h", "", nil, 204, ""},
		{"DELETE", "/torrents/ID/peers/%5B2001:db8::1%5D:6881", "", nil, 204, ""},
		{"DELETE", "/torrents/ID/peers/nobody", "", nil, 422, `"location":"path.addr"`},
		{"DELETE", "/torrents/ID/peers/192.0.2.1:6881?ban=ever", "", nil, 422, `"location":"query.ban"`},
		{"DELETE", "/torrents/GONE/peers/192.0.2.1:6881", "", nil, 404, ""},
		{"GET", "/torrents/ID/trackers", "", nil, 200, `passkey=…`},
		{"GET", "/torrents/ID/trackers?secrets=true", "", nil, 200, `passkey=hunter2`},
		{"PUT", "/torrents/ID/trackers", `[["http://a.example/announce"],[]]`, nil, 200, `"url"`},
		{"PUT", "/torrents/ID/trackers", `["http://a.example/announce"]`, nil, 422, ""},
		{"GET", "/torrents/ID/web-seeds", "", nil, 200, `[]`},
		{"PUT", "/torrents/ID/web-seeds", `["http://a.example/"]`, nil, 200, `[]`},
		{"PUT", "/torrents/GONE/web-seeds", `[]`, nil, 404, ""},
		{"GET", "/torrents/ID/pieces", "", nil, 200, `"have":"/4AA"`},
		{"GET", "/torrents/ID/pieces?buckets=4", "", nil, 200, `{"first":0,"pieces":5,"done":1,"unwanted":0,"partial":0,"availability":3}`},
		{"GET", "/torrents/ID/pieces?buckets=0", "", nil, 422, ""},
		{"GET", "/torrents/ID/pieces", "", headers{"Accept", typeBytes}, 200, "\xff\x80\x00"},
		{"GET", "/torrents/GONE/pieces", "", nil, 404, ""},

		{"DELETE", "/torrents/ID2?data=true", "", nil, 200, `{"removed_files":2,"freed":1000,"left":[]}`},
		{"DELETE", "/torrents/ID2", "", nil, 404, ""},
		{"DELETE", "/torrents/ID?data=all", "", nil, 422, `"location":"query.data"`},
		{"POST", "/session/code", "", nil, 201, `"url":"http://localhost:7470/docs/#code=`},
		{"POST", "/token", `{"read":true}`, nil, 200, `"token":"`},
		{"POST", "/token", `{}`, nil, 409, problem + `conflict"`}, // it is given
		{"POST", "/shutdown", `{}`, nil, 202, ""},
	}
	h := newHarness(t, 22, nil)
	names := strings.NewReplacer("ID2", fakeID(2), "ID3", fakeID(3), "ID", fakeID(0), "GONE", fakeID(1000))
	covered := make(map[string]bool)
	for _, r := range rows {
		path, body := names.Replace(r.path), names.Replace(r.body)
		a := h.want(r.status, r.method, path, body, r.headers...)
		if has := names.Replace(r.has); !strings.Contains(string(a.body), has) {
			t.Errorf("%s %s: no %s in\n%s", r.method, r.path, has, a.body)
		}
		plainPath, _, _ := strings.Cut(path, "?")
		if op := operationOf(h.s.routes.api.OpenAPI(), r.method, strings.ReplaceAll(plainPath, "%5B", "[")); op != nil {
			covered[op.OperationID] = true
		}
	}
	if !h.fake.ended {
		t.Error("it was not shut down")
	}
	// Those of streams have tests of their own.
	for _, op := range operations(h.s.routes.api.OpenAPI()) {
		if !covered[op.OperationID] && op.Metadata[streamed] == nil {
			t.Errorf("%s %s has no row", op.Method, op.Path)
		}
	}
}

// What a session says went wrong comes out with its status, whatever it is.
func TestProblems(t *testing.T) {
	h := newHarness(t, 1, nil)
	for code, status := range map[string]int{
		record.CodeForbidden: 403, record.CodeNotFound: 404, record.CodeConflict: 409, record.CodeStale: 412, record.CodeInvalid: 422, record.CodeNotReady: 503,
		"malformed": 422, "usage": 422, "no_metadata": 504, "no_peers": 504, "stalled": 504, "timeout": 504, "mismatch": 409, "no_space": 507, "file": 409, "fetch": 502,
		"locked": 409, "other": 500,
	} {
		h.fake.fails["Add"] = record.NewProblem(code, "because of %s", code)
		a := h.want(status, "POST", "/torrents", `{"source":"magnet:a"}`)
		p := decode[record.Problem](h, a)
		if p.Code != code || p.Type != "urn:gotor:problem:"+code || p.Detail != "because of "+code || p.Status != status {
			t.Errorf("%s: %s", code, a.body)
		}
	}
	h.fake.fails["Add"] = &os.PathError{Op: "open", Path: "/data/x", Err: os.ErrPermission}
	if p := decode[record.Problem](h, h.want(409, "POST", "/torrents", `{"source":"magnet:a"}`)); p.Code != "file" {
		t.Errorf("%+v", p)
	}
	h.fake.panics = true
	h.want(500, "GET", "/torrents", "")
}

// Probes are open, and say when nothing can be promised.
func TestProbes(t *testing.T) {
	h := newHarness(t, 0, nil)
	probe := func(path string) answer { return h.send(h.request("GET", path, "", "Authorization", "")) }
	for _, path := range []string{"/livez", "/readyz"} {
		if a := probe(path); a.StatusCode != 200 || string(a.body) != "ok\n" {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	h.fake.notReady = record.NewProblem(record.CodeNotReady, "the state folder is full")
	if a := probe("/readyz"); a.StatusCode != 503 || !strings.Contains(string(a.body), "the state folder is full") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := probe("/livez"); a.StatusCode != 200 {
		t.Errorf("it lives: %d", a.StatusCode)
	}
}

// A .torrent can come raw, in a form, or by its source, with the same options.
func TestAddByEachWay(t *testing.T) {
	h := newHarness(t, 0, nil)
	form := "--x\r\nContent-Disposition: form-data; name=\"options\"\r\nContent-Type: application/json\r\n\r\n" +
		`{"labels":["a","b"],"limits":{"max_down":5},"seed":{"mode":"limits","ratio":2,"idle":null},"paused":true,"priorities":[{"files":"0","priority":"high"}]}` +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"torrent\"; filename=\"a.torrent\"\r\n\r\nd4:infode\r\n--x--\r\n"
	query := `?labels=a&labels=b&limits={"max_down":5}&seed={"mode":"limits","ratio":2,"idle":null}&paused=true&priorities=[{"files":"0","priority":"high"}]`
	query = strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22", "[", "%5B", "]", "%5D").Replace(query)
	h.want(201, "POST", "/torrents", form, "Content-Type", typeForm+`; boundary="x"`)
	h.want(200, "POST", "/torrents"+query+"&merge=trackers", "d4:infode", "Content-Type", typeTorrent)
	h.want(201, "POST", "/torrents"+query, `{"source":"magnet:a"}`)
	want := record.Add{Raw: []byte("d4:infode"), Labels: []string{"a", "b"}, Limits: &record.RateLimits{MaxDown: 5}, Paused: true,
		Seed: &record.SeedGoal{Mode: "limits", Ratio: new(2.0)}, Priorities: []record.FilePriority{{Files: "0", Priority: "high"}}}
	if diff := cmp.Diff(want, h.fake.added[0]); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	want.MergeTrackers = true
	if diff := cmp.Diff(want, h.fake.added[1]); diff != "" {
		t.Errorf("raw (-want +got):\n%s", diff)
	}
	want.MergeTrackers, want.Raw, want.Source = false, nil, "magnet:a"
	if diff := cmp.Diff(want, h.fake.added[2]); diff != "" {
		t.Errorf("source (-want +got):\n%s", diff)
	}
}

// A torrent that is there is answered as it is, and said to be so.
func TestExisting(t *testing.T) {
	h := newHarness(t, 0, nil)
	first := h.want(201, "POST", "/torrents", `{"source":"magnet:a","labels":["x"]}`)
	again := h.want(200, "POST", "/torrents", `{"source":"magnet:a","labels":["y"]}`)
	if first.Header.Get("Gotor-Existing") != "" || again.Header.Get("Gotor-Existing") != "true" || string(first.body) != string(again.body) {
		t.Errorf("%q: %s\n%q: %s", first.Header, first.body, again.Header, again.body)
	}
}

// Each action of a batch asks the session for what its name says.
func TestBatchAsks(t *testing.T) {
	h := newHarness(t, 1, nil)
	for action, of := range map[string]struct{ method, args string }{
		"pause": {"Pause", "{}"}, "check": {"Check", "{}"}, "announce": {"Announce", "{}"}, "start": {"Start", `{"now":true}`},
		"remove": {"Remove", `{"data":"true"}`}, "move": {"Move", `{"dir":"/data/x"}`}, "patch": {"Patch", `{"labels":["x"]}`},
	} {
		h.fake.fails[of.method] = record.NewProblem(record.CodeConflict, "not now")
		body := fmt.Sprintf(`{"ids":["%s"],"action":"%s","args":%s}`, fakeID(0), action, of.args)
		if a := h.want(200, "POST", "/torrents:batch", body); !strings.Contains(string(a.body), "not now") {
			t.Errorf("%s does not ask for %s: %s", action, of.method, a.body)
		}
		delete(h.fake.fails, of.method)
	}
}

// The same request with the same key is done once; the key is for no other request,
// and a failure is not kept.
func TestIdempotencyKey(t *testing.T) {
	h := newHarness(t, 0, nil)
	key := []string{"Idempotency-Key", "k1"}
	h.fake.fails["Add"] = record.NewProblem("fetch", "nobody there")
	h.want(502, "POST", "/torrents", `{"source":"http://example.org/x"}`, key...)
	delete(h.fake.fails, "Add")
	first := h.want(201, "POST", "/torrents", `{"source":"http://example.org/x"}`, key...)
	again := h.want(201, "POST", "/torrents", `{"source":"http://example.org/x"}`, key...)
	if string(first.body) != string(again.body) || first.Header.Get("Location") != again.Header.Get("Location") || len(h.fake.added) != 1 {
		t.Errorf("added %d times: %s", len(h.fake.added), again.body)
	}
	h.want(422, "POST", "/torrents", `{"source":"http://example.org/y"}`, key...)
	h.want(422, "POST", "/torrents:batch", `{"sources":["magnet:a"]}`, key...)
	key[1] = "k2"
	h.want(200, "POST", "/torrents:batch", `{"sources":["magnet:a"]}`, key...)
	if a := h.want(200, "POST", "/torrents:batch", `{"sources":["magnet:a"]}`, key...); !strings.Contains(string(a.body), `"created":true`) || len(h.fake.added) != 2 {
		t.Errorf("added %d times: %s", len(h.fake.added), a.body)
	}
	if r := h.fake.added[len(h.fake.added)-2].Repeat; r.Key != "k1" || len(r.Print) == 0 {
		t.Errorf("the session was asked to keep %+v", r)
	}
	r := h.s.adder.repeats
	h.fake.repeats = nil // it has a clock of its own
	day := r.now().Add(repeatSpan)
	r.now = func() time.Time { return day }
	h.want(200, "POST", "/torrents", `{"source":"http://example.org/x"}`, "Idempotency-Key", "k1") // it is there
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.weight > 5 {
		t.Errorf("weight %d", r.weight)
	}
}

// What was answered to a key is known to the next run of the daemon: nothing is done
// again, not even once the torrent has been removed, and the key is for no other
// request.
func TestIdempotencyKeySurvives(t *testing.T) {
	h := newHarness(t, 0, nil)
	key := []string{"Idempotency-Key", "k1"}
	const add, batch = `{"source":"http://example.org/x"}`, `{"sources":["magnet:a"]}`
	first := h.want(201, "POST", "/torrents", add, key...)
	outcomes := h.want(200, "POST", "/torrents:batch", batch, "Idempotency-Key", "k2")
	h.restart()
	again := h.want(201, "POST", "/torrents", add, key...)
	if string(again.body) != string(first.body) || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	if a := h.want(200, "POST", "/torrents:batch", batch, "Idempotency-Key", "k2"); string(a.body) != string(outcomes.body) {
		t.Errorf("%s\n%s", outcomes.body, a.body)
	}
	h.want(200, "DELETE", "/torrents/"+decode[record.Torrent](h, first).ID, "")
	h.restart()
	h.want(422, "POST", "/torrents", `{"source":"http://example.org/y"}`, key...)
	h.want(422, "POST", "/torrents:batch", batch, key...)
	if gone := h.want(201, "POST", "/torrents", add, key...); gone.Header.Get("ETag") != "" {
		t.Errorf("a torrent that is gone has the ETag %s", gone.Header.Get("ETag"))
	}
	if len(h.fake.added) != 2 {
		t.Errorf("added %d times", len(h.fake.added))
	}
	h.want(422, "POST", "/torrents", add, "Idempotency-Key", "\xff")
}

// Names came from strangers: no answer has them as they could be taken for markup or
// for a terminal's orders.
func TestNamesFromStrangers(t *testing.T) {
	h := newHarness(t, 1, nil)
	name := `<script>alert(1)</script>"'&` + "\u202etxt.exe\u009b31m\x07\n"
	h.fake.put(&record.Torrent{ID: fakeID(5), Name: name, State: record.StateSeeding, Seed: record.SeedGoal{Mode: "default"}})
	for _, path := range []string{"/torrents", "/torrents/" + fakeID(5), "/torrents?fields=name", "/torrents/" + fakeID(5) + "/peers", "/torrents/" + fakeID(5) + "/files"} {
		a := h.want(200, "GET", path, "")
		if strings.ContainsAny(string(a.body), "<>\u202e\u009b\x07") || !strings.HasPrefix(a.Header.Get("Content-Type"), typeJSON) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	if got := decode[record.Torrent](h, h.want(200, "GET", "/torrents/"+fakeID(5), "")).Name; got != name {
		t.Errorf("name %q", got)
	}
	if d := h.want(200, "GET", "/torrents/"+fakeID(5)+"/metainfo", "").Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment;") || strings.ContainsAny(d, "<>\n\u202e") {
		t.Errorf("disposition %q", d)
	}
}

// The answer to a large batch survives, too; where it is too long, the batch is not done
// again all the same.
func TestLargeBatchSurvives(t *testing.T) {
	h := newHarness(t, 0, nil)
	random := rand.New(rand.NewPCG(1, 2))
	batch := func(n int) string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprintf("%016x%016x%08x", random.Uint64(), random.Uint64(), random.Uint32())
		}
		b, _ := json.Marshal(map[string]any{"ids": ids, "action": "pause"})
		return string(b)
	}
	long, longer := batch(1200), batch(5000)
	first := h.want(200, "POST", "/torrents:batch", long, "Idempotency-Key", "long")
	h.want(200, "POST", "/torrents:batch", longer, "Idempotency-Key", "longer")
	for key, r := range h.fake.repeats {
		if len(r.Answer) > record.MaxRepeat {
			t.Errorf("%s: the session was asked to keep %d bytes", key, len(r.Answer))
		}
	}
	h.restart()
	if again := h.want(200, "POST", "/torrents:batch", long, "Idempotency-Key", "long"); string(again.body) != string(first.body) || len(first.body) <= record.MaxRepeat {
		t.Errorf("%d bytes became %d", len(first.body), len(again.body))
	}
	p := decode[record.Problem](h, h.want(410, "POST", "/torrents:batch", longer, "Idempotency-Key", "longer"))
	if !strings.Contains(p.Detail, "5000 of 5000 failed") {
		t.Error(p.Detail)
	}
	h.want(422, "POST", "/torrents:batch", long, "Idempotency-Key", "longer")
}
