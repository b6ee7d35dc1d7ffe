package torrent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gotor/peer/simnet"
	"gotor/torrent/metainfo"
)

// seedAt is seed on a host that uploads so many bytes a second.
func (l *lab) seedAt(m *metainfo.Torrent, payload []byte, up int64) *blast {
	l.Helper()
	l.hosts++
	a := netip.AddrFrom4([4]byte{10, 0, 0, byte(l.hosts)})
	h := l.net.Host(a, simnet.HostOptions{Up: up, Down: up, Latency: 5 * time.Millisecond})
	listener, err := h.Listen(l.Context(), "tcp", ":6881")
	if err != nil {
		l.Fatal(err)
	}
	b := startBlast(l, listener, blastConfig{InfoHash: m.InfoHash, PieceLength: int(m.PieceLength), Payload: payload})
	l.tracker.SetPeers(append(l.tracker.peers, netip.AddrPortFrom(a, 6881))...)
	return b
}

// gapWriter keeps a stream and the longest pause in it.
type gapWriter struct {
	bytes.Buffer
	last time.Time
	gap  time.Duration
}

func (w *gapWriter) Write(p []byte) (int, error) {
	now := time.Now()
	w.gap = max(w.gap, now.Sub(w.last))
	w.last = now
	return w.Buffer.Write(p)
}

// afterStop is how a download went.
type measured struct {
	took, gap time.Duration
	wasted    int64
}

// measure streams size bytes, or downloads them to files, from peers that upload
// so many bytes a second each.
func measure(t *testing.T, size, pieceLength int, files bool, rates ...int64) (o measured) {
	t.Helper()
	inLab(t, func(l *lab) {
		payload := blastPayload(size)
		m := l.single(payload, pieceLength)
		for _, up := range rates {
			l.seedAt(m, payload, up)
		}
		began := time.Now()
		out := gapWriter{last: began}
		s := order{Source: Source{Meta: m}, Spec: Spec{Place: Place{NoSync: true}}}
		if !files {
			s.Stream = &out
		}
		tr := l.mustGet(l.client(Config{}), s)
		o = measured{time.Since(began), out.gap, tr.Snapshot().Wasted}
		if !files && !bytes.Equal(out.Bytes(), payload) {
			t.Errorf("%d bytes came that differ", out.Len())
		}
	})
	return o
}

func repeat(n int, rate int64) []int64 {
	r := make([]int64, n)
	for i := range r {
		r[i] = rate
	}
	return r
}

// TestStreamKeepsUp: in order is as fast as in any order, also when peers are slow
// or very slow, and it does not ask everybody for everything.
func TestStreamKeepsUp(t *testing.T) {
	const kb, mb = 1000, 1 << 20
	for _, c := range []struct {
		name        string
		size, piece int
		rates       []int64
		most        float64       // times what files take
		gap         time.Duration // longest pause
	}{
		{"many slow", 24 * mb, 256 << 10, repeat(20, 200*kb), 1.1, 2 * time.Second},
		{"large pieces", 48 * mb, 4 * mb, repeat(20, 200*kb), 1.1, 7 * time.Second},
		{"pieces in a file", 80 * mb, 16 * mb, repeat(20, 400*kb), 1.1, 5 * time.Second},
		{"one very slow", 48 * mb, mb, append(repeat(3, 2*mb), 20*kb), 1.1, 3 * time.Second},
		{"five very slow", 48 * mb, mb, append(repeat(3, 2*mb), repeat(5, 20*kb)...), 1.1, 3 * time.Second},
		{"mixed", 48 * mb, mb, append(repeat(3, 2*mb), repeat(10, 200*kb)...), 1.2, 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := measure(t, c.size, c.piece, true, c.rates...)
			got := measure(t, c.size, c.piece, false, c.rates...)
			t.Logf("%v, %v to files; %d and %d bytes wasted; longest pause %v", got.took, files.took, got.wasted, files.wasted, got.gap)
			if r := got.took.Seconds() / files.took.Seconds(); r > c.most {
				t.Errorf("%v, %.2f times the %v of files", got.took, r, files.took)
			}
			if got.gap > c.gap {
				t.Errorf("the reader waited for %v", got.gap)
			}
			if got.wasted > int64(c.size)/6 {
				t.Errorf("%d of %d bytes wasted", got.wasted, c.size)
			}
		})
	}
}

// TestStreamFromSlowMirror: a slow server does not hold up what peers bring fast.
func TestStreamFromSlowMirror(t *testing.T) {
	const size = 24 << 20
	alone := measure(t, size, 256<<10, false, repeat(3, 2<<20)...)
	inLab(t, func(l *lab) {
		payload := blastPayload(size)
		m := l.single(payload, 256<<10)
		for range 3 {
			l.seedAt(m, payload, 2<<20)
		}
		server := &trickle{b: payload, rate: 20_000}
		u := l.web(server)
		began := time.Now()
		out := gapWriter{last: began}
		tr := l.mustGet(l.client(Config{}), order{Source: Source{Meta: m, Mirrors: []Mirror{{URL: u}}}, Spec: Spec{Hooks: Hooks{Stream: &out}}})
		took := time.Since(began)
		<-tr.Stopped()
		server.busy.Wait()
		t.Logf("%v, %v without it; longest pause %v", took, alone.took, out.gap)
		if !bytes.Equal(out.Bytes(), payload) || took > alone.took*5/4 {
			t.Errorf("%d bytes in %v, %v without the mirror", out.Len(), took, alone.took)
		}
	})
}

// meteredPipe is a reader that takes so many bytes a second; it notes what the
// client had in memory for it at most.
type meteredPipe struct {
	bytes.Buffer
	rate int
	used func() int64
	most int64
}

func (p *meteredPipe) Write(b []byte) (int, error) {
	p.most = max(p.most, p.used())
	time.Sleep(time.Duration(len(b)) * time.Second / time.Duration(p.rate))
	return p.Buffer.Write(b)
}

// TestStreamMemory: a slow reader, many peers, and not a byte above the budget:
// what waits for the reader is part of it. It all comes back.
func TestStreamMemory(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(40 << 20)
		m := l.single(payload, 128<<10)
		for range 4 {
			l.seed(m, payload, nil)
		}
		const most = 8 << 20
		c := l.client(Config{MaxMemory: most})
		out := &meteredPipe{rate: 2 << 20, used: c.pool.Used}
		tr := l.mustGet(c, order{Source: Source{Meta: m}, Spec: Spec{Hooks: Hooks{Stream: out}}})
		<-tr.Stopped()
		if !bytes.Equal(out.Bytes(), payload) {
			t.Errorf("%d bytes came that differ", out.Len())
		}
		if out.most > most || out.most < most/4 {
			t.Errorf("%d bytes in use of %d", out.most, most)
		}
		if used := c.pool.Used(); used != 0 {
			t.Errorf("%d bytes are in use at the end", used)
		}
	})
}

// leavingReader fails after so many bytes.
type leavingReader struct{ left int }

func (r *leavingReader) Write(b []byte) (int, error) {
	if r.left -= len(b); r.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// TestStreamReaderLeaves: wherever the reader goes away, that is the outcome, and
// the budget is whole again.
func TestStreamReaderLeaves(t *testing.T) {
	for _, pieceLength := range []int{16 << 10, 1 << 20, 16 << 20} {
		inLab(t, func(l *lab) {
			payload := blastPayload(33 << 20)
			m := l.single(payload, pieceLength)
			l.seed(m, payload, nil)
			c := l.client(Config{})
			for _, left := range []int{0, 1 << 20, 33<<20 - 1} {
				tr, err := l.get(c, order{Source: Source{Meta: m}, Spec: Spec{Hooks: Hooks{Stream: &leavingReader{left}}}})
				<-tr.Stopped()
				if !errors.Is(err, ErrStream) || !errors.Is(err, io.ErrClosedPipe) || c.pool.Used() != 0 {
					t.Errorf("pieces of %d, after %d bytes: %v, %d bytes in use", pieceLength, left, err, c.pool.Used())
				}
			}
		})
	}
}

// TestStreamIsNotOffered: what went to the reader is not ours to give, so nobody
// is told that we have it, and nobody who asks gets it.
func TestStreamIsNotOffered(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 64<<10)
		l.seedAt(m, payload, 1<<20)
		a, b := l.client(Config{}), l.client(Config{})
		var out bytes.Buffer
		first := l.add(a, order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(b)}}, Spec: Spec{Hooks: Hooks{Stream: &out}}})
		second := l.add(b, order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(a)}}, Spec: Spec{Hooks: Hooks{Stream: io.Discard}}})
		<-first.Done()
		<-second.Done()
		if err := errors.Join(first.Err(), second.Err()); err != nil {
			t.Fatal(err)
		}
		for _, tr := range []*Torrent{first, second} {
			if s := tr.Snapshot(); s.Uploaded != 0 {
				t.Errorf("%d bytes were uploaded", s.Uploaded)
			}
		}
		if !bytes.Equal(out.Bytes(), payload) {
			t.Errorf("%d bytes came that differ", out.Len())
		}
	})
}

// trickle is a server that sends so many bytes a second.
type trickle struct {
	b    []byte
	rate int
	busy sync.WaitGroup
}

func (s *trickle) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	s.busy.Add(1)
	defer s.busy.Done()
	http.ServeContent(&slowBody{w, q.Context(), s.rate}, q, "", time.Time{}, bytes.NewReader(s.b))
}

type slowBody struct {
	http.ResponseWriter
	ctx  context.Context
	rate int
}

func (w *slowBody) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		select {
		case <-time.After(time.Second / 4):
		case <-w.ctx.Done():
			return n, w.ctx.Err()
		}
		k, e := w.ResponseWriter.Write(b[:min(len(b), w.rate/4)])
		w.ResponseWriter.(http.Flusher).Flush()
		n, b, err = n+k, b[k:], e
	}
	return n, err
}
