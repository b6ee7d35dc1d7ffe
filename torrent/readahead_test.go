package torrent

import (
	"bytes"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gotor/peer/simnet"
	"gotor/torrent/metainfo"
)

// readAll reads the whole file in blocks of 64 KiB and notes the longest pause.
func readAll(r io.Reader) (got []byte, gap time.Duration, err error) {
	last := time.Now()
	b := make([]byte, 64<<10)
	for {
		n, err := r.Read(b)
		now := time.Now()
		gap = max(gap, now.Sub(last))
		last = now
		got = append(got, b[:n]...)
		if err == io.EOF {
			return got, gap, nil
		}
		if err != nil {
			return got, gap, err
		}
	}
}

// gotorAt seeds with a gotor on a host that uploads so many bytes a second: one that
// takes a cancel for what it is.
func (l *lab) gotorAt(m *metainfo.Torrent, payload []byte, up int64) {
	l.Helper()
	l.hosts++
	a := netip.AddrFrom4([4]byte{10, 0, 0, byte(l.hosts)})
	h := l.net.Host(a, simnet.HostOptions{Up: up, Down: up, Latency: 5 * time.Millisecond})
	c, err := NewClient(Config{Network: h, Name: "gotor/test", Storage: &mirror{simPayload: &simPayload{meta: m, bytes: payload}, full: true}})
	l.must(err)
	l.Cleanup(func() { c.Close() })
	l.add(c, order{Source: Source{Meta: m}, Spec: Spec{Seeding: Seeding{Seed: true, SeedOnly: true}}})
	l.tracker.SetPeers(append(l.tracker.peers, netip.AddrPortFrom(a, c.Port()))...)
}

// TestReadLastByteFirst: a player looks for the index at the end of a file, and gets
// it soon although nearly everything is missing.
func TestReadLastByteFirst(t *testing.T) {
	inLab(t, func(l *lab) {
		const size = 20 << 20
		payload := blastPayload(size)
		m := l.single(payload, 128<<10)
		for range 10 {
			l.gotorAt(m, payload, 100_000) // 21 s in all
		}
		tr := l.add(l.client(Config{}), of(m))
		l.until(tr, "a tenth", func(s Snapshot) bool { return s.Verified > size/10 })
		r := l.open(tr, 0)
		last := int64(size - 1)
		for r.rs.shelf.verified(last, 1) > 0 { // by chance
			last -= m.PieceLength
		}
		began := time.Now()
		got, err := readRange(r, last, 1)
		took := time.Since(began)
		s := tr.Snapshot()
		t.Logf("byte %d after %v, with %d of %d bytes", last, took, s.Verified, s.Wanted)
		if err != nil || got[0] != payload[last] || took > 5*time.Second || s.Verified > size/2 {
			t.Errorf("byte %d after %v, with %d bytes: %v", last, took, s.Verified, err)
		}
		<-tr.Done()
		l.must(tr.Err())
	})
}

// TestReadKeepsUp: a reader gets the file about as fast as it can come in any order,
// without long pauses, also from peers that are slow or very slow, and from servers.
func TestReadKeepsUp(t *testing.T) {
	const kb, mb = 1000, 1 << 20
	for _, c := range []struct {
		name        string
		size, piece int
		rates       []int64
		server      int // bytes a second at most; 0: there is none
		most        float64
		gap         time.Duration
	}{
		{"many slow", 24 * mb, 256 << 10, repeat(20, 200*kb), 0, 1.15, 4 * time.Second},
		{"large pieces", 48 * mb, 4 * mb, repeat(20, 200*kb), 0, 1.15, 9 * time.Second},
		{"five very slow", 48 * mb, mb, append(repeat(3, 2*mb), repeat(5, 20*kb)...), 0, 1.15, 4 * time.Second},
		{"mixed", 48 * mb, mb, append(repeat(3, 2*mb), repeat(10, 200*kb)...), 0, 1.15, 4 * time.Second},
		{"server", 8 * mb, 256 << 10, nil, mb, 1.15, 4 * time.Second},
		{"slow server", 24 * mb, 256 << 10, repeat(3, 2*mb), 20 * kb, 1.15, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			var took [2]time.Duration
			for k := range took {
				inLab(t, func(l *lab) {
					payload := blastPayload(c.size)
					m := l.single(payload, c.piece)
					for _, up := range c.rates {
						l.seedAt(m, payload, up)
					}
					o := order{Source: Source{Meta: m}, Spec: Spec{Place: Place{NoSync: true}, Seeding: Seeding{Seed: true}}}
					server := &trickle{b: payload, rate: c.server}
					if c.server > 0 {
						o.Mirrors = []Mirror{{URL: l.web(server)}}
					}
					began := time.Now()
					tr := l.add(l.client(Config{}), o)
					if k == 1 {
						got, gap, err := readAll(l.open(tr, 0))
						if err != nil || !bytes.Equal(got, payload) {
							t.Errorf("%d bytes that differ: %v", len(got), err)
						}
						took[k] = time.Since(began)
						t.Logf("%v, %v without a reader; longest pause %v, %d bytes wasted", took[1], took[0], gap, tr.Snapshot().Wasted)
						if gap > c.gap {
							t.Errorf("the reader waited for %v", gap)
						}
					}
					<-tr.Done()
					l.must(tr.Err())
					took[k] = max(took[k], time.Since(began))
					tr.Stop()
					<-tr.Stopped()
					server.busy.Wait()
				})
			}
			if r := took[1].Seconds() / took[0].Seconds(); r > c.most {
				t.Errorf("%v, %.2f times the %v without a reader", took[1], r, took[0])
			}
		})
	}
}

// TestReadersShare: two who read different parts at the same time go on alike.
func TestReadersShare(t *testing.T) {
	inLab(t, func(l *lab) {
		const size = 24 << 20
		payload := blastPayload(size)
		m := l.single(payload, 128<<10)
		for range 5 {
			l.seedAt(m, payload, 200_000)
		}
		tr := l.add(l.client(Config{}), of(m))
		var took [2]time.Duration
		var g sync.WaitGroup
		for k := range took {
			g.Go(func() {
				began := time.Now()
				off := int64(k) * 12 << 20
				got, err := readRange(l.open(tr, 0), off, 4<<20)
				if err != nil || !bytes.Equal(got, payload[off:][:4<<20]) {
					t.Errorf("reader %d: %v", k, err)
				}
				took[k] = time.Since(began)
			})
		}
		g.Wait()
		t.Logf("%v", took) // 8 MiB at 1 MB/s
		if d := (took[0] - took[1]).Abs(); d > 3*time.Second || max(took[0], took[1]) > 13*time.Second {
			t.Errorf("the readers took %v", took)
		}
		<-tr.Done()
		l.must(tr.Err())
	})
}

// TestReadStopsReading: readers that do not read any more hold nothing up.
func TestReadStopsReading(t *testing.T) {
	const size = 16 << 20
	var took [2]time.Duration
	for k := range took {
		inLab(t, func(l *lab) {
			payload := blastPayload(size)
			m := l.single(payload, 128<<10)
			for range 5 {
				l.seedAt(m, payload, 200_000)
			}
			began := time.Now()
			tr := l.add(l.client(Config{MaxMemory: 4 << 20}), of(m))
			for i := range 20 * k {
				if _, err := readRange(l.open(tr, 0), int64(i)*size/20, 1); err != nil {
					t.Error(err)
				}
			}
			<-tr.Done()
			l.must(tr.Err())
			took[k] = time.Since(began)
		})
	}
	t.Logf("%v, %v without readers", took[1], took[0])
	if took[1] > took[0]*5/4 {
		t.Errorf("%v, %v without readers", took[1], took[0])
	}
}

// TestReadWithLittleMemory: pieces that are larger than the budget come in any order
// for several readers, and nobody waits for ever.
func TestReadWithLittleMemory(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(40 << 20)
		m := l.single(payload, 4<<20)
		for range 6 {
			l.seedAt(m, payload, 1<<20)
		}
		c := l.client(Config{MaxMemory: 2 << 20})
		tr := l.add(c, of(m))
		var g sync.WaitGroup
		for k := range int64(5) {
			g.Go(func() {
				r := l.open(tr, 0)
				for j := range int64(4) {
					off := (k*17 + j*11) % 40 << 20
					got, err := readRange(r, off, 1<<20)
					if err != nil || !bytes.Equal(got, payload[off:][:1<<20]) {
						t.Errorf("reader %d at %d: %v", k, off, err)
					}
				}
			})
		}
		g.Wait()
		<-tr.Done()
		l.must(tr.Err())
		<-tr.Stopped()
		if used := c.pool.Used(); used != 0 {
			t.Errorf("%d bytes are in use at the end", used)
		}
	})
}

// TestReadAcrossSelect: a reader goes on when the selection changes while it waits,
// unless its file is not wanted any more.
func TestReadAcrossSelect(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(6 << 20)
		m := l.torrent(payload, 64<<10, testFiles(2<<20, 2<<20, 2<<20))
		l.seedAt(m, payload, 300_000)
		tr := l.add(l.client(Config{}), of(m))
		l.until(tr, "a part", func(s Snapshot) bool { return s.Verified > 1<<20 })
		kept, dropped := l.open(tr, 1), l.open(tr, 2)
		errs := make(chan error, 1)
		go func() {
			_, _, err := readAll(dropped)
			errs <- err
		}()
		l.must(tr.Select(Selection{Wanted: []bool{true, true, false}}))
		if got, _, err := readAll(kept); err != nil || !bytes.Equal(got, payload[2<<20:4<<20]) {
			t.Errorf("the file that is still wanted: %d bytes, %v", len(got), err)
		}
		if err := <-errs; err == nil {
			t.Error("the file that is not wanted any more was read to its end")
		} else {
			t.Log(err)
		}
		<-tr.Done()
		l.must(tr.Err())
	})
}
