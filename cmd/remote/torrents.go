package remote

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"gotor/cmd/record"
)

// Filter chooses torrents of a list, and what is told of each. Empty: all.
type Filter struct {
	State, Label, Tracker, Dir string
	Words                      string // in names, labels and hosts of trackers
	Sort                       string // keys, separated by commas; - before one: descending
	Fields                     string // keys to be told, separated by commas
}

func (f Filter) query() url.Values {
	q := url.Values{}
	for key, v := range map[string]string{"state": f.State, "label": f.Label, "tracker": f.Tracker, "dir": f.Dir, "q": f.Words, "sort": f.Sort, "fields": f.Fields} {
		if v != "" {
			q.Set(key, v)
		}
	}
	return q
}

// List are the torrents that a filter lets through, page by page.
func (c *Client) List(ctx context.Context, f Filter) ([]*record.Torrent, error) {
	var all []*record.Torrent
	for q := f.query(); ; {
		var page record.TorrentPage
		if _, err := c.call(ctx, request{method: "GET", path: "/torrents", query: q}, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil || len(page.Items) == 0 {
			return all, nil
		}
		q.Set("cursor", *page.Next)
	}
}

// Torrent is one torrent.
func (c *Client) Torrent(ctx context.Context, id string) (*record.Torrent, error) {
	return c.torrent(ctx, request{method: "GET", path: "/torrents/" + id})
}

// torrent makes a call whose answer is a torrent.
func (c *Client) torrent(ctx context.Context, r request) (*record.Torrent, error) {
	t := new(record.Torrent)
	if _, err := c.call(ctx, r, t); err != nil {
		return nil, err
	}
	return t, nil
}

// Add has the daemon take in a torrent: a.Raw, or a.Source. existing: it was there,
// and is as it was.
func (c *Client) Add(ctx context.Context, a record.Add) (t *record.Torrent, existing bool, err error) {
	r := request{method: "POST", path: "/torrents", query: url.Values{}, limit: fetchTime}
	if a.MergeTrackers {
		r.query.Set("merge", "trackers")
	}
	if r.kind, r.body, err = addBody(a); err != nil {
		return nil, false, err
	}
	t = new(record.Torrent)
	resp, err := c.call(ctx, r, t)
	if err != nil {
		return nil, false, err
	}
	return t, resp.Header.Get("Gotor-Existing") == "true", nil
}

// Patch changes a torrent.
func (c *Client) Patch(ctx context.Context, id string, p record.Patch) (*record.Torrent, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return c.torrent(ctx, request{method: "PATCH", path: "/torrents/" + id, kind: mergePatch, body: body})
}

const mergePatch = "application/merge-patch+json"

// Remove takes a torrent out; data is record.KeepData and the like.
func (c *Client) Remove(ctx context.Context, id, data string) (record.Removed, error) {
	var r record.Removed
	_, err := c.call(ctx, request{method: "DELETE", path: "/torrents/" + id, query: url.Values{"data": {data}}, limit: fetchTime}, &r)
	return r, err
}

// The verbs of Do.
const (
	Pause = "pause"
	Start = "start"
	Check = "check"
)

// Do carries out a verb on a torrent.
func (c *Client) Do(ctx context.Context, id, verb string) (*record.Torrent, error) {
	return c.post(ctx, id, verb, struct{}{})
}

// StartNow starts a torrent that need not wait for its turn.
func (c *Client) StartNow(ctx context.Context, id string) (*record.Torrent, error) {
	return c.post(ctx, id, Start, map[string]bool{"now": true})
}

// Move has the files of a torrent go to another folder; it returns before they have.
func (c *Client) Move(ctx context.Context, id string, m record.Move) (*record.Torrent, error) {
	return c.post(ctx, id, "move", m)
}

func (c *Client) post(ctx context.Context, id, verb string, body any) (*record.Torrent, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.torrent(ctx, request{method: "POST", path: "/torrents/" + id + "/" + verb, kind: "application/json", body: b})
}

// Trackers are those of a torrent; with secrets only if asked for.
func (c *Client) Trackers(ctx context.Context, id string, secrets bool) ([]record.TorrentTracker, error) {
	q := url.Values{}
	if secrets {
		q.Set("secrets", "true")
	}
	var list []record.TorrentTracker
	_, err := c.call(ctx, request{method: "GET", path: "/torrents/" + id + "/trackers", query: q}, &list)
	return list, err
}

// Peers are the connections of a torrent.
func (c *Client) Peers(ctx context.Context, id string) ([]record.TorrentPeer, error) {
	var list []record.TorrentPeer
	_, err := c.call(ctx, request{method: "GET", path: "/torrents/" + id + "/peers"}, &list)
	return list, err
}

// Link makes a URL for one file, which opens nothing else; ttl 0: as long as the
// daemon thinks right. Its URL is as the daemon gives it: perhaps relative to its own.
func (c *Client) Link(ctx context.Context, id string, file int, ttl time.Duration) (record.FileLink, error) {
	body, err := json.Marshal(map[string]int64{"ttl": int64(ttl / time.Second)})
	if ttl == 0 {
		body = []byte("{}")
	}
	var l record.FileLink
	if err != nil {
		return l, err
	}
	_, err = c.call(ctx, request{method: "POST", path: "/torrents/" + id + "/files/" + strconv.Itoa(file) + "/links", kind: "application/json", body: body}, &l)
	return l, err
}

// Files are the files of a torrent but padding, in its order.
func (c *Client) Files(ctx context.Context, id string) ([]record.TorrentFile, error) {
	var all []record.TorrentFile
	for q := (url.Values{}); ; {
		var page record.FilePage
		if _, err := c.call(ctx, request{method: "GET", path: "/torrents/" + id + "/files", query: q}, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil || len(page.Items) == 0 {
			return all, nil
		}
		q.Set("cursor", *page.Next)
	}
}

// SetFiles changes priorities; the last that fits a file wins.
func (c *Client) SetFiles(ctx context.Context, id string, p []record.FilePriority) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, request{method: "PATCH", path: "/torrents/" + id + "/files", kind: "application/json", body: body}, nil)
	return err
}
