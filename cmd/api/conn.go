package api

import (
	"context"
	"net"
	"net/http"
	"os"
)

// link is what is known of the connection that a request came over.
type link struct {
	socket bool // a unix socket: no browser reaches it
	owner  bool // its other end is a process of our user, or of root
}

type linkKey struct{}

// ConnContext marks connections as http.Server wants it: who is at the other end of
// a unix socket is what the kernel says.
func (s *Server) ConnContext(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS, or a listener with a bound
		c = t.NetConn()
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, linkKey{}, link{socket: true, owner: isOwner(u)})
}

// isSecure reports whether whoever asks speaks TLS: with us, or with a proxy before us,
// which says so. Who lies about it harms himself: links and a cookie that do not work.
func isSecure(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

// linkOf is the zero link for TCP.
func linkOf(ctx context.Context) link {
	l, _ := ctx.Value(linkKey{}).(link)
	return l
}

// isOwner reports whether the other end of a socket is a process of our user or of
// root, who could be our user anyway.
func isOwner(c *net.UnixConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	uid, known := -1, false
	if err := raw.Control(func(fd uintptr) { uid, known = peerUID(fd) }); err != nil {
		return false
	}
	return known && (uid == 0 || uid == os.Getuid())
}
