//go:build interop && linux

package cmd_test

import (
	"strconv"
	"testing"
)

// testUploads lets each client, and gotor itself, download from gotor.
func testUploads(t *testing.T, l *lab) {
	downloaders := map[string]client{"gotor": gotorClient{}}
	for name, c := range clients {
		downloaders[name] = c
	}
	for name, client := range downloaders {
		for shape, payload := range payloads {
			t.Run(caseName("to", name, shape), func(t *testing.T) {
				t.Parallel()
				s := l.swarm(t, setup{payload: payload})
				s.seed(gotorClient{})
				dir := t.TempDir()
				p, done := client.download(t, l, s.net.host(t), s.torrent, dir)
				until(t, name+" has everything", func() bool { return done() }, p)
				if name == "transmission" {
					payload = payload.withoutEmpty() // it makes none
				}
				payload.same(t, dir)
			})
		}
	}
}

// gotorClient is gotor in the place of another program.
type gotorClient struct{}

func (gotorClient) seed(t *testing.T, l *lab, h *host, torrent, dir string) *proc {
	return l.start(t, h, nil, "get", torrent, "-o", dir+"/", "--seed", "--port", strconv.Itoa(peerPort)).proc
}

func (gotorClient) download(t *testing.T, l *lab, h *host, torrent, dir string) (*proc, func() bool) {
	g := l.start(t, h, nil, "get", torrent, "-o", dir+"/", "--port", strconv.Itoa(peerPort))
	return g.proc, func() bool { return g.ended() && g.err == nil }
}
