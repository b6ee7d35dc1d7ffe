package api

import "net/http"

// Another protocol that is mounted judges by itself what a request would change: a
// POST may be a question there. It asks here who has sent it.

// MayChange reports whether the caller of a request may change something and see
// secrets. It is for handlers in Config.Mounts.
func MayChange(r *http.Request) bool { return levelOf(r.Context()) >= full }

// OverSocket reports whether a request came over the socket from the daemon's user,
// who may name files of this machine. It is for handlers in Config.Mounts.
func OverSocket(r *http.Request) bool { return levelOf(r.Context()) == owner }
