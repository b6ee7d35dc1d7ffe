package torrent

import (
	"bytes"
	"io"
	"net/netip"
	"testing"
	"time"

	"gotor/peer/simnet"
)

// A torrent that is only read is read, and that is all: nothing is sent to anybody,
// whoever is named or comes.
func TestOffline(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		spec := l.seedSpec(payload)
		spec.Meta.Trackers = [][]string{{"http://10.0.0.1/announce"}}
		var peers []netip.AddrPort
		for range 2 { // who answers
			l.seed(spec.Meta, payload, nil)
			peers = l.tracker.peers
		}
		spec.Peers, spec.PeerNames, spec.Trackers = peers[:1], []string{"leech.test:6881"}, []string{"http://10.0.0.1/other"}
		n := &localNet{}
		var host *simnet.Host
		c := l.neighbour(n, func(cfg *Config) {
			cfg.DHT = &DHTConfig{Bootstrap: []string{"10.0.0.77:1"}}
			host = cfg.Network.(localHost).Host
		})
		if _, err := c.Add(Source{Link: linkTo(spec.Meta), Offline: true}, Lookup{}); err == nil {
			t.Error("a link was taken")
		}
		spec.Offline = true
		download := spec
		download.SeedOnly = false
		if tor, err := download.begin(c); err == nil {
			t.Error("a download was begun")
		} else {
			tor.Stop()
			<-tor.Stopped()
		}

		tor := l.mustGet(c, spec)
		tor.AddPeer(peers[1])
		tor.AnnounceNow()
		l.must(tor.SetTrackers([][]string{{"http://10.0.0.1/third"}}))
		l.must(tor.SetWebSeeds([]string{"http://10.0.0.1/payload"}))
		stranger := l.client(Config{})
		l.tracker.SetPeers()
		wants := of(spec.Meta)
		wants.Peers, wants.Dir = []netip.AddrPort{l.addr(c)}, l.TempDir()
		other := l.add(stranger, wants)
		time.Sleep(time.Hour)
		f, err := tor.OpenFile(l.Context(), 0)
		l.must(err)
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, payload) {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
		l.must(f.Close())
		for _, end := range []*Torrent{tor, other} {
			end.Stop()
			<-end.Stopped()
		}
		if s := other.Snapshot(); s.Downloaded != 0 || s.Peers != 0 {
			t.Errorf("a stranger has got %d bytes", s.Downloaded)
		}
		if sent := host.Stats().Sent; sent != 0 || n.joined != 0 || c.dht.runner.Load() != nil {
			t.Errorf("%d bytes were sent; local network %d, DHT %v", sent, n.joined, c.dht.runner.Load() != nil)
		}
	})
}
