package webseed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"gotor/piece"
)

// run reads the blocks of p's run.
func (s *Seed) run(p *piece.Peer, st *stream, off int64) error {
	for {
		blocks, over := s.cfg.Manager.Next(p, s.blocks[:0], batch, time.Now())
		s.blocks = blocks
		if over {
			return nil
		}
		if len(blocks) == 0 {
			if err := s.sleep(st.ctx); err != nil {
				return context.Cause(st.ctx)
			}
			continue
		}
		for _, b := range blocks {
			if err := s.take(p, st, b); err != nil {
				return err
			}
		}
	}
}

// take reads one block into its slab.
func (s *Seed) take(p *piece.Peer, st *stream, b piece.Block) error {
	m := s.cfg.Manager
	slab, err := m.Claim(p, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len()))
	if err != nil {
		return nil // somebody else was faster: it is read over
	}
	if err = s.limit(st.ctx, b.Len()); err == nil {
		if err = st.seek(s.offset(b)); err == nil {
			err = readFull(st, slab.Bytes())
		}
	}
	if err != nil {
		m.Abort(p, slab)
		var e errMissing
		if errors.As(err, &e) {
			return missingSegment{e, st.seg.id}
		}
		return err
	}
	s.downloaded.Add(int64(b.Len()))
	m.Commit(p, slab, time.Now())
	return nil
}

// readFull is io.ReadFull with the stream's own error.
func readFull(st *stream, p []byte) error {
	for len(p) > 0 {
		n, err := st.Read(p)
		if p = p[n:]; err != nil {
			return err
		}
	}
	return nil
}

// limit waits until so many bytes may be downloaded.
func (s *Seed) limit(ctx context.Context, n int) error {
	if err := await(ctx, s.cfg.Inner, n); err != nil {
		return err
	}
	return await(ctx, s.cfg.Limit, n)
}

// await waits until the limit that is in force grants n bytes.
func await(ctx context.Context, limit func() *rate.Limiter, n int) error {
	for limit != nil {
		lim := limit()
		if lim == nil {
			break
		}
		r := lim.ReserveN(time.Now(), n)
		if !r.OK() {
			return &Error{Err: fmt.Errorf("the limit lets no %d bytes through", n)}
		}
		over, err := granted(ctx, limit, lim, r)
		if err != nil || over {
			return err
		}
	}
	return nil
}

// limitLook is how soon a limit is looked at again by who waits for it.
const limitLook = time.Second

// granted waits until a reservation with lim is good. It reports false when there is
// another limit meanwhile.
func granted(ctx context.Context, limit func() *rate.Limiter, lim *rate.Limiter, r *rate.Reservation) (bool, error) {
	for {
		d := r.Delay()
		if d <= 0 {
			return true, nil
		}
		timer := time.NewTimer(min(d, limitLook))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			r.Cancel()
			return false, context.Cause(ctx)
		}
		if limit() != lim {
			return false, nil
		}
	}
}

// offset is where a block lies in the torrent.
func (s *Seed) offset(b piece.Block) int64 {
	return s.cfg.Layout.Offset(b.Index()) + int64(b.Begin())
}

// single fetches the blocks that Pick chose, those side by side with one request.
func (s *Seed) single(ctx context.Context, p *piece.Peer) error {
	slices.SortFunc(s.blocks, func(a, b piece.Block) int { return cmp.Compare(s.offset(a), s.offset(b)) })
	for rest := s.blocks; len(rest) > 0; {
		end, n := s.offset(rest[0]), 0
		for n < len(rest) && s.offset(rest[n]) == end && (n == 0 || !s.script() || rest[n].Index() == rest[0].Index()) {
			end += int64(rest[n].Len())
			n++
		}
		if err := s.group(ctx, p, rest[:n], end); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// group fetches blocks that lie side by side up to end.
func (s *Seed) group(ctx context.Context, p *piece.Peer, blocks []piece.Block, end int64) error {
	st := s.open(ctx, s.offset(blocks[0]), end)
	defer st.close()
	for _, b := range blocks {
		if err := s.take(p, st, b); err != nil {
			return err
		}
	}
	return nil
}

// wholeFiles reads files from their start, because the server cannot do better,
// and takes from them what is missing. It does so only while nobody else gives
// anything.
func (s *Seed) wholeFiles(ctx context.Context, p *piece.Peer) error {
	m := s.cfg.Manager
	if !m.Alone(p) {
		return s.sleep(ctx)
	}
	st := s.open(ctx, 0, s.cfg.Layout.Total())
	st.whole = true
	defer st.close()
	for some := false; ; some = true {
		off, n, _ := m.Reserve(p, piece.Stretch{From: st.pos, InOrder: true}, time.Now())
		if n == 0 && some {
			return nil
		}
		if n == 0 {
			return s.sleep(ctx)
		}
		if err := st.seek(off); err != nil {
			return s.placed(st, err)
		}
		if err := s.run(p, st, off); err != nil {
			return err
		}
	}
}

// placed says which file an error is about.
func (s *Seed) placed(st *stream, err error) error {
	var e errMissing
	if errors.As(err, &e) {
		return missingSegment{e, st.seg.id}
	}
	return err
}
