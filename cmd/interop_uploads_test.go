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
type gotorClient struct{ ways }

func (c gotorClient) seed(t *testing.T, l *lab, h *host, torrent, dir string) *proc {
	return c.start(t, l, h, torrent, dir, "--seed").proc
}

func (c gotorClient) download(t *testing.T, l *lab, h *host, torrent, dir string) (*proc, func() bool) {
	g := c.start(t, l, h, torrent, dir)
	return g.proc, func() bool { return g.ended() && g.err == nil }
}

func (c gotorClient) start(t *testing.T, l *lab, h *host, torrent, dir string, more ...string) *gotorRun {
	args := []string{"get", torrent, "-o", dir + "/", "--port", strconv.Itoa(peerPort)}
	g := l.start(t, h, nil, append(append(args, c.flags()...), more...)...)
	g.dir = dir
	return g
}

// flags overrule the environment of tests, which keeps gotor from finding
// anybody.
func (c gotorClient) flags() (args []string) {
	if c.hasDHT() {
		args = append(args, "--dht-bootstrap", c.dht[0].String())
	}
	if c.v6 {
		args = append(args, "--ipv6-only")
	}
	return append(args, "--no-lsd="+strconv.FormatBool(!c.lsd))
}
