package remote

import (
	"context"
	"encoding/json"
	"net/url"

	"gotor/cmd/record"
)

// Ready is nil when the daemon can promise things: it has loaded its state and can
// write it.
func (c *Client) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callTime, errSlow)
	defer cancel()
	resp, err := c.sendTo(ctx, c.root+"/readyz", request{method: "GET"})
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// Settings are those of the daemon.
func (c *Client) Settings(ctx context.Context) (record.Settings, error) {
	var s record.Settings
	_, err := c.call(ctx, request{method: "GET", path: "/settings"}, &s)
	return s, err
}

// PatchSettings changes settings; what is absent stays.
func (c *Client) PatchSettings(ctx context.Context, p record.SettingsPatch) (record.Settings, error) {
	var s record.Settings
	body, err := json.Marshal(p)
	if err == nil {
		_, err = c.call(ctx, request{method: "PATCH", path: "/settings", kind: mergePatch, body: body}, &s)
	}
	return s, err
}

// Shutdown has the daemon end. wait: it returns when it has, and another one can have
// its state folder; what went wrong at the end is the error.
func (c *Client) Shutdown(ctx context.Context, wait bool) error {
	r := request{method: "POST", path: "/shutdown", kind: "application/json", body: []byte("{}")}
	if wait {
		r.query = url.Values{"until": {"ended"}}
	}
	_, err := c.call(ctx, r, nil)
	return err
}

// Invite makes a link that signs a browser in, once.
func (c *Client) Invite(ctx context.Context) (l record.LoginLink, err error) {
	_, err = c.call(ctx, request{method: "POST", path: "/session/code"}, &l)
	return l, err
}

// RotateToken makes a new token and returns it: the full one, or the one that may
// only look.
func (c *Client) RotateToken(ctx context.Context, read bool) (string, error) {
	var answer struct {
		Token string `json:"token"`
	}
	body, err := json.Marshal(map[string]bool{"read": read})
	if err == nil {
		_, err = c.call(ctx, request{method: "POST", path: "/token", kind: "application/json", body: body}, &answer)
	}
	return answer.Token, err
}
