package torrent

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
)

// cutOff has a remote ask a seeder for much, and do something to the seeder while
// it is in the middle of an answer; it returns how many bytes of blocks were sent
// to the remote altogether.
func (l *lab) cutOff(seeder *Client, spec order, meanwhile func()) (payload int64) {
	l.Helper()
	_, h := l.host()
	conn, err := h.DialContext(l.Context(), "tcp", l.addr(seeder).String())
	if err != nil {
		l.Fatal(err)
	}
	defer conn.Close()
	if _, err := peer.Handshake(l.Context(), conn, wire.Handshake{InfoHash: spec.Meta.InfoHash, PeerID: [20]byte{1}}); err != nil {
		l.Fatal(err)
	}
	say := wire.Append(nil, wire.Message{ID: wire.Interested})
	if _, err := conn.Write(say); err != nil {
		l.Fatal(err)
	}
	var head [5]byte
	for wire.ID(head[4]) != wire.Unchoke {
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			l.Fatal(err)
		}
		io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head[:]))-1)
	}
	var ask []byte
	for i := range uint32(120) {
		ask = wire.Append(ask, wire.Message{ID: wire.Request, Index: i, Length: 16 << 10})
	}
	if _, err := conn.Write(ask); err != nil {
		l.Fatal(err)
	}
	payload = blockBytes(conn, 300_000)
	time.Sleep(time.Second)
	meanwhile()
	return payload + blockBytes(conn, 1<<30)
}

// blockBytes reads messages, at least n bytes, until the stream ends, and returns
// how many bytes of blocks there were, those of an unfinished message too.
func blockBytes(conn net.Conn, n int) (payload int64) {
	for n > 0 {
		var head [wire.PieceHeaderLen]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return payload
		}
		k, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head[:]))-9)
		payload += k
		n -= int(k)
		if err != nil {
			return payload
		}
	}
	return payload
}

// What was sent of a batch that Stop cuts off counts in the ratio of the next
// run.
func TestRatioCountsWhatStopCutOff(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(2 << 20))
		seeder := l.client(Config{StateDir: l.TempDir()})
		seed := l.mustGet(seeder, spec)
		sent := l.cutOff(seeder, spec, func() {
			seed.Stop()
			<-seed.Stopped()
		})
		if up := seed.Snapshot().Uploaded; up != sent || sent%(16<<10) == 0 {
			t.Errorf("%d bytes uploaded, the remote was sent %d", up, sent)
		}
		again := l.mustGet(seeder, spec)
		if r, want := again.Snapshot().Ratio, float64(sent)/(2<<20); r != want {
			t.Errorf("the ratio is %v in the next run, want %v", r, want)
		}
	})
}

// The same for a connection that is dismissed, and forgotten before it has
// ended.
func TestDismissedConnectionIsCounted(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(2 << 20))
		seeder := l.client(Config{})
		seed := l.mustGet(seeder, spec)
		var before int64
		sent := l.cutOff(seeder, spec, func() {
			gone := make(chan struct{})
			seed.core.post(func(now time.Time) {
				for _, m := range seed.peers.members {
					seed.peers.dismiss(m, errCrowded, now)
				}
				_, before = trafficOf(seed)
				close(gone)
			})
			<-gone
			synctest.Wait()
		})
		s := seed.Snapshot()
		if s.Uploaded != sent || s.Peers != 0 || before > sent {
			t.Errorf("%d bytes uploaded to %d peers, the remote was sent %d", s.Uploaded, s.Peers, sent)
		}
	})
}
