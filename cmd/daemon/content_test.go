package daemon

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// tracked is a payload whose torrent names a tracker.
func (l *lab) tracked(p payload, announce string) payload {
	l.Helper()
	p.raw = append([]byte(fmt.Sprintf("d8:announce%d:%s4:info", len(announce), announce)), append(p.meta.Info, 'e')...)
	var err error
	p.meta, err = metainfo.Parse(p.raw)
	l.must(err)
	return p
}

// knock reports whether a daemon lets somebody in who comes for a torrent.
func (h *home) knock(d *Daemon, p payload) bool {
	h.Helper()
	_, host := h.lab.host()
	conn, err := host.DialContext(h.Context(), "tcp", h.at(d))
	h.must(err)
	defer conn.Close()
	ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
	defer cancel()
	_, err = peer.Handshake(ctx, conn, wire.Handshake{InfoHash: p.meta.InfoHash, PeerID: [20]byte{1}})
	return err == nil
}

// readAll reads a file to its end, and compares it with what it should hold.
func (l *lab) readAll(c record.Content, begun []byte, want string) {
	l.Helper()
	rest, err := io.ReadAll(c)
	l.must(err)
	whole, err := os.ReadFile(want)
	l.must(err)
	if got := append(begun, rest...); !bytes.Equal(got, whole) {
		l.Errorf("read %d bytes that are not the %d of the file", len(got), len(whole))
	}
}

// A complete torrent that does not seed can be read all the same. Nobody hears of it: no
// tracker, no peer, also not whoever comes for it; and it is what it was.
func TestReadAlone(t *testing.T) {
	pause := func(d *Daemon, id string) error { _, err := d.Pause(context.Background(), id); return err }
	for name, c := range map[string]struct {
		state string
		rest  func(d *Daemon, id string) error
	}{
		"paused": {record.StatePaused, pause},
		"completed": {record.StateCompleted, func(d *Daemon, id string) error {
			_, err := d.Patch(context.Background(), id, record.Patch{Seed: record.Some(record.SeedPatch{Mode: record.Some("never")})}, 0)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				announce, _ := l.tracker()
				p := l.tracked(l.file("film", 300_000), announce)
				h := l.home()
				d, stop := h.start()
				defer stop()
				h.fetched(d, p)
				l.must(c.rest(d, p.id))
				h.until(d, p.id, c.state)
				time.Sleep(time.Minute)
				before := h.host.Stats().Sent
				wantRest := func(awake int) {
					t.Helper()
					time.Sleep(10 * time.Second)
					if row := h.row(d, p.id); row.State != c.state || row.Error != nil || row.Peers != 0 || d.Stats().Active != awake {
						t.Errorf("%s (%+v), %d peers, %d awake", row.State, row.Error, row.Peers, d.Stats().Active)
					}
				}
				wantRest(0)
				f, err := d.Open(l.Context(), p.id, 0)
				l.must(err)
				begun := make([]byte, 100_000)
				_, err = io.ReadFull(f, begun)
				l.must(err)
				if h.knock(d, p) {
					t.Error("a peer was let in")
				}
				if n, err := d.AddPeers(l.Context(), p.id, addrs("10.0.0.77:7000")); n != 0 || err != nil {
					t.Errorf("%d peers were taken, %v", n, err)
				}
				_, err = d.Announce(l.Context(), p.id)
				wantCode(t, err, record.CodeConflict)
				l.must(d.SetTrackers(l.Context(), p.id, [][]string{{announce}, {announce + "2"}}))
				wantRest(1)
				time.Sleep(2 * time.Hour)
				l.readAll(f, begun, p.path)
				wantRest(1)
				second, err := d.Open(l.Context(), p.id, 0)
				l.must(err)
				l.must(f.Close())
				l.readAll(second, nil, p.path)
				wantRest(1)
				l.must(second.Close())
				wantRest(0)
				if sent := h.host.Stats().Sent - before; sent != 0 {
					t.Errorf("%d bytes were sent", sent)
				}
			})
		})
	}
}

// Who reads goes on reading whatever becomes of the torrent: it is paused, started, has
// been given away for long enough, waits for its turn.
func TestReadThrough(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 600_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		h.fetched(d, p)
		f, err := d.Open(l.Context(), p.id, 0)
		l.must(err)
		var begun []byte
		more := func() {
			t.Helper()
			b := make([]byte, 50_000)
			_, err := io.ReadFull(f, b)
			l.must(err)
			begun = append(begun, b...)
		}
		patch := func(mode string) {
			_, err := d.Patch(l.Context(), p.id, record.Patch{Seed: record.Some(record.SeedPatch{Mode: record.Some(mode)})}, 0)
			l.must(err)
		}
		more()
		for range 2 {
			_, err = d.Pause(l.Context(), p.id)
			l.must(err)
			more()
			h.until(d, p.id, record.StatePaused)
			_, err = d.Start(l.Context(), p.id, false)
			l.must(err)
			more()
			h.until(d, p.id, record.StateSeeding)
			more()
		}
		if !h.knock(d, p) {
			t.Error("it seeds again, and lets nobody in")
		}
		patch("never")
		more()
		h.until(d, p.id, record.StateCompleted)
		more()
		patch("forever")
		_, err = d.Start(l.Context(), p.id, false)
		l.must(err)
		h.until(d, p.id, record.StateSeeding)
		l.readAll(f, begun, p.path)
		l.must(f.Close())
	})
}

// A seed that waits for its turn can be read, and goes on waiting.
func TestReadInLine(t *testing.T) {
	inLab(t, func(l *lab) {
		p, q := l.file("film", 300_000), l.file("book", 200_000)
		h := l.home()
		h.set.Queue.MaxSeeds.Value = 1
		d, stop := h.start()
		defer stop()
		h.fetched(d, p)
		addr, gone := l.seed(q)
		_, _, err := d.Add(l.Context(), record.Add{Raw: q.raw, Peers: []string{addr}})
		l.must(err)
		h.untilSo(d, q.id, "waiting for its turn to seed", func(t *record.Torrent) bool { return t.State == record.StateQueued && t.Completed != nil })
		gone()
		f, err := d.Open(l.Context(), q.id, 0)
		l.must(err)
		begun := make([]byte, 50_000)
		_, err = io.ReadFull(f, begun)
		l.must(err)
		if row := h.row(d, q.id); row.State != record.StateQueued || row.Queue == nil {
			t.Errorf("while it is read it is %s", row.State)
		}
		h.until(d, q.id, record.StateSeeding) // the other has nothing to do
		l.readAll(f, begun, q.path)
		l.must(f.Close())
	})
}

// What cannot be read says why.
func TestNotRead(t *testing.T) {
	inLab(t, func(l *lab) {
		p, q := l.file("film", 100_000), l.file("book", 50_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		h.fetched(d, p)
		it := d.parts.roster.find(session.ID(p.id))
		refused := func(id, why string) {
			t.Helper()
			f, err := d.Open(l.Context(), id, 0)
			if err == nil {
				f.Close()
			}
			if wantCode(t, err, record.CodeConflict); err != nil && !strings.Contains(err.Error(), why) {
				t.Errorf("%v, want %q", err, why)
			}
		}
		h.kept(d, q)
		refused(q.id, "not complete")

		_, err := d.Pause(l.Context(), p.id)
		l.must(err)
		f, err := d.Open(l.Context(), p.id, 0)
		l.must(err)
		release, err := it.seize(l.Context())
		l.must(err)
		refused(p.id, "worked on")
		if _, err := io.ReadAll(f); err == nil {
			t.Error("read what somebody else works on")
		}
		l.must(f.Close())
		set := func(change func(e *session.Entry)) {
			_, err := it.update(l.Context(), func(e *session.Entry) error { change(e); return nil })
			l.must(err)
		}
		set(func(e *session.Entry) { e.Move = &session.Move{To: e.Place} })
		refused(p.id, "on their way")
		set(func(e *session.Entry) { e.Move, e.Remove = nil, record.RemoveData })
		refused(p.id, "being removed")
		set(func(e *session.Entry) { e.Remove, e.Failed = "", &session.Failure{Code: "file", Detail: "lost"} })
		release()
		refused(p.id, "failed")
		_, err = d.Start(l.Context(), p.id, false)
		l.must(err)
		f, err = d.Open(l.Context(), p.id, 0)
		l.must(err)
		l.readAll(f, nil, p.path)
		l.must(f.Close())
	})
}
