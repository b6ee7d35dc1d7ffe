package storage

import (
	"runtime"
	"testing"
)

func TestMayHold(t *testing.T) {
	const mib = 1 << 20
	s, err := Open(Spec{Dir: t.TempDir(), Name: "n", TotalLength: 8 * mib, NoSync: true, Files: []File{
		{Path: "a", Length: 4 * mib, Wanted: true}, {Path: "b", Offset: 4 * mib, Length: 4 * mib, Wanted: true}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.MayHold(0, 8*mib) {
		t.Error("nothing is there, but something may be held")
	}
	if err := s.WriteVec([][]byte{make([]byte, mib)}, 2*mib); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		off, n int64
		want   bool
	}{{2 * mib, mib, true}, {0, 3 * mib, true}, {3*mib - 1, mib, true}, {4 * mib, 4 * mib, false}, {0, mib, false}, {3 * mib, 2 * mib, false}} {
		if c.want == false && c.off < 4*mib && runtime.GOOS != "linux" {
			continue // holes are not known
		}
		if got := s.MayHold(c.off, c.n); got != c.want {
			t.Errorf("%d bytes at %d: %v, want %v", c.n, c.off, got, c.want)
		}
	}
}
