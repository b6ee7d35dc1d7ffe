package api

import (
	"testing"

	"gotor/cmd/record"
)

func TestAddListRemove(t *testing.T) {
	h := newHarness(t, 0, nil)
	a := h.want(201, "POST", "/torrents", `{"source":"magnet:?xt=urn:btih:`+fakeID(1)+`","labels":["x"],"limits":{"max_down":5}}`)
	added := decode[record.Torrent](h, a)
	if got := resolve(t, "https://box.example/below"+base+"/torrents?paused=true", a.Header.Get("Location")); got != "https://box.example/below"+base+"/torrents/"+added.ID {
		t.Errorf("location %q", got)
	}
	if got := h.fake.added[0]; got.Limits.MaxDown != 5 || got.LocalPath || got.Labels[0] != "x" {
		t.Errorf("added %+v", got)
	}
	page := decode[record.TorrentPage](h, h.want(200, "GET", "/torrents", ""))
	if page.Total != 1 || page.Items[0].ID != added.ID {
		t.Errorf("page %+v", page)
	}
	h.want(200, "DELETE", "/torrents/"+added.ID+"?data=true", "")
	h.want(404, "DELETE", "/torrents/"+added.ID, "")
	h.want(200, "GET", "/", "")
}
