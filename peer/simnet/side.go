package simnet

import (
	"net"
	"os"
	"sync"
	"time"
)

// side is what readers, or writers, of a pipe or socket wait for. Its fields
// are guarded by cond.L.
type side struct {
	cond     sync.Cond
	err      error // why it is over: closed, or reset
	deadline time.Time
	timer    *time.Timer // wakes at fires, which may be before the deadline
	fires    time.Time   // zero: the timer is not running
	waiting  int
}

func (s *side) check() error {
	if s.err != nil {
		return s.err
	}
	if !s.deadline.IsZero() && !time.Now().Before(s.deadline) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// fail makes err the end of it, unless it has ended before.
func (s *side) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	if s.timer != nil {
		s.timer.Stop()
		s.fires = time.Time{}
	}
	s.cond.Broadcast()
}

// wait waits for a change or the deadline. The timer is set here and not with
// each new deadline, because most deadlines pass without anybody waiting.
func (s *side) wait() {
	if !s.deadline.IsZero() && (s.fires.IsZero() || s.deadline.Before(s.fires)) {
		s.fires = s.deadline
		if d := time.Until(s.deadline); s.timer == nil {
			s.timer = time.AfterFunc(d, s.expire)
		} else {
			s.timer.Reset(d)
		}
	}
	s.waiting++
	s.cond.Wait()
	s.waiting--
}

func (s *side) expire() {
	s.cond.L.Lock()
	defer s.cond.L.Unlock()
	s.fires = time.Time{}
	s.cond.Broadcast()
}

func (s *side) setDeadline(t time.Time) error {
	s.cond.L.Lock()
	defer s.cond.L.Unlock()
	if s.err == net.ErrClosed {
		return s.err
	}
	s.deadline = t
	s.cond.Broadcast()
	return nil
}
