package piece

import (
	"bytes"
	"testing"
)

func TestAppendRemote(t *testing.T) {
	s := newSwarm(t, 10*16<<10, 16<<10)
	r := s.join()
	want := func(what string, bits ...byte) {
		t.Helper()
		if got := s.m.AppendRemote(r.p, []byte{9}); !bytes.Equal(got, append([]byte{9}, bits...)) {
			t.Errorf("%s: %x, want 09%x", what, got, bits)
		}
	}
	want("nothing yet", 0, 0)
	if err := s.m.SetHave(r.p, 9); err != nil {
		t.Fatal(err)
	}
	want("the last piece", 0, 0x40)
	s.m.SetHaveAll(r.p)
	want("a seed", 0xff, 0xc0)
}
