// Package api is how programs talk to a daemon: REST with an OpenAPI description,
// events, metrics, and the bytes of torrents, over HTTP. It is in front of a Session
// and knows nothing of swarms, disks or flags.
//
// A request passes the gate (gate.go: who may do what), then its route's bounds
// (adapter.go: type, size and time of the body, shape of every key), and only then a
// handler. Handlers ask the Session, which never waits for a torrent when it is only
// looked at.
//
// Routes belong to parts, each with its own state and no more of the Session than it
// uses: lister, adder, batcher, changer, insides, swarms, contents, governor,
// doorkeeper, ending, Streams. Server makes them and leads requests to them.
//
// It starts no goroutine: those of requests are net/http's and end with them. What
// it keeps is bounded: logins, one-time codes, addresses that have failed,
// idempotency keys, torrents that are being uploaded.
package api
