package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gotor/cmd/record"
)

func (h *harness) page(query string) record.TorrentPage {
	h.Helper()
	return decode[record.TorrentPage](h, h.want(200, "GET", "/torrents?"+query, ""))
}

func idsOf(ts []*record.Torrent) []string {
	ids := []string{}
	for _, t := range ts {
		ids = append(ids, t.ID)
	}
	return ids
}

// Each filter lets through what a look at all torrents says; kinds are and, values of
// a kind are or.
func TestFilters(t *testing.T) {
	h := newHarness(t, 100, nil)
	for _, c := range []struct {
		query string
		fits  func(*record.Torrent) bool
	}{
		{"", func(*record.Torrent) bool { return true }},
		{"state=paused", func(t *record.Torrent) bool { return t.State == "paused" }},
		{"state=paused,seeding", func(t *record.Torrent) bool { return t.State == "paused" || t.State == "seeding" }},
		{"label=iso", func(t *record.Torrent) bool { return slices.Contains(t.Labels, "iso") }},
		{"label=iso&label=books", func(t *record.Torrent) bool {
			return slices.Contains(t.Labels, "iso") || slices.Contains(t.Labels, "books")
		}},
		{"tracker=tracker1.example.org&dir=/data", func(t *record.Torrent) bool { return t.Tracker == "tracker1.example.org" && t.Dir == "/data" }},
		{"q=DEBIAN", func(t *record.Torrent) bool { return strings.Contains(t.Name, "debian") }},
		{"q=iso+tracker2", func(t *record.Torrent) bool { return t.Tracker == "tracker2.example.org" }},
		{"q=no+such+words", func(*record.Torrent) bool { return false }},
	} {
		want := []string{}
		for _, t := range h.fake.torrents {
			if c.fits(t) {
				want = append(want, t.ID)
			}
		}
		p := h.page(c.query)
		if diff := cmp.Diff(want, idsOf(p.Items)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.query, diff)
		}
		if p.Total != len(want) || p.Counts.State["paused"] != 9 || p.Counts.Label["books"] != 25 {
			t.Errorf("%s: total %d, counts %v", c.query, p.Total, p.Counts)
		}
	}
}

// All keys sort; what nobody knows comes last; ties are by id.
func TestOrder(t *testing.T) {
	h := newHarness(t, 60, nil)
	for key, index := range h.s.lister.rows {
		v := sortable(reflect.TypeFor[record.Torrent]().FieldByIndex(index).Type)
		a := h.do("GET", "/torrents?sort="+key, "")
		if (a.StatusCode == 200) != v {
			t.Errorf("%s: %d", key, a.StatusCode)
		}
	}
	up := h.page("sort=eta").Items
	down := h.page("sort=-eta").Items
	for name, list := range map[string][]*record.Torrent{"up": up, "down": down} {
		known := true
		for i, x := range list {
			if x.ETA == nil {
				known = false
			} else if !known {
				t.Fatalf("%s: %d is known after one that is not", name, i)
			} else if i > 0 && (name == "up" && *list[i-1].ETA > *x.ETA || name == "down" && *list[i-1].ETA < *x.ETA) {
				t.Fatalf("%s: out of order at %d", name, i)
			}
		}
	}
	list := h.page("sort=dir,-name").Items
	if !slices.IsSortedFunc(list, func(a, b *record.Torrent) int {
		if a.Dir != b.Dir {
			return strings.Compare(a.Dir, b.Dir)
		}
		return strings.Compare(b.Name, a.Name)
	}) {
		t.Error("dir,-name is not in order")
	}
}

// Pages put together are the list, however they are cut and ordered, and also when
// the torrent at the end of a page has gone.
func TestPages(t *testing.T) {
	h := newHarness(t, 37, nil)
	rapid.Check(t, func(r *rapid.T) {
		query := url.Values{"sort": {rapid.SampledFrom([]string{"", "name", "-state,dir", "eta", "-progress", "private", "added", "-id"}).Draw(r, "sort")}}
		whole := idsOf(h.page(query.Encode()).Items)
		query.Set("limit", rapid.SampledFrom([]string{"1", "2", "5", "36", "37", "100"}).Draw(r, "limit"))
		var got []string
		for {
			p := h.page(query.Encode())
			if p.Total != 37 {
				r.Fatalf("total %d", p.Total)
			}
			got = append(got, idsOf(p.Items)...)
			if p.Next == nil {
				break
			}
			query.Set("cursor", *p.Next)
		}
		if diff := cmp.Diff(whole, got); diff != "" {
			r.Fatal(diff)
		}
	})
	first := h.page("sort=name&limit=5")
	rest := idsOf(h.page("sort=name").Items)[5:]
	if _, err := h.fake.Remove(context.Background(), first.Items[4].ID, "false"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rest, idsOf(h.page("sort=name&cursor="+*first.Next).Items)); diff != "" {
		t.Error(diff)
	}
	h.want(422, "GET", "/torrents?sort=-name&cursor="+*first.Next, "") // of another order
}

// What has changed after a revision, and what went, is all that is sent.
func TestSince(t *testing.T) {
	h := newHarness(t, 10, nil)
	p := h.page("state=paused")
	since := func(query string) record.TorrentPage {
		t.Helper()
		return h.page("since=10" + query)
	}
	if p := since(""); len(p.Items)+len(p.Removed) != 0 || p.Revision != 10 {
		t.Errorf("%+v", p)
	}
	h.want(202, "POST", "/torrents/"+fakeID(8)+"/start", "") // it was paused
	h.want(202, "POST", "/torrents/"+fakeID(1)+"/pause", "")
	h.want(200, "DELETE", "/torrents/"+fakeID(5), "")
	got := since("&sort=added")
	if diff := cmp.Diff([]string{fakeID(1), fakeID(8)}, idsOf(got.Items)); diff != "" || got.Revision != 13 {
		t.Errorf("revision %d: %s", got.Revision, diff)
	}
	if diff := cmp.Diff([]string{fakeID(5)}, got.Removed); diff != "" {
		t.Error(diff)
	}
	got = since("&state=paused") // for who sees only those, one more went
	if diff := cmp.Diff([]string{fakeID(5), fakeID(8)}, got.Removed); diff != "" || len(got.Items) != 1 {
		t.Errorf("%d of %d: %s", len(got.Items), len(p.Items), diff)
	}
}

// What has not changed is not sent again.
func TestETags(t *testing.T) {
	h := newHarness(t, 3, nil)
	for _, path := range []string{"/torrents", "/torrents/" + fakeID(0)} {
		tag := h.want(200, "GET", path, "").Header.Get("ETag")
		for _, header := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			if a := h.want(304, "GET", path, "", "If-None-Match", header); len(a.body) != 0 || a.Header.Get("ETag") != tag {
				t.Errorf("%s: %q %q", path, a.body, a.Header)
			}
		}
		h.want(202, "POST", "/torrents/"+fakeID(0)+"/announce", "")
		a := h.want(200, "GET", path, "", "If-None-Match", tag)
		if a.Header.Get("ETag") == tag {
			t.Errorf("%s: the tag stays", path)
		}
	}
	// A change can be made to what was looked at only.
	id := "/torrents/" + fakeID(0)
	a := h.want(200, "GET", id, "")
	tag := a.Header.Get("ETag")
	plain := `"` + string(mustJSON(decode[record.Torrent](h, a).Revision)) + `"`
	h.want(412, "PATCH", id, `{"paused":true}`, "If-Match", `"made-up-99"`)
	h.want(200, "PATCH", id, `{"paused":true}`, "If-Match", tag)
	h.want(412, "PATCH", id, `{"paused":true}`, "If-Match", tag)
	h.want(412, "PATCH", id, `{"paused":true}`, "If-Match", plain)
	plain = `"` + string(mustJSON(decode[record.Torrent](h, h.want(200, "GET", id, "")).Revision)) + `"`
	h.want(200, "PATCH", id, `{"paused":true}`, "If-Match", plain)
	tag = h.want(200, "GET", "/settings", "").Header.Get("ETag")
	h.want(200, "PATCH", "/settings", `{}`, "If-Match", "W/"+tag)
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Items have the keys that were asked for.
func TestFields(t *testing.T) {
	h := newHarness(t, 2, nil)
	p := decode[struct{ Items []map[string]any }](h, h.want(200, "GET", "/torrents?fields=name,labels,eta", ""))
	for _, item := range p.Items {
		if diff := cmp.Diff([]string{"eta", "id", "labels", "name", "revision"}, slices.Sorted(maps.Keys(item))); diff != "" {
			t.Error(diff)
		}
	}
	if p.Items[0]["name"] != h.fake.torrents[0].Name || p.Items[0]["eta"] == nil {
		t.Errorf("%v", p.Items[0])
	}
}

// Long answers are compressed for whoever takes it, and are the same.
func TestCompression(t *testing.T) {
	h := newHarness(t, 200, nil)
	get := func(path, accept string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.s.ServeHTTP(w, h.request("GET", base+path, "", "Accept-Encoding", accept))
		return w
	}
	plainly := get("/torrents", "")
	for accept, want := range map[string]bool{"gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "gzip; q=0.000": false, "br": false, "identity": false} {
		w := get("/torrents", accept)
		zipped := w.Header().Get("Content-Encoding") == "gzip"
		if zipped != want || !strings.Contains(w.Header().Get("Vary"), "Accept-Encoding") {
			t.Errorf("%q: %q", accept, w.Header())
		}
		body := w.Body.Bytes()
		if zipped {
			body = unzip(t, body)
			if !strings.HasPrefix(w.Header().Get("ETag"), `W/"`) {
				t.Errorf("other bytes under the same tag %s", w.Header().Get("ETag"))
			}
		}
		if !bytes.Equal(body, plainly.Body.Bytes()) {
			t.Errorf("%q: other content", accept)
		}
	}
	for _, path := range []string{"/torrents/" + fakeID(0), "/torrents/" + fakeID(0) + "/metainfo", "/torrents/nothing", "/"} {
		if w := get(path, "gzip"); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: compressed", path)
		}
	}
	r := h.request("GET", base+"/torrents", "", "Accept-Encoding", "gzip", "If-None-Match", get("/torrents", "gzip").Header().Get("ETag"))
	if a := h.send(r); a.StatusCode != http.StatusNotModified {
		t.Errorf("%d", a.StatusCode)
	}
}

func unzip(t testing.TB, b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// 2,000 rows are at most 250 KB.
func TestSizeOfTheList(t *testing.T) {
	h := newHarness(t, 2000, nil)
	w := httptest.NewRecorder()
	h.s.ServeHTTP(w, h.request("GET", base+"/torrents", "", "Accept-Encoding", "gzip"))
	plain := len(unzip(t, w.Body.Bytes()))
	t.Logf("2,000 rows: %d bytes, %d compressed", plain, w.Body.Len())
	if w.Body.Len() > 250_000 {
		t.Errorf("%d bytes", w.Body.Len())
	}
}

func benchServer(b *testing.B) (*Server, func(path string) *httptest.ResponseRecorder) {
	keys, err := OpenKeys(KeyOptions{Dir: b.TempDir(), Token: testToken})
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(Config{Session: newFake(2000), Keys: keys})
	if err != nil {
		b.Fatal(err)
	}
	return s, func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "http://localhost"+base+path, nil)
		r.Header.Set("Authorization", "Bearer "+testToken)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
}

// A page of 50 out of 2,000: 3 ms for 99 of 100.
func BenchmarkPage(b *testing.B) {
	for name, path := range map[string]string{"added": "/torrents?limit=50", "sorted": "/torrents?limit=50&sort=-down_rate,name", "words": "/torrents?limit=50&q=debian&sort=name"} {
		b.Run(name, func(b *testing.B) {
			_, get := benchServer(b)
			took := make([]time.Duration, 0, b.N)
			b.ResetTimer()
			for b.Loop() {
				began := time.Now()
				if w := get(path); w.Code != 200 {
					b.Fatal(w.Body)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// The whole list of 2,000: 100 ms.
func BenchmarkList(b *testing.B) {
	_, get := benchServer(b)
	b.ResetTimer()
	for b.Loop() {
		if w := get("/torrents"); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
