package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gotor/cmd/record"
)

// exchange gives a handler what is below huma: cookies, deadlines, the connection.
type exchange struct {
	w http.ResponseWriter
	r *http.Request
}

// Resolve implements huma.Resolver.
func (x *exchange) Resolve(ctx huma.Context) []error {
	x.r, x.w = humago.Unwrap(ctx)
	return nil
}

type signIn struct {
	exchange
	Body struct {
		Token string `json:"token,omitempty" maxLength:"4096" doc:"Either a token."`
		Code  string `json:"code,omitempty" maxLength:"4096" doc:"Or a code that is good once."`
	}
}

type signOut struct{ exchange }

// doorkeeper lets browsers in and out.
type doorkeeper struct {
	gate  *gate
	links *links
	page  bool // there is one
}

type inviteIn struct{ exchange }

type inviteOut struct{ Body record.LoginLink }

// register registers how a browser signs in and out.
func (d *doorkeeper) register(r *routes) {
	handle(r, route{method: http.MethodPost, path: "/session", id: "sign-in", tag: "daemon", status: http.StatusNoContent,
		summary: "Trade a token or a one-time code for a cookie", errors: []int{401, 422, 429}}, d.signIn)
	handle(r, route{method: http.MethodDelete, path: "/session", id: "sign-out", tag: "daemon", status: http.StatusNoContent,
		summary: "End the login of the cookie"}, d.signOut)
	handle(r, route{method: http.MethodPost, path: "/session/code", id: "invite", tag: "daemon", status: http.StatusCreated,
		summary: "Make a link that signs a browser in, once"}, d.invite)
}

// invite makes a link for somebody who may do everything.
func (d *doorkeeper) invite(_ context.Context, in *inviteIn) (*inviteOut, error) {
	return &inviteOut{Body: d.link(d.links.root(in.r))}, nil
}

// link makes a one-time code, and a link to where a browser trades it for a login. It
// is in the fragment, which no server and no log sees.
func (d *doorkeeper) link(root string) record.LoginLink {
	now := d.gate.now()
	code, way := d.gate.logins.code(now), "/docs/"
	if d.page {
		way = "/"
	}
	return record.LoginLink{Code: code, URL: strings.TrimSuffix(root, "/") + way + "#code=" + code, Expires: now.Add(codeSpan).UTC().Truncate(time.Second)}
}

// signIn begins a login. What fails counts as a wrong token does.
func (d *doorkeeper) signIn(_ context.Context, in *signIn) (*none, error) {
	g := d.gate
	if p := g.barred(in.w, in.r); p != nil {
		return nil, p
	}
	if (in.Body.Token == "") == (in.Body.Code == "") {
		return nil, invalid("body", "either a token or a code is needed")
	}
	// A login remembers which token opened it: when that is changed, it ends.
	l, sum := g.keys.level(in.Body.Token)
	if in.Body.Code != "" && g.logins.redeem(in.Body.Code, g.now()) {
		l, sum = full, g.keys.fullSum()
	}
	if l == nobody {
		g.fails.add(sourceOf(in.r), g.now())
		return nil, record.NewProblem(record.CodeUnauthorized, "wrong token or code")
	}
	secret, err := g.logins.begin(l, sum, g.now())
	if err != nil {
		return nil, err
	}
	g.logins.set(in.w, in.r, secret)
	return nil, nil
}

// signOut ends the login of a request's cookie; without one there is none.
func (d *doorkeeper) signOut(_ context.Context, in *signOut) (*none, error) {
	c, err := in.r.Cookie(d.gate.logins.cookieName())
	if err == nil {
		err = d.gate.logins.end(c.Value)
		d.gate.logins.set(in.w, in.r, "")
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}
