package torrent

import (
	"slices"
	"testing"
)

func TestDirectory(t *testing.T) {
	named := func(v1, v2 byte) *Torrent {
		id := ids{v1: [20]byte{v1}, v2: [20]byte{v2}}
		return &Torrent{core: &core{hash: id.v1, ids: id}}
	}
	var d directory
	plain, hybrid := named(1, 0), named(2, 3)
	if !d.add(plain) || !d.add(hybrid) {
		t.Fatal("torrents that have nothing in common are refused")
	}
	for name, twin := range map[string]*Torrent{"v1": named(1, 9), "v2": named(9, 3), "v1 as v2": named(9, 1)} {
		if d.add(twin) {
			t.Errorf("another torrent has the same id: %s", name)
		}
		d.remove(twin)
	}
	for id, want := range map[byte]*Torrent{1: plain, 2: hybrid, 3: hybrid, 9: nil, 0: nil} {
		if got := d.find([20]byte{id}); got != want {
			t.Errorf("%d finds %p, want %p", id, got, want)
		}
	}
	if got := slices.Collect(d.all); len(got) != 2 || got[0] == got[1] || d.n != 2 {
		t.Errorf("%d torrents, counted as %d", len(got), d.n)
	}
	if !hybrid.core.ids.has([20]byte{3}) || plain.core.ids.has([20]byte{}) {
		t.Error("a torrent has zeros for an id, or not its second one")
	}
	d.remove(hybrid)
	d.remove(hybrid)
	if d.find([20]byte{2}) != nil || d.find([20]byte{3}) != nil || d.find([20]byte{1}) != plain || d.n != 1 {
		t.Errorf("after one was removed there are %d", d.n)
	}
}
