package torrent

import (
	"crypto/sha1"
	"net/netip"
	"testing"
	"time"

	"gotor/bencode"
	"gotor/torrent/metainfo"
)

// giver starts a peer that answers a request for metadata each pace.
func (l *lab) giver(info []byte, pace time.Duration) netip.AddrPort {
	l.Helper()
	a, h := l.host()
	listener, err := h.Listen(l.Context(), "tcp", ":6881")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go giveSlowly(conn, sha1.Sum(info), info, pace)
		}
	}()
	return netip.AddrPortFrom(a, 6881)
}

// Two peers that drip blocks, just fast enough not to be given up, do not keep
// us from asking a third after a turn.
func TestMetadataDrippers(t *testing.T) {
	inLab(t, func(l *lab) {
		info := append([]byte(nil), "d6:lengthi655360e4:name1:x12:piece lengthi16384e6:pieces"...)
		info = bencode.AppendString(info, string(make([]byte, 20*40)))
		info = append(bencode.AppendString(append(info, "3:zzz"...), string(make([]byte, 1<<20))), 'e')
		link := &metainfo.Link{HasV1: true, InfoHash: sha1.Sum(info)}
		for range 2 {
			link.Peers = append(link.Peers, l.giver(info, 3500*time.Millisecond).String())
		}
		good := l.giver(info, time.Millisecond)
		start := time.Now()
		tor := l.look(l.client(Config{}), link)
		time.Sleep(5 * time.Second)
		tor.AddPeer(good)
		select {
		case <-tor.Known():
		case <-tor.Done():
		}
		if d := time.Since(start); tor.Err() != nil || d > metadataTurn+15*time.Second {
			t.Errorf("%v after %v", tor.Err(), d)
		}
		if n := tor.core.client.buffers.MetadataHeld(); n != 0 {
			t.Errorf("%d bytes of metadata are still held", n)
		}
		l.end(tor)
		time.Sleep(10 * time.Second) // for those that drip to notice
	})
}
