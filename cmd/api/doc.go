// Package api is how programs talk to a daemon: REST with an OpenAPI description,
// events, metrics, and the bytes of torrents, over HTTP. It is in front of a Session
// and knows nothing of swarms, disks or flags.
package api
