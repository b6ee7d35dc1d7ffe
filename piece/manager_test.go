package piece

import "testing"

func TestDownloadFromOneSeed(t *testing.T) {
	s := newSwarm(t, 10<<20+12345, 256<<10)
	r := s.seed()
	for len(r.pick(20)) > 0 {
		r.answer()
	}
	s.wantDone()
}
