package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
	"gotor/torrent"
)

// Metrics have the kinds of connections that the engine knows, and no others.
func TestPeerCounts(t *testing.T) {
	got := peerCounts(map[torrent.PeerKind]int{
		{Transport: "tcp", Encryption: "none"}:                 4,
		{Incoming: true, Transport: "tcp", Encryption: "none"}: 0,
		{Incoming: true, Transport: "tcp", Encryption: "rc4"}:  2,
	})
	want := []record.PeerCount{
		{Transport: "tcp", Encryption: "none", Direction: "in"},
		{Transport: "tcp", Encryption: "none", Direction: "out", Count: 4},
		{Transport: "tcp", Encryption: "rc4", Direction: "in", Count: 2},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
